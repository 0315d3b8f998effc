package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/runtime"
)

// rateLimit is the setting that switches the counting of posts per network on.
const rateLimit = "RATE_LIMIT_PER_HOUR"

// aboveAll is a limit that no run reaches: posts are counted and none is refused.
const aboveAll = "1000000"

// recording is what one form's function asks of DynamoDB.
type recording struct {
	sample sample
	rows   []Row
	// The writes of one first submission, without and with the rate limit.
	plain, rated []replay.Recorded
}

// callCounts counts the DynamoDB calls of a check page, of a first submission and of one that is counted against the rate limit,
// by the counters of the local stack's proxy. The reading of a list that staff keep (categories of business, publications), which
// each process may do once in 30 seconds, is told apart and shown by itself.
func callCounts(ctx context.Context, b *bench) ([]Row, error) {
	recordings, err := b.record(ctx)
	var rows []Row
	for _, r := range recordings {
		rows = append(rows, r.rows...)
	}
	return rows, err
}

// record counts and keeps the calls of every sample, once in a run.
func (b *bench) record(ctx context.Context) ([]recording, error) {
	if b.recording != nil {
		return b.recording, nil
	}
	for _, s := range samples {
		r, err := b.recordForm(ctx, s)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r = recording{sample: s, rows: []Row{notMeasured("calls", s.path, "DynamoDB calls", err)}}
		}
		b.recording = append(b.recording, r)
	}
	return b.recording, nil
}

func (b *bench) recordForm(ctx context.Context, s sample) (recording, error) {
	out := recording{sample: s}
	f, err := functionOf(b.template, s.path)
	if err != nil {
		return out, err
	}
	binary, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return out, err
	}
	b.say("counting calls of %s", short(f.Name))
	const plain, rated = "Plain", "Rated"
	r, err := b.run(ctx, []runtime.Function{runnable(f, plain, binary, nil), runnable(f, rated, binary, map[string]string{rateLimit: aboveAll})})
	if err != nil {
		return out, err
	}
	defer r.Close()
	if s.prepare != nil {
		if err := s.prepare(ctx, f, b.database.client); err != nil {
			return out, err
		}
	}
	name := short(f.Name)
	lists := 0
	for _, c := range []struct {
		subject, function, action string
		status                    int
		want                      map[string]float64 // budget by figure
		keep                      *[]replay.Recorded
	}{
		{name + ", check page", plain, "check", http.StatusOK, map[string]float64{figureAll: 0}, nil},
		{name + ", first submission", plain, "submit", http.StatusSeeOther,
			map[string]float64{figureAll: 1, figureTransactions: 1, figureReads: 0}, &out.plain},
		{name + ", with rate limit", rated, "submit", http.StatusSeeOther,
			map[string]float64{figureAll: 2, figureTransactions: 1, figureReads: 0, figureUpdates: 1}, &out.rated},
	} {
		v, err := b.visit(r, s, map[string]string{s.path: c.function})
		if err != nil {
			return out, err
		}
		counted, err := b.count(ctx, r, v, c.function, c.action, c.status)
		if err != nil {
			return out, err
		}
		lists += counted.lists
		figures := counted.figures()
		for _, figure := range slices.Sorted(maps.Keys(c.want)) {
			out.rows = append(out.rows, Row{Part: "calls", Subject: c.subject, Figure: figure, Value: figures[figure] / float64(b.effort.callRounds),
				Unit: "a request", Budget: exactly(c.want[figure])}.judged())
		}
		if c.keep == nil {
			continue
		}
		*c.keep = counted.last()
		row, err := b.writeUnits(ctx, c.subject, *c.keep)
		if err != nil {
			return out, err
		}
		out.rows = append(out.rows, row)
	}
	out.rows = append(out.rows, Row{Part: "calls", Subject: name, Figure: "reads of a list of staff", Value: float64(lists),
		Unit: "in this part", Note: "allowed: one a process in 30 s, by pages and posts together; not in the figures above"}.judged())
	return out, nil
}

// The figures of the calls of a request.
const (
	figureAll          = "DynamoDB calls"
	figureReads        = "DynamoDB reads"
	figureTransactions = "DynamoDB transactions"
	figureUpdates      = "DynamoDB updates"
)

// counts are the calls that some equal requests caused.
type counts struct {
	byOperation map[string]int // by the proxy's counters
	recorded    []replay.Recorded
	lists       int // how many of them read a list that staff keep
	requests    int
}

// count sends requests of one kind and returns their calls.
func (b *bench) count(ctx context.Context, r *runtime.Runtime, v *visitor, function, action string, status int) (counts, error) {
	bodies, err := v.bodies(ctx, b.effort.callRounds, action)
	if err != nil {
		return counts{}, err
	}
	before := b.operations(r, function)
	recorded, err := b.database.recorder.record(func() error {
		for _, body := range bodies {
			if err := v.post(ctx, v.sample.path, body, status); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return counts{}, err
	}
	c := counts{byOperation: b.operations(r, function), requests: len(bodies)}
	for op, n := range before {
		c.byOperation[op] -= n
	}
	total := 0
	for _, n := range c.byOperation {
		total += n
	}
	if total != len(recorded) {
		return counts{}, fmt.Errorf("the proxy counted %d calls, %d went by", total, len(recorded))
	}
	for _, call := range recorded {
		if readsList(call) {
			c.lists++
			continue
		}
		c.recorded = append(c.recorded, call)
	}
	return c, nil
}

// operations adds the proxy's counters up over the processes of a function.
func (b *bench) operations(r *runtime.Runtime, function string) map[string]int {
	byKey := b.database.proxy.Calls()
	sum := map[string]int{}
	for _, p := range r.Processes() {
		if p.Function != function {
			continue
		}
		for op, n := range byKey[p.AccessKey] {
			sum[op] += n
		}
	}
	return sum
}

// readsList tells the reading of a list that staff keep from the reading of anything else: the list of business categories is the
// item of that name in the partition of settings, the publications are a partition.
func readsList(call replay.Recorded) bool {
	var read struct {
		Key                       struct{ PK, SK struct{ S string } }
		ExpressionAttributeValues map[string]struct{ S string }
	}
	if json.Unmarshal(call.Body, &read) != nil {
		return false
	}
	switch call.Operation {
	case "GetItem":
		return read.Key.PK.S == "settings" && read.Key.SK.S == "business_categories"
	case "Query":
		return read.ExpressionAttributeValues[":p"].S == "publication"
	}
	return false
}

func (c counts) figures() map[string]float64 {
	sum := map[string]float64{figureReads: -float64(c.lists), figureAll: -float64(c.lists)}
	for op, n := range c.byOperation {
		sum[figureAll] += float64(n)
		switch op {
		case "TransactWriteItems":
			sum[figureTransactions] += float64(n)
		case "UpdateItem":
			sum[figureUpdates] += float64(n)
		case "GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan":
			sum[figureReads] += float64(n)
		}
	}
	return sum
}

// last returns the calls of the last request; all of them make equally many.
func (c counts) last() []replay.Recorded {
	return c.recorded[len(c.recorded)-len(c.recorded)/c.requests:]
}
