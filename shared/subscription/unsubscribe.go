package subscription

import (
	"context"
	"errors"
	"time"

	"madoguchi/shared/link"
	"madoguchi/shared/record"
)

// Standing is what a page may say of the subscription that a link belongs to.
type Standing struct {
	State    State  // "" where nothing is stored
	Undoable bool   // unsubscribed, and the profile is still there
	Until    string // RFC 3339: end of the time to undo
}

// Standing tells where the subscription of a link stands. It changes nothing.
func (l *List) Standing(ctx context.Context, t link.Token) (Standing, error) {
	s, found, err := l.find(ctx, t)
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{State: s.State}
	left, undoable, err := l.left(ctx, s, found, t)
	if err == nil && undoable {
		standing = Standing{State: Unsubscribed, Undoable: true, Until: unixText(min(left.ExpiresAt, left.KeptUntil))}
	}
	return standing, err
}

// left returns the profile of somebody who has left and can still come back: the record itself, or the one that a waiting
// sign-up has put aside.
func (l *List) left(ctx context.Context, s Subscriber, found bool, t link.Token) (Subscriber, bool, error) {
	if !found || s.State == Unconfirmed {
		person := t.Person
		if found {
			person = s.Person
		}
		aside, there, err := Subscriber{}, false, error(nil)
		if len(person) == personLength {
			there, err = record.Get(ctx, l.Client, l.Table, record.Key(leftKey(person)), l.Now(), &aside)
		}
		if err != nil || !there {
			return Subscriber{}, false, err
		}
		s = aside
	}
	return s, s.State == Unsubscribed && s.KeptUntil > l.Now().Unix(), nil
}

// Unsubscribe ends the subscription of a link at once: the profile stays for the time to undo, the evidence of the
// consent for its own period, and a keyed hash keeps the address from being written to. Where nothing is stored any more,
// or only a sign-up that waits, the wish is kept all the same (RFC 8058; hard case 13). Repeating it changes nothing. The
// error is record.ErrUnavailable.
func (l *List) Unsubscribe(ctx context.Context, t link.Token) error {
	stands := false // a stop of use does, which says more than this wish and is not ended by its undo
	for range rounds {
		s, found, err := l.find(ctx, t)
		if err != nil {
			return err
		}
		if found && s.State == Unsubscribed && s.LeftBy == "" {
			return nil
		}
		person := t.Person
		if found {
			person = s.Person
		}
		var tx record.Transaction
		first := notStopped // a wish that is there already keeps its day
		switch {
		case found && s.State == Unconfirmed:
			// Changes nothing, but fails where a click confirms in this moment: a subscriber is never suppressed as well.
			tx.Update(actSubscriber, l.Table, Key(s.Person), "SET #state = :was_state", nil, unchanged(s))
			first = unknownWish
		case found && s.State == Unsubscribed:
			// An import ended it; from now on it is the person's own wish, which no undo of the import takes back.
			tx.Update(actSubscriber, l.Table, Key(s.Person), "REMOVE left_by", nil, unchanged(s))
		case found:
			l.leave(&tx, s)
		default:
			first = unknownWish
		}
		if stands {
			tx.Check(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)), record.Condition{Expression: "attribute_exists(pk)"})
		} else {
			tx.Put(actSuppression, l.Suppression, suppression{Person: person, List: string(l.Service.Code), Reason: string(Unsubscribed),
				Since: stamp(l.Now())}, first)
		}
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, there := cancelled.Failed[actSuppression]; there && len(cancelled.Failed) == 1 {
			if !found || s.State == Unconfirmed {
				return nil
			}
			stands = !stands
		}
	}
	return errContended
}

// stopUse is the reason of a suppression after a request that the data must not be used at all (R77). It stays until the person gives a
// new consent: no other reason takes its place, and no undo of another wish ends it.
const stopUse = "stop_use"

// Conditions of a suppression.
var (
	// unknownWish holds where nobody has said so here: an opt-out that was imported gives way to the person's own.
	unknownWish = record.Condition{Expression: "attribute_not_exists(pk) OR attribute_exists(import_id)"}
	// notStopped holds where the data may be used.
	notStopped = record.Condition{Expression: "attribute_not_exists(pk) OR reason <> :stop", Values: record.Values{"stop": stopUse}}
)

// leave adds to a transaction that a subscriber leaves now.
func (l *List) leave(tx *record.Transaction, s Subscriber) {
	kept := s.ExpiresAt
	if s.State == Pending || s.State == Bounced {
		kept = 0 // neither is restored: a request that was withdrawn would be approved by it, and a dead mailbox written to
	}
	l.leaveFor(tx, s, kept)
}

// leaveFor is leave with the expiry that an undo brings back; 0 where there is none.
func (l *List) leaveFor(tx *record.Transaction, s Subscriber, kept int64) {
	now := l.Now()
	values := record.Values{"state": Unsubscribed, "at": stamp(now), "kept": kept, "expires": l.Periods.Expiry("unsubscribed", now).Unix()}
	update := marked("SET #state = :state, unsubscribed_at = :at, kept_until = :kept, expires_at = :expires REMOVE #change", values, Unsubscribed, now, s.Person)
	tx.Update(actSubscriber, l.Table, Key(s.Person), update, values, unchanged(s), "change")
	l.settle(tx, s)
	if s.State == Confirmed {
		l.tally(tx, s.Person, countLeft, 1, now)
	}
	if s.State != Bounced { // then the consent has ended already
		l.endConsent(tx, actConsent, s, now)
	}
}

// endConsent adds to a transaction that a consent has ended: its evidence is kept from now on for its own period.
func (l *List) endConsent(tx *record.Transaction, action string, s Subscriber, now time.Time) {
	l.keepConsent(tx, action, s, l.Periods.Expiry("consent", now).Unix(), stamp(now))
}

// keepConsent adds to a transaction until when the evidence of a consent is kept, and when the consent ended ("" while it
// stands).
func (l *List) keepConsent(tx *record.Transaction, action string, s Subscriber, expires int64, ended string) {
	pk, sk := consentKey(s.Person, s.Ref)
	tx.Put(action, l.Table, consent{PK: pk, SK: sk, Person: s.Person, Proof: s.Proof, ConfirmedAt: s.ConfirmedAt, EndedAt: ended,
		ExpiresAt: expires}, record.Condition{})
}

// Resubscribe undoes an unsubscription within its time. Errors: ErrGone where the profile has been deleted or
// must not be used, record.ErrUnavailable.
func (l *List) Resubscribe(ctx context.Context, t link.Token) error {
	for range rounds {
		s, found, err := l.find(ctx, t)
		if err != nil {
			return err
		}
		if found && s.State == Confirmed {
			return nil
		}
		left, undoable, err := l.left(ctx, s, found, t)
		switch {
		case err != nil:
			return err
		case !undoable:
			return ErrGone
		}
		condition := record.IfAbsent(l.Now())
		if found {
			condition = unchanged(s)
		}
		var tx record.Transaction
		l.restore(&tx, left, condition)
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, stopped := cancelled.Failed[actSuppression]; stopped {
			return ErrGone
		}
	}
	return errContended
}

// restore adds to a transaction that a profile is as it was before it left. A sign-up that waited in its place goes: the
// person has the subscription again that it asked for.
func (l *List) restore(tx *record.Transaction, left Subscriber, condition record.Condition) {
	again := l.again(tx, left)
	l.put(tx, again, condition)
	tx.Delete(actLeft, l.Table, record.Key(leftKey(again.Person)), record.Condition{})
	tx.Delete(actSuppression, l.Suppression, record.Key(again.Person, string(l.Service.Code)), notStopped)
}

// again adds to a transaction what follows from a profile being as it was before it left, and returns that.
func (l *List) again(tx *record.Transaction, gone Subscriber) Subscriber {
	s := gone
	s.PK, s.State, s.ExpiresAt, s.KeptUntil, s.UnsubscribedAt, s.LeftBy = gone.Person[:2], Confirmed, gone.KeptUntil, 0, "", ""
	l.keepConsent(tx, actConsent, s, s.ExpiresAt+int64(l.Periods.Of("consent").Seconds()), "")
	l.resume(tx, &s)
	l.tally(tx, s.Person, countBack, 1, l.Now())
	return s
}
