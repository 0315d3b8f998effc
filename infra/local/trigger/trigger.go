// Package trigger invokes functions without a visitor: from the stream of a table, by the clock, and on events of other
// services, with the batches, filters and retries of AWS.
package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
)

// Invoker runs functions; *runtime.Runtime is one.
type Invoker interface {
	// Invoke returns the errors of runtime.Runtime.Invoke.
	Invoke(ctx context.Context, function string, event []byte) (runtime.Result, error)
}

// Options of the triggers.
type Options struct {
	Functions  []template.Function
	Invoker    Invoker
	Streams    *dynamodbstreams.Client
	PositionIn string        // folder that keeps how far each stream has been read; "": a restart begins anew
	Poll       time.Duration // between two looks at a stream that has nothing new; 0: 100 ms
	Backoff    time.Duration // before the first retry of a failed batch, doubled each time, at most 10 s; 0: 200 ms
	AsyncRetry time.Duration // before each retry of an asynchronous invocation; 0: 1 s (AWS: 1 and 2 minutes)
	Log        *slog.Logger  // batches given up, events given up; nil: nothing
	OnInvoke   func(Invocation)
}

// Invocation describes one finished invocation, for a log line.
type Invocation struct {
	Function string
	Source   string // name of the event in the template
	Records  int    // of a stream batch
	Attempt  int    // from 1
	Duration time.Duration
	Cold     bool
	Err      error
}

// Triggers runs the event sources of all functions.
type Triggers struct {
	options   Options
	rules     []rule
	schedules []schedule
	ctx       context.Context
	stop      context.CancelFunc
	mu        sync.Mutex // between the end of ctx and new entries of running
	running   sync.WaitGroup
}

type rule struct {
	template.Rule
	pattern pattern
	retries int
}

type schedule struct {
	template.Schedule
	next    func(after time.Time) (time.Time, bool)
	retries int
}

// Start begins to read the streams and to follow the clock. It fails on an expression or a pattern that it cannot follow.
func Start(o Options) (*Triggers, error) {
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	if o.Backoff == 0 {
		o.Backoff = 200 * time.Millisecond
	}
	if o.AsyncRetry == 0 {
		o.AsyncRetry = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &Triggers{options: o}
	t.ctx, t.stop = context.WithCancel(context.Background())
	var readers []*reader
	now := time.Now()
	for _, f := range o.Functions {
		for _, r := range f.Rules {
			p, err := parsePattern(r.Pattern)
			if err != nil {
				return nil, fmt.Errorf("%s, event %s: %w", r.Function, r.Event, err)
			}
			t.rules = append(t.rules, rule{r, p, f.AsyncRetries})
		}
		for _, s := range f.Schedules {
			next, err := parseExpression(s.Expression, s.Zone, now)
			if err != nil {
				return nil, fmt.Errorf("%s, event %s: %w", s.Function, s.Event, err)
			}
			t.schedules = append(t.schedules, schedule{s, next, f.AsyncRetries})
		}
		for _, s := range f.Streams {
			if s.Disabled {
				continue
			}
			r, err := newReader(t, s)
			if err != nil {
				return nil, fmt.Errorf("%s, event %s: %w", s.Function, s.Event, err)
			}
			readers = append(readers, r)
		}
	}
	for _, r := range readers {
		t.running.Go(func() { r.run(t.ctx) })
	}
	for _, s := range t.schedules {
		if !s.Disabled {
			t.running.Go(func() { t.follow(s) })
		}
	}
	return t, nil
}

// Stop ends all sources and waits until what they had begun has ended. The runtime should be closed after it.
func (t *Triggers) Stop() {
	t.mu.Lock()
	t.stop()
	t.mu.Unlock()
	t.running.Wait()
}

// begin runs work that Stop waits for; after Stop it does nothing.
func (t *Triggers) begin(work func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() == nil {
		t.running.Go(work)
	}
}

// Emit hands an event to every rule that it matches, asynchronously, as EventBridge does. detail must be JSON.
func (t *Triggers) Emit(source, detailType string, resources []string, detail json.RawMessage) error {
	event, err := json.Marshal(envelope(source, detailType, resources, detail, time.Now()))
	if err != nil {
		return fmt.Errorf("event %s: %w", detailType, err)
	}
	for _, r := range t.rules {
		if !r.pattern.matches(event) {
			continue
		}
		payload := event
		if r.Input != "" {
			payload = []byte(r.Input)
		}
		t.begin(func() { _, _ = t.async(r.Function, r.Event, payload, r.retries) })
	}
	return nil
}

// async is an asynchronous invocation: a failed one is tried again. It returns the number of attempts and the last error.
func (t *Triggers) async(function, source string, payload []byte, retries int) (int, error) {
	for attempt := 1; ; attempt++ {
		_, err := t.invoke(function, source, payload, 0, attempt)
		if err == nil || t.ctx.Err() != nil {
			return attempt, err
		}
		if attempt > retries {
			t.options.Log.Error("event given up", "function", function, "event", source, "attempts", attempt, "error", err.Error())
			return attempt, err
		}
		select {
		case <-t.ctx.Done():
			return attempt, err
		case <-time.After(t.options.AsyncRetry):
		}
	}
}

func (t *Triggers) invoke(function, source string, payload []byte, records, attempt int) (runtime.Result, error) {
	result, err := t.options.Invoker.Invoke(t.ctx, function, payload)
	if t.options.OnInvoke != nil && !errors.Is(err, context.Canceled) {
		t.options.OnInvoke(Invocation{
			Function: function, Source: source, Records: records, Attempt: attempt,
			Duration: result.Duration, Cold: result.Cold, Err: err,
		})
	}
	return result, err
}
