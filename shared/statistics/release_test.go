package statistics

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

var november = time.Date(2026, 11, 24, 12, 0, 0, 0, policy.JapanTime)

func month(t testing.TB, s string) Month {
	t.Helper()
	m, err := ParseMonth(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func counters(t *testing.T) (Counters, Releases) {
	t.Helper()
	client := recordtest.Start(t)
	return Counters{client, recordtest.Table(t, client, "counters", true)}, Releases{client, recordtest.Table(t, client, "releases", true)}
}

func count(t *testing.T, c Counters, day, path, domain string, views, visitors int) {
	t.Helper()
	if err := c.Count(t.Context(), day, View{path, domain, views, visitors}); err != nil {
		t.Fatal(err)
	}
}

// read returns a day's views by page and domain.
func read(t *testing.T, c Counters, day string) map[[2]string][2]int {
	t.Helper()
	views, err := c.Read(t.Context(), day, november)
	if err != nil {
		t.Fatal(err)
	}
	got := map[[2]string][2]int{}
	for _, v := range views {
		got[[2]string{v.Path, v.Domain}] = [2]int{v.Views, v.Visitors}
	}
	return got
}

// Counts are kept, not counted, and none is lost where many come at once.
func TestCountersAddUp(t *testing.T) {
	c, _ := counters(t)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			if err := c.Count(t.Context(), "2026-10-01", View{fmt.Sprintf("/p%d", i%3), "", 1, i % 2}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	count(t, c, "2026-10-01", "/p0", "search.example", 1, 1)
	count(t, c, "2026-10-02", "/p0", "", 1, 0)
	want := map[[2]string][2]int{{"/p0", ""}: {20, 10}, {"/p1", ""}: {20, 10}, {"/p2", ""}: {20, 10}, {"/p0", "search.example"}: {1, 1}}
	if diff := cmp.Diff(want, read(t, c, "2026-10-01")); diff != "" {
		t.Error(diff)
	}
}

// Whoever sends new pages and domains without end makes no more items than a day has places; the views still count.
func TestCountersAreBounded(t *testing.T) {
	c, _ := counters(t)
	const day = "2026-10-01"
	for what, n := range map[string]int{"pairs": MostPairs - 1, "pages": MostPages - 1} {
		if _, err := record.Update(t.Context(), c.Client, c.Table, record.Key(day+"#places", what), "SET n = :n", record.Values{"n": n}, record.Condition{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	count(t, c, day, "/last", "one.example", 1, 0)
	count(t, c, day, "/last", "one.example", 1, 0) // known: needs no place
	for i := range 3 {
		count(t, c, day, "/page", fmt.Sprintf("junk%d.example", i), 1, 0)
		count(t, c, day, fmt.Sprintf("/junk%d", i), "", 1, 0)
	}
	want := map[[2]string][2]int{{"/last", "one.example"}: {2, 0}, {"/page", Other}: {3, 0}, {Other, Other}: {3, 0}}
	if diff := cmp.Diff(want, read(t, c, day)); diff != "" {
		t.Error(diff)
	}
}

// R62, R63: from counters to what the public sees, over a step of its own.
func TestRelease(t *testing.T) {
	c, releases := counters(t)
	october := month(t, "2026-10")
	for i, day := range october.Days() {
		if i == 2 {
			count(t, c, day, "/ja", "", 3, 1) // a small day
			continue
		}
		count(t, c, day, "/ja", "", 100+i, 40)
		count(t, c, day, "/ja/events", "search.example", 50, 20)
	}
	count(t, c, "2026-10-09", "/secret-draft", "mail.example", 2, 1) // a page that hardly anybody saw
	count(t, c, "2026-11-01", "/ja", "", 1000, 500)                  // another month
	r, err := ReadPageViews(t.Context(), c, october, november)
	if err != nil {
		t.Fatal(err)
	}
	days, _ := r.Table(ByDay)
	pages, _ := r.Table(ByPage)
	domains, _ := r.Table(ByDomain)
	total := 3 + 30*150 + (31*30/2 - 2) + 2
	if days.Total == nil || *days.Total != total || *pages.Total != total || *domains.Total != total || days.Cells[2][0] != nil || days.Hidden() != 2 {
		t.Errorf("days %+v, want the total %d and two days hidden", days, total)
	}
	if diff := cmp.Diff([][]string{{"/ja", Other}, {Direct, Other}}, [][]string{pages.Rows, domains.Rows}); diff != "" {
		t.Errorf("the small page and its website joined the smallest that is large enough (-want +got):\n%s", diff)
	}
	if r.Figures[Visitors] != 30*60+1+1 {
		t.Errorf("visitors %v", r.Figures)
	}

	// Reading publishes nothing; releasing does, once. One more view, and the second release would tell of it (hard case 32).
	if _, found, err := releases.Find(t.Context(), PageViews, october, november); found || err != nil {
		t.Fatalf("public before its release: %v", err)
	}
	if err := releases.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	count(t, c, "2026-10-09", "/ja", "", 1, 1)
	again, err := ReadPageViews(t.Context(), c, october, november)
	if err != nil {
		t.Fatal(err)
	}
	if err := releases.Publish(t.Context(), again); !errors.Is(err, ErrReleased) {
		t.Errorf("a second release of one month: %v", err)
	}
	got, found, err := releases.Find(t.Context(), PageViews, october, november.AddDate(9, 0, 0))
	if diff := cmp.Diff(r, got); !found || err != nil || diff != "" {
		t.Errorf("found %t, %v, (-want +got):\n%s", found, err, diff)
	}
}

func TestReleaseIsRefused(t *testing.T) {
	small := Table{Code: ByDay, Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{4}}}
	fine := Table{Code: ByDay, Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{40}}}
	other := Table{Code: ByPage, Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{41}}}
	for _, c := range []struct {
		name, statistic, month string
		tables                 []Table
		want                   error
	}{
		{"the month that runs", PageViews, "2026-11", []Table{fine}, ErrOpen},
		{"a month to come", PageViews, "2027-01", []Table{fine}, ErrOpen},
		{"not in the policy", "visitors_by_name", "2026-10", []Table{fine}, ErrUnknown},
		{"too little", PageViews, "2026-10", []Table{small}, ErrTooSmall},
		{"two tables of different counts, whose difference is one", PageViews, "2026-10", []Table{fine, other}, ErrTooSmall},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewRelease(c.statistic, month(t, c.month), november, nil, c.tables...); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	for _, s := range []string{"", "2026", "2026-13", "2026-1", "2026-10-01", "2026-Q3", "2025-12/2026-11"} {
		if _, err := ParseMonth(s); !errors.Is(err, ErrNoMonth) {
			t.Errorf("%q is a month: %v", s, err)
		}
	}
	last := time.Date(2026, 11, 30, 23, 59, 59, 0, policy.JapanTime)
	if m := month(t, "2026-11"); m.Closed(last) || m.Closed(last.Add(time.Minute)) || !m.Closed(last.Add(2*time.Hour)) || len(m.Days()) != 30 {
		t.Error("the month's end")
	}
}

// Hard case 32: a flow of people over several months, with releases asked for in any order, repeatedly and after more were
// counted. Whoever solves the sums of all releases together finds no number under 5.
func TestReleasesTogether(t *testing.T) {
	_, releases := counters(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++ // each run has years of its own in the table
		counted, public := map[string]Table{}, map[string]Table{}
		u := attack()
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			name := fmt.Sprintf("%04d-%02d", 1000+n, rapid.IntRange(1, 3).Draw(r, "month"))
			table, ok := counted[name]
			if !ok {
				table = tables(4).Draw(r, "table")
			} else if i := rapid.IntRange(0, len(table.Rows)-1).Draw(r, "row"); true {
				cells := append([][]int{}, table.Cells...)
				cells[i] = append([]int{}, cells[i]...)
				cells[i][0]++ // somebody more
				table.Cells = cells
			}
			counted[name] = table
			release, err := NewRelease(PageViews, month(t, name), november, nil, table)
			if errors.Is(err, ErrTooSmall) {
				continue
			}
			if err != nil {
				r.Fatal(err)
			}
			err = releases.Publish(t.Context(), release)
			if _, was := public[name]; was {
				if !errors.Is(err, ErrReleased) {
					r.Fatalf("%s twice: %v", name, err)
				}
				continue
			}
			if err != nil {
				r.Fatal(err)
			}
			public[name] = table
			got, found, err := releases.Find(t.Context(), PageViews, month(t, name), november)
			if err != nil || !found {
				r.Fatal(found, err)
			}
			u.learn(len(public), got.Tables[0], table)
		}
		for i, found := range u.solve() {
			if found < policy.SmallestCell {
				r.Fatalf("unknown %d is %d", i, found)
			}
		}
	})
}

// The list has the newest first, in pages.
func TestList(t *testing.T) {
	_, releases := counters(t)
	fine := Table{Code: ByDay, Rows: []string{"a"}, Columns: []string{"b"}, Cells: [][]int{{40}}}
	for _, name := range []string{"2026-08", "2025-12", "2026-09"} {
		r, err := NewRelease(PageViews, month(t, name), november, nil, fine)
		if err != nil {
			t.Fatal(err)
		}
		if err := releases.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	before := ""
	for more := true; more; {
		var page []Release
		var err error
		if page, more, err = releases.List(t.Context(), PageViews, before, 2, november); err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			got, before = append(got, r.Period), r.Period
		}
	}
	if diff := cmp.Diff([]string{"2026-09", "2026-08", "2025-12"}, got); diff != "" {
		t.Error(diff)
	}
}
