package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	_ "madoguchi/infra/local/load" // subscribers
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// Options of a run.
type Options struct {
	Kills      int
	Recipients int // of each campaign
	Senders    int // strikes of the clock that run at a time
	Seed       uint64
	Root       string    // folder of go.mod; "": found
	Log        io.Writer // a line for each campaign; nil: none
}

// Report is what a run found.
type Report struct {
	Options
	Campaigns int
	Kills     int // processes killed, senders and feedback
	Calls     int // calls of SES
	Mails     int // taken by SES
	Strikes   int // of the clock
	Skews     int // clocks that were wrong
	Faults    map[string]int

	Accepted, Failed, Excluded int
	Reasons                    map[string]int // of failed and excluded
	ByEvent, BySilence         int            // recipients who were unknown at some time, by how they were settled
	Bound                      int            // how many could be at most: those in calls that were cut off or never answered
	Lost, Doubled, NoOutcome   int
	Wrong                      []string
	Took                       time.Duration
}

// String is the report for people.
func (r Report) String() string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-34s %v\n", name, value) }
	line("seed", r.Seed)
	line("campaigns × recipients", fmt.Sprintf("%d × %d", r.Campaigns, r.Options.Recipients))
	line("processes killed", r.Kills)
	line("strikes of the clock", r.Strikes)
	line("clocks set wrong", r.Skews)
	for _, name := range faultNames {
		line("fault: "+name, r.Faults[name])
	}
	line("calls of SES", r.Calls)
	line("mails that SES took", r.Mails)
	line("accepted", r.Accepted)
	line("failed", r.Failed)
	line("excluded", r.Excluded)
	for _, reason := range sortedKeys(r.Reasons) {
		line("  "+reason, r.Reasons[reason])
	}
	line("unknown at some time", fmt.Sprintf("%d, at most %d could be", r.ByEvent+r.BySilence, r.Bound))
	line("  settled by what SES told", r.ByEvent)
	line("  settled by silence", r.BySilence)
	line("lost", r.Lost)
	line("written to twice", r.Doubled)
	line("without an outcome", r.NoOutcome)
	line("took", r.Took.Round(time.Second))
	for _, wrong := range r.Wrong {
		fmt.Fprintln(&b, "WRONG:", wrong)
	}
	return b.String()
}

// chaos is a run.
type chaos struct {
	Options
	stack  *stack.Stack
	store  *campaign.Store
	chance *rand.Rand
	report Report
	bound  *bound
}

// Run does everything. The error says that the run itself could not be carried out; what it found is in the report.
func Run(ctx context.Context, o Options) (Report, error) {
	began := time.Now()
	c := &chaos{Options: o, chance: rand.New(rand.NewPCG(o.Seed, 1)), //nolint:gosec // chance in a test needs no secret
		report: Report{Options: o, Faults: map[string]int{}, Reasons: map[string]int{}}}
	if err := c.start(ctx); err != nil {
		return c.report, err
	}
	defer c.stack.Close()
	for c.report.Kills < o.Kills && ctx.Err() == nil {
		if err := c.campaign(ctx); err != nil {
			return c.report, err
		}
	}
	for _, n := range c.stack.SES().Calls() {
		c.report.Calls += n
	}
	c.report.Took = time.Since(began)
	return c.report, ctx.Err()
}

// The settings are as short as they may be, so that a call that was cut off is settled while the campaign still runs.
const (
	lease  = 2 * time.Second
	settle = 8 * time.Second
)

// start brings the local stack up, with subscribers.
func (c *chaos) start(ctx context.Context) error {
	root := c.Root
	if root == "" {
		var err error
		if root, err = tools.Root(); err != nil {
			return fmt.Errorf("find the module: %w", err)
		}
	}
	data, err := os.MkdirTemp("", "madoguchi-chaos-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	c.stack, err = stack.Start(ctx, stack.Options{Root: root, DataDir: data, ServicesOnly: true, Env: map[string]string{
		"CLAIM_LEASE_SECONDS": fmt.Sprint(int(lease.Seconds())), "UNKNOWN_SETTLE_SECONDS": fmt.Sprint(int(settle.Seconds())), "CANARY_SECONDS": "1"}})
	if err != nil {
		return errors.Join(fmt.Errorf("start the local stack: %w", err), os.RemoveAll(data))
	}
	env := map[string]string{}
	for _, f := range c.stack.Template().Functions {
		if f.Name == senderFunction {
			env = f.Environment
		}
	}
	c.store = &campaign.Store{Client: c.stack.DynamoDB(), Table: env["CAMPAIGNS_TABLE"], Now: time.Now, Keep: 90 * 24 * time.Hour}
	if _, err := c.stack.Load(ctx, fmt.Appendf(nil, `{"subscribers":{"list":"newsletter","count":%d}}`, c.Recipients)); err != nil {
		return fmt.Errorf("load subscribers: %w", err)
	}
	return c.prepareSES()
}

const (
	senderFunction   = "SenderFunction"
	feedbackFunction = "FeedbackFunction"
)

// patience is how long one campaign may take: what is stuck is wrong.
const patience = 10 * time.Minute

// campaign sends one campaign while everything fails, waits until it is over and everything has settled, and counts.
func (c *chaos) campaign(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c.report.Campaigns++
	if err := c.stack.SES().Clear(); err != nil {
		return fmt.Errorf("empty the inbox: %w", err)
	}
	id, err := c.schedule(ctx)
	if err != nil {
		return err
	}
	c.bound = newBound()
	storm, calm := context.WithCancel(ctx)
	waits := c.rage(storm, id)
	peak, err := c.waitUntil(ctx, id, func(k campaign.Campaign, n campaign.Counts) bool {
		return k.State.Over() || n.Frozen > 0 && n.Pending == 0 || c.report.Kills >= c.Kills
	})
	calm()
	waits()
	if err != nil {
		return c.stuck(id, err)
	}
	if err := c.quiet(); err != nil {
		return err
	}
	waits = c.strikes(ctx, 1)
	last, err := c.waitUntil(ctx, id, func(k campaign.Campaign, _ campaign.Counts) bool { return k.State == campaign.Sent })
	cancel()
	waits()
	if err != nil {
		return c.stuck(id, err)
	}
	if err := c.stack.SES().WaitEvents(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("wait for events: %w", err)
	}
	return c.count(context.WithoutCancel(ctx), id, max(peak, last))
}

func (c *chaos) stuck(id string, err error) error {
	k, getErr := c.store.Get(context.Background(), id)
	return fmt.Errorf("campaign %s (%s) does not come to its end: %w", k.State, k.Reason, errors.Join(err, getErr))
}

// schedule makes a campaign that is due at once.
func (c *chaos) schedule(ctx context.Context) (string, error) {
	contents := []campaign.Content{{Language: policy.Japanese, Subject: "{{name|読者}} 様", Body: "# 本文\n\n{{name|読者}} 様、こんにちは。"}}
	k, err := c.store.Create(ctx, campaign.Campaign{Kind: policy.NewsletterIssue, Author: "chaos"}, contents)
	if err != nil {
		return "", err
	}
	editions, err := bulletin.Editions(bulletin.Settings{Organization: policy.DefaultOrganization()}, &k, contents, nil)
	if err == nil {
		err = c.store.Print(ctx, k, editions)
	}
	if err != nil {
		return "", err
	}
	_, err = c.store.Change(ctx, k.ID, func(k *campaign.Campaign) error {
		k.ScheduledAt = time.Now().UnixMilli()
		return k.Enter(time.Now(), campaign.Scheduled, "chaos", "")
	})
	return k.ID, err
}

// waitUntil looks at a campaign until something is so, and returns the most recipients that were unknown at one time.
func (c *chaos) waitUntil(ctx context.Context, id string, so func(campaign.Campaign, campaign.Counts) bool) (unknown int, err error) {
	for {
		k, err := c.store.Get(ctx, id)
		if err != nil {
			return unknown, err
		}
		counts, _, err := c.store.Counts(ctx, &k)
		switch {
		case errors.Is(err, campaign.ErrCounts):
			c.wrong("%v", err)
		case err != nil:
			return unknown, err
		}
		unknown = max(unknown, counts.Unknown)
		if k.State == campaign.Paused || k.State == campaign.Missed { // staff would look, and go on
			_, err := c.store.Enter(ctx, id, map[campaign.State]campaign.State{campaign.Paused: campaign.Sending, campaign.Missed: campaign.Scheduled}[k.State], "chaos", "")
			if err != nil && !errors.Is(err, campaign.ErrState) {
				return unknown, err
			}
		}
		if so(k, counts) {
			return unknown, nil
		}
		select {
		case <-ctx.Done():
			return unknown, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *chaos) wrong(format string, args ...any) {
	c.report.Wrong = append(c.report.Wrong, fmt.Sprintf(format, args...))
}
