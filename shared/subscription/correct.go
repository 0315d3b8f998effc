package subscription

import (
	"context"
	"errors"

	"madoguchi/shared/address"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Correct puts a typing error right that the person has told staff of. values are all fields of the form, cleaned.
//
// A name or an organisation is changed at once. An address shows its owner by a click alone, whoever typed it: one that was never
// confirmed is replaced, with the sign-up and its day, and asked anew, so that the links in the mail to the wrong mailbox lead nowhere;
// a confirmed one stays until the new one has confirmed itself. The evidence of the consent stays as it was given in either case.
// Errors: ErrNotFound, ErrState (nothing to be corrected, or the address of a request that waits for approval), ErrTaken (the new
// address is on the list), *OptedOut (of the new address), record.ErrUnavailable.
func (l *List) Correct(ctx context.Context, person string, values map[string]string) (id string, err error) {
	to, err := address.Parse(values["email"])
	if err != nil {
		return "", errors.New("an address that was cleaned does not parse")
	}
	target := to.Key(l.AddressKey)
	id = person
	err = l.byHand(ctx, person, func(tx *record.Transaction, c Card) error {
		s := c.Subscriber
		switch {
		case s == nil || s.State == Unsubscribed || s.PK != person[:2]:
			return ErrState
		case target == person:
			l.correctFields(tx, *s, values, nil)
			return nil
		case s.State == Pending:
			return ErrState
		}
		if err := l.free(ctx, target); err != nil {
			return err
		}
		if s.State == Unconfirmed {
			id = target
			l.correctUnconfirmed(tx, *s, values, to, target)
			return nil
		}
		change := l.newChange(values["email"], target)
		l.correctFields(tx, *s, values, &change)
		l.enqueueNewAddress(tx, to, person, change)
		return nil
	})
	return id, err
}

// free tells whether an address may be written to and is nobody's on the list.
func (l *List) free(ctx context.Context, person string) error {
	c, found, err := l.Card(ctx, person)
	switch {
	case err != nil:
		return err
	case found && c.Suppression != nil && c.Suppression.Reason != string(Bounced):
		return &OptedOut{*c.Suppression}
	case found && c.Subscriber != nil:
		return ErrTaken
	}
	return nil
}

// correctFields adds to a transaction that a record has other fields, and perhaps a new address that waits.
func (l *List) correctFields(tx *record.Transaction, s Subscriber, values map[string]string, change *Change) {
	corrected := s
	corrected.Fields = without(values, "email")
	if change != nil {
		corrected.Change = change
	} else {
		corrected.Email = values["email"] // the same mailbox, perhaps in another spelling
	}
	condition := unchanged(s)
	condition.Expression += " AND #fields = :was_fields"
	condition.Values["was_fields"], condition.Names = s.Fields, append(condition.Names, "fields")
	l.put(tx, corrected, condition)
}

// correctUnconfirmed adds to a transaction that a sign-up stands under the address that was meant. The day on which it goes stays.
func (l *List) correctUnconfirmed(tx *record.Transaction, s Subscriber, values map[string]string, to address.Address, target string) {
	corrected := s
	corrected.PK, corrected.Person, corrected.Email, corrected.Fields = target[:2], target, values["email"], without(values, "email")
	corrected.Earlier, corrected.Unmailed = nil, false
	tx.Delete(actTarget, l.Table, Key(s.Person), unchanged(s))
	l.put(tx, corrected, record.IfAbsent(l.Now()))
	l.enqueueConfirm(tx, to, target, s.Ref, s.ExpiresAt)
}

// reference begins the references of a list's sign-ups, as the form makes them.
func reference(service *policy.Service) string {
	return string(rune(service.Code[0]) - 'a' + 'A')
}
