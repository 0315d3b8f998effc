package subscription

import (
	"context"
	"errors"

	"madoguchi/shared/address"
	"madoguchi/shared/link"
	"madoguchi/shared/record"
)

// ErrNotWaiting says that there is nothing to approve or to refuse: nobody by that hash waits any more.
var ErrNotWaiting = errors.New("nobody waits for approval")

// wait adds to a transaction that a confirmed request waits for staff from now on: the record with the period of the wait,
// the evidence of the consent, and the mail that says so. An older suppression stays until the approval.
func (l *List) wait(tx *record.Transaction, s *Subscriber, condition record.Condition) error {
	to, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	now := l.Now()
	expires := l.Periods.Expiry(string(Pending), now)
	s.State, s.ConfirmedAt, s.ExpiresAt = Pending, stamp(now), expires.Unix()
	l.put(tx, *s, condition)
	l.keepConsent(tx, actConsent, *s, l.Periods.Expiry("consent", expires).Unix(), "")
	tx.Delete(actLeft, l.Table, record.Key(leftKey(s.Person)), record.Condition{})
	l.enqueuePending(tx, to, *s)
	return nil
}

// enqueuePending tells a person that the request waits, and until when. It holds nothing of what was typed: a stranger can
// cause it as well.
func (l *List) enqueuePending(tx *record.Transaction, to address.Address, s Subscriber) {
	withdraw := l.Links.Path(l.Service.Path+"/unsubscribe",
		link.Token{Service: string(l.Service.Code), Purpose: link.Unsubscribe, Person: s.Person, Issued: l.Now()})
	l.enqueue(tx, "pending", to, map[string]string{"unsubscribe": withdraw, "reference": s.Ref, "expires": unixText(s.ExpiresAt)}, "")
}

// Approve makes a waiting request a subscription, and tells the person. Errors: ErrNotWaiting, record.ErrUnavailable.
func (l *List) Approve(ctx context.Context, person string) error {
	return l.decide(ctx, person, func(tx *record.Transaction, s Subscriber, _ address.Address) error {
		approved := s
		l.tally(tx, s.Person, countJoined, 1, l.Now())
		return l.accept(tx, &approved, "approved", unchanged(s))
	})
}

// Refuse ends a waiting request: the record goes at once, the evidence of the consent after its own period, and the person is
// told. Errors: ErrNotWaiting, record.ErrUnavailable.
func (l *List) Refuse(ctx context.Context, person string) error {
	return l.decide(ctx, person, func(tx *record.Transaction, s Subscriber, to address.Address) error {
		tx.Delete(actSubscriber, l.Table, Key(s.Person), unchanged(s))
		l.endConsent(tx, actConsent, s, l.Now())
		l.enqueue(tx, "refused", to, map[string]string{"name": s.Fields["name"], "reference": s.Ref}, "")
		return nil
	})
}

func (l *List) decide(ctx context.Context, person string, add func(*record.Transaction, Subscriber, address.Address) error) error {
	for range rounds {
		var s Subscriber
		found, err := record.Get(ctx, l.Client, l.Table, Key(person), l.Now(), &s)
		if err != nil {
			return err
		}
		if !found || s.State != Pending {
			return ErrNotWaiting
		}
		to, err := address.Parse(s.Email)
		if err != nil {
			return errors.New("a stored address does not parse")
		}
		var tx record.Transaction
		if err := add(&tx, s, to); err != nil {
			return err
		}
		err = l.commit(ctx, &tx)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
	}
	return errContended
}
