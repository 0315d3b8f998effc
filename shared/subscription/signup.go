package subscription

import (
	"context"
	"errors"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const (
	// mailsPerDay is how many mails that anybody can cause go to one address and list a day, whoever asks.
	mailsPerDay = 3
	// rounds bounds how often a decision is taken again because somebody else was faster.
	rounds = 5
)

// errContended says that a record changed under every attempt; the person may try again.
var errContended = errors.Join(errors.New("record changed under every attempt"), record.ErrUnavailable)

// names of the actions of transactions.
const (
	actSubscriber  = "subscriber"
	actCap         = "cap"
	actConsent     = "consent"
	actSuppression = "suppression"
	actTarget      = "target"
	actLeft        = "left"
)

// SignUp stores a sign-up and promises its mail, in one transaction without a read. Only where that is cancelled - the
// address is known, its mails for today are used up - a second one follows, decided from what stood in the way. The
// answer never tells which it was.
func (l *List) SignUp(ctx context.Context, s *form.Submission) error {
	to, err := address.Parse(s.Values["email"])
	if err != nil {
		return errors.New("a submission's address did not parse twice") // it was cleaned before; its text is not for the log
	}
	person := to.Key(l.AddressKey)
	fresh := Subscriber{PK: person[:2], Person: person, State: Unconfirmed, Email: s.Values["email"], Fields: without(s.Values, "email"),
		Proof: Proof{Ref: s.Reference, Policy: policy.Version, FormVersion: s.Version, Language: s.Language, Channel: s.Channel,
			OpenedAt: stamp(s.Opened), SubmittedAt: stamp(s.At)},
		ExpiresAt: l.Periods.Expiry("unconfirmed", s.At).Unix()}

	var known *Subscriber // what is stored already, as far as we were told
	capped := false
	for range rounds {
		var tx record.Transaction
		s.Spend(&tx)
		fresh.Unmailed = capped
		switch {
		case known == nil:
			l.put(&tx, fresh, record.IfAbsent(s.At))
		case known.State == Confirmed, known.State == Pending: // nothing to store: the answer is a mail
		default:
			l.put(&tx, l.replacing(fresh, *known), unchanged(*known))
			if known.State == Unsubscribed {
				left := *known
				left.PK, left.Person = leftKey(person)
				left.Marks = Marks{} // it stands aside: the list shows the sign-up
				tx.Put(actLeft, l.Table, left, record.Condition{})
			}
		}
		if !capped {
			l.Guard.Cap(&tx, actCap, "mail/"+string(l.Service.Code), person, mailsPerDay, s.At)
			switch {
			case known != nil && known.State == Confirmed:
				l.enqueueAlready(&tx, to)
			case known != nil && known.State == Pending:
				l.enqueuePending(&tx, to, *known)
			default:
				l.enqueueConfirm(&tx, to, person, fresh.Ref, fresh.ExpiresAt)
			}
		}
		err := tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, spent := cancelled.Failed[guard.TokenAction]; spent {
			return err
		}
		if _, full := cancelled.Failed[actCap]; full {
			capped = true
		}
		if _, stood := cancelled.Failed[actSubscriber]; stood {
			var old Subscriber
			if _, err := cancelled.Old(actSubscriber, &old); err != nil {
				return err
			}
			known = &old
			if old.Person == "" || old.ExpiresAt <= s.At.Unix() {
				known = nil // it has gone in between
			}
		}
	}
	return errContended
}

// replacing is a new sign-up over one that waits: the links of the older mails go on confirming what was sent with them,
// so that nobody's click confirms what somebody else typed. A sign-up without a mail makes room: strangers' posts, however
// many, do not push out what a link leads to.
func (l *List) replacing(fresh, old Subscriber) Subscriber {
	switch {
	case old.State != Unconfirmed:
		return fresh
	case old.Unmailed:
		fresh.Earlier = old.Earlier
		return fresh
	}
	fresh.Earlier = append([]Submission{{old.Email, old.Fields, old.Proof}}, old.Earlier...)
	if len(fresh.Earlier) > maxEarlier {
		fresh.Earlier = fresh.Earlier[:maxEarlier]
	}
	return fresh
}

func (l *List) enqueueConfirm(tx *record.Transaction, to address.Address, person, ref string, expires int64) {
	l.enqueue(tx, "confirm", to, map[string]string{"link": l.confirmLink(person, ref), "expires": unixText(expires), "reference": ref}, "")
}

// enqueueAlready tells a subscriber that somebody signed the address up again. It holds nothing of what was typed.
func (l *List) enqueueAlready(tx *record.Transaction, to address.Address) {
	person := to.Key(l.AddressKey)
	unsubscribe := l.UnsubscribeLink(person)
	l.enqueue(tx, "already", to, map[string]string{"preferences": l.preferencesLink(person), "unsubscribe": unsubscribe}, unsubscribe)
}

// Resend sends the confirmation of a waiting sign-up again, or tells a subscriber that there is nothing to confirm. An
// unknown address gets no mail and the same answer.
func (l *List) Resend(ctx context.Context, s *form.Submission) error {
	to, err := address.Parse(s.Values["email"])
	if err != nil {
		return errors.New("a submission's address did not parse twice")
	}
	person := to.Key(l.AddressKey)
	capped := false
	for range rounds {
		var found Subscriber
		known, err := record.Get(ctx, l.Client, l.Table, Key(person), s.At, &found)
		if err != nil {
			return err
		}
		var tx record.Transaction
		s.Spend(&tx)
		if known && !capped && (found.State == Confirmed || found.State == Pending || found.State == Unconfirmed) {
			l.Guard.Cap(&tx, actCap, "mail/"+string(l.Service.Code), person, mailsPerDay, s.At)
			switch found.State {
			case Confirmed:
				l.enqueueAlready(&tx, to)
			case Pending:
				l.enqueuePending(&tx, to, found)
			default:
				tx.Update(actSubscriber, l.Table, Key(person), "REMOVE unmailed", nil, unchanged(found))
				l.enqueueConfirm(&tx, to, person, found.Ref, found.ExpiresAt)
			}
		}
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, spent := cancelled.Failed[guard.TokenAction]; spent {
			return err
		}
		if _, full := cancelled.Failed[actCap]; full {
			capped = true
		}
	}
	return errContended
}
