package statistics

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// PageViews is the statistic of the page views (policy 3(1), R14, R63).
const PageViews = "page_views"

// The tables and figures of a release of the page views.
const (
	ByDay    = "day"
	ByPage   = "page"
	ByDomain = "referrer_domain"
	Visitors = "visitors" // visitors of each day, added up
	// Direct stands for views that no other website led to.
	Direct = "-"
)

// mostRows of a list; all further pages or domains stand in one row.
const mostRows = 30

// ReadPageViews makes the release of a month from the counters. It publishes nothing. The pages and domains in folded are put
// to the others: anybody can send a view of any name, as an advertisement or an insult, and a release is public for ever.
// The errors are those of NewRelease and record.ErrUnavailable.
func ReadPageViews(ctx context.Context, counters Counters, m Month, now time.Time, folded ...string) (Release, error) {
	if !m.Closed(now) {
		return Release{}, fmt.Errorf("%s of %s: %w", PageViews, m, ErrOpen)
	}
	days := Table{Code: ByDay, Columns: []string{ByDay}}
	pages, domains, visitors := map[string]int{}, map[string]int{}, 0
	for _, day := range m.Days() {
		views, err := counters.Read(ctx, day, now)
		if err != nil {
			return Release{}, err
		}
		sum := 0
		for _, v := range views {
			if v.Domain == "" {
				v.Domain = Direct
			}
			if slices.Contains(folded, v.Path) {
				v.Path = Other
			}
			if slices.Contains(folded, v.Domain) {
				v.Domain = Other
			}
			sum += v.Views
			visitors += v.Visitors
			pages[v.Path] += v.Views
			domains[v.Domain] += v.Views
		}
		days.Rows, days.Cells = append(days.Rows, day), append(days.Cells, []int{sum})
	}
	byPage, err := mergeMap(ByPage, pages)
	if err != nil {
		return Release{}, err
	}
	byDomain, err := mergeMap(ByDomain, domains)
	if err != nil {
		return Release{}, err
	}
	return NewRelease(PageViews, m, now, map[string]int{Visitors: visitors}, days, byPage, byDomain)
}

// mergeMap merges the counts; what was counted as Other joins the row of all others.
func mergeMap(code string, counts map[string]int) (Table, error) {
	var list []Count
	for name, n := range counts {
		if name != Other {
			list = append(list, Count{name, n})
		}
	}
	return Merge(code, list, mostRows, Other, counts[Other])
}
