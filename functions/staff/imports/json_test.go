package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/ledger"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/roster"
	"madoguchi/shared/web"
)

// The way of a script: send, look, apply, undo, each recorded.
func TestAScriptImportsAndUndoes(t *testing.T) {
	w := newWorld(t)
	a := decoded(t, w.send(policy.RoleEditor, fields(nil), csv), http.StatusAccepted)
	if a.Status != roster.Checking {
		t.Errorf("%+v", a)
	}
	w.work()
	get := func() answer {
		return decoded(t, w.do(call{method: http.MethodGet, path: "/" + a.ID, role: policy.RoleEditor}), http.StatusOK)
	}
	a = get()
	if diff := cmp.Diff(roster.Counts{New: 1, Invalid: 1}, a.Counts); diff != "" || a.Status != roster.Checked {
		t.Fatal(a.Status, diff)
	}
	if len(a.Problems) != 1 || a.Problems[0].Row != 3 || a.Problems[0].Field != "business_category" || a.Problems[0].Message == "" {
		t.Errorf("%+v", a.Problems)
	}
	post := func(action string) *struct{ Code int } {
		r := w.do(call{method: http.MethodPost, path: "/" + a.ID + "/" + action, role: policy.RoleEditor})
		return &struct{ Code int }{r.Code}
	}
	if code := post("undo").Code; code != http.StatusConflict {
		t.Errorf("undo of what was not applied: %d", code)
	}
	if code := post("apply").Code; code != http.StatusAccepted {
		t.Fatal(code)
	}
	w.work()
	if got := get(); got.Status != roster.Applied || got.Counts.New != 1 {
		t.Errorf("%+v", got)
	}
	if code := post("apply").Code; code != http.StatusConflict {
		t.Errorf("applied twice: %d", code)
	}
	r := w.do(call{method: http.MethodGet, path: "/" + a.ID + "/report.csv", role: policy.RoleEditor})
	want := "\ufeff行,結果,項目,理由\r\n2,新規,,\r\n3,エラー,業種,選択肢にない値です\r\n"
	if r.Code != http.StatusOK || r.Body.String() != want || r.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%d %q", r.Code, r.Body)
	}
	if code := post("undo").Code; code != http.StatusAccepted {
		t.Fatal(code)
	}
	if got := get(); got.Status != roster.Applying || !got.Undoing {
		t.Errorf("while it is undone: %+v", got)
	}
	w.work()
	if got := get(); got.Status != roster.Undone || got.Undone != 1 {
		t.Errorf("%+v", got)
	}
	var recorded []string
	for n := 1; ; n++ {
		var e ledger.Entry
		found, err := record.Get(t.Context(), w.client, w.Env["LEDGER_TABLE"], record.Key("AUDIT#"+time.Now().In(policy.JapanTime).Format("2006-01"), place(n)), time.Now(), &e)
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			break
		}
		if e.Object != object(a.ID) {
			t.Errorf("an entry on %s", e.Object)
		}
		recorded = append(recorded, e.What)
	}
	if diff := cmp.Diff([]string{"import.create", "import.apply", "import.report", "import.undo"}, recorded); diff != "" {
		t.Error(diff)
	}
}

func place(n int) string { return strings.Repeat("0", 7) + string(rune('0'+n)) }

// An import can be undone as long as no mail has gone to it: not while a campaign is under way, and not where an issue has gone to
// everybody of it; person by person otherwise.
func TestUndoAndMail(t *testing.T) {
	w := newWorld(t)
	a := decoded(t, w.send(policy.RoleEditor, fields(nil), csv), http.StatusAccepted)
	w.work()
	w.do(call{method: http.MethodPost, path: "/" + a.ID + "/apply", role: policy.RoleEditor})
	w.work()
	campaigns := w.desk.mailings.Campaigns
	campaigns.Keep = 24 * time.Hour
	c, err := campaigns.Create(t.Context(), campaign.Campaign{ID: campaign.NewID(), Kind: policy.NewsletterIssue, Author: "x"},
		[]campaign.Content{{Language: policy.Japanese, Subject: "号", Body: "文"}})
	if err != nil {
		t.Fatal(err)
	}
	undo := func() *httptest.ResponseRecorder {
		return w.do(call{method: http.MethodPost, path: "/" + a.ID + "/undo", role: policy.RoleEditor})
	}
	person := w.worker.Lists[policy.Newsletter].Person(map[string]string{"email": "hanako@example.jp"})
	enter := func(state campaign.State, started time.Time, outcome string) {
		chunk := campaign.NewChunk(c.ID, policy.Japanese, []string{person}, time.Now().Add(time.Hour).Unix())
		chunk.Outcomes = outcome
		campaigntest.Put(t, campaigns, chunk)
		if _, err := campaigns.Change(t.Context(), c.ID, func(c *campaign.Campaign) error {
			c.State, c.StartedAt, c.Frozen = state, started.UnixMilli(), 1
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	for _, test := range []struct {
		name    string
		state   campaign.State
		started time.Time
		outcome string
		says    string
	}{
		{"a campaign freezes", campaign.Freezing, time.UnixMilli(0), "-", "一時停止"},
		{"a campaign is sent", campaign.Sending, now.Add(time.Hour), "-", "一時停止"},
		{"it has reached everybody", campaign.Sent, now.Add(time.Hour), "a:1", "全員"},
	} {
		enter(test.state, test.started, test.outcome)
		if r := undo(); r.Code != http.StatusConflict || !strings.Contains(r.Body.String(), test.says) {
			t.Errorf("%s: %d %s", test.name, r.Code, r.Body)
		}
	}
	enter(campaign.Sent, now.Add(time.Hour), "f:rejected") // SES did not take it
	if r := undo(); r.Code != http.StatusAccepted {
		t.Errorf("a mail that did not go: %d %s", r.Code, r.Body)
	}
	w.work()
	if got := decoded(t, w.do(call{method: http.MethodGet, path: "/" + a.ID, role: policy.RoleEditor}), http.StatusOK); got.Status != roster.Undone || got.Undone != 1 {
		t.Errorf("%+v", got)
	}
}

// Who may: the editor the newsletter, press the press list, nobody else anything (R45).
func TestRolesOfImports(t *testing.T) {
	w := newWorld(t)
	press := decoded(t, w.send(policy.RolePress, fields(map[string]string{"list": "press"}), "organization,name,email\n例示新聞,記者,k@example.jp\n"), http.StatusAccepted)
	w.work()
	for name, c := range map[string]struct {
		call
		want int
	}{
		"nobody":              {call{method: http.MethodGet}, http.StatusUnauthorized},
		"another role":        {call{method: http.MethodGet, role: policy.RoleEvents}, http.StatusForbidden},
		"administrator":       {call{method: http.MethodGet, role: policy.RoleAdmin}, http.StatusForbidden},
		"own list":            {call{method: http.MethodGet, path: "?list=press", role: policy.RolePress}, http.StatusOK},
		"the other's list":    {call{method: http.MethodGet, path: "?list=press", role: policy.RoleEditor}, http.StatusForbidden},
		"no such list":        {call{method: http.MethodGet, path: "?list=events", role: policy.RoleEditor}, http.StatusForbidden},
		"the other's import":  {call{method: http.MethodGet, path: "/" + press.ID, role: policy.RoleEditor}, http.StatusForbidden},
		"the other's apply":   {call{method: http.MethodPost, path: "/" + press.ID + "/apply", role: policy.RoleEditor}, http.StatusForbidden},
		"the other's report":  {call{method: http.MethodGet, path: "/" + press.ID + "/report.csv", role: policy.RoleEditor}, http.StatusForbidden},
		"own import":          {call{method: http.MethodGet, path: "/" + press.ID, role: policy.RolePress}, http.StatusOK},
		"nothing there":       {call{method: http.MethodGet, path: "/aaaaaaaaaaaaaaaaaaaa", role: policy.RolePress}, http.StatusNotFound},
		"a key that is none":  {call{method: http.MethodGet, path: "/..%2f..", role: policy.RolePress}, http.StatusNotFound},
		"columns, wrong time": {call{method: http.MethodPost, path: "/" + press.ID + "/columns", kind: "application/json", body: []byte(`{"email":"email"}`), role: policy.RolePress}, http.StatusConflict},
		"wrong method":        {call{method: http.MethodDelete, path: "/" + press.ID, role: policy.RolePress}, http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.do(c.call); r.Code != c.want {
				t.Errorf("status %d, want %d: %s", r.Code, c.want, r.Body)
			}
		})
	}
	if r := w.send(policy.RoleEditor, fields(map[string]string{"list": "press"}), csv); r.Code != http.StatusForbidden {
		t.Errorf("an editor sends a press list: %d", r.Code)
	}
}

// What is wrong with a post is said at once, and nothing is kept (hard case 5).
func TestPostsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		fields map[string]string
		file   string
		status int
		field  string
	}{
		"no list":            {fields(map[string]string{"list": ""}), csv, 422, "list"},
		"a list of another":  {fields(map[string]string{"list": "events"}), csv, 422, "list"},
		"no kind":            {fields(map[string]string{"what": "people"}), csv, 422, "what"},
		"no file":            {fields(nil), "", 422, "file"},
		"columns no JSON":    {fields(map[string]string{"columns": "x"}), csv, 422, "columns"},
		"an unknown column":  {fields(map[string]string{"columns": `{"shoe_size":"靴"}`}), csv, 422, "columns"},
		"evidence no JSON":   {fields(map[string]string{"evidence": "x"}), csv, 422, "evidence"},
		"half an evidence":   {fields(map[string]string{"evidence": `{"where":"x"}`}), csv, 422, "evidence_when"},
		"a day to come":      {fields(map[string]string{"evidence": `{"where":"x","when":"2099-01-01","words":"x"}`}), csv, 422, "evidence_when"},
		"too large":          {fields(nil), strings.Repeat("x", roster.MaxFile+1), 413, ""},
		"much too large":     {fields(nil), strings.Repeat("x", mostBytes+1), 413, ""},
		"bytes that are not": {fields(map[string]string{"evidence": "\xff"}), csv, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.send(policy.RoleEditor, c.fields, c.file)
			if r.Code != c.status || !strings.Contains(r.Body.String(), `"field":"`+c.field+`"`) && c.field != "" {
				t.Errorf("status %d: %s", r.Code, r.Body)
			}
		})
	}
	if r := w.do(call{method: http.MethodPost, kind: "application/json", body: []byte("{}"), role: policy.RoleEditor}); r.Code != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: %d", r.Code)
	}
	if all, err := w.desk.store.Open(t.Context()); len(all) != 0 || err != nil {
		t.Errorf("%v %v", all, err)
	}
}

// The payload of the gateway reaches the list: without a session it leads to the sign-in.
func TestPayload(t *testing.T) {
	w := newWorld(t)
	payload, err := os.ReadFile("../../../events/imports/list.json")
	if err != nil {
		t.Fatal(err)
	}
	out, err := web.Lambda(w.handler).Invoke(t.Context(), payload)
	if err != nil || !strings.Contains(string(out), `"statusCode":303`) || !strings.Contains(string(out), "/staff/signin") {
		t.Errorf("%s %v", out, err)
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(nil))
	for _, name := range []string{"IMPORTS_TABLE", "IMPORT_FILES_BUCKET", "CAMPAIGNS_TABLE", "STAFF_TABLE"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
}

// On the page: a form with problems is shown again, the columns are matched with the first rows in sight, then the result.
func TestPagesOfAnImport(t *testing.T) {
	w := newWorld(t)
	body, kind := form(t, fields(map[string]string{"evidence": "", "evidence_where": "窓口"}), nil)
	r := w.do(call{method: http.MethodPost, kind: kind, body: body, role: policy.RoleEditor, page: true})
	if r.Code != http.StatusUnprocessableEntity || !strings.Contains(r.Body.String(), `value="窓口"`) {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	body, kind = form(t, fields(nil), []byte("メール,読者名,都道府県,会社名,業種\nhanako@example.jp,山田 花子,東京都,例示商事,商社・卸売・小売\n"))
	r = w.do(call{method: http.MethodPost, kind: kind, body: body, role: policy.RoleEditor, page: true})
	if r.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	path := strings.TrimPrefix(r.Header().Get("Location"), base)
	w.work()
	page := func() string {
		r := w.do(call{method: http.MethodGet, path: path, role: policy.RoleEditor, page: true})
		if r.Code != http.StatusOK {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		return r.Body.String()
	}
	if text := page(); !strings.Contains(text, "山田 花子") || !strings.Contains(text, `<option selected>会社名</option>`) || strings.Contains(text, `<option selected>読者名</option>`) {
		t.Error(text)
	}
	r = w.do(call{method: http.MethodPost, path: path + "/columns", kind: "application/x-www-form-urlencoded", role: policy.RoleEditor, page: true,
		body: []byte("column.email=メール&column.name=読者名&column.prefecture=都道府県&column.organization=会社名&column.business_category=業種&column.evidence_when=")})
	if r.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	w.work()
	if text := page(); strings.Contains(text, "山田") || !strings.Contains(text, "1件を取り込む") {
		t.Error(text)
	}
	path += "?lang=en"
	if text := page(); strings.Contains(text, "件") || !strings.Contains(text, "1 rows: import") {
		t.Error(text)
	}
}

// A page of an import that is at work moves by itself, and without JavaScript by a link; its answer names nobody.
func TestProgress(t *testing.T) {
	w := newWorld(t)
	a := decoded(t, w.send(policy.RoleEditor, fields(nil), csv), http.StatusAccepted)
	progress := func() live {
		r := w.do(call{method: http.MethodGet, path: "/" + a.ID + "/progress", role: policy.RoleEditor})
		var v live
		if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil || r.Code != http.StatusOK {
			t.Fatalf("%d %s", r.Code, r.Body)
		}
		return v
	}
	page := func() string {
		return w.do(call{method: http.MethodGet, path: "/" + a.ID, role: policy.RoleEditor, page: true}).Body.String()
	}
	if v := progress(); v.Status != "checking" || v.Total != 0 || v.Text == "" {
		t.Errorf("%+v", v)
	}
	if text := page(); !strings.Contains(text, `data-progress="`+base+"/"+a.ID+`/progress"`) || !strings.Contains(text, "<progress") ||
		!strings.Contains(text, "最新の状態に更新する") || !strings.Contains(text, "box.dataset.progress") {
		t.Error(text)
	}
	w.work()
	if v := progress(); v != (live{Status: "checked"}) {
		t.Errorf("%+v", v)
	}
	if text := page(); strings.Contains(text, `id="live"`) || strings.Contains(text, "box.dataset.progress") {
		t.Error("the page of an import that waits for staff moves")
	}
	w.do(call{method: http.MethodPost, path: "/" + a.ID + "/apply", role: policy.RoleEditor})
	if v := progress(); v.Status != "applying" || v.Total != 2 || v.Finished != 0 {
		t.Errorf("%+v", v)
	}
	if r := w.do(call{method: http.MethodGet, path: "/" + a.ID + "/progress", role: policy.RolePress}); r.Code != http.StatusForbidden {
		t.Errorf("another's: %d", r.Code)
	}
}
