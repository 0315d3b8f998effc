package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// cores is what the steps may use side by side: two light steps, or one heavy.
const cores = 2

// step is one row of the table. The table is in steps.go; a new check is a function and a row.
type step struct {
	name  string
	about string // what it does, for the progress line
	heavy bool   // uses all cores or must not be disturbed: runs alone
	run   func(context.Context, *world) result
}

// outcome of a step.
type outcome string

const (
	passed  outcome = "passed"
	failed  outcome = "failed"
	skipped outcome = "skipped"
)

// result is what a step found. The counts are tests where the step has tests, else one check.
type result struct {
	step                    string
	outcome                 outcome
	passed, failed, skipped int
	took                    time.Duration
	reason                  string // one line: why it failed or was skipped, or a remark
	output                  string // what a person needs in order to mend it; printed as it is
	skips                   []skip // each skipped test; a skipped step has one of its own
}

// skip is one test or step that did not run.
type skip struct {
	name   string
	reason string
}

// pass, fail and skipStep are the results of a step that is one check.
func pass(remark string) result {
	return result{outcome: passed, passed: 1, reason: remark}
}

func fail(reason, output string) result {
	return result{outcome: failed, failed: 1, reason: reason, output: output}
}

func skipStep(reason string) result {
	return result{outcome: skipped, skipped: 1, reason: reason, skips: []skip{{reason: reason}}}
}

// world is what every step may use.
type world struct {
	root    string // directory of go.mod, where commands run
	verbose bool
	out     *lines
}

// lines prints whole lines from several steps at once, each with the time since the start.
type lines struct {
	mu    sync.Mutex
	to    io.Writer
	start time.Time
}

// say prints one line of progress for a step.
func (l *lines) say(step, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := time.Since(l.start)
	// Progress that cannot be written (a closed pipe) must not change the outcome of the checks.
	_, _ = fmt.Fprintf(l.to, "%3d:%02d  %-13s %s\n", int(since.Minutes()), int(since.Seconds())%60, step, fmt.Sprintf(format, args...))
}

// heartbeat is how often a step that runs says so.
const heartbeat = 30 * time.Second

// beat says from time to time that a step still runs, until done is closed.
func (l *lines) beat(step string, done <-chan struct{}) {
	start, ticker := time.Now(), time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			l.say(step, "still running, %d s", int(time.Since(start).Seconds()))
		}
	}
}

// stepWriter gives a step's progress to code that wants a writer.
type stepWriter struct {
	step string
	out  *lines
}

func (s stepWriter) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		s.out.say(s.step, "%s", strings.TrimRight(line, "\r\n"))
	}
	return len(p), nil
}

// runAll starts the steps in order, two light ones side by side and a heavy one alone, and returns their results in order.
// The semaphore is first come, first served, so a heavy step waits for all before it and holds up all after it.
func runAll(ctx context.Context, w *world, list []step) []result {
	results := make([]result, len(list))
	turn := semaphore.NewWeighted(cores)
	var group sync.WaitGroup
	for i, s := range list {
		weight := int64(1)
		if s.heavy {
			weight = cores
		}
		if err := turn.Acquire(ctx, weight); err != nil {
			results[i] = fail("stopped before it began", "")
			results[i].step = s.name
			continue
		}
		group.Go(func() {
			defer turn.Release(weight)
			results[i] = runOne(ctx, w, s)
		})
	}
	group.Wait()
	return results
}

func runOne(ctx context.Context, w *world, s step) result {
	w.out.say(s.name, "%s …", s.about)
	start := time.Now()
	done := make(chan struct{})
	go w.out.beat(s.name, done)
	r := s.run(ctx, w)
	close(done)
	r.step, r.took = s.name, time.Since(start)
	if ctx.Err() != nil {
		r.outcome, r.reason, r.failed = failed, "stopped", max(r.failed, 1)
	}
	for i := range r.skips {
		if r.skips[i].name == "" {
			r.skips[i].name = s.name
		}
	}
	w.out.say(s.name, "%s", strings.TrimSuffix(string(r.outcome)+": "+r.reason, ": "))
	return r
}
