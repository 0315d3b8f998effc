package subscription

import (
	"context"
	"errors"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/link"
	"madoguchi/shared/record"
)

// ErrGone says that a link no longer leads anywhere: what it belonged to has expired, was replaced or has ended.
var ErrGone = errors.New("link has expired")

// Pending tells what a confirmation link would do: nil where it can be confirmed or was confirmed already, ErrGone
// otherwise. submitted is when the sign-up was sent that it would confirm, zero where there is none. It changes nothing
// (hard case 12).
func (l *List) Pending(ctx context.Context, t link.Token) (submitted time.Time, err error) {
	s, found, err := l.find(ctx, t)
	if err != nil {
		return time.Time{}, err
	}
	what, err := l.choose(s, found, t)
	if err == nil && what == signUp {
		submission, _ := s.submission(t.Ref)
		submitted, _ = time.Parse(time.RFC3339, submission.SubmittedAt) // zero: the page goes without it
	}
	return submitted, err
}

// choice is what a confirmation link would confirm.
type choice int

const (
	nothing choice = iota // confirmed already
	signUp
	newAddress
)

// choose decides what a link confirms.
func (l *List) choose(s Subscriber, found bool, t link.Token) (choice, error) {
	now := l.Now()
	switch {
	case !found:
		return nothing, ErrGone
	case (s.State == Confirmed || s.State == Bounced) && s.Change != nil && s.Change.Ref == t.Ref:
		if s.Change.ExpiresAt <= now.Unix() {
			return nothing, ErrGone
		}
		return newAddress, nil
	case s.State == Confirmed && isChange(t) && s.Ref != t.Ref:
		return nothing, ErrGone // replaced by another change, or given up: saying "done" would be untrue
	case s.State == Confirmed:
		return nothing, nil
	case s.State == Pending && s.Ref == t.Ref:
		return nothing, nil
	case s.State != Unconfirmed, !l.Periods.Expiry("unconfirmed", t.Issued).After(now):
		return nothing, ErrGone
	}
	if _, ok := s.submission(t.Ref); !ok {
		return nothing, ErrGone
	}
	return signUp, nil
}

// submission returns the waiting sign-up of a reference.
func (s Subscriber) submission(ref string) (Submission, bool) {
	if s.Ref == ref {
		return Submission{s.Email, s.Fields, s.Proof}, true
	}
	for _, e := range s.Earlier {
		if e.Ref == ref {
			return e, true
		}
	}
	return Submission{}, false
}

// waitsFor tells whether a link confirms one of the waiting sign-ups.
func (s Subscriber) waitsFor(t link.Token) bool {
	_, ok := s.submission(t.Ref)
	return ok && t.Purpose == link.Confirm
}

// Confirm confirms what a link stands for: a sign-up with what was typed in that very sign-up, or a change of address.
// Confirming twice is confirming once. Errors: ErrGone, record.ErrUnavailable.
func (l *List) Confirm(ctx context.Context, t link.Token) error {
	for range rounds {
		s, found, err := l.find(ctx, t)
		if err != nil {
			return err
		}
		what, err := l.choose(s, found, t)
		switch {
		case err != nil || what == nothing:
			return err
		case what == signUp:
			err = l.confirmSignUp(ctx, s, t.Ref)
		default:
			err = l.confirmChange(ctx, s)
		}
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		if _, optedOut := cancelled.Failed[actSuppression]; optedOut {
			return ErrGone
		}
		if _, taken := cancelled.Failed[actSubscriber]; taken && what == newAddress {
			if err := l.mergeChange(ctx, s); !errors.As(err, &cancelled) {
				return err
			}
		}
	}
	return errContended
}

func (l *List) confirmSignUp(ctx context.Context, s Subscriber, ref string) error {
	submission, _ := s.submission(ref)
	confirmed := Subscriber{PK: s.PK, Person: s.Person, Email: submission.Email, Fields: submission.Fields, Proof: submission.Proof}
	var tx record.Transaction
	add := l.welcome
	if l.Approval {
		add = l.wait
	} else {
		l.tally(&tx, s.Person, countJoined, 1, l.Now())
	}
	if err := add(&tx, &confirmed, unchanged(s)); err != nil {
		return err
	}
	return tx.Commit(ctx, l.Client)
}

// welcome adds to a transaction that a subscriber becomes confirmed now: the record, the evidence, the end of an older
// suppression (a newer consent wins) and the welcome mail.
func (l *List) welcome(tx *record.Transaction, s *Subscriber, condition record.Condition) error {
	s.ConfirmedAt = stamp(l.Now())
	return l.accept(tx, s, "welcome", condition)
}

// accept is welcome for somebody whose confirmation has its time already; kind is the mail that says so.
func (l *List) accept(tx *record.Transaction, s *Subscriber, kind string, condition record.Condition) error {
	return l.acceptAfter(tx, s, kind, condition, record.Condition{})
}

// acceptAfter is accept where the suppression that it ends is as older says.
func (l *List) acceptAfter(tx *record.Transaction, s *Subscriber, kind string, condition, older record.Condition) error {
	tx.Delete(actSuppression, l.Suppression, record.Key(s.Person, string(l.Service.Code)), older)
	tx.Delete(actLeft, l.Table, record.Key(leftKey(s.Person)), record.Condition{})
	return l.admit(tx, s, kind, condition)
}

// admit is accept for an address that nobody has asked to be spared.
func (l *List) admit(tx *record.Transaction, s *Subscriber, kind string, condition record.Condition) error {
	to, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	now := l.Now()
	expires := l.Periods.Expiry("confirmed", now)
	s.State, s.ExpiresAt, s.KeptUntil, s.Asked = Confirmed, expires.Unix(), 0, nil
	l.put(tx, *s, condition)
	pk, sk := consentKey(s.Person, s.Ref)
	tx.Put(actConsent, l.Table, consent{PK: pk, SK: sk, Person: s.Person, Proof: s.Proof, ConfirmedAt: s.ConfirmedAt,
		ExpiresAt: l.Periods.Expiry("consent", expires).Unix()}, record.Condition{})
	unsubscribe := l.UnsubscribeLink(s.Person)
	l.enqueue(tx, kind, to, map[string]string{"name": s.Fields["name"], "preferences": l.preferencesLink(s.Person),
		"unsubscribe": unsubscribe, "deleted_on": stamp(expires), "reference": s.Ref}, unsubscribe)
	return nil
}

// confirmChange moves a subscriber to the new address: the record under its new key, a pointer from the old one (links in
// old mails go on working), a welcome to the new address and a notice to the old.
func (l *List) confirmChange(ctx context.Context, s Subscriber) error {
	old, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	now := l.Now()
	moved := s
	moved.PK, moved.Person, moved.Email, moved.Change, moved.Ref = s.Change.Person[:2], s.Change.Person, s.Change.Email, nil, s.Change.Ref
	moved.SubmittedAt, moved.BouncedAt, moved.BouncedFrom = stamp(now), "", ""
	var tx record.Transaction
	free := record.IfAbsent(now)
	free.Expression = "(" + free.Expression + ") OR #state <> :confirmed"
	free.Values["confirmed"] = Confirmed
	free.Names = []string{"state"}
	moved.ConfirmedAt = stamp(now)
	if err := l.acceptAfter(&tx, &moved, "welcome", free, s.Change.notOptedOut()); err != nil {
		return err
	}
	if s.State == Bounced { // who moves stays what they were
		l.tally(&tx, moved.Person, countBack, 1, now)
	}
	l.giveWay(&tx, s, old, moved.ExpiresAt)
	return tx.Commit(ctx, l.Client)
}

// notOptedOut holds where nobody has said of the new address, since the change was asked for, that no mail shall come there: the mail that
// the link is in is older than that. A bounce is no wish, and the click shows that the mailbox lives.
func (c Change) notOptedOut() record.Condition {
	if c.AskedAt == "" {
		return record.Condition{}
	}
	return record.Condition{Expression: "attribute_not_exists(pk) OR since < :asked OR reason = :bounced",
		Values: record.Values{"asked": c.AskedAt, "bounced": string(Bounced)}}
}

// mergeChange ends the old record where the new address became a subscriber by itself in the meantime.
func (l *List) mergeChange(ctx context.Context, s Subscriber) error {
	old, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	var tx record.Transaction
	if s.State == Confirmed { // two subscriptions are one now
		l.tally(&tx, s.Person, countLeft, 1, l.Now())
	}
	l.giveWay(&tx, s, old, s.ExpiresAt)
	return tx.Commit(ctx, l.Client)
}

// giveWay adds to a transaction that a record gives way to the one under the new address: it goes, a pointer stays, and
// the consent for the old address has ended.
func (l *List) giveWay(tx *record.Transaction, s Subscriber, old address.Address, expires int64) {
	condition := unchanged(s)
	// The whole record moves: preferences that were saved since it was read must not be lost on the way.
	condition.Expression += " AND #change.#ref = :change AND #fields = :fields"
	condition.Values["change"], condition.Values["fields"] = s.Change.Ref, s.Fields
	condition.Names = append(condition.Names, "change", "fields")
	tx.Delete(actTarget, l.Table, Key(s.Person), condition)
	l.settle(tx, s)
	pk, sk := pointerKey(s.Person)
	tx.Put("pointer", l.Table, pointer{PK: pk, SK: sk, State: Moved, To: s.Change.Person, ExpiresAt: expires}, record.Condition{})
	// Where the person comes back to an address given up earlier, it leads no further.
	tx.Delete("pointer back", l.Table, record.Key(pointerKey(s.Change.Person)), record.Condition{})
	if s.State == Bounced {
		return // the consent has ended already, and nobody reads a notice in a dead mailbox
	}
	l.endConsent(tx, "old consent", s, l.Now())
	l.enqueue(tx, "address_changed", old, map[string]string{}, "")
}
