package main

import (
	"net/http"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
	"madoguchi/shared/web/chart"
)

// released may be kept by browsers and a CDN: a release never changes. Short, so that the next one is seen soon.
const released = "public, max-age=300"

// perPage is how many releases a list shows.
const perPage = 24

// listed is a release in a list.
type listed struct {
	Statistic  string `json:"statistic"`
	Period     string `json:"period"`
	ReleasedAt string `json:"released_at"`
	Views      *int   `json:"total"`
	URL        string `json:"url"`
}

// statistics shows the newest release and lists the others. It reads the table of releases and has no right to read any
// other: what was counted becomes public by a release alone (R62).
func (a *access) statistics(w http.ResponseWriter, r *http.Request) error {
	before := r.URL.Query().Get("cursor")
	if before != "" {
		if _, err := statistics.ParseMonth(before); err != nil {
			return &web.Error{Kind: web.BadRequest, Message: policy.Text{JA: "一覧の続きが見つかりません。", EN: "There is no such part of the list."}}
		}
	}
	releases, more, err := a.releases.List(r.Context(), statistics.PageViews, before, perPage, a.now())
	if err != nil {
		return err
	}
	items := make([]listed, 0, len(releases))
	for _, one := range releases {
		l := listed{Statistic: one.Statistic, Period: one.Period, ReleasedAt: one.ReleasedAt, URL: a.site.Organization.PublicURL + releasePath(one)}
		if days, ok := one.Table(statistics.ByDay); ok {
			l.Views = days.Total
		}
		items = append(items, l)
	}
	var next *string
	if more {
		next = &releases[len(releases)-1].Period
	}
	a.cacheable(w)
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"items": items, "next": next})
	}
	language := web.LanguageOf(r, policy.Japanese, policy.English)
	view := statisticsView{Words: statisticsWordsIn(language), Language: language, Path: r.URL.Path}
	if len(releases) > 0 {
		if view.Shown, err = shownRelease(releases[0], language); err != nil {
			return err
		}
	}
	for i, one := range releases {
		m, err := one.Month()
		if err != nil {
			return err
		}
		view.Releases = append(view.Releases, link{releasePath(one), m.In(language), i == 0})
	}
	if more {
		view.Older = *next
	}
	return a.show(w, language, view.Words.Title, "statistics.html", view)
}

func releasePath(r statistics.Release) string { return "/statistics/" + r.Statistic + "/" + r.Period }

// release shows one release.
func (a *access) release(w http.ResponseWriter, r *http.Request) error {
	m, err := statistics.ParseMonth(r.PathValue("month"))
	if err != nil {
		return web.ErrNotFound
	}
	one, found, err := a.releases.Find(r.Context(), r.PathValue("statistic"), m, a.now())
	if err != nil {
		return err
	}
	if !found {
		return web.ErrNotFound
	}
	a.cacheable(w)
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", one)
	}
	language := web.LanguageOf(r, policy.Japanese, policy.English)
	view := statisticsView{Words: statisticsWordsIn(language), Language: language, Path: r.URL.Path, Single: true}
	if view.Shown, err = shownRelease(one, language); err != nil {
		return err
	}
	return a.show(w, language, view.Words.Title+view.Words.Of+view.Shown.Period, "statistics.html", view)
}

func (a *access) cacheable(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", released)
	w.Header().Set("Vary", "Accept, Accept-Language, Cookie")
}

type link struct {
	Path, Text string
	Current    bool
}

type statisticsView struct {
	Words    statisticsWords
	Language policy.Language
	Path     string
	Single   bool
	Shown    *shown
	Releases []link
	Older    string
}

// shown is a release as the page shows it.
type shown struct {
	Period, ReleasedAt     string
	Total, Visitors        string
	Days, Pages, Domains   []rowShown
	Chart                  *chart.Chart
	HasHidden, HasVisitors bool
}

type rowShown struct {
	Name, N string
	Hidden  bool
}

func shownRelease(r statistics.Release, l policy.Language) (*shown, error) {
	m, err := r.Month()
	if err != nil {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, r.ReleasedAt)
	if err != nil {
		return nil, err
	}
	words := statisticsWordsIn(l)
	s := &shown{Period: m.In(l), ReleasedAt: policy.Date(at, l)}
	if n, ok := r.Figures[statistics.Visitors]; ok {
		s.Visitors, s.HasVisitors = chart.Number(n), true
	}
	days, _ := r.Table(statistics.ByDay)
	if days.Total != nil {
		s.Total = chart.Number(*days.Total)
	}
	s.HasHidden = days.Hidden() > 0
	s.Days = rowsOf(days, words, func(day string) string { return dayName(day, l) })
	note := words.ChartNote
	if s.HasHidden {
		note += " " + words.HiddenBar
	}
	s.Chart = chartOf(days, words.Chart+words.Of+s.Period, note)
	named := func(name string) string {
		switch name {
		case statistics.Other:
			return words.Other
		case statistics.Direct:
			return words.Direct
		}
		return name
	}
	pages, _ := r.Table(statistics.ByPage)
	domains, _ := r.Table(statistics.ByDomain)
	s.Pages, s.Domains = rowsOf(pages, words, named), rowsOf(domains, words, named)
	return s, nil
}

func rowsOf(p statistics.Published, words statisticsWords, name func(string) string) []rowShown {
	rows := make([]rowShown, 0, len(p.Rows))
	for i, row := range p.Rows {
		r := rowShown{Name: name(row), N: words.Hidden, Hidden: true}
		if n := p.Cells[i][0]; n != nil {
			r.N, r.Hidden = chart.Number(*n), false
		}
		rows = append(rows, r)
	}
	return rows
}

// dayName writes a day of the table: 3日（火）, "Tue 3".
func dayName(day string, l policy.Language) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	if l == policy.English {
		return t.Format("Mon 2")
	}
	return t.Format("2日（") + string([]rune("日月火水木金土")[t.Weekday()]) + "）"
}

// plotTop and plotBottom are where the bars stand; labelled says that every fifth day has its number.
const (
	plotTop, plotBottom = chart.Top, chart.Bottom
	labelled            = 5
)

// chartOf is a bar for each day. The table beneath it has the same numbers.
func chartOf(days statistics.Published, title, description string) *chart.Chart {
	var columns []chart.Column
	for i, day := range days.Rows {
		var one chart.Column
		if n := days.Cells[i][0]; n == nil {
			one.Hidden = true
		} else {
			one.Up = *n
		}
		if i == 0 || (i+1)%labelled == 0 {
			one.Label = strings.TrimLeft(day[len(day)-2:], "0")
		}
		columns = append(columns, one)
	}
	return chart.New(title, description, columns)
}
