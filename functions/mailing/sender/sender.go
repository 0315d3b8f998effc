package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
	work = 65 * time.Second
	// reserve is kept at the end of an invocation and of a lease to store an outcome.
	reserve = 5 * time.Second
	// idle is how long an invocation waits for something that is due soon, such as the end of the pause after the first
	// recipients, before it looks again.
	idle = 500 * time.Millisecond
	// askAgain is how often SES is asked for the account's rate, quota and standing.
	askAgain = 20 * time.Second
	// askSoon is how old the answer may be where SES has asked for less since: the rate may have been lowered.
	askSoon = time.Second
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
	asking  sync.Mutex  // whoever asks for the account holds it
	doubt   atomic.Bool // SES has asked for less since the account was asked for
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
	mine := &strike{me: rand.Text(), held: map[string]campaign.Slot{}}
	defer s.release(context.WithoutCancel(ctx), mine)
	var failed error
	for {
		busy, soon, err := s.round(ctx, mine, end)
		failed = err
		switch left := end.Sub(s.now()); {
		case left <= 0, err != nil, ctx.Err() != nil:
			return nil, failed
		case busy:
		case !soon:
			return nil, nil
		default:
			if err := s.sleep(ctx, min(idle, left)); err != nil {
				return nil, nil // the time is over: the next invocation goes on
			}
		}
	}
}

// round looks after every active campaign once. busy says that one of them may go on at once, soon that one will before end. One
// campaign's failure never fails another's.
func (s *sender) round(ctx context.Context, mine *strike, end time.Time) (busy, soon bool, err error) {
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
		again, waits, err := s.tend(ctx, mine, c, end)
		busy, soon = busy || again, soon || waits
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

// strike is one run of the function: who it is to the others, and which places at campaigns it has.
type strike struct {
	me   string
	held map[string]campaign.Slot
}

// tend does what a campaign needs now. again says that it may go on at once, waits that another sender works on it and this one goes
// on when that one's time is over.
func (s *sender) tend(ctx context.Context, mine *strike, c campaign.Campaign, end time.Time) (again, waits bool, err error) {
	switch c.State {
	case campaign.Scheduled:
		again, err = s.start(ctx, c)
		return again, false, err
	case campaign.Freezing, campaign.Sending:
		ours, waits, err := s.hold(ctx, mine, c.ID)
		if err != nil || !ours {
			return false, waits, err
		}
		defer s.keep(ctx, mine, c.ID)()
		if c.State == campaign.Freezing {
			again, err = s.freeze(ctx, c, end)
		} else {
			again, err = s.send(ctx, c, end)
		}
		return again, false, err
	case campaign.Paused, campaign.Halted, campaign.Cancelled:
		return false, false, s.settleRest(ctx, c)
	}
	return false, false, nil
}

// hold takes a campaign for this run, or the place of the one who waits for it; where both are taken, there is nothing to do here.
func (s *sender) hold(ctx context.Context, mine *strike, id string) (ours, waits bool, err error) {
	for _, slot := range []campaign.Slot{campaign.Holder, campaign.Heir} {
		ok, err := s.store.Hold(ctx, id, slot, mine.me, s.cfg.Lease)
		if err != nil {
			return false, false, err
		}
		if ok {
			if mine.held[id] == campaign.Heir && slot == campaign.Holder {
				err = s.store.Release(ctx, id, campaign.Heir, mine.me)
			}
			mine.held[id] = slot
			return slot == campaign.Holder, slot == campaign.Heir, err
		}
	}
	return false, false, nil
}

// keep renews a place while the campaign is worked on, until the function that it returns is called. A place that is lost all the same
// harms nobody: two senders never send a chunk twice.
func (s *sender) keep(ctx context.Context, mine *strike, id string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for s.sleep(ctx, s.cfg.Lease/4) == nil {
			if _, err := s.store.Hold(ctx, id, campaign.Holder, mine.me, s.cfg.Lease); err != nil && ctx.Err() == nil {
				slog.WarnContext(ctx, "place at the campaign not renewed", "campaign", id, "error", err)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// release gives all places back, so that the next run goes on at once.
func (s *sender) release(ctx context.Context, mine *strike) {
	ctx, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	for id, slot := range mine.held {
		if err := s.store.Release(ctx, id, slot, mine.me); err != nil {
			slog.WarnContext(ctx, "place at the campaign left to its lease", "campaign", id, "error", err)
		}
	}
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

// know asks SES for the account where the last answer is old. While somebody else asks, the last answer serves.
func (s *sender) know(ctx context.Context) (*account, error) {
	a, old := s.account.Load(), askAgain
	if s.doubt.Load() {
		old = askSoon
	}
	if a != nil && (s.now().Sub(a.at) < old || !s.asking.TryLock()) {
		return a, nil
	}
	if a != nil {
		defer s.asking.Unlock()
	}
	ctx, cancel := context.WithTimeout(ctx, reserve)
	defer cancel()
	answer, err := s.ses.Ask(ctx)
	if err != nil {
		return nil, err
	}
	a = &account{Account: answer, at: s.now()}
	s.doubt.Store(false)
	s.account.Store(a)
	s.bucket.SetRate(a.PerSecond)
	return a, nil
}

// perCall is how many recipients one call has at most: what SES lets through at once.
func (s *sender) perCall() int {
	return max(1, min(campaign.ChunkSize, int(s.bucket.Rate())))
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
