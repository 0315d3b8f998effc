package subscription

import (
	"context"
	"errors"
	"time"

	"madoguchi/shared/record"
)

// complained is the reason of a suppression after a complaint (迷惑メールの申告).
const complained = "complained"

// Bounce records that mail came back for good from the address with the keyed hash person: nobody writes to it any more, and the
// subscriber is kept for the period after a bounce. sent is when the mail was sent: a consent that was confirmed later wins over
// it, since it has shown that the mailbox lives (hard case 20); newer reports that, and nothing has changed. An address that is
// on the list no more, or has moved to another, is suppressed by its hash alone: the other one has done nothing. Repeating it
// changes nothing. The error is record.ErrUnavailable.
func (l *List) Bounce(ctx context.Context, person string, sent time.Time) (newer bool, err error) {
	return l.cameBack(ctx, person, sent, string(Bounced))
}

// Complain records that somebody reported a mail to the address as unwanted: that person leaves at once. Nothing is mailed, and
// there is nothing to undo: SES's own list keeps mail from the address until a new consent is confirmed. Otherwise as Bounce.
func (l *List) Complain(ctx context.Context, person string, sent time.Time) (newer bool, err error) {
	return l.cameBack(ctx, person, sent, complained)
}

// Stands reports whether somebody is on the list under a keyed hash: subscribed, or waiting for staff.
func (l *List) Stands(ctx context.Context, person string) (bool, error) {
	s, found, err := l.at(ctx, person)
	return found && (s.State == Confirmed || s.State == Pending), err
}

// at reads the record of a keyed hash itself, without following where the person has moved.
func (l *List) at(ctx context.Context, person string) (s Subscriber, found bool, err error) {
	if len(person) != personLength {
		return Subscriber{}, false, nil
	}
	found, err = record.Get(ctx, l.Client, l.Table, Key(person), l.Now(), &s)
	return s, found, err
}

func (l *List) cameBack(ctx context.Context, person string, sent time.Time, reason string) (newer bool, err error) {
	if len(person) != personLength {
		return false, nil
	}
	stands := false // a suppression as strong as this one is there
	for range rounds {
		s, found, err := l.at(ctx, person)
		if err != nil {
			return false, err
		}
		if found && s.consentedAfter(sent) {
			return s.State == Confirmed || s.State == Pending, nil
		}
		var tx record.Transaction
		changes := l.end(&tx, person, s, found, reason)
		if stands && !changes {
			return false, nil
		}
		if stands {
			tx.Check(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)), record.Condition{Expression: "attribute_exists(pk)"})
		} else {
			l.suppress(&tx, person, reason)
		}
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return false, err
		}
		if _, other := cancelled.Failed[actSuppression]; other {
			stands = !stands // there is one, or it went with an undo
		}
	}
	return false, errContended
}

// consentedAfter reports whether the subscriber confirmed after a mail was sent. Confirmations are kept in whole seconds, rounded
// down: the mail that follows one in the same second is not older.
func (s Subscriber) consentedAfter(sent time.Time) bool {
	confirmed, err := time.Parse(time.RFC3339, s.ConfirmedAt)
	return err == nil && confirmed.After(sent)
}

// suppress adds to a transaction that an address must not be written to. A bounce takes the place of no other reason, since what a
// person wished outlives what a mailbox did; a complaint takes that of a bounce or an unsubscription. The day since when stays.
func (l *List) suppress(tx *record.Transaction, person, reason string) {
	condition := record.Condition{Expression: "attribute_not_exists(pk)"}
	if reason == complained {
		condition.Expression += " OR reason = :bounced OR reason = :unsubscribed"
		condition.Values = record.Values{"bounced": string(Bounced), "unsubscribed": string(Unsubscribed)}
	}
	tx.Update(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)), "SET reason = :reason, since = if_not_exists(since, :since)",
		record.Values{"reason": reason, "since": stamp(l.Now())}, condition)
}

// end adds to a transaction what becomes of the record, and that it is as it was read: a click that confirms in this moment is
// never lost, and a subscriber never suppressed as well. It reports whether the record changes.
func (l *List) end(tx *record.Transaction, person string, s Subscriber, found bool, reason string) bool {
	waiting := !found || s.State == Unconfirmed
	switch {
	case reason == complained && waiting:
		tx.Delete(actLeft, l.Table, record.Key(leftKey(person)), record.Condition{}) // it was kept for the undo
	case reason == complained && s.State != Unsubscribed:
		l.leaveFor(tx, s, 0)
		return true
	case reason == complained && s.KeptUntil != 0:
		tx.Update(actSubscriber, l.Table, Key(person), "REMOVE kept_until", nil, unchanged(s))
		return true
	case reason == string(Bounced) && (s.State == Confirmed || s.State == Pending) && found:
		l.bounce(tx, s)
		return true
	}
	condition := unchanged(s)
	if !found {
		condition = record.IfAbsent(l.Now())
	}
	tx.Check(actSubscriber, l.Table, Key(person), condition)
	return false
}

// bounce adds to a transaction that a subscriber's mail cannot be delivered: the record lives on for its period, or less where it
// would have gone sooner, and the consent has ended. A change of address that waits goes on waiting: it may be the remedy.
func (l *List) bounce(tx *record.Transaction, s Subscriber) {
	now := l.Now()
	values := record.Values{"state": Bounced, "from": s.State, "at": stamp(now), "kept": s.ExpiresAt, "expires": min(s.ExpiresAt, l.Periods.Expiry(string(Bounced), now).Unix())}
	update := marked("SET #state = :state, bounced_at = :at, bounced_from = :from, kept_until = :kept, expires_at = :expires", values, Bounced, now, s.Person)
	tx.Update(actSubscriber, l.Table, Key(s.Person), update, values, unchanged(s))
	l.settle(tx, s)
	if s.State == Confirmed {
		l.tally(tx, s.Person, countBounced, 1, now)
	}
	l.endConsent(tx, actConsent, s, now)
}
