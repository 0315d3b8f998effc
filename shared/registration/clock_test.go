package registration_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/registration"
	"madoguchi/shared/registration/registrationtest"
)

// Everybody is reminded once, also those who register after the reminders went out; nobody who has cancelled.
func TestReminder(t *testing.T) {
	w := newWorld(t)
	e := w.event("soon", map[string]any{"kind": "online", "place": nil, "online_url": "https://meet.example.jp/x",
		"starts_at": "2026-12-01T14:00:00+09:00", "ends_at": "2026-12-01T16:00:00+09:00", "closes_at": "2026-12-01T13:00:00+09:00"})
	w.must(w.apply(e, "A"))
	gone := w.must(w.apply(e, "B"))
	w.ok(w.Cancel(t.Context(), e, gone))
	w.set(time.Date(2026, 11, 30, 9, 59, 0, 0, policy.JapanTime))
	w.ok(w.Remind(t.Context(), e))
	if n := w.mails(policy.EventReminder); n != 0 {
		t.Errorf("%d reminders before ten on the day before", n)
	}
	w.set(time.Date(2026, 11, 30, 10, 0, 0, 0, policy.JapanTime))
	w.ok(w.Remind(t.Context(), e))
	w.ok(w.Remind(t.Context(), e))
	w.must(w.apply(e, "C"))
	w.ok(w.Remind(t.Context(), e))
	rows := registrationtest.Mails(t, w.Book, policy.EventReminder)
	if len(rows) != 2 || rows[0].Data["online"] != "https://meet.example.jp/x" {
		t.Errorf("%d reminders, want 2; %v", len(rows), rows)
	}
}

// A moved event writes to every live registration once, also where a run is killed in between; entries grow, expiries follow.
func TestMoved(t *testing.T) {
	w := newWorld(t)
	e := w.event("moved", map[string]any{"capacity": 60, "waiting_list": true})
	var refs []string
	for i := range 60 {
		refs = append(refs, w.must(w.apply(e, fmt.Sprintf("P%d", i))))
	}
	waits := w.must(w.apply(e, "W"))
	w.ok(w.Cancel(t.Context(), e, refs[0])) // W is offered the seat
	later := e.StartsAt.AddDate(0, 0, 40)
	moved := w.event("moved", map[string]any{"capacity": 60, "waiting_list": true, "starts_at": later.Format(time.RFC3339),
		"ends_at": later.Add(time.Hour).Format(time.RFC3339)})
	stale := w.must(w.apply(e, "Stale", "email", "stale@example.jp")) // by a process that still knows the old version: on the waiting list
	follow := func() int {
		tasks, err := w.Events.Tasks(t.Context())
		w.ok(err)
		for _, task := range tasks {
			for killed := 1; ; killed++ { // each run ends after some steps, as if the function were killed
				ctx := &stopping{Context: t.Context(), after: 7 * killed}
				if w.Follow(ctx, task) == nil {
					break
				}
			}
		}
		return len(tasks)
	}
	follow()
	if n := w.mails(policy.EventMoved); n != 61 {
		t.Errorf("%d mails, want 61: 59 with a seat, one offer, one who waits", n)
	}
	w.set(w.now().Add(2 * time.Minute))
	for range 3 {
		follow()
	}
	if n := w.mails(policy.EventMoved); n != 61 || follow() != 0 {
		t.Errorf("%d mails after more runs", n)
	}
	r := w.find(e, refs[1])
	if r.Calendar != 1 || r.ExpiresAt != moved.EndsAt.AddDate(0, 0, 365).Unix() {
		t.Errorf("%+v", r)
	}
	for ref, state := range map[string]registration.State{waits: registration.Offered, stale: registration.Waiting} {
		if r := w.find(e, ref); r.State != state || r.ExpiresAt != moved.EndsAt.AddDate(0, 0, 30).Unix() || r.Told != moved.Sequence {
			t.Errorf("%s: %+v", ref, r)
		}
	}
	// The cancelled one follows too, without a mail.
	if r := w.find(e, refs[0]); r.ExpiresAt != moved.EndsAt.AddDate(0, 0, 30).Unix() {
		t.Errorf("cancelled: %+v", r)
	}
	for _, row := range registrationtest.Mails(t, w.Book, policy.EventMoved) {
		if row.Data["ics_sequence"] == "1" && row.Data["ics_method"] != "REQUEST" {
			t.Errorf("%v", row.Data)
		}
	}
}

// stopping is a context that ends after its error was asked for some times.
type stopping struct {
	context.Context
	after int
}

func (s *stopping) Err() error {
	if s.after--; s.after < 0 {
		return context.Canceled
	}
	return s.Context.Err()
}

// A cancelled event writes to everybody once, takes the entries back, and what is kept of its registrants expires early.
func TestCancelledEvent(t *testing.T) {
	w := newWorld(t)
	e := w.event("off", map[string]any{"capacity": 1, "waiting_list": true})
	ref := w.must(w.apply(e, "A"))
	w.must(w.apply(e, "B"))
	e = w.event("off", map[string]any{"capacity": 1, "waiting_list": true, "state": "cancelled"})
	tasks, err := w.Events.Tasks(t.Context())
	w.ok(err)
	w.ok(w.Follow(t.Context(), tasks[0]))
	rows := registrationtest.Mails(t, w.Book, policy.EventCancelled)
	methods := map[string]int{}
	for _, row := range rows {
		methods[row.Data["ics_method"]]++
	}
	if len(rows) != 2 || methods["CANCEL"] != 1 || methods[""] != 1 {
		t.Errorf("%v", methods)
	}
	if r := w.find(e, ref); r.ExpiresAt != e.EndsAt.AddDate(0, 0, 30).Unix() || r.Todo != "" {
		t.Errorf("%+v", r)
	}
}

// Fewer seats: who has one keeps it; nobody is registered until fewer are taken than there are.
func TestFewerSeats(t *testing.T) {
	w := newWorld(t)
	e := w.event("fewer", map[string]any{"capacity": 10})
	var refs []string
	for i := range 6 {
		refs = append(refs, w.must(w.apply(e, fmt.Sprintf("P%d", i))))
	}
	e = w.event("fewer", map[string]any{"capacity": 4})
	tasks, err := w.Events.Tasks(t.Context())
	w.ok(err)
	w.ok(w.Follow(t.Context(), tasks[0]))
	if n := w.mails(policy.EventMoved); n != 0 || w.left(e, "all") != 0 {
		t.Errorf("%d mails, %d left", n, w.left(e, "all"))
	}
	for i := range 3 {
		w.ok(w.Cancel(t.Context(), e, refs[i]))
	}
	if left := w.left(e, "all"); left != 1 {
		t.Errorf("%d left, want 1", left)
	}
	w.must(w.apply(e, "New"))
	if _, _, err := w.apply(e, "Newer"); err == nil {
		t.Error("a fifth of four")
	}
}

func TestOffersEndByDay(t *testing.T) {
	w := newWorld(t)
	for made, want := range map[string]string{"2026-11-24 15:30": "25 15:30", "2026-11-24 21:00": "26 10:00", "2026-11-24 03:00": "25 10:00", "2026-11-24 19:59": "25 19:59"} {
		at, err := time.ParseInLocation("2006-01-02 15:04", made, policy.JapanTime)
		w.ok(err)
		w.set(at)
		e := w.event("o"+at.Format("150405"), map[string]any{"capacity": 1, "waiting_list": true})
		first := w.must(w.apply(e, "A"))
		second := w.must(w.apply(e, "B"))
		w.ok(w.Cancel(t.Context(), e, first))
		if got := time.UnixMilli(w.find(e, second).OfferUntil).In(policy.JapanTime).Format("02 15:04"); got != want {
			t.Errorf("made %s: until %s, want %s", made, got, want)
		}
	}
}

// One registration that cannot be written to - its address is broken - does not keep the others waiting, and what has expired
// of another does not stand in its way.
func TestOneBadRegistration(t *testing.T) {
	w := newWorld(t)
	agreed := map[string]any{"partners": []any{map[string]any{"id": "p", "name": map[string]string{"ja": "財団"}, "role": "contractor", "country": "JP", "legal_form": "entrustment", "receives": []string{"name"}}},
		"fields": []any{map[string]any{"name": "meal", "label": map[string]string{"ja": "食事"}, "type": "text", "expires_after_days": 1}}}
	e := w.event("bad", agreed)
	for i := range 5 {
		w.must(w.apply(e, fmt.Sprintf("P%d", i), "meal", "魚"))
	}
	all, _, err := w.List(t.Context(), e.ID, "")
	w.ok(err)
	broken := all[2]
	broken.Email = "nobody"
	if _, err := record.Put(t.Context(), w.Client, w.Table, broken, record.Condition{}); err != nil {
		t.Fatal(err)
	}
	agreed["place"] = map[string]string{"ja": "別の会場"}
	w.event("bad", agreed)
	var tx record.Transaction // one item with values of a shorter period has gone
	tx.Delete("brief", w.Table, record.Key("brief#bad", all[0].Ref+"#1"), record.Condition{})
	w.ok(tx.Commit(t.Context(), w.Client))
	tasks, err := w.Events.Tasks(t.Context())
	w.ok(err)
	if err := w.Follow(t.Context(), tasks[0]); err == nil {
		t.Error("nothing is said of the broken one")
	}
	if n := w.mails(policy.EventMoved); n != 4 {
		t.Errorf("%d mails, want 4", n)
	}
}
