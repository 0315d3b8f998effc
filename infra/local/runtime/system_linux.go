package runtime

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of the times in /proc/<pid>/stat: USER_HZ, 100 a second on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// currentUsage reads /proc; false if the process has gone.
func currentUsage(pid int) (usage, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, false
	}
	// The fields after the command, which stands in brackets and may hold anything: 0 is the state, 11 and 12 are user and
	// system time, 21 the resident pages.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 22 {
		return usage{}, false
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(string(fields[i]), 10, 64)
		return n
	}
	return usage{rss: number(21) * int64(os.Getpagesize()), cpu: time.Duration(number(11)+number(12)) * clockTick}, true
}
