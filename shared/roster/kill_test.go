package roster

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/subscription"
)

// A worker that dies again and again, between any two of its calls, ends with the same people, numbers and report as one that
// lives: nobody twice, nobody left out.
func TestAKilledImportEndsAsOneThatLived(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for n := range 2300 {
		switch {
		case n%100 == 7:
			b.WriteString("x,山田,13,例示,trade\n")
		case n%100 == 9:
			b.WriteString(line("s0001@example.jp"))
		default:
			b.WriteString(line(fmt.Sprintf("s%04d@example.jp", n)))
		}
	}
	type end struct {
		Counts Counts
		Rows   int
		Report string
	}
	run := func(every int64) (end, int) {
		w := newWorld(t)
		for n := range 20 {
			w.store(fmt.Sprintf("s%04d@example.jp", 50*n), subscription.Confirmed)
		}
		kills := 0
		work := func(id string, want Status) Import {
			w.Helper()
			for ; ; kills++ {
				if kills > 400 {
					t.Fatal("it never ends")
				}
				w.calls.Store(0)
				w.kill.Store(every)
				err := w.worker.Work(t.Context(), w.now().Add(time.Hour))
				w.kill.Store(0)
				i := w.get(id)
				if i.Status == want {
					return i
				}
				if every == 0 {
					t.Fatalf("%s: %v", i.Status, err)
				}
			}
		}
		id := w.send([]byte(b.String()), nil)
		work(id, Checked)
		if _, err := w.worker.Store.Apply(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		i := work(id, Applied)
		var report strings.Builder
		if err := w.worker.Store.Report(t.Context(), i, "ja", &report); err != nil {
			t.Fatal(err)
		}
		added := 0
		for n := range 2300 {
			h := w.here(fmt.Sprintf("s%04d@example.jp", n))
			if h.Found && h.Subscriber.Channel == subscription.ChannelImport {
				added++
			}
		}
		if added != i.Counts.New || i.Counts.Total() != i.Rows || i.Done != i.Rows {
			t.Errorf("killed after %d calls: %d added, %+v", every, added, i)
		}
		return end{i.Counts, i.Rows, report.String()}, kills
	}
	want, _ := run(0)
	for _, every := range []int64{18, 50} {
		got, kills := run(every)
		if kills < 10 && every == 18 {
			t.Errorf("only %d kills", kills)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("killed after every %d calls, %d times: %s", every, kills, diff)
		}
	}
}

// Whatever is stored, a file changes nobody of whom something is known; old opt-outs always win over imported subscribers, in
// whatever order the files come (property "existing state wins").
func TestExistingStateWins(t *testing.T) {
	w := newWorld(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		states := []subscription.State{"", subscription.Unconfirmed, subscription.Pending, subscription.Confirmed, subscription.Unsubscribed, subscription.Bounced}
		type person struct {
			email  string
			before subscription.Here
		}
		people := make([]person, rapid.IntRange(1, 8).Draw(t, "people"))
		for n := range people {
			p := &people[n]
			p.email = fmt.Sprintf("p%d-%d@example.jp", round, n)
			if s := rapid.SampledFrom(states).Draw(t, "state"); s != "" {
				w.store(p.email, s)
			}
			if rapid.Bool().Draw(t, "left") {
				w.unsubscribe(p.email)
			}
			p.before = w.here(p.email)
		}
		var in, out strings.Builder
		in.WriteString(head)
		out.WriteString("メール\n")
		leaves := map[string]bool{}
		for _, p := range people {
			for range rapid.IntRange(0, 2).Draw(t, "rows") {
				in.WriteString(line(p.email))
			}
			if rapid.IntRange(0, 3).Draw(t, "optout") == 0 {
				leaves[p.email] = true
				out.WriteString(p.email + "\n")
			}
		}
		files := []func(){
			func() { w.try(in.String(), nil) }, func() { w.try(out.String(), optOuts) }, func() { w.try(in.String(), nil) },
		}
		if rapid.Bool().Draw(t, "opt-outs first") {
			files[0], files[1] = files[1], files[0]
		}
		for _, file := range files {
			file()
		}
		for _, p := range people {
			after := w.here(p.email)
			switch {
			case leaves[p.email]:
				if s := after.Subscriber.State; after.Suppressed == "" || after.Found && (s == subscription.Confirmed || s == subscription.Pending) {
					t.Fatalf("somebody who opted out can be written to: %s, %q", s, after.Suppressed)
				}
			case !p.before.Free():
				if diff := cmp.Diff(p.before, after); diff != "" {
					t.Fatalf("an import has changed somebody who was there: %s", diff)
				}
			}
		}
	})
}

// try applies a file if there is anything in it.
func (w *world) try(content string, change func(*Import)) {
	w.Helper()
	if i := w.checked(content, change); i.Status == Checked {
		w.act(i.ID, w.worker.Store.Apply)
	} else if i.Status != Refused || len(i.Problems) != 1 || i.Problems[0].Code != "empty" {
		w.Fatalf("%+v", i)
	}
}

// Somebody who signs up between the dry run and the work keeps what they typed, and the numbers say so.
func TestWhoComesInBetweenWins(t *testing.T) {
	w := newWorld(t)
	i := w.checked(head+line("a@example.jp")+line("b@example.jp")+line("c@example.jp"), nil)
	w.store("a@example.jp", subscription.Unconfirmed)
	w.unsubscribe("b@example.jp")
	a := w.here("a@example.jp")
	i = w.act(i.ID, w.worker.Store.Apply)
	if diff := cmp.Diff(Counts{New: 1, Existing: 1, OptedOut: 1}, i.Counts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a, w.here("a@example.jp")); diff != "" {
		t.Error(diff)
	}
	var report strings.Builder
	if err := w.worker.Store.Report(context.Background(), i, "en", &report); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffRow,Result,Field,Reason\r\n2,already here,,\r\n3,opted out here,,unsubscribed\r\n4,new,,\r\n"
	if diff := cmp.Diff(want, report.String()); diff != "" {
		t.Error(diff)
	}
}

// Two workers at once do nothing twice.
func TestTwoWorkersAtOnce(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	b.WriteString(head)
	for n := range 300 {
		b.WriteString(line(fmt.Sprintf("s%04d@example.jp", n)))
	}
	i := w.checked(b.String(), nil)
	if _, err := w.worker.Store.Apply(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	for range 3 {
		go func() { done <- w.worker.Work(context.Background(), w.now().Add(time.Hour)) }()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.work()
	if i = w.get(i.ID); i.Status != Applied || i.Counts.New != 300 || i.Done != 300 {
		t.Errorf("%+v", i)
	}
}
