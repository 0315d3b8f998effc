package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/policy"
)

// perStep is how many recipients are stored, with the place that was reached, in one transaction: 60 chunks.
const perStep = 60 * campaign.ChunkSize

// freeze chooses the recipients of a campaign, once: it walks the audience in the order of its keys and stores them in chunks. Each
// step stores chunks, numbers and the place reached in one transaction, so that a freezing that was killed goes on where it was,
// and nobody is in two chunks or in none.
func (s *sender) freeze(ctx context.Context, c campaign.Campaign, end time.Time) (bool, error) {
	from, err := s.audience(ctx, &c)
	if errors.Is(err, audience.ErrGate) || errors.Is(err, campaign.ErrNotFound) {
		_, err = s.enter(ctx, c.ID, campaign.Cancelled, "gate")
		return false, err
	}
	if err != nil {
		return false, fmt.Errorf("open the audience: %w", err)
	}
	f := &freezing{sender: s, c: c, from: from, expires: s.now().Add(s.cfg.Audience.Keep).Unix()}
	for !f.c.Freeze.Done {
		if !s.now().Before(end) {
			return true, nil
		}
		ours, err := f.pass(ctx, end)
		if err != nil || !ours {
			return false, err
		}
	}
	if f.c.Frozen == 0 {
		_, err := s.enter(ctx, c.ID, campaign.Cancelled, "empty_audience")
		return false, err
	}
	_, err = s.enter(ctx, c.ID, campaign.Sending, "")
	return true, err
}

// audience is where a campaign's recipients come from.
func (s *sender) audience(ctx context.Context, c *campaign.Campaign) (campaign.Audience, error) {
	return audience.Open(ctx, s.sources, c)
}

// freezing is one run of freeze.
type freezing struct {
	*sender
	c       campaign.Campaign
	from    campaign.Audience
	expires int64
}

// queued is a candidate who is neither in a chunk nor left out yet, and the page that shows who comes after.
type queued struct {
	campaign.Candidate
	page string
}

// pass goes through the audience in one language, from the place that was reached. It reports false where the campaign is somebody
// else's by now: another sender freezes it, or staff took it back.
func (f *freezing) pass(ctx context.Context, end time.Time) (ours bool, err error) {
	lang, last := f.c.Langs[f.c.Freeze.Language], f.c.Freeze.Last
	var queue []queued
	waiting := 0 // how many of the queue become recipients
	for cursor := f.c.Freeze.Cursor; f.now().Before(end); {
		page, next, err := f.from.Page(ctx, lang, cursor)
		if err != nil {
			return false, fmt.Errorf("read the audience: %w", err)
		}
		for _, c := range page {
			if last != "" && c.Key <= last {
				continue // stored before
			}
			queue = append(queue, queued{c, cursor})
			if c.Left == "" {
				waiting++
			}
		}
		for waiting >= perStep {
			n := prefix(queue, perStep)
			if ours, err := f.step(ctx, lang, queue[:n], false); err != nil || !ours {
				return ours, err
			}
			queue, waiting = queue[n:], waiting-perStep
		}
		if cursor = next; cursor == "" {
			return f.step(ctx, lang, queue, true)
		}
	}
	return true, nil
}

// prefix is how much of a queue holds n recipients.
func prefix(queue []queued, n int) int {
	for i, q := range queue {
		if q.Left == "" {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return len(queue)
}

// step stores what becomes of some candidates, and that they are dealt with. over says that they are the last in their language.
func (f *freezing) step(ctx context.Context, lang policy.Language, some []queued, over bool) (ours bool, err error) {
	var chunks []campaign.Chunk
	var keys []string
	left := map[string]int{}
	for _, q := range some {
		if q.Left != "" {
			left[q.Left]++
			continue
		}
		if keys = append(keys, q.Key); len(keys) == campaign.ChunkSize {
			chunks, keys = append(chunks, campaign.NewChunk(f.c.ID, lang, keys, f.expires)), nil
		}
	}
	if len(keys) > 0 {
		chunks = append(chunks, campaign.NewChunk(f.c.ID, lang, keys, f.expires))
	}
	was := f.c.Freeze
	c, err := f.store.Freeze(ctx, f.c.ID, was, chunks, func(c *campaign.Campaign) {
		c.Freeze.Steps++
		switch {
		case over:
			c.Freeze.Language, c.Freeze.Cursor, c.Freeze.Last = was.Language+1, "", ""
			c.Freeze.Done = c.Freeze.Language == len(c.Langs)
		case len(some) > 0:
			c.Freeze.Cursor, c.Freeze.Last = some[len(some)-1].page, some[len(some)-1].Key
		}
		if c.Left = maps.Clone(c.Left); c.Left == nil {
			c.Left = map[string]int{}
		}
		for reason, n := range left {
			c.Left[reason] += n
		}
	})
	if errors.Is(err, campaign.ErrState) || errors.Is(err, campaign.ErrStale) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("store recipients: %w", err)
	}
	f.c = c
	return true, nil
}
