package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/ses"
	"madoguchi/shared/record"
)

// faultNames are what can go wrong beside a kill, in the order of the report.
var faultNames = []string{"ses throttles", "ses server errors", "ses silent before accepting", "ses silent after accepting", "ses entries fail",
	"ses rejects", "ses down", "dynamodb conflicts", "dynamodb throttles", "dynamodb lost answers", "dynamodb down"}

// prepareSES sets what is so during all campaigns: a quick account, answers that take their time, and events that are lost, doubled,
// late and in any order.
func (c *chaos) prepareSES() error {
	rate, latency := 1500.0, 60
	return c.stack.SES().SetFaults(ses.Faults{MaxSendRate: &rate, LatencyMS: &latency,
		Events: &ses.EventFaults{DropPercent: 5, DuplicatePercent: 20, DelayMS: 150, Reorder: true}})
}

// rage lets everything go wrong until ctx ends; the function that it returns waits until nobody is at work any more.
func (c *chaos) rage(ctx context.Context, id string) (wait func()) {
	strikes := c.strikes(ctx, c.Senders)
	var group sync.WaitGroup
	seed := c.chance.Uint64()
	group.Go(func() { c.kill(ctx, id, rand.New(rand.NewPCG(seed, 2))) }) //nolint:gosec // chance in a test
	group.Go(func() { c.fail(ctx, id, rand.New(rand.NewPCG(seed, 3))) }) //nolint:gosec // chance in a test
	group.Go(func() { c.skew(ctx, id, rand.New(rand.NewPCG(seed, 4))) }) //nolint:gosec // chance in a test
	return func() { group.Wait(); strikes() }
}

// strikes lets the clock strike again and again, some at a time: schedules strike twice, and while the one before still works.
func (c *chaos) strikes(ctx context.Context, n int) (wait func()) {
	var group sync.WaitGroup
	var mu sync.Mutex
	for range n {
		group.Go(func() {
			for ctx.Err() == nil {
				// The invocation goes on when the caller leaves, as in AWS; a process that was killed ends it.
				_, _ = c.stack.Runtime().Invoke(ctx, senderFunction, []byte(`{"detail-type":"Scheduled Event","source":"aws.scheduler"}`))
				mu.Lock()
				c.report.Strikes++
				mu.Unlock()
				pause(ctx, 50*time.Millisecond)
			}
		})
	}
	return group.Wait
}

// kill kills a process now and then: nearly always a sender.
func (c *chaos) kill(ctx context.Context, id string, chance *rand.Rand) {
	for c.report.Kills < c.Kills {
		if !pause(ctx, 60*time.Millisecond+time.Duration(chance.Int64N(int64(500*time.Millisecond)))) {
			return
		}
		name := senderFunction
		if chance.IntN(20) == 0 {
			name = feedbackFunction
		}
		var pids []int
		for _, p := range c.stack.Runtime().Processes() {
			if p.Function == name && p.PID > 0 && p.State == "busy" {
				pids = append(pids, p.PID)
			}
		}
		if len(pids) == 0 {
			continue
		}
		if syscall.Kill(pids[chance.IntN(len(pids))], syscall.SIGKILL) == nil {
			c.report.Kills++
			if name == senderFunction {
				c.bound.add(c.inCall(ctx, id))
			}
		}
	}
}

// inCall is how many calls are being made, of all senders: a little after a kill, so that a mark that was on its way is there.
func (c *chaos) inCall(ctx context.Context, id string) (n int) {
	pause(ctx, 20*time.Millisecond)
	chunks, _, err := c.store.OpenChunks(context.WithoutCancel(ctx), id, "")
	if err != nil {
		return c.Senders * inFlight
	}
	for _, k := range chunks {
		if k.Until != 0 {
			n++
		}
	}
	return n
}

// fail lets the next calls of SES and DynamoDB fail, one way after the other.
func (c *chaos) fail(ctx context.Context, id string, chance *rand.Rand) {
	mail, table := c.stack.SES(), c.stack.Proxy()
	few := func() int { return 1 + chance.IntN(3) }
	yes, no := true, false
	down := func(set func(bool)) {
		set(true)
		pause(ctx, time.Duration(chance.Int64N(int64(300*time.Millisecond))))
		set(false)
	}
	for pause(ctx, 50*time.Millisecond+time.Duration(chance.Int64N(int64(400*time.Millisecond)))) {
		name := faultNames[chance.IntN(len(faultNames))]
		c.report.Faults[name]++
		var fail *ses.Fail
		var faults dynamodb.Faults
		switch name {
		case "ses throttles":
			fail = &ses.Fail{Throttle: few()}
		case "ses server errors":
			fail = &ses.Fail{ServerError: 1}
			c.bound.add(1)
		case "ses silent before accepting":
			fail = &ses.Fail{TimeoutBeforeAccepting: 1}
			c.bound.add(1)
		case "ses silent after accepting":
			fail = &ses.Fail{TimeoutAfterAccepting: 1}
			c.bound.add(1)
		case "ses entries fail":
			fail = &ses.Fail{Entries: few()}
		case "ses rejects":
			fail = &ses.Fail{Reject: 1}
			c.bound.rejected()
		case "ses down":
			before := mail.Cut()
			down(func(down bool) { _ = mail.SetFaults(ses.Faults{Down: map[bool]*bool{true: &yes, false: &no}[down]}) })
			c.bound.add(mail.Cut() - before) // who called meanwhile, and cannot tell
		case "dynamodb conflicts":
			faults.Fail.Conflict = few()
		case "dynamodb throttles":
			faults.Fail.Throttle = few()
		case "dynamodb lost answers":
			faults.Fail.TimeoutAfterCommit = 1
		case "dynamodb down":
			c.bound.add(c.inCall(ctx, id)) // whoever was calling and cannot tell; nobody begins to without the table
			down(func(down bool) { table.SetFaults(dynamodb.Faults{Down: down, ConflictPercent: 3}) })
		}
		if fail != nil {
			_ = mail.SetFaults(ses.Faults{Fail: fail})
		}
		if faults.Fail != (dynamodb.Fail{}) {
			faults.ConflictPercent = 3
			table.SetFaults(faults)
		}
	}
}

// quiet ends all faults, those of SES's events too.
func (c *chaos) quiet() error {
	c.stack.Proxy().SetFaults(dynamodb.Faults{})
	no := false
	return c.stack.SES().SetFaults(ses.Faults{Fail: &ses.Fail{}, Down: &no})
}

// skew does what senders leave behind whose clocks are wrong: a rate that is spent until tomorrow, a lease that is over while the
// call is being made.
func (c *chaos) skew(ctx context.Context, id string, chance *rand.Rand) {
	for pause(ctx, time.Second+time.Duration(chance.Int64N(int64(3*time.Second)))) {
		switch chance.IntN(2) {
		case 0:
			ahead := time.Now().Add(time.Duration(chance.Int64N(int64(24 * time.Hour)))).UnixMicro()
			_, _ = record.Update(ctx, c.store.Client, c.store.Table, record.Key("rate", "rate"), "SET tat = :t", record.Values{"t": ahead}, record.Condition{}, nil)
		case 1:
			chunks, _, err := c.store.OpenChunks(ctx, id, "")
			if err != nil {
				continue
			}
			for _, k := range chunks {
				if k.Until == 0 {
					continue
				}
				ok, err := record.Update(ctx, c.store.Client, c.store.Table, record.Key(k.PK, k.SK), "SET lease = :past",
					record.Values{"past": time.Now().Add(-time.Second).UnixMilli()},
					record.Condition{Expression: "revision = :r AND attribute_type(lease, :n)", Values: record.Values{"r": k.Revision, "n": string(types.ScalarAttributeTypeN)}}, nil)
				if ok && err == nil {
					c.bound.add(1)
					break
				}
			}
		}
		c.report.Skews++
	}
}

// pause waits, and reports false where ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
