package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/metric"
	"madoguchi/shared/objects"
	"madoguchi/shared/ses"
)

const (
	// work is how long one invocation goes on. The clock strikes every minute: the next one is there when this one hands over, and
	// what a longer one would hold in memory is nothing that the next must not find in the table all the same.
	work = 55 * time.Second
	// reserve is kept at the end of an invocation and of a lease to store an outcome.
	reserve = 5 * time.Second
	// idle is how long an invocation waits for something that is due soon, such as the end of the pause after the first
	// recipients, before it looks again.
	idle = 500 * time.Millisecond
	// askAgain is how often SES is asked for the account's rate, quota and standing.
	askAgain = 20 * time.Second
)

// sender carries out campaigns.
type sender struct {
	cfg     settings
	store   *campaign.Store
	sources audience.Sources
	ses     *ses.Client
	files   objects.Bucket // attachments
	bucket  *campaign.Bucket
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	metrics *metric.Writer // nil: nothing is measured

	account atomic.Pointer[account]
}

// account is what SES said of the account, and what was sent since.
type account struct {
	ses.Account
	at   time.Time
	used atomic.Int64
}

// handle serves one strike of the clock.
func (s *sender) handle(ctx context.Context, _ json.RawMessage) (any, error) {
	s.ses.Fresh()
	end := s.now().Add(work)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-reserve).Before(end) {
		end = deadline.Add(-reserve)
	}
	var failed error
	for {
		busy, soon, err := s.round(ctx, end)
		failed = err
		switch left := end.Sub(s.now()); {
		case left <= 0, err != nil, ctx.Err() != nil:
			return nil, failed
		case busy:
		case !soon:
			return nil, nil
		default:
			if err := s.sleep(ctx, min(idle, left)); err != nil {
				return nil, nil //nolint:nilerr // the time is over: the next invocation goes on
			}
		}
	}
}

// round looks after every active campaign once. busy says that one of them may go on at once, soon that one will before end. One
// campaign's failure never fails another's.
func (s *sender) round(ctx context.Context, end time.Time) (busy, soon bool, err error) {
	ids, err := s.store.Active(ctx, end)
	if err != nil {
		return false, false, err
	}
	var failed []error
	for _, id := range ids {
		c, err := s.store.Get(ctx, id)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if c.ActiveAt > s.now().UnixMilli() {
			soon = true
			continue
		}
		again, err := s.tend(ctx, c, end)
		busy = busy || again
		if errors.Is(err, campaign.ErrCounts) {
			s.metrics.Write(metric.CampaignCounts.Is(1))
		}
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "campaign left to the next run", "campaign", id, "state", string(c.State), "error", err)
			failed = append(failed, err)
		}
	}
	return busy, soon, errors.Join(failed...)
}

// tend does what a campaign needs now, and reports whether it may go on at once.
func (s *sender) tend(ctx context.Context, c campaign.Campaign, end time.Time) (again bool, err error) {
	switch c.State {
	case campaign.Scheduled:
		return s.start(ctx, c)
	case campaign.Freezing:
		return s.freeze(ctx, c, end)
	case campaign.Sending:
		return s.send(ctx, c, end)
	case campaign.Paused, campaign.Halted, campaign.Cancelled:
		return false, s.settleRest(ctx, c)
	}
	return false, nil
}

// start begins a campaign whose time has come. One whose time passed while nobody was there asks what to do: an invitation that
// comes hours late may do more harm than none (hard case 22).
func (s *sender) start(ctx context.Context, c campaign.Campaign) (bool, error) {
	late := s.now().Sub(time.UnixMilli(c.ScheduledAt))
	to, reason := campaign.Freezing, ""
	if late > s.cfg.Grace {
		to, reason = campaign.Missed, "late"
	}
	_, err := s.enter(ctx, c.ID, to, reason)
	return to == campaign.Freezing, err
}

// enter moves a campaign to another state. Somebody else's decision in between is no failure: the next look finds it.
func (s *sender) enter(ctx context.Context, id string, to campaign.State, reason string) (campaign.Campaign, error) {
	c, err := s.store.Enter(ctx, id, to, campaign.ByClock, reason)
	if errors.Is(err, campaign.ErrState) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("enter %s: %w", to, err)
	}
	s.report(ctx, c)
	return c, nil
}

// report writes the one log line of a change of state, and counts what staff must look at.
func (s *sender) report(ctx context.Context, c campaign.Campaign) {
	level := slog.LevelInfo
	switch {
	case c.State == campaign.Halted, c.State == campaign.Missed, c.State == campaign.Paused && c.Reason != "":
		level = slog.LevelError
		s.metrics.Write(metric.CampaignStopped.Is(1))
	}
	slog.Log(ctx, level, "campaign", "campaign", c.ID, "kind", string(c.Kind), "state", string(c.State), "reason", c.Reason, "frozen", c.Frozen)
}

// later makes the clock come back to a campaign.
func (s *sender) later(ctx context.Context, id string, d time.Duration) error {
	_, err := s.store.Change(ctx, id, func(c *campaign.Campaign) error {
		c.Wake(s.now().Add(d))
		return nil
	})
	return err
}

// shard keeps apart the counters of those who write at the same time.
func shard() string { return rand.Text()[:4] }

// know asks SES for the account where the last answer is old.
func (s *sender) know(ctx context.Context) (*account, error) {
	if a := s.account.Load(); a != nil && s.now().Sub(a.at) < askAgain {
		return a, nil
	}
	ctx, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	answer, err := s.ses.Ask(ctx)
	if err != nil {
		return nil, err
	}
	a := &account{Account: answer, at: s.now()}
	s.account.Store(a)
	s.bucket.SetRate(a.PerSecond)
	return a, nil
}

// room is how many recipients campaigns may still be sent to today: the quota of 24 hours without what is kept for transactional
// mail, which is 5 % and at least 200, but never more than half (a sandbox has 200 in all).
func (a *account) room() int {
	if a.Daily < 0 {
		return 1 << 30
	}
	kept := min(max(200, a.Daily/20), a.Daily/2)
	return int(a.Daily-kept-a.Sent) - int(a.used.Load())
}
