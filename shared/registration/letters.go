package registration

import (
	"errors"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/calendar"
	"madoguchi/shared/event"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Page is path and query of the registration's own page.
func (b *Book) Page(r Registration) string {
	return b.Links.Path("/events/"+r.Event+"/registration", link.Token{Service: string(policy.Events), Purpose: link.Registration,
		Person: r.Person, Ref: r.Event + "/" + r.Ref, Issued: b.Now()})
}

// ErrOtherEvent says that a link belongs to a registration for another event.
var ErrOtherEvent = errors.New("link of another event")

// Linked reads the link of a registration's own page for an event: the reference, and the keyed hash of the registrant's address.
// A link without an event in it, as mails held before, is for whichever it is opened at. Errors: link.ErrInvalid, ErrOtherEvent.
func (b *Book) Linked(eventID, text string) (ref, person string, err error) {
	token, err := b.Links.Read(string(policy.Events), link.Registration, text)
	if err != nil {
		return "", "", err
	}
	of, ref, named := strings.Cut(token.Ref, "/")
	switch {
	case !named:
		return token.Ref, token.Person, nil
	case of != eventID:
		return "", "", ErrOtherEvent
	}
	return ref, token.Person, nil
}

// Joins returns the link that a registration may join at, "" for none: only those who have a seat see it, at the venue and
// online apart where the event says so.
func Joins(e *event.Event, r Registration) string {
	if r.State != Registered || r.Mode == event.ModeVenue || e.Kind == event.Venue {
		return ""
	}
	return e.OnlineURL
}

// Entry is the calendar entry of a registration as it is.
func Entry(e *event.Event, r Registration, method string) calendar.Entry {
	return calendar.Entry{Ref: r.Ref, Sequence: r.Calendar, Method: method, Title: e.Title.In(r.Language), Starts: e.StartsAt, Ends: e.EndsAt,
		Place: place(e, r), Link: Joins(e, r)}
}

func place(e *event.Event, r Registration) string {
	if r.Mode == event.ModeOnline || e.Kind == event.Online {
		return ""
	}
	return e.Place.In(r.Language)
}

// enqueue promises a mail about a registration as it is now.
func (b *Book) enqueue(tx *record.Transaction, e *event.Event, r Registration, kind policy.MailKind) {
	b.send(tx, e, r, kind, map[string]string{})
}

// enqueueEnded promises the mail about a registration that has ended; was is the state before.
func (b *Book) enqueueEnded(tx *record.Transaction, e *event.Event, r Registration, was State) {
	data := map[string]string{"again": "/events/" + e.ID}
	if r.State == Lapsed {
		data["lapsed"] = "yes"
	} else {
		data["cancelled"] = "yes"
		if was != Waiting {
			data["seat"] = "yes"
		}
	}
	if was == Registered && b.Now().Before(e.EndsAt) {
		Entry(e, r, calendar.Cancel).Into(data)
	}
	b.send(tx, e, r, policy.EventWithdrawn, data)
}

// send fills the data of a letter about a registration. What a kind does not need it leaves out, so that the outbox holds no
// more than the mail.
func (b *Book) send(tx *record.Transaction, e *event.Event, r Registration, kind policy.MailKind, data map[string]string) {
	to, err := address.Parse(r.Email)
	if err != nil {
		tx.Fail("mail", errors.New("a stored address does not parse"))
		return
	}
	if err := policy.Get(policy.Events).MayMailOn(kind, policy.Occasion{Now: b.Now(), RecordEvent: r.Event, MailEvent: e.ID, EventEnds: e.EndsAt}); err != nil {
		tx.Fail("mail", err)
		return
	}
	l := r.Language
	data["event"] = e.Title.In(l)
	switch kind {
	case policy.EventAlready:
		data["link"] = b.Page(r)
		b.promise(tx, kind, to, r, data)
		return
	case policy.EventRegistered, policy.EventReminder:
		Entry(e, r, calendar.Request).Into(data)
	}
	data["name"], data["reference"] = r.Fields["name"], r.Ref
	data["when"], data["place"], data["online"] = e.When(l), place(e, r), Joins(e, r)
	if e.State == event.Postponed {
		delete(data, "when")
	}
	data["contact"] = e.Contact
	if r.State.Live() && e.State != event.Cancelled {
		data["link"] = b.Page(r)
	}
	switch kind {
	case policy.EventOffer:
		data["expires"] = stamp(time.UnixMilli(r.OfferUntil))
	case policy.EventReminder:
		data["expires"] = stamp(e.StartsAt)
	default:
		data["deleted_on"] = stamp(time.Unix(r.ExpiresAt, 0))
		b.particulars(e, r).Into(data)
	}
	for key, value := range data {
		if value == "" {
			delete(data, key)
		}
	}
	b.promise(tx, kind, to, r, data)
}

// particulars are the items and partners of the event, for the receipt (R32-R33).
func (b *Book) particulars(e *event.Event, r Registration) mail.Particulars {
	p := mail.Particulars{Extra: e.Notices(r.Language)}
	for _, f := range e.Service().Fields {
		p.Items = append(p.Items, f.Label.In(r.Language))
	}
	return p
}

func (b *Book) promise(tx *record.Transaction, kind policy.MailKind, to address.Address, r Registration, data map[string]string) {
	mail.Enqueue(tx, b.Outbox, mail.Mail{Service: policy.Events, Kind: kind, Language: r.Language, To: to.ASCII(), Person: r.Person, Data: data}, b.Now())
}
