package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/suppression"
)

// mailTo is a mail that something came back of.
type mailTo struct {
	list    policy.Code // service whose record caused it
	person  string      // keyed hash of the address; "" where nobody knows any more
	mail    string      // its reference, by which it counts once
	forMany bool        // a campaign's, sent with the configuration set of lists
}

// cameBack does what a bounce or a complaint means for list mail. Doing it again changes nothing.
func (f *feedback) cameBack(ctx context.Context, e event, reported campaign.ReportKind, m mailTo) error {
	list := f.lists[m.list]
	if list == nil || m.person == "" {
		return nil
	}
	switch reported {
	case campaign.Soft:
		return list.SoftBounce(ctx, m.person, m.mail, e.mailedAt(), f.soft)
	case campaign.Suppressed:
		return f.askAbout(ctx, e)
	case campaign.Bounced, campaign.Complained:
		// Elsewhere too: an address that is dead is dead for every list, and SES keeps all list mail from whoever complained of some.
		// An answer that was complained of, to what may have been a stranger's sign-up, says nothing of another list.
		elsewhere := reported == campaign.Bounced || m.forMany
		newer, err := f.end(ctx, m.list, elsewhere, m.person, reported == campaign.Complained, e.mailedAt())
		if err != nil || !newer || e.address() == "" {
			return err
		}
		return f.account.Remove(ctx, e.address()) // SES has put the address on its list for a mail of before the consent
	case campaign.Send, campaign.Reject, campaign.Rendering, campaign.Delayed:
	}
	return nil
}

// end ends list mail to a person: of the list of own ("" for none), and elsewhere of every other one that the person is on. newer
// reports that a consent stands on one of them which was confirmed after the mail.
func (f *feedback) end(ctx context.Context, own policy.Code, elsewhere bool, person string, complained bool, sent time.Time) (newer bool, err error) {
	for code, list := range f.lists {
		if code != own {
			if !elsewhere {
				continue
			}
			on, err := list.Stands(ctx, person)
			if err != nil {
				return false, err
			}
			if !on {
				continue
			}
		}
		record := list.Bounce
		if complained {
			record = list.Complain
		}
		stands, err := record(ctx, person, sent)
		if err != nil {
			return false, fmt.Errorf("end list mail: %w", err)
		}
		newer = newer || stands
	}
	return newer, nil
}

// askAbout looks at SES's list where SES did not try an address because it is there and ours knows nothing of it: an event was lost,
// or a removal was.
func (f *feedback) askAbout(ctx context.Context, e event) error {
	if !e.onAccountList() || e.address() == "" {
		return nil
	}
	entry, found, err := f.account.Find(ctx, e.address())
	if err != nil || !found {
		return err
	}
	_, err = f.compare(ctx, entry)
	return err
}

// finding is what became of an entry of SES's list.
type finding string

const (
	nobody     finding = "nobody"     // on no list of ours: where the person comes, the mailer takes the entry off
	ended      finding = "ended"      // an event was lost: list mail ends now
	removed    finding = "removed"    // a newer consent stands: the entry is off SES's list
	unreadable finding = "unreadable" // no address that a form of ours would have taken
)

// compare brings our lists and an entry of SES's list together. SES does not say when the mail was sent that led to it, only when
// the entry was made, which is later: a consent confirmed in between does not win here. Its event, where it comes, decides better.
func (f *feedback) compare(ctx context.Context, entry suppression.Entry) (finding, error) {
	a, err := address.Parse(entry.Address)
	if err != nil {
		return unreadable, nil //nolint:nilerr // there is nothing to try again
	}
	person := a.Key(f.addressKey)
	found := nobody
	for _, list := range f.lists {
		on, err := list.Stands(ctx, person)
		if err != nil {
			return nobody, err
		}
		if on {
			found = ended
		}
	}
	if found == nobody {
		return nobody, nil
	}
	newer, err := f.end(ctx, "", true, person, entry.Complaint, entry.At)
	if err != nil || !newer {
		return found, err
	}
	return removed, f.account.Remove(ctx, entry.Address)
}

// gone passes an error on, but not that a campaign is there no more.
func gone(err error) error {
	if errors.Is(err, campaign.ErrNotFound) {
		return nil
	}
	return err
}
