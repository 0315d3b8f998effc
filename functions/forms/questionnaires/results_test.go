package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record/recordtest"
)

// shownOf writes results as a person reads them.
func shownOf(r questionnaire.Results) string {
	if r.Answers == nil {
		return "too few"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d answers", *r.Answers)
	for _, q := range r.Questions {
		var cells []string
		for _, c := range q.Cells {
			cells = append(cells, c.Choice.Value+":"+c.Text("en"))
		}
		if q.Mean != nil {
			cells = append(cells, fmt.Sprintf("mean %.1f", *q.Mean))
		}
		if q.Answers != nil && len(cells) > 0 {
			fmt.Fprintf(&b, "; %s %d [%s]", q.Question.Name, *q.Answers, strings.Join(cells, " "))
		}
	}
	return b.String()
}

// TestResults: counts move in steps of at least five answers, so that two looks never differ by one person; nothing under five is
// shown (hard case 32).
func TestResults(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	look := func() string {
		t.Helper()
		r, err := w.store.Results(t.Context(), w.asked, w.now())
		if err != nil {
			t.Fatal(err)
		}
		return shownOf(r)
	}
	seen := map[int]string{}
	for i := range 12 {
		seen[i] = look()
		overall := "3"
		if i%3 == 0 {
			overall = "2"
		}
		w.submit(t, w.invite(t, fmt.Sprint("registration-", i)), answer("overall", overall, "minutes", fmt.Sprint(10*i), "topics", "trade"))
	}
	const five = "5 answers; overall 5 [1:not shown 2:not shown 3:not shown]; hall.light 5 [1:not shown 2:5 3:not shown]; "
	for i, got := range seen {
		switch {
		case i < 5 && got != "too few":
			t.Errorf("after %d answers: %s", i, got)
		case i >= 5 && i < 10 && (got != seen[5] || !strings.HasPrefix(got, five)):
			t.Errorf("after %d answers: %s", i, got)
		}
	}
	want := "10 answers; overall 10 [1:not shown 2:not shown 3:6]; hall.light 10 [1:not shown 2:10 3:not shown]; hall.sound 10 [1:not shown 2:not shown 3:10]; " +
		"topics 10 [trade:10 travel:not shown]; again 10 [true:not shown false:not shown]; minutes 10 [mean 45.0]"
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Errorf("after 12 answers (-want +got):\n%s", diff)
	}
	// The counts that were shown outlive the answers; everything else has its end.
	w.set(w.asked.Expires)
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Errorf("after the retention (-want +got):\n%s", diff)
	}
	for _, item := range items(t, w.Client, w.store.Answers) {
		if _, ends := item["expires_at"]; ends == (item["sk"] == "shown") {
			t.Errorf("expiry of %v %v: %v", item["pk"], item["sk"], ends)
		}
	}
}

// TestRelease: staff read answers in batches of five or more, whoever asks and how often; what looks like a My Number is masked
// (R10), and an expired answer is gone (hard case 24).
func TestRelease(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	read := func() int {
		t.Helper()
		page, next, err := w.store.Read(t.Context(), w.asked, 200, w.now(), nil)
		if err != nil || next != nil {
			t.Fatal(next, err)
		}
		for _, a := range page {
			if !strings.Contains(a.Values["comment"], "番号は****-****-****です") {
				t.Errorf("staff read %q", a.Values["comment"])
			}
		}
		return len(page)
	}
	total := 0
	for i := range 52 {
		w.submit(t, w.invite(t, fmt.Sprint("registration-", i)), answer("comment", "私の番号は1234-5678-9018です"))
		if i != 3 && i != 4 && i != 8 && i != 51 {
			continue
		}
		var group sync.WaitGroup
		var released atomic.Int64
		for range 4 { // four of the staff at the same time
			group.Go(func() {
				n, err := w.store.Release(t.Context(), w.asked, w.now())
				if err != nil {
					t.Error(err)
				}
				released.Add(int64(n))
			})
		}
		group.Wait()
		if n := int(released.Load()); n != 0 && n < 5 {
			t.Errorf("released %d at once", n)
		}
		total += int(released.Load())
		if want := map[int]int{3: 0, 4: 5, 8: 5, 51: 50}[i]; total != want || read() != want {
			t.Errorf("after %d answers: released %d, read %d, want %d", i+1, total, read(), want)
		}
	}
	w.set(w.asked.Expires)
	if n := read(); n != 0 {
		t.Errorf("%d answers after their end", n)
	}
}
