package runtime

import (
	"slices"
	"time"
)

// usage is what a process has taken from the machine.
type usage struct {
	rss int64 // bytes
	cpu time.Duration
}

// Process is a row about one process. Ended ones keep their last figures.
type Process struct {
	Function    string
	Number      int
	PID         int // 0: not started
	AccessKey   string
	State       string // starting, idle, busy or ended
	Invocations int
	Init        time.Duration // process start to first poll; 0: no poll yet
	RSS         int64         // bytes, 0 where the system does not tell
	CPU         time.Duration // user and system time so far
}

// Processes returns a row for every process ever started, in the order of their start.
func (r *Runtime) Processes() []Process {
	r.mu.Lock()
	all := slices.Clone(r.all)
	r.mu.Unlock()
	rows := make([]Process, 0, len(all))
	for _, proc := range all {
		rows = append(rows, proc.row())
	}
	return rows
}

func (proc *process) row() Process {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	row := Process{
		Function: proc.pool.function.Name, Number: proc.number, AccessKey: proc.accessKey(),
		State: proc.state, Invocations: proc.invocations, Init: proc.init,
	}
	if proc.cmd != nil {
		row.PID = proc.cmd.Process.Pid
		proc.sample()
	}
	row.RSS, row.CPU = proc.usage.rss, proc.usage.cpu
	return row
}

// sample notes what a living process has taken so far. Its lock is held.
func (proc *process) sample() {
	if proc.cmd == nil || proc.state == stateEnded {
		return
	}
	proc.sampled = time.Now()
	if now, ok := currentUsage(proc.cmd.Process.Pid); ok {
		proc.usage = now
	}
}
