package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
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
// and a new address: the function against a baseline that answers the same posts with the same DynamoDB calls and nothing else
// (infra/bench/baseline). Each repeated call must succeed as the first did: what a post takes for itself alone - a seat, a publication,
// an invitation - is there for the baseline's post too (replay, prepare.go), and a comparison in which the two made another number of
// calls is refused. Batches of both take turns, over the same gateway, proxy, engine and tables. The CPU time is that of the
// function's own processes, user and system, while they answer posts: not of the gateway, and not of a start.
func posts(ctx context.Context, b *bench) ([]Row, error) {
	recordings, err := b.record(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, r := range recordings {
		for _, k := range r.sample.kinds {
			if !k.stores() {
				continue
			}
			subject := r.sample.name + ", " + k.name
			more, err := b.comparePosts(ctx, r.sample, k, subject, r.calls[k.name])
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

func (b *bench) comparePosts(ctx context.Context, s sample, k kind, subject string, calls []replay.Recorded) ([]Row, error) {
	if len(calls) == 0 {
		return nil, errors.New("its DynamoDB calls could not be recorded")
	}
	f, err := functionOf(b.template, s.route)
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
	d, err := b.prepared(ctx, s, f, b.effort.batch)
	if err != nil {
		return nil, err
	}
	r, err := b.run(ctx, []runtime.Function{runnable(f, ours, binary, k.settings),
		runnable(f, baseline, bare, map[string]string{"BENCH_CALLS": string(recorded), "BENCH_STATUS": strconv.Itoa(k.status)})})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	v, err := b.visit(r, s, f, d, map[string]string{s.route: ours, baselinePath: baseline})
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
		pair := []string{ours, baseline}
		if i%2 == 1 {
			slices.Reverse(pair)
		}
		errands, err := v.errands(ctx, b.effort.batch, k, clients)
		if err != nil {
			return nil, err
		}
		repeated, err := v.repeated(ctx, errands)
		if err != nil {
			return nil, err
		}
		for _, name := range pair {
			result, err := b.batch(ctx, r, v, name, map[string][]errand{ours: errands, baseline: repeated}[name], k.status)
			if err != nil {
				return nil, err
			}
			if i >= postWarmUp {
				results[name] = append(results[name], result)
			}
		}
	}
	if err := sameCalls(results); err != nil {
		return nil, err
	}
	return postRows(subject, results), nil
}

// batch is the outcome of some posts.
type batch struct {
	rate  float64   // posts a second
	took  []float64 // milliseconds, of each post
	cpu   float64   // milliseconds of the function's processes for a post
	calls float64   // of DynamoDB for a post, by the proxy's counters
}

// batch sends errands to a function, by all visitors at once. Any answer but the status is an error.
func (b *bench) batch(ctx context.Context, r *runtime.Runtime, v *visitor, function string, errands []errand, status int) (batch, error) {
	before, err := cpuOf(r, function)
	if err != nil {
		return batch{}, err
	}
	made := total(b.operations(r, function))
	took := make([]float64, len(errands))
	began := time.Now()
	if err := each(len(errands), clients, func(i int) error {
		sent := time.Now()
		err := v.post(ctx, errands[i], status)
		took[i] = float64(time.Since(sent).Microseconds()) / 1000
		return err
	}); err != nil {
		return batch{}, err
	}
	all := time.Since(began)
	after, err := cpuOf(r, function)
	if err != nil {
		return batch{}, err
	}
	n := float64(len(errands))
	return batch{rate: n / all.Seconds(), took: took, cpu: (after - before).Seconds() * 1000 / n,
		calls: float64(total(b.operations(r, function))-made) / n}, nil
}

func total(operations map[string]int) int {
	sum := 0
	for _, n := range operations {
		sum += n
	}
	return sum
}

// otherCalls is how many calls a post may differ from the baseline's in the mean: a process that reads anew what staff keep, two
// registrations that drew the same seat.
const otherCalls = 0.1

// sameCalls refuses a comparison in which the two did not make the same calls: it would not be one of our code.
func sameCalls(results map[string][]batch) error {
	if a, b := meanOf(results[ours], callsOf), meanOf(results[baseline], callsOf); math.Abs(a-b) > otherCalls {
		return fmt.Errorf("%.2f DynamoDB calls a post, and %.2f of the baseline: they cannot be compared", a, b)
	}
	return nil
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
		{"CPU time of a post", "ms", "mean", func(batches []batch) float64 { return meanOf(batches, cpuOfPost) }, atMost(cpuBudget, "ratio")},
		{"posts by 4 visitors", "/s", "median", medianRate, nil},
		{"latency, p50", "ms", "all posts", latency(0.5), nil},
		{"latency, p99", "ms", "all posts", latency(0.99), nil},
	} {
		rows = append(rows, Row{Part: "post", Subject: subject, Figure: figure.name, Value: figure.of(results[ours]), Unit: figure.unit,
			Against: figure.unit + ", DynamoDB calls alone", Base: figure.of(results[baseline]), Budget: figure.budget,
			Note: fmt.Sprintf("%s of %d batches of %d; calls a post %.2f and %.2f", figure.kind, len(results[ours]), len(results[ours][0].took),
				meanOf(results[ours], callsOf), meanOf(results[baseline], callsOf))}.judged())
	}
	return rows
}

func cpuOfPost(b batch) float64 { return b.cpu }
func callsOf(b batch) float64   { return b.calls }

func meanOf(batches []batch, of func(batch) float64) float64 {
	sum := 0.0
	for _, b := range batches {
		sum += of(b)
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
