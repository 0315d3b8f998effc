package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/metric"
	"madoguchi/shared/publications"
	"madoguchi/shared/subscription"
)

// keeper is the clock of what is kept.
type keeper struct {
	lists     []*subscription.List
	requests  *publications.Store
	originals *originals.Store
	leads     subscription.Leads
	perRun    int // letters of one run, of all lists: so many leave the outbox in an hour, and no more of the day's quota
	now       func() time.Time
	metrics   *metric.Writer
}

const (
	// reserve is kept at the end of an invocation, so that it ends by itself and the next goes on.
	reserve = 5 * time.Second
	// endsAtOnce is how many subscriptions, or mails, that have ended are read at a time.
	endsAtOnce = 100
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
		n, lapseErr := each(ctx, l.Lapsed)
		note("lapse", name, lapseErr)
		note("end who was not asked", name, k.unasked(ctx, l, lapseErr == nil))
		note("close the month", name, l.Close(ctx))
		// The letters are shared out evenly: a crowd on one list does not keep the other waiting.
		letters, waited, askedTo, err := k.ask(ctx, l, left/(len(k.lists)-i))
		note("ask", name, err)
		if ctx.Err() == nil && !askedTo.IsZero() {
			note("keep how far the letters are", name, l.Seen(ctx, askedTo))
		}
		left -= letters
		oldest = max(oldest, waited)
		slog.InfoContext(ctx, "retention", "list", name, "letters", letters, "lapsed", n)
	}
	returned, err := k.requests.Lapse(ctx)
	note("requests for publications", "", err)
	cleared, err := each(ctx, k.originals.Clear)
	note("originals of mails", "", err)
	slog.InfoContext(ctx, "retention", "requests", returned, "originals", cleared)
	if failed {
		return errFailed
	}
	if ctx.Err() == nil {
		k.metrics.Write(metric.StayWaiting.Is(oldest.Seconds()))
	}
	return nil
}

// each ends all of a kind whose day is over.
func each(ctx context.Context, end func(context.Context, int) (int, bool, error)) (all int, err error) {
	for ctx.Err() == nil {
		n, more, err := end(ctx, endsAtOnce)
		if all += n; err != nil || !more {
			return all, err
		}
	}
	return all, nil
}

// unasked ends and counts those whose day came before a letter did, and tells of them: the office is to know. settled tells that all
// lapses are ended; only then do the months say whom nobody has seen go.
func (k *keeper) unasked(ctx context.Context, l *subscription.List, settled bool) error {
	n, err := each(ctx, l.Unasked)
	var missed int
	var away time.Duration
	if err == nil && settled && ctx.Err() == nil {
		missed, away, err = l.Missed(ctx)
	}
	if n+missed > 0 {
		slog.WarnContext(ctx, "subscriptions ended unasked", "list", string(l.Service.Code), "seen", n, "missed", missed, "away_hours", int(away.Hours()))
		k.metrics.Write(metric.StayUnasked.Is(float64(n + missed)))
	}
	return err
}

// ask mails up to most people; the second letters first, since less time is left for their answers. waited is how long the first of those
// who are left to the next run has waited. Whose period ends before askedTo has been asked; it is zero where that is not known.
func (k *keeper) ask(ctx context.Context, l *subscription.List, most int) (letters int, waited time.Duration, askedTo time.Time, err error) {
	var failed []error
	for _, letter := range []subscription.Letter{subscription.LastLetter, subscription.FirstLetter} {
		lead := k.leads.Last
		if letter == subscription.FirstLetter {
			lead = k.leads.First
		}
		at := k.now()
		due, err := l.DueFor(ctx, letter, k.leads, most-letters+1)
		failed = append(failed, err)
		if askedTo = (time.Time{}); err == nil {
			askedTo = at.Add(lead)
		}
		for _, one := range due {
			ends := time.Unix(one.ExpiresAt, 0)
			if letters >= most || ctx.Err() != nil {
				waited = max(waited, k.now().Sub(ends.Add(-lead)))
				askedTo = earlier(askedTo, ends)
				continue
			}
			mailed, err := l.Ask(ctx, one.Person, k.leads)
			if failed = append(failed, err); mailed {
				letters++
			}
			if err != nil {
				askedTo = earlier(askedTo, ends)
			}
		}
	}
	return letters, waited, askedTo, errors.Join(failed...) // the first letters are the last to be looked at
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
