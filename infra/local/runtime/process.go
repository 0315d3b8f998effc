package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"madoguchi/infra/local/child"
)

// The states of a process, as /_local/functions.json names them.
const (
	stateStarting = "starting"
	stateIdle     = "idle"
	stateBusy     = "busy"
	stateEnded    = "ended"
)

// process is one running function.
type process struct {
	pool   *pool
	number int    // from 1, over all functions
	token  string // its part of the Runtime API's path
	ended  chan struct{}
	work   chan *invocation // what it was given and has not fetched yet; one at most

	// Guarded by the pool's lock:
	idleSince time.Time
	retired   bool // it has ended
	returning bool // it has answered and not polled yet

	mu          sync.Mutex
	cmd         *exec.Cmd
	state       string
	started     time.Time
	init        time.Duration // 0 until the first poll
	current     *invocation   // fetched, not answered
	timer       *time.Timer   // ends the process when current or the init takes too long
	timedOut    bool
	killed      bool // by Close, Kill or the idle time-out
	invocations int
	tail        []byte // the end of what it wrote since its start or the current invocation, for messages
	sampled     time.Time
	usage       usage // as last sampled; final once it has ended
}

// start runs a new process of the pool and returns when it has ended.
func (r *Runtime) start(p *pool) {
	proc := &process{pool: p, token: requestID(), ended: make(chan struct{}), work: make(chan *invocation, 1), state: stateStarting}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		p.gone(proc, false, ErrClosed)
		return
	}
	r.all = append(r.all, proc)
	proc.number = len(r.all)
	r.byToken[proc.token] = proc
	r.mu.Unlock()

	err := proc.run(r)

	r.mu.Lock()
	delete(r.byToken, proc.token)
	r.mu.Unlock()
	p.retire(proc) // from here nothing more is given to it
	proc.mu.Lock()
	polled, current, killed := proc.init > 0, proc.current, proc.killed
	proc.current, proc.state = nil, stateEnded
	tail := string(bytes.TrimSpace(proc.tail))
	timedOut := proc.timedOut
	proc.mu.Unlock()
	var failure error = &FunctionError{Type: "Runtime.ExitError", Message: "Error: Runtime exited with error: " + err.Error()}
	switch {
	case timedOut && !polled:
		failure = &FunctionError{Type: "Runtime.InitTimeout", Message: fmt.Sprintf("no first poll within %s", p.initTimeout())}
	case timedOut:
		failure = fmt.Errorf("%w after %.2f seconds", ErrTimeout, p.function.Timeout.Seconds())
	}
	close(proc.ended)
	if current != nil {
		current.done <- outcome{Result{Process: proc.number, Cold: proc.served() <= 1}, failure}
	}
	if !killed || timedOut {
		what := "ended"
		if !polled {
			what = "could not start"
		}
		r.options.Log.Error(what, "function", p.function.Name, "process", proc.number, "error", failure.Error(), "output", tail)
	}
	p.gone(proc, polled, failure)
	select {
	case inv := <-proc.work: // given, but never fetched: another process takes it
		p.again(inv)
	default:
	}
}

// run starts the program and waits for its end. The error is never nil: a function does not end by itself.
func (proc *process) run(r *Runtime) error {
	f := proc.pool.function
	cmd := exec.CommandContext(context.Background(), f.Binary) // its life is not bound to a caller's
	cmd.Dir = filepath.Dir(f.Binary)
	cmd.Env = proc.environment(r)
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = writer, writer

	proc.mu.Lock()
	if proc.killed {
		proc.mu.Unlock()
		return errors.Join(ErrClosed, reader.Close(), writer.Close())
	}
	proc.started = time.Now()
	if err := child.Start(cmd); err != nil {
		proc.mu.Unlock()
		return errors.Join(err, reader.Close(), writer.Close())
	}
	proc.cmd = cmd
	proc.timer = time.AfterFunc(proc.pool.initTimeout(), func() { proc.expire(nil) })
	proc.mu.Unlock()
	_ = writer.Close()

	copied := make(chan struct{})
	go func() {
		defer close(copied)
		proc.copyOutput(reader)
	}()
	err = cmd.Wait()
	// What it left behind in its process group goes with it.
	child.Kill(cmd.Process.Pid)
	select {
	case <-copied:
	case <-time.After(time.Second):
	}
	_ = reader.Close()
	proc.mu.Lock()
	proc.timer.Stop()
	// Not the system's own maximum of the memory: that counts this program's, from before the child became another.
	proc.usage.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	proc.mu.Unlock()
	if err == nil {
		err = errors.New("exit status 0")
	}
	return err
}

// initTimeout is what a start may take. Lambda lets a start that takes over ten seconds begin again within the
// invocation's own time; here it simply gets both.
func (p *pool) initTimeout() time.Duration { return p.runtime.options.InitTimeout + p.function.Timeout }

// polled notes a request for work and says whether it was the first one.
func (proc *process) polled() bool {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	if proc.state != stateEnded {
		proc.state = stateIdle
	}
	if proc.init > 0 {
		return false
	}
	proc.init = max(time.Since(proc.started), 1)
	proc.timer.Stop()
	return true
}

// give puts an invocation where the process fetches it. The pool's lock is held, so there is only one.
func (proc *process) give(inv *invocation) { proc.work <- inv }

// begin is called when the process has fetched an invocation: its time runs from here.
// It returns false if the process has ended in between.
func (proc *process) begin(inv *invocation) (deadline time.Time, ok bool) {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	if proc.state == stateEnded {
		return time.Time{}, false
	}
	proc.current, proc.state = inv, stateBusy
	proc.invocations++
	proc.tail = nil
	limit := proc.pool.function.Timeout
	proc.timer.Stop()
	proc.timer = time.AfterFunc(limit, func() { proc.expire(inv) })
	return time.Now().Add(limit), true
}

// finish answers the current invocation; false if id is not the current one.
func (proc *process) finish(id string, payload []byte, err error) bool {
	proc.mu.Lock()
	inv := proc.current
	if inv == nil || inv.id != id || proc.timedOut {
		proc.mu.Unlock()
		return false
	}
	proc.current, proc.state = nil, stateIdle
	proc.timer.Stop()
	if time.Since(proc.sampled) > time.Second {
		proc.sample()
	}
	result := Result{Payload: payload, Process: proc.number, Cold: proc.invocations == 1}
	proc.mu.Unlock()
	proc.pool.answered(proc)
	inv.done <- outcome{result, err}
	return true
}

// expire kills a process whose start (inv nil) or invocation took too long.
func (proc *process) expire(inv *invocation) {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	if proc.current != inv || (inv == nil && proc.init > 0) {
		return
	}
	proc.timedOut = true
	proc.sample()
	child.Kill(proc.cmd.Process.Pid)
}

// kill ends the process at once. It returns false if it had ended before.
func (proc *process) kill() bool {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	if proc.state == stateEnded {
		return false
	}
	proc.killed = true
	if proc.cmd != nil {
		proc.sample()
		child.Kill(proc.cmd.Process.Pid)
	}
	return true
}

func (proc *process) served() int {
	proc.mu.Lock()
	defer proc.mu.Unlock()
	return proc.invocations
}
