package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const (
	// inFlight is how many calls a sender makes at a time: enough for a thousand recipients a second where SES takes a second to
	// answer. How fast they follow each other is the bucket's matter.
	inFlight = 20
	// workers read and store while others' calls are being made, so that the calls follow each other without a gap.
	workers = inFlight + inFlight/2
	// canaryChunks are the chunks that go out before the pause: 500 recipients.
	canaryChunks = 10
)

// mailing is one run of a sender over one campaign.
type mailing struct {
	*sender
	c        campaign.Campaign
	from     campaign.Audience
	letters  map[policy.Language]*envelope.Letter
	end      time.Time
	shard    string
	accepted int // when the run began; what came back is held against it

	places  chan struct{} // one for each call that is being made
	looking sync.Mutex
	looked  time.Time // when the campaign was last seen to go on

	mu     sync.Mutex
	stop   string    // why no further call is made: a code; "" while calls are made
	until  time.Time // calls wait until then: SES asked for less
	slowed int       // how often it has, without a call that succeeded in between
	silent bool      // the last call was not answered: before the next, SES is asked whether it is there
	busy   bool      // somebody else holds a chunk
	open   int       // recipients that are pending or unknown still
	sent   int       // recipients accepted in this run
}

// Why a run ends before everything is sent.
const (
	stopState = "state" // staff decided otherwise
	stopTime  = "time"
	stopQuota = "quota"
	stopStore = "store"
)

// send goes on with a campaign until it is sent, stopped, or the time is over.
func (s *sender) send(ctx context.Context, c campaign.Campaign, end time.Time) (bool, error) {
	m, err := s.open(ctx, c, end)
	if err != nil || m == nil {
		return false, err
	}
	var chunks []campaign.Chunk
	canary := !c.CanaryOver && c.Frozen > canaryChunks*campaign.ChunkSize
	if canary {
		if c.CanaryUntil > s.now().UnixMilli() {
			return false, s.later(ctx, c.ID, time.UnixMilli(c.CanaryUntil).Sub(s.now()))
		}
		if chunks, _, err = s.store.Chunks(ctx, c.ID, "", canaryChunks); err != nil {
			return false, err
		}
		err = m.sendAll(ctx, func() ([]campaign.Chunk, bool, error) {
			some := chunks
			chunks = nil
			return some, len(some) > 0, nil
		})
	} else {
		cursor, over := "", false
		err = m.sendAll(ctx, func() (some []campaign.Chunk, more bool, err error) {
			if over {
				return nil, false, nil
			}
			some, cursor, err = s.store.OpenChunks(ctx, c.ID, cursor)
			over = cursor == ""
			// Two senders look at the same chunks: in an order of its own each finds most of them free.
			rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] }) //nolint:gosec // an order needs no secrecy
			return some, true, err
		})
	}
	if err != nil {
		return false, err
	}
	return m.conclude(ctx, canary)
}

// open prepares a run; nil where the campaign cannot go on now, which is stored then.
func (s *sender) open(ctx context.Context, c campaign.Campaign, end time.Time) (*mailing, error) {
	account, err := s.know(ctx)
	if err != nil {
		return nil, errors.Join(err, s.later(ctx, c.ID, reserve))
	}
	switch {
	case !account.Enabled:
		_, err = s.enter(ctx, c.ID, campaign.Paused, "ses_paused")
		return nil, err
	case !account.Healthy: // the brake: more mail now would cost the account (SES: PROBATION, SHUTDOWN)
		_, err = s.enter(ctx, c.ID, campaign.Paused, "ses_reputation")
		return nil, err
	}
	m := &mailing{sender: s, c: c, end: end, shard: shard(), places: make(chan struct{}, inFlight)}
	counts, _, err := s.store.Counts(ctx, &c)
	if err != nil {
		return nil, err
	}
	m.accepted = counts.Accepted
	if halted, err := m.halt(ctx, &c); halted || err != nil {
		return nil, err
	}
	if m.letters, err = s.letters(ctx, &c); err != nil {
		if errors.Is(err, record.ErrUnavailable) || errors.Is(err, objects.ErrUnavailable) {
			return nil, err
		}
		slog.ErrorContext(ctx, "campaign cannot be rendered", "campaign", c.ID, "error", err)
		_, err := s.enter(ctx, c.ID, campaign.Paused, "rendering")
		return nil, err
	}
	sources := s.sources
	sources.Fields = []string{}
	for _, letter := range m.letters {
		sources.Fields = append(sources.Fields, letter.Edition.Uses()...)
	}
	if m.from, err = audience.Open(ctx, sources, &c); err != nil {
		return nil, fmt.Errorf("open the audience: %w", err)
	}
	return m, nil
}

// letters are what the campaign says in each of its languages, as it was scheduled.
func (s *sender) letters(ctx context.Context, c *campaign.Campaign) (map[policy.Language]*envelope.Letter, error) {
	editions, err := s.store.Editions(ctx, *c)
	if err != nil {
		return nil, err
	}
	files, err := envelope.Files(ctx, s.files, c)
	if err != nil {
		return nil, err
	}
	letters := map[policy.Language]*envelope.Letter{}
	for i := range editions {
		if letters[editions[i].Language], err = envelope.New(s.cfg.Mail, c, &editions[i], files); err != nil {
			return nil, err
		}
	}
	return letters, nil
}

// sendAll sends the chunks that next hands out, as many calls at a time as it may.
func (m *mailing) sendAll(ctx context.Context, next func() (some []campaign.Chunk, more bool, err error)) error {
	work := make(chan campaign.Chunk)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for c := range work {
				if err := m.chunk(ctx, &c); err != nil {
					m.give(ctx, stopStore, err)
				}
			}
		})
	}
	var failed error
	for m.stopped() == "" {
		some, more, err := next()
		if err != nil || !more {
			failed = err
			break
		}
		for _, c := range some {
			work <- c
		}
	}
	close(work)
	group.Wait()
	if failed == nil && ctx.Err() == nil && m.stopped() == stopStore {
		failed = errStore
	}
	return failed
}

var errStore = errors.New("chunks were left to the next run")

// give ends the run: no further call is made.
func (m *mailing) give(ctx context.Context, reason string, cause error) {
	m.mu.Lock()
	if m.stop == "" {
		m.stop = reason
	}
	m.mu.Unlock()
	if cause != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "chunk left to the next run", "campaign", m.c.ID, "error", cause)
	}
}

func (m *mailing) stopped() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stop == "" && !m.now().Before(m.end) {
		m.stop = stopTime
	}
	return m.stop
}

// note counts what is left of a chunk.
func (m *mailing) note(c *campaign.Chunk, busy bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy = m.busy || busy
	for _, o := range c.List() {
		if class := o.Class(); class == campaign.ClassPending || class == campaign.ClassUnknown {
			m.open++
		}
	}
}

// conclude decides how the campaign goes on after a run.
func (m *mailing) conclude(ctx context.Context, canary bool) (again bool, err error) {
	m.used()
	switch m.stopped() {
	case "":
	case stopState, stopTime, stopStore:
		return m.stopped() != stopStore, nil
	case stopQuota:
		return false, m.waitForQuota(ctx)
	default:
		_, err := m.enter(ctx, m.c.ID, campaign.Paused, m.stopped())
		return false, err
	}
	if m.busy || m.open > 0 {
		if canary && !m.busy {
			return m.canary(ctx)
		}
		return false, m.later(ctx, m.c.ID, min(m.cfg.Lease, m.cfg.Settle)/2)
	}
	if canary {
		return m.canary(ctx)
	}
	return m.finish(ctx)
}

// canary makes the pause after the first recipients, and ends it where nothing speaks against going on.
func (m *mailing) canary(ctx context.Context) (bool, error) {
	begun := m.c.CanaryUntil != 0
	c, err := m.store.Change(ctx, m.c.ID, func(c *campaign.Campaign) error {
		switch {
		case c.State != campaign.Sending:
			return campaign.ErrState
		case begun:
			c.CanaryOver = true
			c.Wake(m.now())
		default:
			until := m.now().Add(m.cfg.Canary)
			c.CanaryUntil = until.UnixMilli()
			c.Wake(until)
		}
		return nil
	})
	if errors.Is(err, campaign.ErrState) {
		return true, nil
	}
	return err == nil && (begun || c.CanaryUntil <= m.now().UnixMilli()), err
}

// finish ends a campaign of which everybody has an outcome, after counting all of them again.
func (m *mailing) finish(ctx context.Context) (bool, error) {
	c, err := m.store.Get(ctx, m.c.ID)
	if err != nil {
		return false, err
	}
	counts, err := m.store.Verify(ctx, &c)
	if err != nil {
		return false, err
	}
	if counts.Pending > 0 || counts.Unknown > 0 {
		return true, nil // somebody's call came to nothing since
	}
	if err := m.publish(ctx, &c); err != nil {
		return false, err
	}
	_, err = m.enter(ctx, c.ID, campaign.Sent, "")
	return false, err
}

// publish puts what everybody may read into the archive, before the campaign is over: killed in between, the next run does it again.
func (m *mailing) publish(ctx context.Context, c *campaign.Campaign) error {
	letter := m.letters[policy.Japanese]
	if !c.Public() || letter == nil {
		return nil
	}
	return m.store.Publish(ctx, *c, letter.Edition.Page)
}

// settleRest settles what is unknown of a campaign of which nothing more is sent for now.
func (s *sender) settleRest(ctx context.Context, c campaign.Campaign) error {
	m := &mailing{sender: s, c: c, shard: shard(), end: s.now().Add(work)}
	waits := false
	for cursor := ""; ; {
		some, next, err := s.store.OpenChunks(ctx, c.ID, cursor)
		if err != nil {
			return err
		}
		for i := range some {
			left, err := m.settle(ctx, &some[i])
			if err != nil {
				return err
			}
			waits = waits || left > 0 || some[i].Until != 0
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if waits {
		return s.later(ctx, c.ID, min(s.cfg.Lease, s.cfg.Settle)/2)
	}
	if _, err := s.store.Verify(ctx, &c); err != nil {
		return err
	}
	_, err := s.store.Change(ctx, c.ID, func(now *campaign.Campaign) error {
		if now.State != c.State {
			return campaign.ErrState
		}
		now.Rest()
		return nil
	})
	if errors.Is(err, campaign.ErrState) {
		return nil
	}
	return err
}
