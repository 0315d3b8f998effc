package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"madoguchi/shared/campaign"
)

// inFlight is how many calls a sender makes at a time (functions/mailing/sender).
const inFlight = 20

// bound is how many recipients can have become unknown: those of the calls that a killed process was making, and of those that SES
// left unanswered or whose outcome could not be stored within the lease.
type bound struct {
	mu      sync.Mutex
	calls   int
	rejects int // calls that SES took and then rejected; SES may lose its report of that
}

func newBound() *bound { return &bound{} }

func (b *bound) rejected() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rejects++
}

func (b *bound) add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls += n
}

func (b *bound) recipients() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls * campaign.ChunkSize
}

// delivered is how many mails SES has delivered to each address in this campaign.
func (c *chaos) delivered() map[string]int {
	got := map[string]int{}
	for m, err := range c.stack.SES().Mails() {
		if err != nil {
			c.wrong("read the inbox: %v", err)
			return got
		}
		for _, to := range m.To {
			got[to]++
		}
	}
	return got
}

// count holds what SES took against what the campaign says of each recipient.
func (c *chaos) count(ctx context.Context, id string, peak int) error {
	k, err := c.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if _, err := c.store.Verify(ctx, &k); errors.Is(err, campaign.ErrCounts) {
		c.wrong("%v", err)
	} else if err != nil {
		return err
	}
	if k.Frozen != c.Recipients {
		c.wrong("campaign %d was frozen for %d recipients", c.report.Campaigns, k.Frozen)
	}
	seen := map[string]bool{}
	accepted, silent, rejected, proven := 0, 0, 0, 0
	for cursor := ""; ; {
		chunks, next, err := c.store.Chunks(ctx, id, cursor, 500)
		if err != nil {
			return err
		}
		for _, chunk := range chunks {
			proven += chunk.Proven
			keys := chunk.Keys()
			for i, o := range chunk.List() {
				if seen[keys[i]] {
					c.wrong("campaign %d holds a recipient twice", c.report.Campaigns)
				}
				seen[keys[i]] = true
				switch o.Class() {
				case campaign.ClassAccepted:
					accepted++
				case campaign.ClassFailed:
					c.report.Failed++
					c.report.Reasons[o.Detail()]++
					switch o {
					case campaign.Failed(campaign.NoAnswer):
						silent++
					case campaign.Failed("rejected"):
						rejected++
					}
				case campaign.ClassExcluded:
					c.report.Excluded++
					c.report.Reasons[o.Detail()]++
				default:
					c.report.NoOutcome++
				}
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if c.report.NoOutcome > 0 {
		c.wrong("%d recipients have no outcome", c.report.NoOutcome)
	}
	if len(seen) != c.Recipients {
		c.report.Lost += c.Recipients - len(seen)
		c.wrong("campaign %d knows %d of %d recipients", c.report.Campaigns, len(seen), c.Recipients)
	}
	c.report.Accepted += accepted
	c.hold(accepted, silent, rejected)
	most := c.bound.recipients()
	c.report.BySilence += silent
	c.report.ByEvent += proven
	c.report.Bound += most
	if proven+silent > most || peak > most {
		c.wrong("%d recipients were unknown, at most %d could be", max(peak, proven+silent), most)
	}
	c.log("campaign %d: %d accepted; unknown at one time at most %d, settled by what SES told %d, by silence %d; %d kills so far",
		c.report.Campaigns, accepted, peak, proven, silent, c.report.Kills)
	return nil
}

// hold compares the inbox with the outcomes. Nobody has two mails. Everybody accepted has one, but for those whose mail SES rejected
// afterwards and lost its report of; and every mail belongs to somebody accepted, or to somebody of whom SES never told anything.
func (c *chaos) hold(accepted, silent, rejected int) {
	mails := 0
	for _, n := range c.delivered() {
		mails++
		if n > 1 {
			c.report.Doubled++
		}
	}
	c.report.Mails += mails
	if c.report.Doubled > 0 {
		c.wrong("%d recipients were written to twice", c.report.Doubled)
	}
	untold := max(0, c.bound.rejects*campaign.ChunkSize-rejected)
	if gone := accepted - mails - untold; gone > 0 {
		c.report.Lost += gone
		c.wrong("%d are accepted, SES has %d mails and may have rejected %d more", accepted, mails, untold)
	}
	if mails > accepted+silent {
		c.wrong("SES has %d mails, %d are accepted and %d given up by silence", mails, accepted, silent)
	}
}

func (c *chaos) log(format string, args ...any) {
	if c.Log != nil {
		_, _ = fmt.Fprintf(c.Log, format+"\n", args...) // a line that cannot be shown changes nothing
	}
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
