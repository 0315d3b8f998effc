package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/runtime"
)

// recording is what one sample's function asks of DynamoDB.
type recording struct {
	sample sample
	rows   []Row
	calls  map[string][]replay.Recorded // of one post, by the name of its kind
}

// callCounts counts the DynamoDB calls of each kind of post by a warm process, by the counters of the local stack's proxy. The
// reading of what staff keep (categories of business, publications, an event), which each process may do once in 30 seconds, is told
// apart and shown by itself.
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
		r, err := b.recordSample(ctx, s)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			r = recording{sample: s, rows: []Row{notMeasured("calls", s.name, "DynamoDB calls", err)}}
		}
		b.recording = append(b.recording, r)
	}
	return b.recording, nil
}

func (b *bench) recordSample(ctx context.Context, s sample) (recording, error) {
	out := recording{sample: s, calls: map[string][]replay.Recorded{}}
	f, err := functionOf(b.template, s.route)
	if err != nil {
		return out, err
	}
	binary, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return out, err
	}
	b.say("counting calls of %s", s.name)
	d, err := b.prepared(ctx, s, f, 1)
	if err != nil {
		return out, err
	}
	var functions []runtime.Function
	for _, k := range s.kinds {
		functions = append(functions, runnable(f, k.name, binary, k.settings))
	}
	r, err := b.run(ctx, functions)
	if err != nil {
		return out, err
	}
	defer r.Close()
	lists := 0
	for _, k := range s.kinds {
		v, err := b.visit(r, s, f, d, map[string]string{s.route: k.name})
		if err != nil {
			return out, err
		}
		counted, err := b.count(ctx, r, v, k)
		if err != nil {
			return out, err
		}
		lists += counted.lists
		subject, figures := s.name+", "+k.name, counted.figures()
		for _, figure := range slices.Sorted(maps.Keys(k.want)) {
			row := Row{Part: "calls", Subject: subject, Figure: figure, Value: figures[figure] / float64(counted.requests),
				Unit: "a request", Budget: exactly(k.want[figure])}
			if figure == figureAll {
				row.Note = k.note
			}
			out.rows = append(out.rows, row.judged())
		}
		if !k.stores() {
			continue
		}
		out.calls[k.name] = counted.last()
		_, given, err := d(ctx)
		if err != nil {
			return out, err
		}
		row, err := b.writeUnits(ctx, subject, out.calls[k.name], given)
		if err != nil {
			return out, err
		}
		out.rows = append(out.rows, row)
	}
	out.rows = append(out.rows, Row{Part: "calls", Subject: s.name, Figure: "reads of what staff keep", Value: float64(lists),
		Unit: "in this part", Note: "allowed: one a process in 30 s, by pages and posts together; not in the figures above"}.judged())
	return out, nil
}

// The figures of the calls of a request.
const (
	figureAll          = "DynamoDB calls"
	figureReads        = "DynamoDB reads"
	figureTransactions = "DynamoDB transactions"
	figureUpdates      = "DynamoDB updates"
	figurePuts         = "DynamoDB puts"
)

// counts are the calls that some equal requests caused.
type counts struct {
	byOperation map[string]int // by the proxy's counters
	recorded    []replay.Recorded
	lists       int // how many of them read what staff keep
	requests    int
	given       string // key of what was put into the database for the last request
}

// count sends posts of one kind, after one that is not counted, and returns their calls.
func (b *bench) count(ctx context.Context, r *runtime.Runtime, v *visitor, k kind) (counts, error) {
	errands, err := v.errands(ctx, 1+b.effort.callRounds, k, 1)
	if err != nil {
		return counts{}, err
	}
	if err := v.post(ctx, errands[0], k.status); err != nil {
		return counts{}, err
	}
	errands = errands[1:]
	before := b.operations(r, k.name)
	recorded, err := b.database.recorder.record(func() error {
		for _, e := range errands {
			if err := v.post(ctx, e, k.status); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return counts{}, err
	}
	c := counts{byOperation: b.operations(r, k.name), requests: len(errands), given: errands[len(errands)-1].given}
	for op, n := range before {
		c.byOperation[op] -= n
	}
	if n := total(c.byOperation); n != len(recorded) {
		return counts{}, fmt.Errorf("the proxy counted %d calls, %d went by", n, len(recorded))
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

// readsList tells the reading of what staff keep from the reading of anything else: the list of business categories is the item of
// that name in the partition of settings, the publications are a partition, an event is the item of its current version.
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
		return read.Key.PK.S == "settings" && read.Key.SK.S == "business_categories" ||
			strings.HasPrefix(read.Key.PK.S, "event#") && read.Key.SK.S == "current"
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
		case "PutItem":
			sum[figurePuts] += float64(n)
		case "GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan":
			sum[figureReads] += float64(n)
		}
	}
	return sum
}

// last returns the calls of the last request; all of them make equally many.
func (c counts) last() []replay.Recorded {
	calls := slices.Clone(c.recorded[len(c.recorded)-len(c.recorded)/c.requests:])
	for i := range calls {
		calls[i].Given = c.given
	}
	return calls
}
