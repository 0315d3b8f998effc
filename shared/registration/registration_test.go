package registration_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
	"madoguchi/shared/registration/registrationtest"
)

// start is a Tuesday morning in Tokyo.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, policy.JapanTime)

type world struct {
	*registration.Book
	t      *testing.T
	millis atomic.Int64
	n      atomic.Int64
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.set(start)
	w.Book = registrationtest.New(t, w.now)
	return w
}

func (w *world) now() time.Time   { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) set(at time.Time) { w.millis.Store(at.UnixMilli()) }

func (w *world) event(id string, changes map[string]any) *event.Event {
	return eventtest.Save(w.t, w.Events, id, changes)
}

// apply registers somebody; more replaces values.
func (w *world) apply(e *event.Event, name string, more ...string) (ref string, as registration.State, err error) {
	ref = fmt.Sprintf("E%06d", w.n.Add(1))
	values := map[string]string{"name": name, "email": strings.ToLower(name) + "@example.jp", "phone": "03-1234-5678", "organization": "例示", "title": "部長"}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	as, err = w.Register(context.Background(), registration.Application{Event: e, Reference: ref, Values: values, Language: policy.Japanese,
		Channel: "form", Opened: w.now(), At: w.now()})
	return ref, as, err
}

func (w *world) must(ref string, as registration.State, err error) string {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

func (w *world) find(e *event.Event, ref string) registration.Registration {
	w.t.Helper()
	r, found, err := w.Find(w.t.Context(), e.ID, ref)
	if err != nil || !found {
		w.t.Fatalf("registration %s: %v, %v", ref, found, err)
	}
	return r
}

func (w *world) mails(kind policy.MailKind) int {
	w.t.Helper()
	return len(registrationtest.Mails(w.t, w.Book, kind))
}

func (w *world) left(e *event.Event, mode string) int {
	w.t.Helper()
	left, err := w.Left(w.t.Context(), e)
	if err != nil {
		w.t.Fatal(err)
	}
	return left[mode]
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Hard case 14 inside one process: more people at once than seats; seats taken are registrations.
func TestCrowd(t *testing.T) {
	w := newWorld(t)
	e := w.event("crowd", map[string]any{"capacity": 20})
	var got, full atomic.Int64
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			for {
				_, _, err := w.apply(e, fmt.Sprintf("P%d", i))
				switch {
				case err == nil:
					got.Add(1)
				case errors.Is(err, registration.ErrFull):
					full.Add(1)
				default:
					continue // contended: the person sends the form again
				}
				return
			}
		})
	}
	group.Wait()
	if got.Load() != 20 || full.Load() != 40 || w.left(e, "all") != 0 {
		t.Errorf("%d registered, %d told that it is full, %d left", got.Load(), full.Load(), w.left(e, "all"))
	}
	if n := w.mails(policy.EventRegistered); n != 20 {
		t.Errorf("%d notices for 20 registrations (R27)", n)
	}
}

// Hard case 14: the same person twice is told by mail, whatever spaces and widths the name is written with; a secretary
// registers three people from one address.
func TestSamePerson(t *testing.T) {
	w := newWorld(t)
	e := w.event("same", nil)
	first := w.must(w.apply(e, "山田 花子", "email", "office@example.jp"))
	for _, name := range []string{"山田花子", "山田　花子"} {
		if _, as, err := w.apply(e, name, "email", "Office@EXAMPLE.jp"); err != nil || as != registration.Registered {
			t.Errorf("again as %q: %s, %v; the page's answer is the same", name, as, err)
		}
	}
	w.must(w.apply(e, "佐藤 一郎", "email", "office@example.jp"))
	w.must(w.apply(e, "鈴木 二郎", "email", "office@example.jp"))
	if left := w.left(e, "all"); left != 7 {
		t.Errorf("%d seats left, want 7", left)
	}
	told := registrationtest.Mails(t, w.Book, policy.EventAlready)
	if len(told) != 2 || told[0].Data["link"] == "" || told[0].Data["name"] != "" {
		t.Errorf("told %v", told)
	}
	// Who has cancelled can register again.
	w.ok(w.Cancel(t.Context(), e, first))
	second := w.must(w.apply(e, "山田 花子", "email", "office@example.jp"))
	if r := w.find(e, second); r.State != registration.Registered {
		t.Errorf("after a cancellation: %s", r.State)
	}
}

// A seat that becomes free is held for the first who waits, in the same transaction; an offer that is not taken goes on.
func TestWaitingList(t *testing.T) {
	w := newWorld(t)
	e := w.event("full", map[string]any{"capacity": 1, "waiting_list": true})
	first := w.must(w.apply(e, "A"))
	var waiting []string
	for _, name := range []string{"B", "C"} {
		w.set(w.now().Add(time.Second))
		ref, as, err := w.apply(e, name)
		if as != registration.Waiting {
			t.Fatalf("%s: %s, %v", name, as, err)
		}
		waiting = append(waiting, ref)
	}
	w.ok(w.Cancel(t.Context(), e, first))
	w.ok(w.Cancel(t.Context(), e, first)) // twice is once
	b := w.find(e, waiting[0])
	if b.State != registration.Offered || w.mails(policy.EventOffer) != 1 || w.mails(policy.EventWithdrawn) != 1 || w.left(e, "all") != 0 {
		t.Fatalf("%+v", b)
	}
	if ends := time.UnixMilli(b.OfferUntil).In(policy.JapanTime); ends.Format("02 15:04") != "25 10:00" {
		t.Errorf("an offer made at 9:00 ends at %s; 24 hours later is still night's end", ends)
	}
	if err := w.Accept(t.Context(), e, waiting[1]); !errors.Is(err, registration.ErrGone) {
		t.Errorf("an offer that nobody made: %v", err)
	}
	w.set(time.UnixMilli(b.OfferUntil))
	if err := w.Accept(t.Context(), e, waiting[0]); !errors.Is(err, registration.ErrGone) {
		t.Errorf("an offer that has lapsed: %v", err)
	}
	w.ok(w.LapseOffers(t.Context(), e))
	w.ok(w.Cancel(t.Context(), e, w.must(w.apply(e, "D")))) // who only waited frees no seat
	for _, row := range registrationtest.Mails(t, w.Book, policy.EventWithdrawn) {
		if freed := row.Data["seat"] != ""; row.Data["cancelled"] != "" && freed != (row.Data["reference"] == first) {
			t.Errorf("%s: a seat freed: %v", row.Data["reference"], freed)
		}
	}
	if b, c := w.find(e, waiting[0]), w.find(e, waiting[1]); b.State != registration.Lapsed || c.State != registration.Offered {
		t.Fatalf("%s, %s", b.State, c.State)
	}
	w.ok(w.Accept(t.Context(), e, waiting[1]))
	w.ok(w.Accept(t.Context(), e, waiting[1]))
	c := w.find(e, waiting[1])
	if c.State != registration.Registered || w.mails(policy.EventRegistered) != 2 || c.ExpiresAt != e.EndsAt.AddDate(0, 0, 365).Unix() {
		t.Errorf("%+v", c)
	}
}

// Hard case 15: cancellations, joinings and promotions at the same moment; in the end every seat is held by one person, and
// nobody waits beside a free seat.
func TestCancelMeetsPromotion(t *testing.T) {
	w := newWorld(t)
	e := w.event("meet", map[string]any{"capacity": 5, "waiting_list": true})
	var refs []string
	for i := range 5 {
		refs = append(refs, w.must(w.apply(e, fmt.Sprintf("A%d", i))))
	}
	var group sync.WaitGroup
	retry := func(do func() error) {
		group.Go(func() {
			err := do()
			for err != nil { // contended: a person sends the form again, a clock comes back
				err = do()
			}
		})
	}
	for i, ref := range refs {
		retry(func() error { return w.Cancel(context.Background(), e, ref) })
		retry(func() error { _, _, err := w.apply(e, fmt.Sprintf("B%d", i)); return err })
		retry(func() error { return w.Promote(context.Background(), e) })
	}
	group.Wait()
	w.ok(w.Promote(t.Context(), e))
	all, _, err := w.List(t.Context(), e.ID, "")
	w.ok(err)
	seats, live := map[int]string{}, 0
	for _, r := range all {
		if !r.State.Live() {
			continue
		}
		live++
		if r.State == registration.Waiting {
			t.Errorf("%s waits beside %d free seats", r.Ref, w.left(e, "all"))
		}
		if seats[r.Seat] != "" {
			t.Errorf("seat %d is held twice", r.Seat)
		}
		seats[r.Seat] = r.Ref
	}
	if live != 5 || w.left(e, "all") != 0 {
		t.Errorf("%d live, %d left", live, w.left(e, "all"))
	}
}

// Venue and online seats are counted apart; only those online see the link.
func TestModes(t *testing.T) {
	w := newWorld(t)
	e := w.event("both", map[string]any{"kind": "hybrid", "capacity": map[string]int{"venue": 1, "online": 1}, "online_url": "https://meet.example.jp/x"})
	venue := w.find(e, w.must(w.apply(e, "A", "attendance", "venue")))
	if _, _, err := w.apply(e, "B", "attendance", "venue"); !errors.Is(err, registration.ErrFull) {
		t.Errorf("a second seat at the venue: %v", err)
	}
	online := w.find(e, w.must(w.apply(e, "B", "attendance", "online")))
	if registration.Joins(e, venue) != "" || registration.Joins(e, online) != "https://meet.example.jp/x" {
		t.Error("the link is for those who attend online")
	}
}

// What the event agreed is stored with the version it was seen in; consents keep their words; values of a shorter period go
// earlier, and an expired one is invisible before it is deleted (R32-R33, hard case 24).
func TestAgreedItems(t *testing.T) {
	w := newWorld(t)
	e := w.event("agreed", map[string]any{"omit": []string{"title"},
		"partners": []any{map[string]any{"id": "p", "name": map[string]string{"ja": "財団"}, "role": "co_organiser", "country": "ID", "legal_form": "consented_provision", "receives": []string{"name"}}},
		"fields":   []any{map[string]any{"name": "meal", "label": map[string]string{"ja": "食事"}, "type": "text", "expires_after_days": 3}}})
	ref := w.must(w.apply(e, "A", "meal", "魚", "consent.p", "false"))
	r := w.find(e, ref)
	if r.EventVersion != 1 || len(r.Consents) != 1 || r.Consents[0].Given || !strings.Contains(r.Consents[0].Text, "財団（所在国：インドネシア）に、お名前を提供") {
		t.Errorf("%+v", r)
	}
	if r.BriefFields["meal"] != "魚" || r.Fields["meal"] != "" || r.Fields["title"] != "" {
		t.Errorf("%v, %v", r.Fields, r.BriefFields)
	}
	values := r.EditValues()
	values["consent.p"], values["phone"] = "true", "03-9999-9999"
	w.ok(w.Edit(t.Context(), e, e, ref, values))
	w.ok(w.Edit(t.Context(), e, e, ref, values)) // nothing new is no change and no mail
	if r = w.find(e, ref); !r.Consents[0].Given || r.Fields["phone"] != "03-9999-9999" || r.BriefFields["meal"] != "魚" || w.mails(policy.EventChanged) != 1 {
		t.Errorf("%+v", r)
	}
	w.set(e.EndsAt.AddDate(0, 0, 3))
	if r = w.find(e, ref); r.BriefFields["meal"] != "" || r.Fields["name"] != "A" {
		t.Errorf("after three days: %v", r.BriefFields)
	}
	w.set(e.EndsAt.AddDate(0, 0, 365))
	if _, found, err := w.Find(t.Context(), e.ID, ref); found || err != nil {
		t.Errorf("after a year: %v, %v", found, err)
	}
}

// Hard case 24: an expired registration that DynamoDB has not deleted yet blocks nobody.
func TestExpiredDoesNotBlock(t *testing.T) {
	w := newWorld(t)
	e := w.event("again", map[string]any{"capacity": 1})
	w.must(w.apply(e, "A"))
	w.set(e.EndsAt.AddDate(1, 0, 1))
	e = w.event("again", map[string]any{"capacity": 1})
	ref := w.must(w.apply(e, "A"))
	if r := w.find(e, ref); r.State != registration.Registered || w.mails(policy.EventAlready) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestOneAddressFillsNoEvent(t *testing.T) {
	w := newWorld(t)
	e := w.event("flood", map[string]any{"capacity": 100})
	for i := range 31 {
		_, _, err := w.apply(e, fmt.Sprintf("P%d", i), "email", "victim@example.jp")
		if i < 30 && err != nil || i == 30 && !errors.Is(err, registration.ErrTooMany) {
			t.Fatalf("registration %d: %v", i+1, err)
		}
	}
}
