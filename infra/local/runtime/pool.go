package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// invocation is one event on its way through a function.
type invocation struct {
	id    string
	event []byte
	done  chan outcome // buffered: the caller may have gone
}

type outcome struct {
	result Result
	err    error
}

// pool holds the processes of one function and the invocations that wait for one.
type pool struct {
	runtime  *Runtime
	function Function
	output   *os.File // everything that the function's processes write; nil: nowhere

	mu        sync.Mutex
	waiting   []*invocation
	idle      []*process // the one used last at the end
	starting  int
	returning int // have answered and will poll in a moment
	live      int // all that have not ended
	closed    bool
}

func newPool(r *Runtime, f Function) (*pool, error) {
	p := &pool{runtime: r, function: f}
	if r.options.LogDir != "" {
		file, err := os.OpenFile(filepath.Join(r.options.LogDir, f.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("log of %s: %w", f.Name, err)
		}
		p.output = file
	}
	return p, nil
}

// submit hands the invocation to an idle process, or lets it wait for one; a process is started for it if the limit allows.
// It may well be served by another process that becomes free before.
func (p *pool) submit(inv *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if n := len(p.idle); n > 0 {
		proc := p.idle[n-1]
		p.idle = p.idle[:n-1]
		proc.give(inv)
		return nil
	}
	p.waiting = append(p.waiting, inv)
	p.startIfNeeded()
	return nil
}

// startIfNeeded keeps as many processes on their way as there are invocations waiting. One that has just answered is on its way too:
// otherwise two calls in a row would now and then cost a second start. The lock is held.
func (p *pool) startIfNeeded() {
	for !p.closed && p.starting+p.returning < len(p.waiting) && p.live < p.runtime.options.Concurrency {
		p.starting++
		p.live++
		go p.runtime.start(p)
	}
}

// answered is called when a process has given its answer.
func (p *pool) answered(proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !proc.retired {
		proc.returning = true
		p.returning++
	}
}

// returned ends what answered began: the process has polled, or ended. The lock is held.
func (p *pool) returned(proc *process) {
	if proc.returning {
		proc.returning = false
		p.returning--
	}
}

// withdraw takes back an invocation that no process has taken yet.
func (p *pool) withdraw(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, inv); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
}

// next is called when a process polls: it gets the invocation that waits longest, or becomes idle.
func (p *pool) next(proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := proc.polled(); first {
		p.starting--
	}
	p.returned(proc)
	if p.closed || proc.retired {
		return
	}
	if len(p.waiting) > 0 {
		inv := p.waiting[0]
		p.waiting = p.waiting[1:]
		proc.give(inv)
		return
	}
	if !slices.Contains(p.idle, proc) {
		proc.idleSince = time.Now()
		p.idle = append(p.idle, proc)
	}
}

// retire takes an ended process out of the choice.
func (p *pool) retire(proc *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	proc.retired = true
	p.returned(proc)
	if i := slices.Index(p.idle, proc); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
}

// again puts an invocation that its process never fetched before all others.
func (p *pool) again(inv *invocation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		inv.done <- outcome{err: ErrClosed}
		return
	}
	if n := len(p.idle); n > 0 {
		proc := p.idle[n-1]
		p.idle = p.idle[:n-1]
		proc.give(inv)
		return
	}
	p.waiting = slices.Insert(p.waiting, 0, inv)
	p.startIfNeeded()
}

// gone is called when a process has ended. One that never polled fails the invocation that it was started for.
func (p *pool) gone(proc *process, polled bool, err error) {
	p.mu.Lock()
	p.live--
	var failed *invocation
	if !polled {
		p.starting--
		if len(p.waiting) > 0 {
			failed = p.waiting[0]
			p.waiting = p.waiting[1:]
		}
	}
	p.startIfNeeded()
	p.mu.Unlock()
	if failed != nil {
		failed.done <- outcome{Result{Process: proc.number, Cold: true}, err}
	}
}

func (p *pool) endIdle(after time.Duration) {
	p.mu.Lock()
	var old []*process
	p.idle = slices.DeleteFunc(p.idle, func(proc *process) bool {
		if time.Since(proc.idleSince) < after {
			return false
		}
		old = append(old, proc)
		return true
	})
	p.mu.Unlock()
	for _, proc := range old {
		proc.kill()
	}
}

// close refuses new invocations and fails those that wait.
func (p *pool) close() {
	p.mu.Lock()
	waiting := p.waiting
	p.closed, p.waiting, p.idle = true, nil, nil
	p.mu.Unlock()
	for _, inv := range waiting {
		inv.done <- outcome{err: ErrClosed}
	}
}
