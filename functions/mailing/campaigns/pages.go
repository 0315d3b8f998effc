package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web/chart"
)

//go:embed *.html
var sources embed.FS

// pages are parsed at first use, not at start.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.ParseFS(sources, "*.html")) })

// view is what every page has: the language and what goes with it.
type view struct {
	staff.Tongue
	Base  string
	Done  string // what the action before has done, for people
	Wrong problems
}

func (e *editor) view(r *http.Request) view {
	l := staff.Language(r)
	return view{Tongue: staff.Tongue{Language: l}, Base: base, Done: told[r.URL.Query().Get("done")].In(l)}
}

// Kind is what a kind is called.
func (v view) Kind(k policy.MailKind) string { return kindName(k).In(v.Language) }

// State is what a state is called.
func (v view) State(s campaign.State) string { return stateName(s).In(v.Language) }

// Time is a moment (RFC 3339, or Unix milliseconds) for people.
func (v view) Time(at any) string {
	var t time.Time
	switch at := at.(type) {
	case string:
		t, _ = time.Parse(time.RFC3339, at) // what is no time shows as none
	case int64:
		if at != 0 {
			t = time.UnixMilli(at)
		}
	case time.Time:
		t = at
	}
	switch {
	case t.IsZero():
		return ""
	case v.Language == policy.English:
		return t.In(tokyo).Format("2 January 2006 15:04") + " (Japan)"
	}
	return japanese(t)
}

// Number is a number with commas.
func (v view) Number(n int) string { return chart.Number(n) }

// Size is a number of bytes.
func (v view) Size(n int) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d KB", max(1, n/1000))
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// Error is what is wrong with a field, "" for nothing.
func (v view) Error(field string) string {
	for _, p := range v.Wrong {
		if p.Field == field {
			return p.Message.In(v.Language)
		}
	}
	return ""
}

// Aria marks a field that is wrong, and names what describes it.
func (v view) Aria(field, support string) template.HTMLAttr {
	var parts, described []string
	if support != "" {
		described = append(described, support)
	}
	if v.Error(field) != "" {
		parts, described = append(parts, `aria-invalid="true"`), append(described, field+"-error")
	}
	if len(described) > 0 {
		parts = append(parts, `aria-describedby="`+strings.Join(described, " ")+`"`)
	}
	return template.HTMLAttr(strings.Join(parts, " ")) //nolint:gosec // names of fields: constants of the templates
}

// told is what an action that led to a page has done.
var told = map[string]policy.Text{
	"saved":             {JA: "保存しました。", EN: "Saved."},
	string(actSubmit):   {JA: "承認を依頼しました。承認できる担当者にメールでお知らせします。", EN: "Submitted. Those who may approve it are told by mail."},
	string(actApprove):  {JA: "承認しました。", EN: "Approved."},
	string(actReturn):   {JA: "下書きに戻しました。", EN: "Returned to draft."},
	string(actSchedule): {JA: "配信を予約しました。", EN: "Scheduled."},
	string(actRecall):   {JA: "予約を取り消しました。まだ何も送られていません。", EN: "Recalled. Nothing has been sent."},
	string(actPause):    {JA: "一時停止しました。いま送信中の最大50通は送られることがあります。", EN: "Paused. Up to 50 mails of the running call may still leave."},
	string(actResume):   {JA: "配信を再開しました。", EN: "Resumed."},
	string(actCancel):   {JA: "中止しました。", EN: "Cancelled."},
	"test":              {JA: "テストメールを送りました。", EN: "The test was sent."},
}

// write sends a page.
func (e *editor) write(w http.ResponseWriter, r *http.Request, status int, title policy.Text, name string, v any) error {
	return e.writeWith(w, r, status, staff.StaffPage{Title: title, Wrong: status >= http.StatusBadRequest}, name, v)
}

func (e *editor) writeWith(w http.ResponseWriter, r *http.Request, status int, page staff.StaffPage, name string, v any) error {
	var content bytes.Buffer
	if err := pages().ExecuteTemplate(&content, name, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	page.Content = template.HTML(content.String()) //nolint:gosec // rendered by html/template just above
	return e.staff.Write(w, r, status, page)
}

// names are the people who hold the role of a kind, by their subject: whoever decided something is shown by name.
func (e *editor) names(ctx context.Context, kind policy.MailKind) map[string]string {
	all := map[string]string{campaign.ByClock: "自動"}
	people, err := e.staff.Colleagues(ctx, roleOf(kind))
	if err != nil {
		return all // the page shows the account's ID instead
	}
	for _, p := range people {
		all[p.ID] = p.Name
	}
	return all
}
