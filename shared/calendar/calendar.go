// Package calendar writes the calendar entry of a registration: the file that goes with its mail and that its page offers.
//
// Each registration has an entry of its own (UID), which later mails change (METHOD:REQUEST with a higher SEQUENCE) or take
// back (METHOD:CANCEL): Google, Outlook and Apple Calendar follow both. Nobody is asked for an answer (RSVP=FALSE, already
// ACCEPTED), so that no mailbox fills with "accepted". Times are in UTC, which needs no VTIMEZONE and is right everywhere.
//
// The file keeps the rules that those three are known to insist on; the tests hold each with a reader of their own, line by line,
// because the library that writes would forgive its own slips. No account with the calendars themselves was at hand: that they
// take the file has not been seen.
//
// The file is an attachment and no part of the letter: Outlook would show the entry in place of a letter that holds one, and
// with it the data receipt would be gone.
package calendar

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

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
	entry.SetProperty(named(ics.ComponentPropertyOrganizer, org.ShortName.In(l)), mailto(sender))
	entry.AddAttendee(mailto(attendee), ics.CalendarUserTypeIndividual, ics.ParticipationStatusAccepted, ics.ParticipationRoleReqParticipant, &ics.KeyValues{Key: "RSVP", Value: []string{"FALSE"}})
	entry.SetStatus(ics.ObjectStatusConfirmed)
	if e.Method == Cancel {
		entry.SetStatus(ics.ObjectStatusCancelled)
	}
	entry.SetTimeTransparency(ics.TransparencyOpaque)
	return []byte(cal.Serialize(ics.WithNewLineWindows))
}

// named is a property with a common name. A parameter's value stands in quotation marks (RFC 5545, section 3.2) and knows no
// backslash, which the library would put before each comma and apostrophe, to be seen in every calendar; a quotation mark itself
// cannot stand in it, nor can what would break the line.
func named(property ics.ComponentProperty, name string) ics.ComponentProperty {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, name)
	return property + ics.ComponentProperty(`;CN="`+name+`"`)
}

// mailto is the address as a URI (RFC 6068): what has a meaning of its own in one is written as its number.
func mailto(address string) string {
	var b strings.Builder
	b.WriteString("mailto:")
	for i := range len(address) {
		c := address[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~!$'*+@", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
