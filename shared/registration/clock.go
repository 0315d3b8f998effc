package registration

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/calendar"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// page is how many registrations the clock reads at a time.
const page = 50

// ReminderFrom is when the reminders of an event begin: at ten in the morning of the day before in Japan, or 24 hours before
// it begins, whichever is earlier.
func ReminderFrom(e *event.Event) time.Time {
	start := e.StartsAt.In(policy.JapanTime)
	morning := time.Date(start.Year(), start.Month(), start.Day()-1, nightEnds, 0, 0, 0, policy.JapanTime)
	if day := start.Add(-24 * time.Hour); day.Before(morning) {
		return day
	}
	return morning
}

// Remind promises the reminder to everybody who is registered and has had none, once each: the mark on the registration goes
// in the transaction that promises the mail, so that a crash never doubles it. Those who register later are found by the
// next run. It stops when ctx ends and goes on with the next run.
func (b *Book) Remind(ctx context.Context, e *event.Event) error {
	now := b.Now()
	if !e.Takes(now) || now.Before(ReminderFrom(e)) {
		return nil
	}
	return b.each(ctx, todoRemind(e.ID), 0, func(ref string) error {
		r, found, err := b.Find(ctx, e.ID, ref)
		if err != nil || !found || r.State != Registered || r.Todo == "" {
			return err
		}
		was := r
		r.Todo, r.TodoAt = "", 0
		var tx record.Transaction
		b.change(&tx, actRegistration, r, was)
		b.enqueue(&tx, e, r, policy.EventReminder)
		return ignoreCancelled(tx.Commit(ctx, b.Client))
	})
}

// LapseOffers ends the offers whose time is over; the seats go on.
func (b *Book) LapseOffers(ctx context.Context, e *event.Event) error {
	return b.each(ctx, todoOffer(e.ID), b.Now().UnixMilli(), func(ref string) error {
		if err := b.Lapse(ctx, e, ref); err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		return nil
	})
}

// stops tells an error after which a run had better end: the time is over, the store is away. Any other is one registration's,
// and the rest go on without it.
func stops(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, record.ErrUnavailable)
}

// each calls do for every reference under a key of the index "todo", by pages.
func (b *Book) each(ctx context.Context, todo string, until int64, do func(ref string) error) error {
	var failed []error
	for cursor := record.Item(nil); ; {
		refs, next, err := b.due(ctx, todo, until, page, cursor)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if err := do(ref); stops(ctx, err) {
				return errors.Join(ctx.Err(), err)
			} else if err != nil {
				failed = append(failed, err)
			}
		}
		if cursor = next; cursor == nil {
			return errors.Join(failed...)
		}
	}
}

// Follow carries a change of an event through its registrations: each live one is written to once, with its calendar entry
// changed or taken back, and all expire by the new end. It works by key pages; where it stops the next run goes on. A task
// ends with a pass that began after no process could register anybody under the version before.
func (b *Book) Follow(ctx context.Context, t event.Task) error {
	began := b.Now()
	e, err := b.Events.Fresh(ctx, t.Event)
	if errors.Is(err, event.ErrNotFound) {
		return b.Events.Done(ctx, t)
	}
	if err != nil {
		return err
	}
	if e.Version != t.Version {
		return nil // a newer task has taken its place
	}
	if err := b.compact(ctx, e); err != nil {
		return err
	}
	var failed []error
	for cursor := t.Cursor; ; {
		items, next, err := b.List(ctx, e.ID, cursor)
		if err != nil {
			return err
		}
		for _, r := range items {
			if err := b.follow(ctx, e, r); stops(ctx, err) {
				return errors.Join(ctx.Err(), err)
			} else if err != nil {
				failed = append(failed, err)
			}
		}
		if next == "" {
			break
		}
		cursor = next
		if err := b.Events.Reached(ctx, t, cursor); err != nil {
			return err
		}
	}
	if t.Cursor == "" && t.Settled(began) && len(failed) == 0 {
		return b.Events.Done(ctx, t)
	}
	return errors.Join(append(failed, b.Events.Reached(ctx, t, ""))...)
}

// List returns a page of an event's registrations in the order of their references, and the last of it; "" after the end.
func (b *Book) List(ctx context.Context, eventID, after string) ([]Registration, string, error) {
	var cursor record.Item
	if after != "" {
		cursor = record.Key(eventID, after)
	}
	items, next, err := record.Query[Registration](ctx, b.Client, &dynamodb.QueryInput{TableName: &b.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :event"), ExpressionAttributeValues: record.Item{":event": &types.AttributeValueMemberS{Value: eventID}},
		Limit: aws.Int32(page)}, b.Now(), cursor)
	if err != nil || next == nil {
		return items, "", err
	}
	last, _ := next["sk"].(*types.AttributeValueMemberS)
	if last == nil {
		return nil, "", errors.New("a cursor without its key")
	}
	return items, last.Value, nil
}

// follow brings one registration up to the event as it is now.
func (b *Book) follow(ctx context.Context, e *event.Event, r Registration) error {
	if len(r.Brief) > 0 { // which of those items are still there
		found, err := false, error(nil)
		if r, found, err = b.Find(ctx, e.ID, r.Ref); err != nil || !found {
			return err
		}
	}
	was, now := r, b.Now()
	news := r.Told < e.Sequence
	r.ExpiresAt = b.expiry(e, r.State).Unix()
	if !news && r.ExpiresAt == was.ExpiresAt {
		return nil
	}
	r.Told = e.Sequence
	if news {
		r.todo(e, now)
		if r.State == Registered {
			r.Calendar++
			if !now.Before(ReminderFrom(e)) {
				r.Todo, r.TodoAt = "", 0 // this mail says all that the reminder would
			}
		}
	}
	var tx record.Transaction
	b.change(&tx, actRegistration, r, was)
	if r.State.Live() {
		b.restamp(&tx, e, r)
		if news && now.Before(e.EndsAt) {
			b.enqueueNews(&tx, e, r)
		}
	}
	return ignoreCancelled(tx.Commit(ctx, b.Client))
}

// enqueueNews promises the mail about a change of the event.
func (b *Book) enqueueNews(tx *record.Transaction, e *event.Event, r Registration) {
	data, kind, method := map[string]string{}, policy.EventMoved, calendar.Request
	switch e.State {
	case event.Cancelled:
		kind, method = policy.EventCancelled, calendar.Cancel
	case event.Postponed:
		data["postponed"], method = "yes", calendar.Cancel
	default:
		data["moved"] = "yes"
	}
	if r.State == Registered {
		Entry(e, r, method).Into(data)
	}
	b.send(tx, e, r, kind, data)
}
