package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"madoguchi/shared/metric"
	"madoguchi/shared/publications"
	"madoguchi/shared/subscription"
)

// keeper is the clock of what is kept.
type keeper struct {
	lists    []*subscription.List
	requests *publications.Store
	leads    subscription.Leads
	perRun   int // letters of one run, of all lists: so many leave the outbox in an hour, and no more of the day's quota
	now      func() time.Time
	metrics  *metric.Writer
}

const (
	// reserve is kept at the end of an invocation, so that it ends by itself and the next goes on.
	reserve = 5 * time.Second
	// lapsesAtOnce is how many lapses are read at a time.
	lapsesAtOnce = 100
)

var errFailed = errors.New("left to the next run")

// strike does what is due now. One list's trouble does not keep the others from theirs.
func (k *keeper) strike(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	failed := false
	note := func(what, list string, err error) {
		if err != nil && ctx.Err() == nil { // time that is over is no failure: the next run goes on
			slog.ErrorContext(ctx, "left to the next run", "step", what, "list", list, "error", err)
			failed = true
		}
	}
	left, oldest := k.perRun, time.Duration(0)
	for i, l := range k.lists {
		name := string(l.Service.Code)
		n, err := k.lapse(ctx, l)
		note("lapse", name, err)
		note("close the month", name, l.Close(ctx))
		// The letters are shared out evenly: a crowd on one list does not keep the other waiting.
		letters, waited, err := k.ask(ctx, l, left/(len(k.lists)-i))
		note("ask", name, err)
		left -= letters
		oldest = max(oldest, waited)
		slog.InfoContext(ctx, "retention", "list", name, "letters", letters, "lapsed", n)
	}
	returned, err := k.requests.Lapse(ctx)
	note("requests for publications", "", err)
	slog.InfoContext(ctx, "retention", "requests", returned)
	if failed {
		return errFailed
	}
	if ctx.Err() == nil {
		k.metrics.Write(metric.StayWaiting.Is(oldest.Seconds()))
	}
	return nil
}

// lapse ends all subscriptions whose day is over.
func (k *keeper) lapse(ctx context.Context, l *subscription.List) (all int, err error) {
	for ctx.Err() == nil {
		n, more, err := l.Lapsed(ctx, lapsesAtOnce)
		if all += n; err != nil || !more {
			return all, err
		}
	}
	return all, nil
}

// ask mails up to most people; the second letters first, since less time is left for their answers. waited is how long the first of those
// who are left to the next run has waited.
func (k *keeper) ask(ctx context.Context, l *subscription.List, most int) (letters int, waited time.Duration, err error) {
	var failed []error
	for _, letter := range []subscription.Letter{subscription.LastLetter, subscription.FirstLetter} {
		lead := k.leads.Last
		if letter == subscription.FirstLetter {
			lead = k.leads.First
		}
		due, err := l.DueFor(ctx, letter, k.leads, most-letters+1)
		failed = append(failed, err)
		for _, one := range due {
			if letters >= most || ctx.Err() != nil {
				waited = max(waited, k.now().Sub(time.Unix(one.ExpiresAt, 0).Add(-lead)))
				continue
			}
			mailed, err := l.Ask(ctx, one.Person, k.leads)
			if failed = append(failed, err); mailed {
				letters++
			}
		}
	}
	return letters, waited, errors.Join(failed...)
}
