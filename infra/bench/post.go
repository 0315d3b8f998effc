package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/runtime"
)

// cpuBudget is how much more CPU time than the baseline a post may take (design, "Budgets").
const cpuBudget = 1.3

// baselinePath is where the gateway of a run answers with the baseline.
const baselinePath = "/baseline"

// On a machine that is busy with other things a comparison ends after postLimit, if it has enough pairs for a median.
const (
	postLimit   = time.Minute
	enoughPairs = 10
)

// postWarmUp are the first pairs, which are not counted: processes start, pages and connections are new.
const postWarmUp = 3

// Names of the two functions that are compared.
const (
	ours     = "Form"
	baseline = "Baseline"
)

// posts measures form posts through the gateway of the local stack, by four visitors at once, each post with a fresh token
// and a new address: the function against a baseline that answers the same posts with the same DynamoDB writes and nothing else
// (infra/bench/baseline). Batches of both take turns, over the same gateway, proxy, engine and tables. The CPU time is that of the
// function's own processes, user and system, while they answer posts: not of the gateway, and not of a start.
func posts(ctx context.Context, b *bench) ([]Row, error) {
	recordings, err := b.record(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, r := range recordings {
		for _, c := range []struct {
			name     string
			calls    []replay.Recorded
			settings map[string]string
		}{
			{"", r.plain, nil},
			{", rate limit on", r.rated, map[string]string{rateLimit: aboveAll}},
		} {
			subject := r.sample.path[1:] + c.name
			more, err := b.comparePosts(ctx, r.sample, subject, c.calls, c.settings)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				more = []Row{notMeasured("post", subject, "posts", err)}
			}
			rows = append(rows, more...)
		}
	}
	return rows, nil
}

func (b *bench) comparePosts(ctx context.Context, s sample, subject string, calls []replay.Recorded, settings map[string]string) ([]Row, error) {
	if len(calls) == 0 {
		return nil, errors.New("its DynamoDB calls could not be recorded")
	}
	f, err := functionOf(b.template, s.path)
	if err != nil {
		return nil, err
	}
	binary, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return nil, err
	}
	bare, err := b.host(ctx, "infra/bench/baseline")
	if err != nil {
		return nil, err
	}
	recorded, err := json.Marshal(calls)
	if err != nil {
		return nil, err
	}
	r, err := b.run(ctx, []runtime.Function{runnable(f, ours, binary, settings), runnable(f, baseline, bare, map[string]string{"BENCH_CALLS": string(recorded)})})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	v, err := b.visit(r, s, map[string]string{s.path: ours, baselinePath: baseline})
	if err != nil {
		return nil, err
	}
	b.say("posting to %s", subject)
	results := map[string][]batch{}
	began := time.Now()
	for i := range postWarmUp + b.effort.postPairs {
		if i >= postWarmUp+enoughPairs && time.Since(began) > postLimit {
			break
		}
		bodies, err := v.bodies(ctx, b.effort.batch, "submit")
		if err != nil {
			return nil, err
		}
		pair := []string{ours, baseline}
		if i%2 == 1 {
			slices.Reverse(pair)
		}
		for _, name := range pair {
			path := map[string]string{ours: s.path, baseline: baselinePath}[name]
			result, err := b.batch(ctx, r, v, name, path, bodies)
			if err != nil {
				return nil, err
			}
			if i >= postWarmUp {
				results[name] = append(results[name], result)
			}
		}
	}
	return postRows(subject, results), nil
}

// batch is the outcome of some posts.
type batch struct {
	rate float64   // posts a second
	took []float64 // milliseconds, of each post
	cpu  float64   // milliseconds of the function's processes for a post
}

// batch sends the bodies to a path, by all visitors at once. Any answer but a 303 is an error.
func (b *bench) batch(ctx context.Context, r *runtime.Runtime, v *visitor, function, path string, bodies []string) (batch, error) {
	before, err := cpuOf(r, function)
	if err != nil {
		return batch{}, err
	}
	took := make([]float64, len(bodies))
	failed := make([]error, clients)
	var next atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for c := range clients {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(bodies) && failed[c] == nil; i = int(next.Add(1)) - 1 {
				sent := time.Now()
				failed[c] = v.post(ctx, path, bodies[i], http.StatusSeeOther)
				took[i] = float64(time.Since(sent).Microseconds()) / 1000
			}
		})
	}
	group.Wait()
	all := time.Since(began)
	if err := errors.Join(failed...); err != nil {
		return batch{}, err
	}
	after, err := cpuOf(r, function)
	if err != nil {
		return batch{}, err
	}
	n := float64(len(bodies))
	return batch{rate: n / all.Seconds(), took: took, cpu: (after - before).Seconds() * 1000 / n}, nil
}

// cpuOf is the CPU time that the processes of a function have taken so far.
func cpuOf(r *runtime.Runtime, function string) (time.Duration, error) {
	sum := time.Duration(0)
	for _, p := range r.Processes() {
		switch {
		case p.Function != function:
		case p.State == "ended":
			return 0, fmt.Errorf("a process of %s ended while it was measured", function)
		default:
			sum += cpuTime(p)
		}
	}
	return sum, nil
}

// postRows compares the two over all batches. CPU time is the mean: it adds up, and a median of short batches would leave out most
// of the garbage collections, which fall into some batches and not into others.
func postRows(subject string, results map[string][]batch) []Row {
	latency := func(q float64) func([]batch) float64 {
		return func(batches []batch) float64 {
			var all []float64
			for _, b := range batches {
				all = append(all, b.took...)
			}
			return quantile(all, q)
		}
	}
	var rows []Row
	for _, figure := range []struct {
		name, unit, kind string
		of               func([]batch) float64
		budget           *Budget
	}{
		{"CPU time of a post", "ms", "mean", meanCPU, atMost(cpuBudget, "ratio")},
		{"posts by 4 visitors", "/s", "median", medianRate, nil},
		{"latency, p50", "ms", "all posts", latency(0.5), nil},
		{"latency, p99", "ms", "all posts", latency(0.99), nil},
	} {
		rows = append(rows, Row{Part: "post", Subject: subject, Figure: figure.name, Value: figure.of(results[ours]), Unit: figure.unit,
			Against: figure.unit + ", DynamoDB calls alone", Base: figure.of(results[baseline]), Budget: figure.budget,
			Note: fmt.Sprintf("%s of %d batches of %d", figure.kind, len(results[ours]), len(results[ours][0].took))}.judged())
	}
	return rows
}

func meanCPU(batches []batch) float64 {
	sum := 0.0
	for _, b := range batches {
		sum += b.cpu
	}
	return sum / float64(len(batches))
}

func medianRate(batches []batch) float64 {
	var rates []float64
	for _, b := range batches {
		rates = append(rates, b.rate)
	}
	return median(rates)
}
