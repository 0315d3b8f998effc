package subscription

import (
	"context"
	"fmt"
	"testing"
	"time"

	"madoguchi/shared/record"
)

// Records of an older version get their marks, in as many runs as it takes, and nothing else of them changes. It is done once.
func TestRemark(t *testing.T) {
	w := newWorld(t)
	codes, err := w.list.CategoryCodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const people = 60
	all := make([]Subscriber, people)
	for i := range all {
		if all[i], err = w.list.Synthetic(i+1, codes); err != nil {
			t.Fatal(err)
		}
		switch i % 3 {
		case 0:
			all[i].Fields["name"], all[i].Marks = fmt.Sprintf("林 %d", i), Marks{} // of the first version: no marks at all
		case 1:
			all[i].Fields["name"], all[i].Initial = fmt.Sprintf("森 %d", i), "" // of the second, without the last of them
			all[i].Name = w.list.beginning("name", nameKey(all[i].Fields["name"]))
		}
	}
	if err := w.list.StoreSynthetic(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if found, _, err := w.list.Beginning(t.Context(), "林", "", 100); len(found) != 0 || err != nil {
		t.Fatalf("%d found before: %v", len(found), err)
	}
	entered := 0
	w.list.Commit = func(ctx context.Context, tx *record.Transaction) error {
		entered++
		return tx.Commit(ctx, w.list.Client)
	}
	// Each run has time for a few partitions: a clock that moves with every look at it.
	runs, changed, done := 0, 0, false
	w.list.Now = func() time.Time { w.after(time.Second); return w.now() }
	for ; !done; runs++ {
		if changed, done, err = w.list.Remark(t.Context(), w.now().Add(30*time.Second)); err != nil || runs > 200 {
			t.Fatal(runs, err)
		}
	}
	w.list.Now = w.now
	if runs < 3 || changed != 2*people/3 || entered != 1 {
		t.Errorf("%d runs, %d changed, %d entries", runs, changed, entered)
	}
	for i := range all {
		s, found := get[Subscriber](t, w, w.list.Table, Key(all[i].Person))
		want := all[i]
		want.Marks = w.list.marks(want)
		if !found || s.Marks != want.Marks || s.Email != want.Email || s.ExpiresAt != want.ExpiresAt || s.State != want.State {
			t.Errorf("%d: %+v, want %+v", i, s, want)
		}
	}
	for name, want := range map[string]int{"林": people / 3, "森": people / 3} {
		if found, _, err := w.list.Beginning(t.Context(), name, "", 100); len(found) != want || err != nil {
			t.Errorf("%s: %d, %v", name, len(found), err)
		}
	}
	before := w.snapshot(t)
	if _, done, err := w.list.Remark(t.Context(), w.now().Add(time.Minute)); !done || err != nil || w.snapshot(t) != before || entered != 1 {
		t.Errorf("done twice: %v %v, %d entries", done, err, entered)
	}
}

// A record that changes under the hands of the back-fill keeps the change and gets its marks all the same.
func TestRemarkMeetsAChange(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako("name", "林 花子"))
	s, _ := w.stored(t, "hanako@example.jp")
	old := s // as a run read it
	s.Marks = Marks{}
	if _, err := record.Put(t.Context(), w.list.Client, w.list.Table, s, record.Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := w.list.OptOutByHand(t.Context(), s.Person, ChannelTelephone); err != nil {
		t.Fatal(err)
	}
	if written, err := w.list.remark(t.Context(), old); !written || err != nil {
		t.Fatal(written, err)
	}
	if now, _ := w.stored(t, "hanako@example.jp"); now.State != Unsubscribed { // stored holds it to its marks
		t.Errorf("%+v", now)
	}
}
