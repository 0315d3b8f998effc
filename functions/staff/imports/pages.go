package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
	"madoguchi/shared/web/chart"
)

type clock = func() time.Time

//go:embed imports.html
var source string

// pages are parsed at first use, not at start.
var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("imports").Parse(source)) })

// view is what every page has.
type view struct {
	staff.Tongue
	Base     string
	Lists    []policy.Code
	Wrong    []fieldError
	Import   roster.Import
	Imports  []roster.Import
	Next     string
	Problems []problem
	Preview  *roster.Preview
	CanUndo  bool
	Late     bool // the file goes too soon to begin with it
	Live     *live
}

// ListName is what a list is called.
func (v view) ListName(code policy.Code) string { return policy.Get(code).Name.In(v.Language) }

// WhatName is what a kind of file is called.
func (v view) WhatName(w roster.What) string {
	if w == roster.OptOuts {
		return v.T("配信停止・不達の一覧", "opt-outs and bounces")
	}
	return v.T("読者・登録者の名簿", "subscribers")
}

var statuses = map[roster.Status]policy.Text{
	roster.Checking: {JA: "確認中", EN: "checking"}, roster.Checked: {JA: "確認済み（まだ取り込んでいません）", EN: "checked (nothing has been imported yet)"},
	roster.Applying: {JA: "取り込み中", EN: "importing"}, roster.Applied: {JA: "取り込み済み", EN: "imported"},
	roster.Undone: {JA: "取り消し済み", EN: "undone"}, roster.Refused: {JA: "取り込めません", EN: "refused"},
}

// Status is what a status is called.
func (v view) Status(i roster.Import) string {
	switch {
	case i.Undoing:
		return v.T("取り消し中", "being undone")
	case i.Waiting:
		return v.T("列の確認待ち", "waiting for its columns")
	}
	return statuses[i.Status].In(v.Language)
}

func working(i roster.Import) bool {
	return i.Status == roster.Checking && !i.Waiting || i.Status == roster.Applying || i.Undoing
}

// Time is a moment for people.
func (v view) Time(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	if v.Language == policy.English {
		return t.In(policy.JapanTime).Format("2 January 2006 15:04") + " (Japan)"
	}
	return t.In(policy.JapanTime).Format("2006年1月2日 15:04")
}

// Number is a number with commas.
func (v view) Number(n int) string { return chart.Number(n) }

// Count is a line of the table of results.
type count struct {
	Name, Means string
	N           int
}

// Counts are the numbers of an import, with what they mean.
func (v view) Counts() []count {
	c := v.Import.Counts
	if v.Import.What == roster.OptOuts {
		return []count{
			{v.T("新しい停止", "New opt-outs"), v.T("登録があれば配信を停止し、今後もお送りしません", "subscriptions end, and nothing is sent from now on"), c.New},
			{v.T("すでに停止中", "Opted out already"), v.T("変わりません", "nothing changes"), c.OptedOut},
			{v.T("停止日より後に本人が登録", "Signed up after the opt-out"), v.T("新しい意思を優先し、変わりません", "the newer wish counts: nothing changes"), c.Existing},
			{v.T("ファイル内の重複", "Twice in the file"), v.T("最初の行だけを読みます", "only the first row counts"), c.Duplicate},
			{v.T("エラー", "Invalid"), v.T("取り込みません", "not imported"), c.Invalid},
		}
	}
	return []count{
		{v.T("新規", "New"), v.T("確認済みの登録として追加します。メールは送りません", "added as confirmed; no mail is sent"), c.New},
		{v.T("登録済み", "Already here"), v.T("今の登録を優先し、変わりません", "what is stored counts: nothing changes"), c.Existing},
		{v.T("配信停止・不達", "Opted out or bounced here"), v.T("取り込みません", "not imported"), c.OptedOut},
		{v.T("ファイル内の重複", "Twice in the file"), v.T("最初の行だけを読みます", "only the first row counts"), c.Duplicate},
		{v.T("エラー", "Invalid"), v.T("取り込みません", "not imported"), c.Invalid},
	}
}

// FieldName is what a column is called, "" for the whole row or file.
func (v view) FieldName(name string) string {
	return roster.ColumnLabel(v.Import.List, v.Import.What, name).In(v.Language)
}

// Fault is what is wrong with a field, "" for nothing.
func (v view) Fault(field string) string {
	for _, f := range v.Wrong {
		if f.Field == field {
			return f.Message.In(v.Language)
		}
	}
	return ""
}

// Aria marks a field that is wrong, and names what describes it.
func (v view) Aria(field string) template.HTMLAttr {
	described, invalid := field+"-support", ""
	if v.Fault(field) != "" {
		described, invalid = described+" "+field+"-error", ` aria-invalid="true"`
	}
	return template.HTMLAttr(`aria-describedby="` + described + `"` + invalid) //nolint:gosec // names of fields: constants of the template
}

// KeptChanged is how many people an undo has left because something has changed since.
func (v view) KeptChanged() int { return v.Import.Kept - v.Import.Mailed }

// Short is a cell of the preview, cut to what a page has room for.
func (v view) Short(s string) string {
	const most = 24
	letters := []rune(strings.TrimSpace(s))
	if len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return string(letters)
}

func (d *desk) write(w http.ResponseWriter, r *http.Request, status int, title policy.Text, name string, v view) error {
	return d.writeWith(w, r, status, staff.StaffPage{Title: title}, name, v)
}

func (d *desk) writeWith(w http.ResponseWriter, r *http.Request, status int, page staff.StaffPage, name string, v view) error {
	v.Language, v.Base, v.Lists = staff.Language(r), base, lists(staff.Of(r.Context()))
	var content bytes.Buffer
	if err := pages().ExecuteTemplate(&content, name, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	page.Wrong, page.Content = status >= http.StatusBadRequest, template.HTML(content.String()) //nolint:gosec // rendered by html/template just above
	return d.staff.Write(w, r, status, page)
}

// list shows the imports of one list, the newest first, and the form for another.
func (d *desk) list(w http.ResponseWriter, r *http.Request) error {
	mine := lists(staff.Of(r.Context()))
	list := policy.Code(r.URL.Query().Get("list"))
	if list == "" {
		list = mine[0]
	}
	if err := d.allow(r.Context(), list, "import"); err != nil {
		return err
	}
	all, next, err := d.store.List(r.Context(), list, 20, r.URL.Query().Get("cursor"))
	if err != nil {
		return fmt.Errorf("list imports: %w", err)
	}
	if web.WantsJSON(r) {
		items := make([]answer, len(all))
		for n, i := range all {
			items[n] = describe(i, language(r))
		}
		reply := map[string]any{"items": items, "next": nil}
		if next != "" {
			reply["next"] = next
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", reply)
	}
	return d.write(w, r, http.StatusOK, listTitle, "list", view{Imports: all, Next: next, Import: roster.Import{List: list, What: roster.Subscribers}})
}

var listTitle = policy.Text{JA: "名簿の取り込み", EN: "Import a list"}

// formPage shows the form again with what was typed. The file has to be chosen again.
func (d *desk) formPage(w http.ResponseWriter, r *http.Request, status int, i roster.Import, wrong []fieldError) error {
	return d.write(w, r, status, listTitle, "list", view{Import: i, Wrong: wrong})
}

// show tells where an import stands. A page waits a little for the importer, so that small files need no second look.
func (d *desk) show(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", describe(i, language(r)))
	}
	i, err := d.settled(r.Context(), i)
	if err != nil {
		return err
	}
	v := view{Import: i, Live: liveOf(i, staff.Language(r)), Problems: describe(i, staff.Language(r)).Problems, CanUndo: i.Status == roster.Applied && !i.Undoing,
		Late: !i.HasTime(d.now())}
	if i.Waiting {
		if v.Late {
			return conflict(i, policy.Text{JA: "ファイルの保存期間（24時間）が過ぎました。もう一度送信してください。", EN: "The file was deleted after 24 hours. Please send it again."})
		}
		// The first rows of a list are people: looking at them is recorded (R47).
		if err := d.staff.Audit(r.Context(), "import.preview", object(i.ID)); err != nil {
			return err
		}
		p, err := d.preview(r.Context(), i)
		if err != nil {
			return err
		}
		v.Preview = &p
	}
	title := policy.Text{JA: "名簿の取り込み：" + view{}.Status(i), EN: "Import: " + view{Tongue: staff.Tongue{Language: policy.English}}.Status(i)}
	page := staff.StaffPage{Title: title}
	if v.Live != nil {
		page.Script = staff.LiveScript()
	}
	return d.writeWith(w, r, http.StatusOK, page, "import", v)
}

// settled waits until the importer has nothing to do, for as long as a page may take.
func (d *desk) settled(ctx context.Context, i roster.Import) (roster.Import, error) {
	const look = 200 * time.Millisecond
	for waited := time.Duration(0); working(i) && waited < d.wait; waited += look {
		select {
		case <-ctx.Done():
			return i, nil
		case <-time.After(look):
		}
		now, err := d.store.Get(ctx, i.ID)
		if err != nil {
			return i, fmt.Errorf("read import: %w", err)
		}
		i = now
	}
	return i, nil
}

// Headings are those of a preview that can be chosen, each once.
func (v view) Headings() []string {
	var all []string
	for _, h := range v.Preview.Headings {
		if strings.TrimSpace(h) != "" && !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all
}
