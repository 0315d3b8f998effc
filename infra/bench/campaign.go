package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"madoguchi/infra/local/runtime"
	"madoguchi/shared/campaign"
)

// The budgets of a campaign (design, "Budgets").
const (
	campaignCPU      = 0.1        // seconds of the sender for 1,000 recipients
	campaignCPURatio = 2.0        // of a loop that only makes the same SES calls
	campaignWork     = 1.3        // of a loop that makes the same calls of SES and DynamoDB, as for a post
	campaignTime     = 1.11       // 1/0.9 of the loop's time, where SES answers in a tenth of a second
	campaignCalls    = 0.15       // of DynamoDB a recipient
	campaignMemory   = 128.0      // MB
	campaignGrowth   = 1.3        // of the memory that the smallest campaign takes: flat
	campaignPace     = 2.0        // percent
	unbound          = 10_000_000 // recipients a second: SES binds nobody
	answersIn        = 100 * time.Millisecond
)

const megabinary = 1 << 20

// campaigns measures the sender over the Runtime API against a real table and the local SES, which answers in a tenth of a second and
// runs in this process: the CPU time is that of the sender alone. It takes turns with a loop that makes the same calls of SES, as many
// at a time, and nothing else, and with one that makes the same calls of DynamoDB too (infra/bench/bulk).
func campaigns(ctx context.Context, b *bench) ([]Row, error) {
	var rows []Row
	for _, part := range []struct {
		subject string
		measure func(context.Context) ([]Row, error)
	}{
		{"sizes", b.campaignSizes},
		{"pace", b.campaignPaces},
	} {
		more, err := part.measure(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rows = append(rows, more...)
		if err != nil {
			rows = append(rows, notMeasured("campaign", part.subject, "campaigns", err))
		}
	}
	return rows, nil
}

// campaignSizes measures campaigns of growing size over one list.
func (b *bench) campaignSizes(ctx context.Context) ([]Row, error) {
	book, err := b.addressBook(ctx, "sizes")
	if err != nil {
		return nil, err
	}
	var rows []Row
	smallest := 0.0
	for _, n := range slices.Sorted(slices.Values(b.sizes)) {
		b.say("storing %d subscribers", n)
		if err := book.grow(ctx, n); err != nil {
			return rows, fmt.Errorf("store subscribers: %w", err)
		}
		b.say("sending to %d recipients", n)
		ours, loops, err := b.compareSending(ctx, book)
		if err != nil {
			return rows, fmt.Errorf("%d recipients: %w", n, err)
		}
		more := sendingRows(ours, loops)
		memory := Row{Part: "campaign", Subject: subjectOf(n), Figure: "peak memory of the sender", Unit: "MB", Budget: atMost(campaignMemory, "value")}
		for _, s := range ours {
			memory.Value = max(memory.Value, float64(s.peak)/megabinary)
		}
		rows = append(rows, append(more, memory.judged())...)
		if smallest == 0 {
			smallest = memory.Value
		} else {
			memory.Figure, memory.Against, memory.Base, memory.Budget = "the same, beside the smallest", "MB", smallest, atMost(campaignGrowth, "ratio")
			rows = append(rows, memory.judged())
		}
		if n <= mostWithEvents {
			more, err := b.campaignEvents(ctx, book)
			rows = append(rows, more...)
			if err != nil {
				return rows, fmt.Errorf("%d recipients with events: %w", n, err)
			}
		}
	}
	return rows, nil
}

func subjectOf(n int) string {
	switch {
	case n%1_000_000 == 0:
		return fmt.Sprintf("%d M recipients", n/1_000_000)
	case n%1000 == 0:
		return fmt.Sprintf("%d k recipients", n/1000)
	}
	return fmt.Sprintf("%d recipients", n)
}

// canaryCalls are the first calls of a campaign, after which the sender waits for their answers before it goes on: what comes back of
// them decides. They are left out of the throughput.
const canaryCalls = 10

// sendingRows compares campaigns of one size with their loops, added up.
func sendingRows(ours []sending, beside loops) []Row {
	n := ours[0].recipients
	subject := subjectOf(n)
	var cpu, prepared, cpuPrepared, took time.Duration
	recipients, calls, requests, requests0, rated := 0, 0, 0, 0, 0
	operations := map[string]int{}
	for _, s := range ours {
		recipients += s.recipients
		calls += len(s.counter.arrivals)
		cpu, prepared, cpuPrepared = cpu+s.cpu, prepared+s.prepared, cpuPrepared+s.cpuPrepared
		for op, count := range s.operations {
			operations[op] += count
		}
		requests, requests0 = requests+total(s.operations), requests0+total(s.operations0)
		skip := canaryCalls
		if s.recipients <= canaryCalls*campaign.ChunkSize {
			skip = 0
		}
		in := dayBook{arrivals: s.counter.arrivals[skip:]}.recipients()
		rated += in
		took += time.Duration(float64(in) / s.counter.rate(skip) * float64(time.Second))
	}
	loop, whole := sum(beside.alone), sum(beside.whole)
	perThousand := func(d time.Duration, n int) float64 { return d.Seconds() * 1000 / float64(n) }
	milli := 1000.0
	note := fmt.Sprintf("%d turns; of it %.3f s of CPU for the preparation", len(ours), perThousand(cpuPrepared, recipients))
	rows := []Row{
		{Figure: "calls of SES", Value: float64(calls) / float64(len(ours)), Unit: "calls", Budget: exactly(math.Ceil(float64(n) / campaign.ChunkSize))},
		{Figure: "DynamoDB calls a recipient", Value: float64(requests) / float64(recipients), Budget: atMost(campaignCalls, "value"),
			Note: fmt.Sprintf("%.3f of them for the preparation; %s", float64(requests0)/float64(recipients), byOperation(operations, recipients))},
		{Figure: "CPU of the sender, 1,000 recipients", Value: perThousand(cpu, recipients), Unit: "s", Budget: atMost(campaignCPU, "value"), Note: note},
		{Figure: "CPU of the sender, 1,000 recipients", Value: perThousand(cpu, recipients) * milli, Unit: "ms", Against: "ms, SES calls alone",
			Base: perThousand(loop.cpu, loop.recipients) * milli, Budget: atMost(campaignCPURatio, "ratio")},
		{Figure: "time of sending, 1,000 recipients", Value: perThousand(took, rated) * milli, Unit: "ms", Against: "ms, SES calls alone",
			Base: perThousand(loop.took, loop.recipients) * milli, Budget: atMost(campaignTime, "ratio"),
			Note: fmt.Sprintf("SES answers in %d ms, %d calls at a time: %.0f and %.0f recipients a second", answersIn.Milliseconds(), loop.inFlight,
				float64(rated)/took.Seconds(), float64(loop.recipients)/loop.took.Seconds())},
		{Figure: "preparation", Value: float64(recipients) / prepared.Seconds(), Unit: "recipients/s"},
	}
	if whole.recipients > 0 {
		rows = append(rows, Row{Figure: "CPU of the sender, 1,000 recipients", Value: perThousand(cpu, recipients) * milli, Unit: "ms",
			Against: "ms, the same SES and DynamoDB calls", Base: perThousand(whole.cpu, whole.recipients) * milli, Budget: atMost(campaignWork, "ratio"),
			Note: "what keeping the state in the table takes, whoever does it"},
			Row{Figure: "time of sending, 1,000 recipients", Value: perThousand(took, rated) * milli, Unit: "ms", Against: "ms, the same SES and DynamoDB calls",
				Base: perThousand(whole.took, whole.recipients) * milli, Note: fmt.Sprintf("%.0f recipients a second", float64(whole.recipients)/whole.took.Seconds())})
	}
	for i := range rows {
		rows[i].Part, rows[i].Subject = "campaign", subject
		rows[i] = rows[i].judged()
	}
	return rows
}

// byOperation writes the calls of each kind a recipient.
func byOperation(operations map[string]int, recipients int) string {
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(operations)) {
		parts = append(parts, fmt.Sprintf("%s %.4f", op, float64(operations[op])/float64(recipients)))
	}
	return strings.Join(parts, ", ")
}

// paced are the rates at which a campaign is held against the account's: one in the sandbox, one of a young account, and more. At 50 a
// second the calls of DynamoDB are counted: it is the least rate that has a budget.
var paced = []float64{1, 14, 50, 200, 1000}

const (
	countedRate = 50
	// pacedFor is how long each goes on: one window and some more, so that there are several.
	pacedFor = 13
)

// campaignPaces sends at several rates at the same time, each with an account, a list and a sender of its own.
func (b *bench) campaignPaces(ctx context.Context) ([]Row, error) {
	var senders []*sender
	var functions []runtime.Function
	var rates []float64
	for _, rate := range paced {
		if b.effort.slowPace || rate > 1 {
			rates = append(rates, rate)
		}
	}
	for _, rate := range rates {
		book, err := b.addressBook(ctx, fmt.Sprintf("pace%.0f", rate))
		if err != nil {
			return nil, err
		}
		n := int(rate * pacedFor)
		if n > canaryCalls*campaign.ChunkSize {
			n += canaryCalls * campaign.ChunkSize
		}
		if err := book.grow(ctx, n); err != nil {
			return nil, err
		}
		office, err := b.openOffice(rate, 0, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = office.Close() }()
		s, err := b.sender(ctx, fmt.Sprintf("Sender%.0f", rate), book, office)
		if err != nil {
			return nil, err
		}
		senders, functions = append(senders, s), append(functions, s.function)
	}
	r, err := b.runWith(ctx, functions, 1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b.say("sending at the account's rate")
	results, failed := make([]sending, len(senders)), make([]error, len(senders))
	if err := each(len(senders), len(senders), func(i int) error {
		senders[i].runtime = r
		results[i], failed[i] = senders[i].send(ctx)
		return nil
	}); err != nil {
		return nil, err
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	var rows []Row
	for i, s := range results {
		rows = append(rows, paceRows(rates[i], s)...)
	}
	return rows, nil
}

// paceRows are those of one rate.
func paceRows(rate float64, s sending) []Row {
	subject := fmt.Sprintf("%.0f a second", rate)
	perCall := max(1, min(campaign.ChunkSize, int(rate)))
	skip, seen := 0, 0
	arrivals := slices.DeleteFunc(slices.Clone(s.counter.arrivals), func(a arrival) bool { return a.refused })
	for s.recipients > canaryCalls*campaign.ChunkSize && seen < canaryCalls*campaign.ChunkSize {
		seen += arrivals[skip].recipients
		skip++
	}
	row := Row{Part: "campaign", Subject: subject, Figure: "error over any 10 s, beyond one call", Unit: "%", Budget: atMost(campaignPace, "value")}
	p, ok := paceOf(arrivals[skip:])
	if !ok {
		return []Row{notMeasured(row.Part, subject, row.Figure, errors.New("sent in less than ten seconds"))}
	}
	row.Value = p.error(rate, perCall)
	row.Note = fmt.Sprintf("%d to %d recipients in 10 s, in calls of %d", p.least, p.most, perCall)
	chunks := (s.recipients + campaign.ChunkSize - 1) / campaign.ChunkSize
	rows := []Row{row.judged(), Row{Part: "campaign", Subject: subject, Figure: "calls of SES", Value: float64(len(s.counter.arrivals)), Unit: "calls",
		Budget: atMost(math.Ceil(float64(s.recipients)/float64(perCall))+float64(chunks*min(1, campaign.ChunkSize%perCall)), "value"), Note: fmt.Sprintf("%d of them refused as too many at once", s.counter.refused)}.judged()}
	if rate == countedRate {
		_, _, later := spent{operations: s.operations}.minus(spent{operations: s.operations0})
		rows = append(rows, Row{Part: "campaign", Subject: subject, Figure: "DynamoDB calls a recipient, sending", Budget: atMost(campaignCalls, "value"),
			Value: float64(total(later)) / float64(s.recipients),
			Note:  "without the preparation, whose calls a small list does not pay back; " + byOperation(later, s.recipients)}.judged())
	}
	return rows
}
