package registration

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// ErrGone says that what a link or a button asks for is no longer there: the registration has ended, the offer has lapsed,
// the event has begun.
var ErrGone = errors.New("registration or offer has ended")

// Cancel ends a registration as its owner wishes: the seat goes to the first on the waiting list, in the same transaction.
// Cancelling twice is cancelling once. Errors: ErrGone, record.ErrUnavailable.
func (b *Book) Cancel(ctx context.Context, e *event.Event, ref string) error {
	return b.release(ctx, e, ref, Cancelled)
}

// Lapse ends an offer that was not accepted in time.
func (b *Book) Lapse(ctx context.Context, e *event.Event, ref string) error {
	return b.release(ctx, e, ref, Lapsed)
}

// release ends a registration. Where two such things meet (hard case 15) one transaction is cancelled and decides anew.
func (b *Book) release(ctx context.Context, e *event.Event, ref string, to State) error {
	for range tries {
		r, found, err := b.Find(ctx, e.ID, ref)
		switch {
		case err != nil:
			return err
		case !found:
			return ErrGone
		case !r.State.Live() && (to == Cancelled || r.State == to):
			return nil
		case to == Lapsed && (r.State != Offered || r.OfferUntil > b.Now().UnixMilli()):
			return ErrGone // accepted in between
		case to == Cancelled && !b.Now().Before(e.EndsAt):
			return ErrGone
		}
		var next *Registration
		if r.Seat > 0 && r.Seat <= e.Capacity.Of(r.Mode) {
			if next, err = b.first(ctx, e, r.Mode); err != nil {
				return err
			}
		}
		var tx record.Transaction
		b.end(&tx, e, r, to)
		switch {
		case next != nil:
			b.offer(&tx, e, *next, r.Seat, held(r.Ref))
		case r.Seat > 0:
			tx.Delete(actSeat, b.Table, record.Key(seatKey(r.Event, r.Mode, r.Seat)), held(r.Ref))
		}
		err = tx.Commit(ctx, b.Client)
		var cancelled *record.Cancelled
		if errors.As(err, &cancelled) {
			continue
		}
		if err == nil && r.Seat > 0 {
			return b.compact(ctx, e) // those beyond a lowered number come first
		}
		return err
	}
	return errContended
}

// end adds to a transaction that a registration ends, with the mail that says so. Values of shorter periods go at once, and
// the mark, so that the person can register again.
func (b *Book) end(tx *record.Transaction, e *event.Event, r Registration, to State) {
	now := b.Now()
	was := r
	r.State, r.Seat, r.OfferUntil, r.Brief = to, 0, 0, nil
	r.ExpiresAt = b.expiry(e, to).Unix()
	r.todo(e, now)
	if was.State == Registered {
		r.Calendar++
	}
	b.change(tx, actRegistration, r, was)
	tx.Delete(actMark, b.Table, record.Key(r.Mark, markSort), absentOr(held(r.Ref)))
	for _, days := range was.Brief {
		tx.Delete("brief", b.Table, record.Key(briefKey(r.Event, r.Ref, days)), record.Condition{})
	}
	if to == Cancelled || now.Before(e.StartsAt) {
		b.enqueueEnded(tx, e, r, was.State)
	}
}

// change writes a registration over the one that was read.
func (b *Book) change(tx *record.Transaction, action string, r, was Registration) {
	r.Revision = was.Revision + 1
	tx.Put(action, b.Table, r, unchanged(was))
}

func absentOr(c record.Condition) record.Condition {
	c.Expression = "attribute_not_exists(pk) OR " + c.Expression
	return c
}

// first returns who has waited longest for a seat of a mode, nil where nobody waits or the event has begun.
func (b *Book) first(ctx context.Context, e *event.Event, mode string) (*Registration, error) {
	if !e.Takes(b.Now()) {
		return nil, nil
	}
	refs, _, err := b.due(ctx, todoWait(e.ID, mode), 0, 1, nil)
	if err != nil || len(refs) == 0 {
		return nil, err
	}
	r, found, err := b.Find(ctx, e.ID, refs[0])
	if err != nil || !found || r.State != Waiting {
		return nil, err // the index is a moment behind
	}
	return &r, nil
}

// due returns references under a key of the index "todo", the earliest first; until bounds todo_at, 0 for no bound.
func (b *Book) due(ctx context.Context, todo string, until int64, limit int32, cursor record.Item) ([]string, record.Item, error) {
	input := &dynamodb.QueryInput{TableName: &b.Table, IndexName: aws.String("todo"), KeyConditionExpression: aws.String("todo = :todo"),
		ExpressionAttributeValues: record.Item{":todo": &types.AttributeValueMemberS{Value: todo}}, Limit: &limit}
	if until > 0 {
		input.KeyConditionExpression = aws.String("todo = :todo AND todo_at <= :until")
		input.ExpressionAttributeValues[":until"] = number(until)
	}
	items, next, err := record.Query[Registration](ctx, b.Client, input, b.Now(), cursor)
	refs := make([]string, len(items))
	for i, r := range items {
		refs[i] = r.Ref
	}
	return refs, next, err
}

// offer adds to a transaction that a seat is held for somebody who waits. condition is that of the seat: held by whom it is
// taken from, or free.
func (b *Book) offer(tx *record.Transaction, e *event.Event, r Registration, n int, condition record.Condition) {
	was := r
	r.State, r.Seat, r.OfferUntil = Offered, n, offerUntil(b.Now(), e.StartsAt).UnixMilli()
	r.todo(e, b.Now())
	b.change(tx, actNext, r, was)
	pk, sk := seatKey(r.Event, r.Mode, n)
	tx.Put(actSeat, b.Table, seat{pk, sk, r.Ref, r.ExpiresAt}, condition)
	b.enqueue(tx, e, r, policy.EventOffer)
}

// The hours in which nobody has to read mail (decisions: an offer does not lapse over night), and how long an offer stands.
const (
	offerFor    = 24 * time.Hour
	nightBegins = 20
	nightEnds   = 10
)

// offerUntil is when an offer lapses that is made now: after 24 hours; where that is at night in Japan, at ten the next
// morning; never after the event has begun.
func offerUntil(now, starts time.Time) time.Time {
	until := now.Add(offerFor).In(policy.JapanTime)
	morning := time.Date(until.Year(), until.Month(), until.Day(), nightEnds, 0, 0, 0, policy.JapanTime)
	switch {
	case until.Hour() < nightEnds:
		until = morning
	case until.Hour() >= nightBegins:
		until = morning.AddDate(0, 0, 1)
	}
	if until.After(starts) {
		return starts
	}
	return until.Truncate(time.Minute)
}

// Promote offers free seats to those who wait: what a cancellation does at once, for seats that became free in another way -
// more seats, a cancellation at the same moment as the joining of the list (hard case 15).
func (b *Book) Promote(ctx context.Context, e *event.Event) error {
	for _, mode := range e.Capacity.Modes() {
		for range e.Capacity.Of(mode) {
			next, err := b.first(ctx, e, mode)
			if err != nil {
				return err
			}
			if next == nil {
				break
			}
			n, err := b.draw(ctx, e, mode, true)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			var tx record.Transaction
			b.offer(&tx, e, *next, n, record.IfAbsent(b.Now()))
			if err := ignoreCancelled(tx.Commit(ctx, b.Client)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Accept takes the seat that was offered. Accepting twice is accepting once. Errors: ErrGone, record.ErrUnavailable.
func (b *Book) Accept(ctx context.Context, e *event.Event, ref string) error {
	for range tries {
		r, found, err := b.Find(ctx, e.ID, ref)
		switch {
		case err != nil:
			return err
		case found && r.State == Registered:
			return nil
		case !found || r.State != Offered || r.OfferUntil <= b.Now().UnixMilli() || !e.Takes(b.Now()):
			return ErrGone
		}
		was := r
		r.State, r.OfferUntil, r.Told = Registered, 0, e.Sequence
		r.ExpiresAt = b.expiry(e, Registered).Unix()
		r.todo(e, b.Now())
		var tx record.Transaction
		b.change(&tx, actRegistration, r, was)
		b.restamp(&tx, e, r)
		b.enqueue(&tx, e, r, policy.EventRegistered)
		err = tx.Commit(ctx, b.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
	}
	return errContended
}

// restamp adds to a transaction that what belongs to a registration expires with it.
func (b *Book) restamp(tx *record.Transaction, e *event.Event, r Registration) {
	set := func(name string, key record.Item, expires int64) {
		tx.Update(name, b.Table, key, "SET expires_at = :expires", record.Values{"expires": expires}, record.Condition{Expression: "attribute_exists(pk)"})
	}
	set(actMark, record.Key(r.Mark, markSort), r.ExpiresAt)
	if r.Seat > 0 {
		set(actSeat, record.Key(seatKey(r.Event, r.Mode, r.Seat)), r.ExpiresAt)
	}
	for _, days := range r.Brief {
		set("brief", record.Key(briefKey(r.Event, r.Ref, days)), b.briefExpiry(e, r.State, days))
	}
}

// ignoreCancelled leaves what somebody else was faster with to the next run.
func ignoreCancelled(err error) error {
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return nil
	}
	return err
}
