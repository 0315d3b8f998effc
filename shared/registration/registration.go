// Package registration is those who register for events (policy 3(4), R24-R33): seats, the waiting list, and what becomes of
// a registration until it expires. The form, the clock and the local loader use it; definitions are in shared/event.
//
// A seat is an item. Whoever registers takes one in the registration's own transaction; nobody touches a counter or the
// event's item, so seats taken are registrations by construction, and there is no hot item (design: "Seats and stock").
package registration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/event"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// State is where a registration stands.
type State string

// The states.
//
//	registered -> cancelled
//	waiting    -> offered     a seat became free and is held for the person
//	offered    -> registered  accepted
//	offered    -> lapsed      not accepted in time: the seat goes on to the next
//	waiting, offered -> cancelled
const (
	Registered State = "registered"
	Waiting    State = "waiting"
	Offered    State = "offered"
	Cancelled  State = "cancelled"
	Lapsed     State = "lapsed"
)

// Live reports whether somebody still counts on the registration.
func (s State) Live() bool { return s == Registered || s == Waiting || s == Offered }

// Registration is one person's registration for one event.
type Registration struct {
	Event     string            `dynamodbav:"pk"`
	Ref       string            `dynamodbav:"sk"` // reference number
	State     State             `dynamodbav:"state"`
	Person    string            `dynamodbav:"person"`     // keyed hash of the address: key of the index "person"
	CreatedAt string            `dynamodbav:"created_at"` // RFC 3339 in UTC
	Email     string            `dynamodbav:"email"`      // as it is shown
	Fields    map[string]string `dynamodbav:"fields"`     // without the address and without what has a shorter period
	Consents  []Consent         `dynamodbav:"consents,omitempty"`
	Mark      string            `dynamodbav:"mark,omitempty"` // key of the item by which the same person is known again

	EventVersion int             `dynamodbav:"event_version"` // under which it was made (R32)
	Policy       string          `dynamodbav:"policy"`
	FormVersion  int             `dynamodbav:"form_version"`
	Language     policy.Language `dynamodbav:"lang"`
	Channel      string          `dynamodbav:"channel"`
	OpenedAt     string          `dynamodbav:"opened_at,omitempty"`

	Mode        string            `dynamodbav:"mode"`           // in which seats are counted for it
	Seat        int               `dynamodbav:"seat,omitempty"` // number of the seat it holds
	Joined      int64             `dynamodbav:"joined"`         // Unix milliseconds: the order of the waiting list
	OfferUntil  int64             `dynamodbav:"offer_until,omitempty"`
	Todo        string            `dynamodbav:"todo,omitempty"` // key of the sparse index "todo": what the clock has to do with it
	TodoAt      int64             `dynamodbav:"todo_at,omitempty"`
	Told        int               `dynamodbav:"told"`            // sequence of the event that the person was last told of
	Calendar    int               `dynamodbav:"calendar"`        // SEQUENCE of the person's calendar entry
	Revision    int               `dynamodbav:"revision"`        // grows with every change: what was read is what is changed
	Brief       []int             `dynamodbav:"brief,omitempty"` // days of the items with values that expire before the rest
	BriefFields map[string]string `dynamodbav:"-"`               // their values, as far as they have not expired
	ExpiresAt   int64             `dynamodbav:"expires_at"`
}

// Consent is what a person answered to a partner's box, with the words that stood beside it (R33; decisions: "Consent to
// provision").
type Consent struct {
	Partner string `dynamodbav:"partner"`
	Given   bool   `dynamodbav:"given"`
	Text    string `dynamodbav:"text"`
	At      string `dynamodbav:"at"`
}

// seat is a seat that is taken. It names the registration, nobody.
type seat struct {
	PK        string `dynamodbav:"pk"` // seat#<event>#<mode>
	SK        string `dynamodbav:"sk"` // its number
	Ref       string `dynamodbav:"ref"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// mark is that a person, by address and name, is registered for an event: in its key is a keyed hash only.
type mark struct {
	PK        string `dynamodbav:"pk"`
	SK        string `dynamodbav:"sk"`
	Ref       string `dynamodbav:"ref"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// brief holds values of a registration that expire before the rest (decisions: "a field may have a shorter period").
type brief struct {
	PK        string            `dynamodbav:"pk"`
	SK        string            `dynamodbav:"sk"`
	Fields    map[string]string `dynamodbav:"fields"`
	ExpiresAt int64             `dynamodbav:"expires_at"`
}

func seatKey(event, mode string, n int) (pk, sk string) {
	return "seat#" + event + "#" + mode, fmt.Sprintf("%05d", n)
}

const markSort = "mark"

func briefKey(event, ref string, days int) (pk, sk string) {
	return "brief#" + event, ref + "#" + strconv.Itoa(days)
}

// What the clock has to do, as the keys of the index "todo" say it.
func todoRemind(event string) string     { return "remind#" + event }
func todoWait(event, mode string) string { return "wait#" + event + "#" + mode }
func todoOffer(event string) string      { return "offer#" + event }

// Book is the registrations of all events. Guard is needed by those who register people only.
type Book struct {
	Client  *dynamodb.Client
	Table   string
	Outbox  string
	Events  *event.Store
	Periods policy.Periods
	Guard   guard.Store
	Links   link.Signer
	Now     func() time.Time
}

// Find returns a registration with all its values; false where there is none, or where it has expired. The error is
// record.ErrUnavailable.
func (b *Book) Find(ctx context.Context, eventID, ref string) (Registration, bool, error) {
	var r Registration
	if ref == "" || strings.Contains(eventID, "#") {
		return r, false, nil
	}
	found, err := record.Get(ctx, b.Client, b.Table, record.Key(eventID, ref), b.Now(), &r)
	if err != nil || !found {
		return Registration{}, false, err
	}
	r.BriefFields = map[string]string{}
	kept := r.Brief
	r.Brief = nil // those that are still there
	for _, days := range kept {
		var values brief
		there, err := record.Get(ctx, b.Client, b.Table, record.Key(briefKey(eventID, ref, days)), b.Now(), &values)
		if err != nil {
			return Registration{}, false, err
		}
		if there {
			r.Brief = append(r.Brief, days)
			for name, value := range values.Fields {
				r.BriefFields[name] = value
			}
		}
	}
	return r, true, nil
}

// expiry is when a registration expires that is in a state now: the retention counts from the end of the event; where the
// event does not take place, nothing asks for more than what a cancelled registration needs.
func (b *Book) expiry(e *event.Event, s State) time.Time {
	return b.Periods.Expiry(retention(e, s), e.EndsAt)
}

// retention names the policy's state for a registration: its receipts say the same.
func retention(e *event.Event, s State) string {
	switch {
	case e.State == event.Cancelled, s == Cancelled, s == Lapsed:
		return "cancelled"
	case s == Registered:
		return "registered"
	}
	return "waiting"
}

// todo sets what the clock has to do with a registration as it is now.
func (r *Registration) todo(e *event.Event, now time.Time) {
	r.Todo, r.TodoAt = "", 0
	if e.State == event.Cancelled || e.State == event.Postponed && r.State == Registered {
		return
	}
	switch r.State {
	case Registered:
		if now.Before(e.StartsAt) {
			r.Todo, r.TodoAt = todoRemind(r.Event), r.Joined
		}
	case Waiting:
		r.Todo, r.TodoAt = todoWait(r.Event, r.Mode), r.Joined
	case Offered:
		r.Todo, r.TodoAt = todoOffer(r.Event), r.OfferUntil
	}
}

// unchanged is the condition that a registration is still the one that was read.
func unchanged(r Registration) record.Condition {
	return record.Condition{Expression: "revision = :was", Values: record.Values{"was": r.Revision}}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
