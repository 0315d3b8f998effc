// Package calendar writes the calendar entry of a registration: the file that goes with its mail and that its page offers.
//
// Each registration has an entry of its own (UID), which later mails change (METHOD:REQUEST with a higher SEQUENCE) or take
// back (METHOD:CANCEL): Google, Outlook and Apple Calendar follow both. Nobody is asked for an answer (RSVP=FALSE, already
// ACCEPTED), so that no mailbox fills with "accepted". Times are in UTC, which needs no VTIMEZONE and is right everywhere.
// The file is an attachment and no part of the letter: Outlook would show the entry in place of a letter that holds one, and
// with it the data receipt would be gone.
package calendar

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"madoguchi/shared/policy"
)

// What is done with an entry.
const (
	Request = "REQUEST" // put in, or changed
	Cancel  = "CANCEL"  // taken out
)

// Entry is the calendar entry of one registration.
type Entry struct {
	Ref      string // of the registration; with the host of the organisation's address it is the UID
	Sequence int    // 0 with the first mail, higher with each that changes the entry
	Method   string
	Title    string
	Starts   time.Time
	Ends     time.Time
	Place    string // may be empty
	Link     string // https address to join at, may be empty
}

// Keys of an entry in the data of a mail.
const (
	keyMethod   = "ics_method"
	keySequence = "ics_sequence"
	keyStarts   = "ics_starts"
	keyEnds     = "ics_ends"
)

// Into puts what a letter does not hold anyway into the data of a mail. The rest are the letter's own values: reference,
// event, place, online. The link to the registration is not in it: calendars are shared with colleagues.
func (e Entry) Into(data map[string]string) {
	data[keyMethod], data[keySequence] = e.Method, strconv.Itoa(e.Sequence)
	data[keyStarts], data[keyEnds] = e.Starts.UTC().Format(time.RFC3339), e.Ends.UTC().Format(time.RFC3339)
	data["reference"], data["event"], data["place"], data["online"] = e.Ref, e.Title, e.Place, e.Link
}

// From reads the entry of a mail; false for a mail without one.
func From(data map[string]string) (Entry, bool, error) {
	if data[keyMethod] == "" {
		return Entry{}, false, nil
	}
	e := Entry{Ref: data["reference"], Method: data[keyMethod], Title: data["event"], Place: data["place"], Link: data["online"]}
	var err, startErr, endErr error
	e.Sequence, err = strconv.Atoi(data[keySequence])
	e.Starts, startErr = time.Parse(time.RFC3339, data[keyStarts])
	e.Ends, endErr = time.Parse(time.RFC3339, data[keyEnds])
	if err != nil || startErr != nil || endErr != nil || e.Ref == "" {
		return Entry{}, false, errors.New("a calendar entry with a value missing or wrong")
	}
	return e, true, nil
}

// Type is the media type of the file: Google reads the method from it.
func (e Entry) Type() string { return "text/calendar; charset=utf-8; method=" + e.Method }

// File writes the file. attendee is the registrant's ASCII address, sender that of the organisation's mail; now is when it is
// written.
func (e Entry) File(org policy.Organization, l policy.Language, sender, attendee string, now time.Time) []byte {
	host := "localhost"
	if base, err := url.Parse(org.PublicURL); err == nil && base.Hostname() != "" {
		host = base.Hostname()
	}
	cal := ics.NewCalendar()
	cal.SetProductId("-//" + host + "//madoguchi//" + strings.ToUpper(string(l)))
	cal.SetCalscale("GREGORIAN")
	cal.SetMethod(ics.Method(e.Method))
	entry := cal.AddEvent(e.Ref + "@" + host)
	entry.SetSequence(e.Sequence)
	entry.SetDtStampTime(now)
	entry.SetStartAt(e.Starts)
	entry.SetEndAt(e.Ends)
	entry.SetSummary(e.Title)
	location := e.Place
	if location == "" {
		location = e.Link
	}
	if location != "" {
		entry.SetLocation(location)
	}
	if e.Link != "" {
		entry.SetDescription(policy.Text{JA: "参加用リンク：", EN: "Join at: "}.In(l) + e.Link)
	}
	entry.SetOrganizer("mailto:"+sender, ics.WithCN(org.ShortName.In(l)))
	entry.AddAttendee("mailto:"+strings.ReplaceAll(attendee, `"`, "%22"), ics.CalendarUserTypeIndividual, ics.ParticipationStatusAccepted, ics.ParticipationRoleReqParticipant, &ics.KeyValues{Key: "RSVP", Value: []string{"FALSE"}})
	entry.SetStatus(ics.ObjectStatusConfirmed)
	if e.Method == Cancel {
		entry.SetStatus(ics.ObjectStatusCancelled)
	}
	entry.SetTimeTransparency(ics.TransparencyOpaque)
	return []byte(cal.Serialize(ics.WithNewLineWindows))
}
