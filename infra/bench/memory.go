package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"madoguchi/infra/local/runtime"
)

// peakOf is the most memory in bytes that a process of a function has held at a time, as Linux keeps it of a program since its start;
// elsewhere what the runtime saw last.
func peakOf(r *runtime.Runtime, function string) int64 {
	peak := int64(0)
	for _, p := range r.Processes() {
		if p.Function != function {
			continue
		}
		peak = max(peak, p.RSS)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
		if err != nil {
			continue
		}
		for line := range bytes.Lines(status) {
			if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
				n, _ := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 10, 64)
				peak = max(peak, n<<10)
			}
		}
	}
	return peak
}
