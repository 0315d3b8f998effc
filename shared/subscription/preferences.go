package subscription

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/link"
	"madoguchi/shared/record"
)

// preferencesFor is how long a link shows the subscriber's data: newsletters are forwarded (contract).
const preferencesFor = 24 * time.Hour

// Preferences returns the values of a subscriber's form, with the address under "email". stale reports that the link is
// too old to show anything: it only mails a fresh one. Errors: ErrGone where there is no subscription,
// record.ErrUnavailable.
func (l *List) Preferences(ctx context.Context, t link.Token) (values map[string]string, pending string, stale bool, err error) {
	if l.Now().Sub(t.Issued) > preferencesFor {
		return nil, "", true, nil
	}
	s, found, err := l.find(ctx, t)
	if err != nil {
		return nil, "", false, err
	}
	if !found || s.State != Confirmed {
		return nil, "", false, ErrGone
	}
	if s.Person != t.Person {
		return nil, "", true, nil // a mailbox that was given up shows nothing; a fresh link goes to the one that took its place
	}
	values = maps.Clone(s.Fields)
	values["email"] = s.Email
	if s.Change != nil && s.Change.ExpiresAt > l.Now().Unix() {
		pending = s.Change.Email
	}
	return values, pending, false, nil
}

// MailPreferences mails a fresh link to the subscriber's own address, a bounded number of times a day. The answer is the
// same whether there is a subscriber or not. The error is record.ErrUnavailable.
func (l *List) MailPreferences(ctx context.Context, t link.Token) error {
	s, found, err := l.find(ctx, t)
	if err != nil || !found || s.State != Confirmed {
		return err
	}
	to, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	var tx record.Transaction
	l.Guard.Cap(&tx, actCap, "preferences/"+string(l.Service.Code), s.Person, mailsPerDay, l.Now())
	unsubscribe := l.UnsubscribeLink(s.Person)
	l.enqueue(&tx, "preferences", to, map[string]string{"link": l.preferencesLink(s.Person),
		"expires": stamp(l.Now().Add(preferencesFor)), "unsubscribe": unsubscribe}, unsubscribe)
	err = tx.Commit(ctx, l.Client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return nil // enough for today
	}
	return err
}

// ChangePreferences stores new values of a subscriber. A new address waits for its own confirmation; everything else
// takes effect at once. capped reports that the new address could not be asked, because its mails for today are used up -
// which does not tell whether it is known here. Errors: ErrGone, record.ErrUnavailable.
func (l *List) ChangePreferences(ctx context.Context, t link.Token, values map[string]string) (capped bool, err error) {
	to, err := address.Parse(values["email"])
	if err != nil {
		return false, errors.New("an address that was cleaned does not parse")
	}
	target := to.Key(l.AddressKey)
	for range rounds {
		s, found, err := l.find(ctx, t)
		if err != nil {
			return false, err
		}
		if !found || s.State != Confirmed {
			return false, ErrGone
		}
		err = l.change(ctx, s, values, to, target, capped)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return capped, err
		}
		if _, full := cancelled.Failed[actCap]; full {
			capped = true
		}
	}
	return false, errContended
}

func (l *List) change(ctx context.Context, s Subscriber, values map[string]string, to address.Address, target string, capped bool) error {
	set := record.Values{"fields": without(values, "email")}
	marks, unmarked := l.beginnings(s.Person, values, set)
	update, remove := "SET #fields = :fields"+marks, unmarked
	names := []string{"fields"}
	var tx record.Transaction
	if target == s.Person {
		// The same mailbox, perhaps in another spelling. A change that waits is given up.
		update += ", email = :email"
		remove += ", #change"
		set["email"], names = values["email"], append(names, "change")
	} else {
		known, err := l.subscribed(ctx, target)
		if err != nil {
			return err
		}
		change := l.newChange(values["email"], target)
		if !capped {
			// Also for an address that is known, where the mail says so instead of asking: the page must not tell which.
			update += ", #change = :changed"
			set["changed"], names = change, append(names, "change")
			l.Guard.Cap(&tx, actCap, "mail/"+string(l.Service.Code), target, mailsPerDay, l.Now())
			if known {
				l.enqueueAlready(&tx, to)
			} else {
				l.enqueue(&tx, "address_confirm", to, map[string]string{"link": l.confirmLink(s.Person, change.Ref), "expires": unixText(change.ExpiresAt)}, "")
			}
		}
	}
	if remove != "" {
		update += " REMOVE " + strings.TrimPrefix(remove, ", ")
	}
	tx.Update(actSubscriber, l.Table, Key(s.Person), update, set, unchanged(s), names...)
	return tx.Commit(ctx, l.Client)
}

// newChange is a change of address that is asked for now.
func (l *List) newChange(email, target string) Change {
	now := l.Now()
	return Change{Email: email, Person: target, Ref: changePrefix + rand.Text()[:12], ExpiresAt: l.Periods.Expiry(string(Unconfirmed), now).Unix(), AskedAt: stamp(now)}
}

// subscribed reports whether an address is on the list by itself.
func (l *List) subscribed(ctx context.Context, person string) (bool, error) {
	var s Subscriber
	found, err := record.Get(ctx, l.Client, l.Table, Key(person), l.Now(), &s)
	return found && s.State == Confirmed, err
}
