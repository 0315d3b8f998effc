package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

//go:embed *.html
var sources embed.FS

// pages are parsed at first use, not at start.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.ParseFS(sources, "*.html")) })

// view is what every page has.
type view struct {
	staff.Tongue
	Base     string
	Done     string // what the action before has done, for people
	Code     string // of the list
	ListName string
	Others   []other // lists that the person may see beside it
	Problem  *web.Error
	Own      bool // the caller looks after the list
	MayHold  bool
}

type other struct{ Code, Name string }

func (c *counter) view(ctx context.Context, r *http.Request, l list, what string) view {
	lang := staff.Language(r)
	v := view{Tongue: staff.Tongue{Language: lang}, Base: base, Code: l.code(), ListName: l.Service.Name.In(lang), Done: told[r.URL.Query().Get("done")].In(lang),
		Own: staff.Of(ctx).May(l.role), MayHold: mayHold(ctx)}
	for _, one := range c.open(ctx, what) {
		if one.code() != l.code() {
			v.Others = append(v.Others, other{one.code(), one.Service.Name.In(lang)})
		}
	}
	return v
}

// State, Reason and Channel are words for codes.
func (v view) State(s subscription.State) string { return stateName(s).In(v.Language) }
func (v view) Reason(code string) string         { return reasonName(code).In(v.Language) }
func (v view) Channel(code string) string        { return channelName(code).In(v.Language) }
func (v view) Outcome(code string) string        { return outcomeName(code).In(v.Language) }
func (v view) Date(at string) string             { return date(at).In(v.Language) }

// Time is a moment for people, in Japan.
func (v view) Time(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	return policy.Date(t, v.Language) + t.In(policy.JapanTime).Format(" 15:04")
}

// Kind is what a kind of mail is called.
func (v view) Kind(k policy.MailKind) string {
	m, _ := policy.MailOf(k)
	return m.Text.In(v.Language)
}

// Error is what is wrong with a field, "" for nothing.
func (v view) Error(field string) string {
	if v.Problem == nil {
		return ""
	}
	for _, f := range v.Problem.Fields {
		if f.Field == field {
			if f.Message != "" {
				return f.Message
			}
			return v.Problem.Message.In(v.Language)
		}
	}
	return ""
}

// Aria marks a field that is wrong.
func (v view) Aria(field string) template.HTMLAttr {
	if v.Error(field) == "" {
		return ""
	}
	return template.HTMLAttr(`aria-invalid="true" aria-describedby="` + field + `-error"`) //nolint:gosec // names of fields: constants of the templates
}

// Fault is a problem of a field, for the template that shows one.
func (v view) Fault(field string) map[string]string {
	return map[string]string{"Field": field, "Message": v.Error(field)}
}

// outcomeName says what became of a mail.
func outcomeName(code string) policy.Text {
	if t, known := map[string]policy.Text{
		"queued": {JA: "送信待ち", EN: "waiting"}, "accepted": {JA: "送信済み", EN: "sent"}, "delivered": {JA: "相手のサーバーに到着", EN: "delivered"},
		"bounced": {JA: "届かなかった", EN: "came back"}, "complained": {JA: "迷惑メールとして申告", EN: "reported as unwanted"},
		"failed": {JA: "送れなかった", EN: "failed"}, "excluded": {JA: "送信の直前に除外", EN: "left out"}, "unknown": {JA: "確認中", EN: "not known yet"},
	}[code]; known {
		return t
	}
	return policy.Text{JA: code, EN: code}
}

// told is what an action that led to a page has done.
var told = map[string]policy.Text{
	"optout":  {JA: "配信を停止しました。", EN: "Unsubscribed."},
	"correct": {JA: "訂正を受け付けました。アドレスを訂正した場合は、新しいアドレスに確認のメールをお送りします。", EN: "Corrected. A new address is asked to confirm itself."},
	"resend":  {JA: "確認のメールを再送しました。", EN: "The confirmation was sent again."},
	"restore": {JA: "配信に戻しました。", EN: "Put back on the list."},
	"approve": {JA: "承認しました。ご本人にメールでお知らせします。", EN: "Approved. The person is told by mail."},
	"refuse":  {JA: "お断りしました。ご本人にメールでお知らせします。", EN: "Refused. The person is told by mail."},
	"some":    {JA: "処理しました。すでに承認待ちでなくなっていた方は、そのままです。", EN: "Done. Those who no longer waited were left as they are."},
	"hold":    {JA: "保存期限を延長しました。", EN: "The record is on hold."},
	"release": {JA: "保存期限の延長を終わりました。延長のために保管していた記録は削除しました。", EN: "The hold has ended. What it kept is deleted."},
	"add":     {JA: "登録を受け付けました。", EN: "Added."},
}

// findView is the page on which people are looked for.
type findView struct {
	view
	List   list
	Search search
	Wrong  *web.Error
	Rows   []row
	Next   string
	Asked  bool
	States []subscription.State
	NextAt string
	Decide bool

	Unknown bool // nobody has the address: the wish of its owner can be recorded all the same
	Ways    []string
}

func (c *counter) findPage(w http.ResponseWriter, r *http.Request, status int, v findView) error {
	v.view, v.Ways = c.view(r.Context(), r, v.List, "subscriber.find"), ownWays
	v.Problem, v.States = v.Wrong, subscription.States()
	if !v.List.Approval {
		v.States = slices.DeleteFunc(v.States, func(s subscription.State) bool { return s == subscription.Pending })
	}
	v.Decide = v.Search.State == subscription.Pending && len(v.Rows) > 0
	if v.Next != "" && v.Search.State != "" {
		v.NextAt = "?" + url.Values{"list": {v.Code}, "state": {string(v.Search.State)}, "cursor": {v.Next}}.Encode()
	}
	return c.write(w, r, status, policy.Text{JA: "読者・登録者", EN: "Subscribers"}, "find", v)
}

// personView is the page of one person.
type personView struct {
	view
	P       *whole
	Items   []pair
	Because string
	Ways    []string
	Print   bool    // for paper: nothing is folded away
	Beside  []aside // other records of the person
	Held    []heldView
	First   string // the first and the last day that a hold may last to
	Last    string
}

type pair struct{ Label, Value string }

// aside is a record beside the one that counts.
type aside struct {
	Title string
	At    string
	Until string
	Items []pair
}

// Can tells whether an action makes sense now.
func (v personView) Can(action string) bool { return slices.Contains(v.P.May, action) }

func (c *counter) personView(r *http.Request, l list, p *whole) (personView, error) {
	day := func(after time.Duration) string { return c.now().Add(after).In(policy.JapanTime).Format(time.DateOnly) }
	v := personView{view: c.view(r.Context(), r, l, "subscriber.view"), P: p, First: day(24 * time.Hour), Last: day(record.MaxHold - 48*time.Hour), Because: p.NextIssue.text.In(staff.Language(r)), Ways: ownWays}
	fields, err := l.List.Fields(r.Context())
	v.Items = v.items(fields, p.Email, p.Fields)
	v.Held = v.held(fields)
	for _, s := range p.Waiting {
		v.Beside = append(v.Beside, aside{v.T("ほかの申し込み（確認待ち）", "Another sign-up that waits"), s.SubmittedAt, s.ExpiresAt, v.items(fields, s.Email, s.Fields)})
	}
	if s := p.Left; s != nil {
		v.Beside = append(v.Beside, aside{v.T("配信停止前の登録", "The record before they left"), s.SubmittedAt, s.ExpiresAt, v.items(fields, s.Email, s.Fields)})
	}
	return v, err
}

// items are the values of a record under the labels of the form.
func (v personView) items(fields []form.Field, email string, values map[string]string) []pair {
	var all []pair
	for _, f := range fields {
		value := values[f.Name]
		if f.Name == "email" {
			value = email
		}
		for _, o := range f.Options {
			if o.Value == value {
				value = o.Label.In(v.Language)
			}
		}
		if value != "" {
			all = append(all, pair{f.Label.In(v.Language), value})
		}
	}
	return all
}

func (c *counter) showPage(w http.ResponseWriter, r *http.Request, l list, p *whole) error {
	v, err := c.personView(r, l, p)
	if err != nil {
		return err
	}
	return c.write(w, r, http.StatusOK, policy.Text{JA: "登録者の詳細", EN: "Subscriber"}, "show", v)
}

func (c *counter) exportPage(w http.ResponseWriter, r *http.Request, l list, p *whole) error {
	v, err := c.personView(r, l, p)
	if err != nil {
		return err
	}
	v.Print = true
	return c.write(w, r, http.StatusOK, policy.Text{JA: "登録者に関する記録", EN: "Record of a subscriber"}, "export", v)
}

// formView is a page with the fields of a list.
type formView struct {
	view
	ID       string
	Inputs   template.HTML
	Ways     []string
	Chosen   string
	Evidence subscription.Evidence
}

func (c *counter) correctForm(w http.ResponseWriter, r *http.Request, status int, l list, id string, values map[string]string, wrong *web.Error) error {
	fields, err := l.Fields(r.Context())
	if err != nil {
		return err
	}
	v := formView{view: c.view(r.Context(), r, l, "subscriber.correct"), ID: id, Inputs: inputs(fields, values, wrong, staff.Language(r))}
	v.Problem = wrong
	return c.write(w, r, status, policy.Text{JA: "登録内容の訂正", EN: "Correct a typing error"}, "correct", v)
}

func (c *counter) addPage(w http.ResponseWriter, r *http.Request) error {
	l, err := c.named(r.Context(), r.URL.Query().Get("list"), "subscriber.add")
	if err != nil {
		return err
	}
	return c.addForm(w, r, l, &body{}, nil)
}

func (c *counter) addForm(w http.ResponseWriter, r *http.Request, l list, b *body, wrong *web.Error) error {
	fields, err := l.Fields(r.Context())
	if err != nil {
		return err
	}
	v := formView{view: c.view(r.Context(), r, l, "subscriber.add"), Inputs: inputs(fields, b.Fields, wrong, staff.Language(r)), Ways: toAdd, Chosen: b.Channel}
	v.Problem = wrong
	if b.Evidence != nil {
		v.Evidence = *b.Evidence
	}
	status := http.StatusOK
	if wrong != nil {
		status = wrong.Kind.Status()
	}
	return c.write(w, r, status, policy.Text{JA: "登録者を追加する", EN: "Add a subscriber"}, "add", v)
}

// inputs are the fields of a form, with what was typed and what is wrong with it.
func inputs(fields []form.Field, values map[string]string, wrong *web.Error, lang policy.Language) template.HTML {
	var all []web.FieldError
	if wrong != nil {
		all = wrong.Fields
	}
	return form.Inputs(fields, values, all, lang)
}

// write sends a page.
func (c *counter) write(w http.ResponseWriter, r *http.Request, status int, title policy.Text, name string, v any) error {
	var content bytes.Buffer
	if err := pages().ExecuteTemplate(&content, name, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return c.staff.Write(w, r, status, staff.StaffPage{Title: title, Wrong: status >= http.StatusBadRequest,
		Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
}
