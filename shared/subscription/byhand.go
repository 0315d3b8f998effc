package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// What staff do at the wish of a person. None of it changes a consent: it is given by the person, or ends.

// errors of what staff do.
var (
	ErrNotFound = errors.New("the list knows nobody by that hash")
	ErrState    = errors.New("not in this state")
	ErrTaken    = errors.New("the address is on the list already")
)

// OptedOut refuses to write to an address whose owner did not want that, or cannot be reached. Only the person can change it, by a
// new confirmation.
type OptedOut struct{ Suppression }

func (e *OptedOut) Error() string { return "the address is suppressed: " + e.Reason }

// The ways by which people tell staff what they wish.
const (
	ChannelTelephone = "telephone"
	ChannelMail      = "mail"
	ChannelLetter    = "letter"
	ChannelCounter   = "counter"
)

// OptOutByHand ends a subscription at once, at the wish of a person who told staff: nobody has to prove who they are, for the harm of a
// wrong one is small and can be undone by the links of the mail. A sign-up that waits goes too. Repeating it changes nothing. Errors:
// ErrNotFound where nothing is known of the address, record.ErrUnavailable.
func (l *List) OptOutByHand(ctx context.Context, person, channel string) error {
	return l.byHand(ctx, person, l.optOut(person, channel))
}

// OptOutUnknown is OptOutByHand for somebody of whom the list may know nothing: the person may be on paper, or come with the next
// import. Then nothing but the keyed hash is kept. The error is record.ErrUnavailable.
func (l *List) OptOutUnknown(ctx context.Context, person, channel string) error {
	return l.byAnyHand(ctx, person, l.optOut(person, channel))
}

// Whose is the keyed hash of whom an address belongs to: its own, or that of the address which it was given up for.
func (l *List) Whose(ctx context.Context, to address.Address) (person string, err error) {
	person = to.Key(l.AddressKey)
	c, found, err := l.Meet(ctx, person)
	if found && c.Subscriber != nil {
		person = c.Person
	}
	return person, err
}

// optOut adds to a transaction that a person is not written to any more, given what is known.
func (l *List) optOut(person, channel string) func(*record.Transaction, Card) error {
	return func(tx *record.Transaction, c Card) error {
		// A complaint or a wish of earlier stays as it was; what an import brought gives way to what the person says now.
		stands := c.Suppression != nil && c.Suppression.Reason != string(Bounced) && c.Suppression.Import == ""
		s := c.Subscriber
		switch {
		case s == nil || s.State == Unsubscribed:
			if stands {
				return errDone
			}
			l.keepLeft(tx, person, s)
		case s.State == Unconfirmed:
			tx.Delete(actSubscriber, l.Table, Key(person), unchanged(*s))
		default:
			l.leave(tx, *s)
		}
		wish := suppression{Person: person, List: string(l.Service.Code), Reason: string(Unsubscribed), Since: stamp(l.Now()), Channel: channel}
		if stands {
			wish.Reason, wish.Since, wish.Channel = c.Suppression.Reason, c.Suppression.Since, c.Suppression.Channel
		}
		tx.Put(actSuppression, l.Suppression, wish, record.Condition{})
		return nil
	}
}

// keepLeft adds to a transaction that somebody is off the list as before, whoever saw to that.
func (l *List) keepLeft(tx *record.Transaction, person string, s *Subscriber) {
	if s == nil || s.PK != person[:2] { // no record, or one that stands aside
		tx.Check(actSubscriber, l.Table, Key(person), record.IfAbsent(l.Now()))
		return
	}
	tx.Update(actSubscriber, l.Table, Key(person), "REMOVE left_by", nil, unchanged(*s))
}

// PutBackOn makes a subscriber whose mail came back wrongly what it was before the bounce, and ends the suppression that the bounce
// has caused. A wish of the person or a complaint is never overruled. before is called with the address ahead of it: SES's own list
// holds the address too. Errors: ErrNotFound, ErrState, *OptedOut, those of before, record.ErrUnavailable.
func (l *List) PutBackOn(ctx context.Context, person, reason string, before func(context.Context, string) error) error {
	return l.byHand(ctx, person, func(tx *record.Transaction, c Card) error {
		if c.Suppression != nil && c.Suppression.Reason != string(Bounced) {
			return &OptedOut{*c.Suppression}
		}
		if c.Subscriber == nil || c.Subscriber.State != Bounced {
			return ErrState
		}
		to, err := address.Parse(c.Subscriber.Email)
		if err != nil {
			return errors.New("a stored address does not parse")
		}
		if err := before(ctx, to.ASCII()); err != nil {
			return err
		}
		now, back := l.Now(), *c.Subscriber
		back.State, back.BouncedAt, back.BouncedFrom, back.PutBack, back.KeptUntil = Confirmed, "", "", &PutBack{stamp(now), reason}, 0
		expires := c.Subscriber.KeptUntil
		if expires == 0 { // it bounced before that was kept
			expires = l.Periods.Expiry(string(Confirmed), back.confirmed()).Unix()
		}
		if c.Subscriber.BouncedFrom == Pending { // it was never approved
			back.State, expires = Pending, l.Periods.Expiry(string(Pending), now).Unix()
		}
		back.ExpiresAt = max(c.Subscriber.ExpiresAt, expires)
		if back.State == Confirmed {
			l.resume(tx, &back)
			l.tally(tx, person, countBack, 1, now)
		}
		l.put(tx, back, unchanged(*c.Subscriber))
		// The consent was never withdrawn: it goes on as it was given.
		l.keepConsent(tx, actConsent, back, back.ExpiresAt+int64(l.Periods.Of("consent").Seconds()), "")
		tx.Delete(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)),
			record.Condition{Expression: "attribute_not_exists(pk) OR reason = :bounced", Values: record.Values{"bounced": string(Bounced)}})
		tx.Delete("soft", l.Suppression, record.Key(person, softPrefix+string(l.Service.Code)), record.Condition{}) // or the next full mailbox ends it again
		return nil
	})
}

// confirmed is when the subscriber confirmed; the zero time where that cannot be read.
func (s Subscriber) confirmed() time.Time {
	at, _ := time.Parse(time.RFC3339, s.ConfirmedAt) // zero: the record's own expiry decides
	return at
}

// SendAgain mails the confirmation that a person waits for again: of a sign-up, or of a new address. Staff are not held to the number
// of mails a day, since the ledger names them. Errors: ErrNotFound, ErrState, record.ErrUnavailable.
func (l *List) SendAgain(ctx context.Context, person string) error {
	return l.byHand(ctx, person, func(tx *record.Transaction, c Card) error {
		s := c.Subscriber
		switch {
		case s == nil:
			return ErrState
		case s.State == Unconfirmed:
			to, err := address.Parse(s.Email)
			if err != nil {
				return errors.New("a stored address does not parse")
			}
			tx.Update(actSubscriber, l.Table, Key(person), "REMOVE unmailed", nil, unchanged(*s))
			l.enqueueConfirm(tx, to, person, s.Ref, s.ExpiresAt)
		case (s.State == Confirmed || s.State == Bounced) && s.Change != nil && s.Change.ExpiresAt > l.Now().Unix():
			to, err := address.Parse(s.Change.Email)
			if err != nil {
				return errors.New("a stored address does not parse")
			}
			condition := unchanged(*s)
			condition.Expression += " AND #change.#ref = :change"
			condition.Values["change"], condition.Names = s.Change.Ref, append(condition.Names, "change")
			tx.Check(actSubscriber, l.Table, Key(person), condition)
			l.enqueueNewAddress(tx, to, person, *s.Change)
		default:
			return ErrState
		}
		return nil
	})
}

func (l *List) enqueueNewAddress(tx *record.Transaction, to address.Address, person string, c Change) {
	l.enqueue(tx, "address_confirm", to, map[string]string{"link": l.confirmLink(person, c.Ref), "expires": unixText(c.ExpiresAt)}, "")
}

// errDone ends byHand: there is nothing left to do.
var errDone = errors.New("done already")

// byHand reads what is known of a person, lets add decide on it, and carries the transaction out; where somebody was faster, all of
// it again.
func (l *List) byHand(ctx context.Context, person string, add func(*record.Transaction, Card) error) error {
	return l.byAnyHand(ctx, person, func(tx *record.Transaction, c Card) error {
		if c.Subscriber == nil && c.Suppression == nil && len(c.Holds) == 0 {
			return ErrNotFound
		}
		return add(tx, c)
	})
}

// byAnyHand is byHand also for somebody of whom nothing is known.
func (l *List) byAnyHand(ctx context.Context, person string, add func(*record.Transaction, Card) error) error {
	for range rounds {
		c, _, err := l.Card(ctx, person)
		if err != nil {
			return err
		}
		var tx record.Transaction
		if err := add(&tx, c); errors.Is(err, errDone) {
			return nil
		} else if err != nil {
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

// Added is somebody whom staff put on the list.
type Added struct {
	Values   map[string]string // as the form cleans them
	Channel  string
	Evidence *Evidence // nil: the person is asked to confirm
}

// AddByHand puts somebody on the list at their wish. Without evidence of the consent it is a sign-up like that of the form, which waits for
// the click in a mail; with evidence they are subscribed, and told. An address that is on the list is left as it is, and one that
// opted out refused. It returns the person's keyed hash. Errors: ErrTaken, *OptedOut, record.ErrUnavailable.
func (l *List) AddByHand(ctx context.Context, a Added) (person string, err error) {
	to, err := address.Parse(a.Values["email"])
	if err != nil {
		return "", errors.New("an address that was cleaned does not parse")
	}
	person = to.Key(l.AddressKey)
	for range rounds {
		c, found, err := l.Card(ctx, person)
		switch {
		case err != nil:
			return person, err
		case found && c.Suppression != nil && (c.Suppression.Reason != string(Bounced) || a.Evidence != nil):
			return person, &OptedOut{*c.Suppression}
		case found && c.Subscriber != nil:
			return person, ErrTaken
		}
		now := l.Now()
		fresh := Subscriber{PK: person[:2], Person: person, State: Unconfirmed, Email: a.Values["email"], Fields: without(a.Values, "email"),
			Proof: Proof{Ref: record.Reference(reference(l.Service), now), Policy: policy.Version, FormVersion: l.Service.FormVersion,
				Language: policy.Japanese, Channel: a.Channel, SubmittedAt: stamp(now), Evidence: a.Evidence},
			ExpiresAt: l.Periods.Expiry(string(Unconfirmed), now).Unix()}
		var tx record.Transaction
		allowed := record.Condition{Expression: "attribute_not_exists(pk)"} // also where a wish comes in this moment
		if a.Evidence == nil {
			l.put(&tx, fresh, record.IfAbsent(now))
			l.enqueueConfirm(&tx, to, person, fresh.Ref, fresh.ExpiresAt)
			allowed.Expression += " OR reason = :bounced" // the click will show that the mailbox lives
			allowed.Values = record.Values{"bounced": string(Bounced)}
		} else {
			fresh.ConfirmedAt = stamp(now)
			l.tally(&tx, person, countJoined, 1, now)
			if err := l.admit(&tx, &fresh, "welcome", record.IfAbsent(now)); err != nil {
				return person, err
			}
		}
		tx.Check(actSuppression, l.Suppression, record.Key(person, string(l.Service.Code)), allowed)
		err = l.commit(ctx, &tx)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			if err != nil {
				return person, fmt.Errorf("add subscriber: %w", err)
			}
			return person, nil
		}
	}
	return person, errContended
}

// Person is the keyed hash of the address of a form's values, "" where it does not parse.
func (l *List) Person(values map[string]string) string {
	to, err := address.Parse(values["email"])
	if err != nil {
		return ""
	}
	return to.Key(l.AddressKey)
}
