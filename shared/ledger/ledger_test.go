package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"madoguchi/shared/ledger"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

type world struct {
	*ledger.Store
	clock time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{clock: time.Date(2026, 11, 30, 23, 0, 0, 0, policy.JapanTime)}
	w.Store = &ledger.Store{Client: client, Table: recordtest.Table(t, client, "ledger", true), Now: func() time.Time { return w.clock }}
	return w
}

func (w *world) add(t *testing.T, what string) ledger.Entry {
	t.Helper()
	e, err := w.Append(t.Context(), ledger.Entry{Who: "subject-1", What: what, Object: "N261130-ABCDEFGHI", Outcome: ledger.Done, Request: "r-1"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An entry says who did what to which object and when, stands behind the one before, also over the end of a month, and is kept for
// three years (R47).
func TestAppend(t *testing.T) {
	w := newWorld(t)
	first := w.add(t, "subscriber.show")
	second := w.add(t, "subscriber.correct")
	w.clock = w.clock.Add(2 * time.Hour)
	third := w.add(t, "subscriber.show")
	want := ledger.Entry{Month: "AUDIT#2026-11", Place: "00000001", At: "2026-11-30T23:00:00+09:00", Who: "subject-1", What: "subscriber.show",
		Object: "N261130-ABCDEFGHI", Outcome: "done", Request: "r-1", ExpiresAt: time.Date(2029, 11, 30, 23, 0, 0, 0, policy.JapanTime).Unix()}
	if diff := cmp.Diff(want, first, cmpopts.IgnoreFields(ledger.Entry{}, "Hash")); diff != "" {
		t.Error(diff)
	}
	if second.ID() != "2026-11/00000002" || second.Previous != first.Hash || third.ID() != "2026-12/00000001" || third.Previous != second.Hash {
		t.Errorf("the chain is broken: %+v, %+v, %+v", first, second, third)
	}
	for _, month := range []string{"2026-11", "2026-12"} {
		if report, err := w.Verify(t.Context(), month); err != nil || report.Broken != "" || report.Entries != map[string]int{"2026-11": 2, "2026-12": 1}[month] {
			t.Errorf("%s: %+v, %v", month, report, err)
		}
	}
}

// Many writers at the same moment: each entry has a place of its own, and the chain holds.
func TestWritersAtOnce(t *testing.T) {
	w := newWorld(t)
	const writers = 8
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for n := range 4 {
				if _, err := w.Append(t.Context(), ledger.Entry{Who: fmt.Sprint(i), What: "event.show", Object: fmt.Sprint(n), Outcome: ledger.Done}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if report, err := w.Verify(t.Context(), "2026-11"); err != nil || report.Broken != "" || report.Entries != 4*writers {
		t.Errorf("%+v, %v", report, err)
	}
}

// What is changed, taken out or put in by hand is found, wherever it is done.
func TestVerifyFindsWhatWasDone(t *testing.T) {
	for name, c := range map[string]struct {
		tamper func(t *testing.T, w *world, entries []ledger.Entry) error
		broken string
	}{
		"a value": {func(t *testing.T, w *world, e []ledger.Entry) error {
			e[2].Who = "somebody-else"
			return w.put(t, e[2])
		}, "2026-11/00000003"},
		"a value and its hash": {func(t *testing.T, w *world, e []ledger.Entry) error {
			other := e[2]
			other.Who = "somebody-else"
			other.Hash = "0000"
			return w.put(t, other)
		}, "2026-11/00000003"},
		"an entry taken out": {func(t *testing.T, w *world, e []ledger.Entry) error {
			return w.remove(t, e[2])
		}, "2026-11/00000004"},
		"the expiry": {func(t *testing.T, w *world, e []ledger.Entry) error {
			e[2].ExpiresAt = w.clock.Add(time.Hour).Unix()
			return w.put(t, e[2])
		}, "2026-11/00000003"},
		"the first taken out": {func(t *testing.T, w *world, e []ledger.Entry) error {
			return w.remove(t, e[0])
		}, "2026-11/00000002"},
		"nothing": {func(*testing.T, *world, []ledger.Entry) error { return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var entries []ledger.Entry
			for range 5 {
				entries = append(entries, w.add(t, "press.approve"))
			}
			if err := c.tamper(t, w, entries); err != nil {
				t.Fatal(err)
			}
			if report, err := w.Verify(t.Context(), "2026-11"); err != nil || report.Broken != c.broken {
				t.Errorf("%+v, %v, want broken at %q", report, err, c.broken)
			}
		})
	}
}

// The beginning of a month is held to the end of the one before.
func TestVerifyAcrossMonths(t *testing.T) {
	w := newWorld(t)
	last := w.add(t, "event.show")
	w.clock = w.clock.AddDate(0, 2, 0) // December is silent
	w.add(t, "event.show")
	if err := w.remove(t, last); err != nil {
		t.Fatal(err)
	}
	if report, err := w.Verify(t.Context(), "2027-01"); err != nil || report.Broken != "2027-01/00000001" {
		t.Errorf("%+v, %v", report, err)
	}
}

// An expired entry is absent, and what stands after it is believed; the chain goes on.
func TestExpiredEntries(t *testing.T) {
	w := newWorld(t)
	w.add(t, "event.show")
	w.clock = w.clock.Add(30 * time.Minute)
	w.add(t, "event.show")
	w.clock = w.clock.AddDate(3, 0, 0).Add(-10 * time.Minute)
	if report, err := w.Verify(t.Context(), "2026-11"); err != nil || report.Broken != "" || report.Entries != 1 || !report.Begins {
		t.Errorf("%+v, %v", report, err)
	}
	if page, _, err := w.Page(t.Context(), "2026-11", 9, ""); err != nil || len(page) != 1 {
		t.Errorf("%d entries are shown, %v", len(page), err)
	}
	w.add(t, "event.show")
	if report, err := w.Verify(t.Context(), "2029-11"); err != nil || report.Broken != "" || !report.Begins {
		t.Errorf("%+v, %v", report, err)
	}
}

// put does by hand what no function may.
func (w *world) put(t *testing.T, e ledger.Entry) error {
	t.Helper()
	_, err := record.Put(t.Context(), w.Client, w.Table, e, record.Condition{})
	return err
}

func (w *world) remove(t *testing.T, e ledger.Entry) error {
	t.Helper()
	_, err := w.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &w.Table, Key: record.Key(e.Month, e.Place)})
	return err
}

// An action and its entry happen together: where the caller's condition fails there is no entry, and another writer's entry
// only delays.
func TestCommit(t *testing.T) {
	w := newWorld(t)
	table := recordtest.Table(t, w.Client, "records", false)
	record1 := map[string]any{"pk": "a", "expires_at": w.clock.Add(time.Hour).Unix()}
	e := ledger.Entry{Who: "subject-1", What: "subscriber.add", Object: "a", Outcome: ledger.Done}
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 6 {
		all.Go(func() {
			var tx record.Transaction
			tx.Put("record", table, record1, record.IfAbsent(w.clock))
			err := w.Commit(t.Context(), &tx, e)
			var cancelled *record.Cancelled
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case !errors.As(err, &cancelled) || cancelled.Failed["record"] == nil:
				t.Errorf("got %v, want the caller's own condition", err)
			}
		})
	}
	all.Wait()
	if report, err := w.Verify(t.Context(), "2026-11"); err != nil || done != 1 || report.Entries != 1 || report.Broken != "" {
		t.Errorf("%d done, %+v, %v", done, report, err)
	}
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	var err error
	if w.Client, err = record.NewClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(t.Context(), e); !errors.Is(err, record.ErrUnavailable) {
		t.Errorf("an unreachable ledger: %v", err)
	}
}

// Pages go from the newest to the oldest.
func TestPage(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.add(t, fmt.Sprint(i))
	}
	var got []string
	for cursor := ""; ; {
		page, next, err := w.Page(t.Context(), "2026-11", 2, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			got = append(got, e.What)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"4", "3", "2", "1", "0"}, got); diff != "" {
		t.Error(diff)
	}
	if _, _, err := w.Page(t.Context(), "2026-11", 2, "x"); err != nil {
		t.Errorf("a cursor of nobody's: %v", err)
	}
}
