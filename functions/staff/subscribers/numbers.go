package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
	"madoguchi/shared/web/chart"
)

// month is one month of a list, as scripts see it.
type month struct {
	Month string `json:"month"`
	*subscription.Numbers
	Confirmed *int `json:"confirmed"` // at its end; of the present month, now; null where that is not known
}

// months reads the numbers of a list, the newest first. since is when counting began, "" where it has not. The present month's total
// is what the last one ended with and what came and went since.
func (c *counter) months(r *http.Request, what string) (l list, all []month, since string, err error) {
	ctx := r.Context()
	if l, err = c.named(ctx, r.URL.Query().Get("list"), what); err != nil {
		return l, nil, "", err
	}
	counted, began, err := l.Months(ctx)
	if err != nil {
		return l, nil, "", err
	}
	if !began.IsZero() {
		since = began.In(policy.JapanTime).Format(time.RFC3339)
	}
	for i, m := range counted {
		one := month{Month: m.Month, Confirmed: m.Confirmed}
		if m.Counted {
			one.Numbers = &m.Numbers
		}
		if last := len(counted) - 1; i == last && i > 0 && counted[i-1].Confirmed != nil {
			now := *counted[i-1].Confirmed + m.Net()
			one.Confirmed = &now
		}
		all = append(all, one)
	}
	slices.Reverse(all)
	return l, all, since, c.staff.Audit(ctx, what, l.code())
}

// numbersView is the page of the numbers.
type numbersView struct {
	view
	Since   string
	Chart   *chart.Chart
	Columns []string
	Rows    []numbersRow
}

type numbersRow struct {
	Name  string
	Cells []string
}

// numbers shows how many came and went by month (policy: Statistic "newsletter_months", "press_months").
func (c *counter) numbers(w http.ResponseWriter, r *http.Request) error {
	l, all, since, err := c.months(r, "subscriber.numbers")
	if err != nil {
		return err
	}
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"list": l.code(), "since": orNull(since), "items": append([]month{}, all...)})
	}
	v := numbersView{view: c.view(r.Context(), r, l, "subscriber.numbers"), Since: date(since).In(staff.Language(r)), Columns: columns(staff.Language(r)), Chart: chartOf(all, staff.Language(r))}
	for _, m := range all {
		v.Rows = append(v.Rows, numbersRow{m.Month, m.cells("–")})
	}
	return c.write(w, r, http.StatusOK, policy.Text{JA: "月別の人数", EN: "Numbers by month"}, "numbers", v)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func columns(l policy.Language) []string {
	var all []string
	for _, t := range []policy.Text{{JA: "登録", EN: "Joined"}, {JA: "取り込み", EN: "Imported"}, {JA: "復帰", EN: "Back"}, {JA: "停止", EN: "Left"}, {JA: "不達", EN: "Bounced"},
		{JA: "期限切れ", EN: "Expired"}, {JA: "月末の登録者（今月は現在）", EN: "Subscribers at its end (this month: now)"}} {
		all = append(all, t.In(l))
	}
	return all
}

// cells are the numbers of a month; none stands for what is not known.
func (m month) cells(none string) []string {
	all := []string{none, none, none, none, none, none, none}
	if n := m.Numbers; n != nil {
		for i, value := range []int{n.Joined, n.Imported, n.Back, n.Left, n.Bounced, n.Expired} {
			all[i] = strconv.Itoa(value)
		}
	}
	if m.Confirmed != nil {
		all[6] = strconv.Itoa(*m.Confirmed)
	}
	return all
}

// numbersFile is the same as a file: numbers only, nothing that a spreadsheet takes for a formula.
func (c *counter) numbersFile(w http.ResponseWriter, r *http.Request) error {
	l, all, _, err := c.months(r, "subscriber.numbers")
	if err != nil {
		return err
	}
	lang := language(r)
	lines := []string{strings.Join(append([]string{policy.Text{JA: "月", EN: "Month"}.In(lang)}, columns(lang)...), ",")}
	for _, m := range all {
		lines = append(lines, m.Month+","+strings.Join(m.cells(""), ","))
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+l.code()+`-numbers.csv"`)
	_, err = w.Write([]byte("\ufeff" + strings.Join(lines, "\r\n") + "\r\n")) //nolint:gosec // numbers, and words of ours, as text/csv
	return err
}

// mostMonths is how many months the chart shows.
const mostMonths = 24

// chartOf draws who came up and who went down for each month, the newest last; nil where there is none.
func chartOf(all []month, l policy.Language) *chart.Chart {
	var shown []month
	for _, m := range all {
		if m.Numbers != nil && len(shown) < mostMonths {
			shown = append(shown, m)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	slices.Reverse(shown)
	var columns []chart.Column
	came, went := 0, 0
	for _, m := range shown {
		up, down := m.moves()
		columns = append(columns, chart.Column{Up: up, Down: down, Label: m.Month})
		came, went = came+up, went+down
	}
	period := fmt.Sprintf(policy.Text{JA: "%sから%sまでに", EN: "From %s to %s"}.In(l), shown[0].Month, shown[len(shown)-1].Month)
	if len(shown) == 1 {
		period = fmt.Sprintf(policy.Text{JA: "%sに", EN: "In %s"}.In(l), shown[0].Month)
	}
	said := fmt.Sprintf(policy.Text{JA: "%s、%s人が登録・取り込み・復帰し（上の棒）、%s人が停止・不達・期限切れで減りました（下の棒）。",
		EN: "%s, %s came (bars up) and %s went (bars down)."}.In(l), period, chart.Number(came), chart.Number(went))
	return chart.New(policy.Text{JA: "月ごとの登録と減少", EN: "Joined and gone, by month"}.In(l), said, columns)
}

// moves is how many came and went. An import that was undone in a later month is no one who came.
func (m month) moves() (came, went int) {
	return max(0, m.Joined+m.Imported+m.Back), m.Left + m.Bounced + m.Expired
}
