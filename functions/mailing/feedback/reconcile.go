package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"madoguchi/shared/record"
	"madoguchi/shared/suppression"
)

// Events of SES are best effort. SES's own list is not: once a day what was added to it since the last run is compared with ours.

const (
	// overlap is how far a run looks back before the last one: an entry may show up on SES's list late.
	overlap = 24 * time.Hour
	// atOnce is how many entries are compared at a time.
	atOnce = 8
)

// compared is the item that says until when the lists have been compared, in the table of suppressions. It names nobody.
type compared struct {
	PK    string    `dynamodbav:"pk"`
	SK    string    `dynamodbav:"sk"`
	Until time.Time `dynamodbav:"until"`
}

var comparedKey = record.Key("compared", "ses")

// errLeft says that some entries could not be compared: the next run begins where this one did.
var errLeft = errors.New("entries of SES's suppression list are left to the next run")

// reconcile compares SES's suppression list with ours. One entry's failure never stops the others.
func (f *feedback) reconcile(ctx context.Context) error {
	started := f.now()
	client, table := f.campaigns.Client, f.suppression
	var last compared
	found, err := record.Get(ctx, client, table, comparedKey, started, &last)
	if err != nil {
		return fmt.Errorf("read the last comparison: %w", err)
	}
	from := time.Time{}
	if found {
		from = last.Until.Add(-overlap)
	}
	counts, failed := map[finding]int{}, 0
	err = f.account.Since(ctx, from, func(page []suppression.Entry) error {
		var mu sync.Mutex
		var group sync.WaitGroup
		limit := make(chan struct{}, atOnce)
		for _, entry := range page {
			limit <- struct{}{}
			group.Go(func() {
				defer func() { <-limit }()
				what, err := f.compare(ctx, entry)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					failed++
					slog.WarnContext(ctx, "entry of SES's suppression list left", "error", err)
					return
				}
				counts[what]++
			})
		}
		group.Wait()
		return ctx.Err()
	})
	level := slog.LevelInfo
	if counts[ended] > 0 || failed > 0 || err != nil {
		level = slog.LevelWarn
	}
	slog.Log(ctx, level, "suppression lists compared", "ended", counts[ended], "removed", counts[removed], "nobody", counts[nobody],
		"unreadable", counts[unreadable], "failed", failed)
	switch {
	case err != nil:
		return err
	case failed > 0:
		return errLeft
	}
	if _, err := record.Put(ctx, client, table, compared{"compared", "ses", started}, record.Condition{}); err != nil {
		return fmt.Errorf("store the comparison: %w", err)
	}
	return nil
}
