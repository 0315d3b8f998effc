package event_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/record/recordtest"
)

func newStore(t *testing.T, now *time.Time) *event.Store {
	return &event.Store{Client: recordtest.Start(t), Table: eventtest.Table(t), Now: func() time.Time { return *now }}
}

// A saved id replaces the event as a new version; earlier versions stay, for the registrations made under them (R32).
func TestVersions(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := newStore(t, &now)
	first := eventtest.Save(t, s, "one", nil)
	known, err := s.Get(t.Context(), "one")
	if err != nil || known.Version != 1 || known.Sequence != 0 {
		t.Fatalf("%+v, %v", known, err)
	}
	other := &event.Store{Client: s.Client, Table: s.Table, Now: s.Now}
	more := eventtest.Save(t, other, "one", map[string]any{"capacity": 20})
	if more.Version != 2 || more.Sequence != 0 {
		t.Errorf("more seats: version %d, sequence %d, want 2, 0", more.Version, more.Sequence)
	}
	if e, _ := s.Get(t.Context(), "one"); e.Version != 1 {
		t.Error("a process asks again within its 30 seconds")
	}
	now = now.Add(31 * time.Second)
	if e, _ := s.Get(t.Context(), "one"); e.Version != 2 {
		t.Error("a process goes on with an old definition after 30 seconds")
	}
	if e, err := s.VersionOf(t.Context(), "one", 1); err != nil || e.Capacity != first.Capacity {
		t.Errorf("version 1: %+v, %v", e, err)
	}
	if tasks, _ := s.Tasks(t.Context()); len(tasks) != 0 {
		t.Errorf("more seats leave a task: %v", tasks)
	}
	moved := eventtest.Save(t, other, "one", map[string]any{"capacity": 20, "place": map[string]string{"ja": "別の会場"}})
	if tasks, _ := s.Tasks(t.Context()); moved.Sequence != 1 || len(tasks) != 1 || tasks[0].Version != 3 {
		t.Errorf("moved: sequence %d, tasks %v", moved.Sequence, tasks)
	}
	var problems event.Problems
	apart, err := event.Parse(eventtest.JSON(t, "one", now, map[string]any{"kind": "hybrid", "capacity": map[string]int{"venue": 1, "online": 1}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), apart); !errors.As(err, &problems) || problems[0].Place != ".capacity" {
		t.Errorf("seats counted in another way: %v", err)
	}
	if _, err := s.Get(t.Context(), "../x"); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("an id that none can have: %v", err)
	}
}

// A task that was replaced by a newer change is not ended by the run that worked on the older one.
func TestTaskReplaced(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := newStore(t, &now)
	eventtest.Save(t, s, "one", nil)
	eventtest.Save(t, s, "one", map[string]any{"state": "postponed"})
	tasks, err := s.Tasks(t.Context())
	if err != nil || len(tasks) != 1 {
		t.Fatal(tasks, err)
	}
	eventtest.Save(t, s, "one", map[string]any{"state": "cancelled"})
	if err := errors.Join(s.Reached(t.Context(), tasks[0], "x"), s.Done(t.Context(), tasks[0])); err != nil {
		t.Fatal(err)
	}
	left, err := s.Tasks(t.Context())
	if err != nil || len(left) != 1 || left[0].Version != 3 || left[0].Cursor != "" {
		t.Errorf("%+v, %v", left, err)
	}
	if left[0].Settled(now.Add(time.Minute)) || !left[0].Settled(now.Add(2*time.Minute)) {
		t.Error("a task is settled when no process can hold the version before")
	}
	if err := s.Done(t.Context(), left[0]); err != nil {
		t.Fatal(err)
	}
	if left, _ = s.Tasks(t.Context()); len(left) != 0 {
		t.Errorf("still %v", left)
	}
}

func TestLists(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s := newStore(t, &now)
	for id, days := range map[string]int{"b": 2, "a": 1, "c": 3} {
		end := now.AddDate(0, 0, days)
		eventtest.Save(t, s, id, map[string]any{"starts_at": end.Add(-time.Hour).Format(time.RFC3339), "ends_at": end.Format(time.RFC3339), "closes_at": end.Format(time.RFC3339)})
	}
	eventtest.Save(t, s, "b", map[string]any{"starts_at": now.Format(time.RFC3339), "ends_at": now.AddDate(0, 0, 2).Format(time.RFC3339), "closes_at": now.Format(time.RFC3339)})
	ids := func(p event.Page, err error) (all []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Events {
			all = append(all, e.ID)
		}
		return all
	}
	if got := ids(s.Coming(t.Context(), now, 10, nil)); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("coming %v", got)
	}
	if got := ids(s.Past(t.Context(), now.AddDate(0, 0, 2), 10, nil)); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("past %v", got)
	}
	first, err := s.Coming(t.Context(), now, 2, nil)
	if err != nil || len(first.Events) != 2 || first.Next == nil {
		t.Fatalf("%v, %v", first, err)
	}
	if got := ids(s.Coming(t.Context(), now, 2, first.Next)); !slices.Equal(got, []string{"c"}) {
		t.Errorf("second page %v", got)
	}
}
