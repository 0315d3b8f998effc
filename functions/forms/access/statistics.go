package main

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
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
	Chart                  chart
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
		s.Visitors, s.HasVisitors = number(n), true
	}
	days, _ := r.Table(statistics.ByDay)
	if days.Total != nil {
		s.Total = number(*days.Total)
	}
	s.HasHidden = days.Hidden() > 0
	s.Days = rowsOf(days, words, func(day string) string { return dayName(day, l) })
	s.Chart = chartOf(days)
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
			r.N, r.Hidden = number(*n), false
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

// number writes a number with commas: 12,345.
func number(n int) string {
	digits := []byte{}
	for i := 0; ; i++ {
		if i > 0 && i%3 == 0 {
			digits = append(digits, ',')
		}
		digits = append(digits, byte('0'+n%10))
		if n /= 10; n == 0 {
			break
		}
	}
	slices.Reverse(digits)
	return string(digits)
}

// The measures of the chart, in units that are pixels on a phone.
const (
	chartWidth, chartHeight  = 360, 200
	plotLeft, plotTop        = 44, 12
	plotRight, plotBottom    = 356, 172
	mostBars                 = 31
	barStep                  = (plotRight - plotLeft) / mostBars
	barWidth                 = barStep - 3
	labelled                 = 5 // every fifth day has its number
	linesWanted, notShownTop = 4, 6
)

// chart is a bar for each day. The table beneath it has the same numbers.
type chart struct {
	Width, Height, Left, Right, Bottom int
	Bars                               []bar
	Lines                              []chartLine
}

type bar struct {
	X, Y, Width, Height, Middle int
	Label                       string
	Hidden                      bool
}

type chartLine struct {
	Y     int
	Label string
}

func chartOf(days statistics.Published) chart {
	c := chart{Width: chartWidth, Height: chartHeight, Left: plotLeft, Right: plotRight, Bottom: plotBottom}
	most := 1
	for _, row := range days.Cells {
		if row[0] != nil {
			most = max(most, *row[0])
		}
	}
	step := niceStep(most)
	top := (most + step - 1) / step * step
	height := func(n int) int { return n * (plotBottom - plotTop) / top }
	for n := 0; n <= top; n += step {
		c.Lines = append(c.Lines, chartLine{plotBottom - height(n), number(n)})
	}
	for i, day := range days.Rows {
		b := bar{X: plotLeft + 4 + i*barStep, Width: barWidth, Middle: plotLeft + 4 + i*barStep + barWidth/2}
		if n := days.Cells[i][0]; n == nil {
			b.Hidden, b.Height = true, notShownTop
		} else {
			b.Height = height(*n)
		}
		b.Y = plotBottom - b.Height
		if d := strings.TrimLeft(day[len(day)-2:], "0"); i == 0 || (i+1)%labelled == 0 {
			b.Label = d
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// niceStep is the distance of the chart's lines: 1, 2 or 5 times a power of ten, for about four of them.
func niceStep(most int) int {
	for power := 1; ; power *= 10 {
		for _, n := range []int{1, 2, 5} {
			if n*power*linesWanted >= most {
				return n * power
			}
		}
	}
}
