package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"madoguchi/infra/local/runtime"
)

// cpuTime is the CPU time, user and system, that a process has taken so far. Linux tells it to the nanosecond for each thread (a
// Go program keeps its threads); elsewhere it is what the runtime knows, in hundredths of a second or not at all.
func cpuTime(p runtime.Process) time.Duration {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.PID))
	if err != nil || len(threads) == 0 {
		return p.CPU
	}
	sum := time.Duration(0)
	for _, file := range threads {
		data, err := os.ReadFile(file)
		if err != nil {
			return p.CPU
		}
		first, _, _ := bytes.Cut(data, []byte(" "))
		n, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return p.CPU
		}
		sum += time.Duration(n)
	}
	return sum
}
