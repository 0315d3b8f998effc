package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"madoguchi/shared/campaign"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
)

// upload posts a form with files, as the page does.
func (w *world) upload(who, target string, values url.Values, files map[string]string) string {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, all := range values {
		for _, value := range all {
			if err := form.WriteField(name, value); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile("attachments", name)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := part.Write([]byte(content)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	a := w.do(who, http.MethodPost, base+target, body.String(), "Accept", "text/html", "Content-Type", form.FormDataContentType())
	w.want(a, http.StatusSeeOther)
	id, _, _ := strings.Cut(strings.TrimPrefix(a.Header().Get("Location"), base+"/"), "?")
	return id
}

// What a page's form sends is the same campaign as a script's.
func TestForm(t *testing.T) {
	w := newWorld(t)
	values := url.Values{"kind": {"newsletter"}, "content.ja.subject": {"十一月号"}, "content.ja.body_markdown": {"# 本文\r\n\r\n{{name|読者}} 様"}, "content.ja.text": {""},
		"segment.prefecture": {"13", "27"}, "reply_to": {"henshu@example.jp"}}
	id := w.upload("editor", "", values, map[string]string{"案内.pdf": "%PDF-1.7\n", "図.png": "\x89PNG\r\n\x1a\n"})
	got := answer[whole](w, w.call("editor", http.MethodGet, "/"+id, nil))
	if got.Content[policy.Japanese].Body != "# 本文\n\n{{name|読者}} 様" || len(got.Segment.Prefecture) != 2 || got.ReplyTo != "henshu@example.jp" || len(got.Attachments) != 2 {
		t.Errorf("%+v", got)
	}
	page := w.page("editor", "/"+id+"/edit")
	for _, piece := range []string{`value="十一月号"`, `value="13" checked`, `name="drop.1"`} {
		if !strings.Contains(page, piece) {
			t.Errorf("the form lacks %s", piece)
		}
	}
	values.Set("drop.0", "1")
	w.upload("editor", "/"+id, values, nil)
	if got := answer[whole](w, w.call("editor", http.MethodGet, "/"+id, nil)); len(got.Attachments) != 1 || got.Version != 2 {
		t.Errorf("%+v", got)
	}
	// What is wrong is told at its input, and what was typed stays.
	values.Set("content.ja.subject", "")
	values.Set("content.ja.body_markdown", "{{namae}} 様")
	wrong := w.want(w.send("editor", "", values), http.StatusUnprocessableEntity).Body.String()
	for _, piece := range []string{`href="#content.ja.subject"`, `id="content.ja.subject-error"`, "件名を入力してください", `aria-invalid="true"`, "{{namae}} 様", `value="27" checked`} {
		if !strings.Contains(wrong, piece) {
			t.Errorf("the form lacks %s", piece)
		}
	}
	w.want(w.do("editor", http.MethodPost, base, "x", "Content-Type", "text/plain"), http.StatusUnsupportedMediaType)
	w.want(w.do("editor", http.MethodPost, base, "kind=%8a", "Content-Type", "application/x-www-form-urlencoded"), http.StatusBadRequest)
}

// The confirmation says whom it reaches, and the time is Japan's.
func TestSchedulePage(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 7)
	id := w.create("editor", newsletter())
	page := w.page("editor", "/"+id+"/schedule")
	for _, piece := range []string{"7件", "十一月号", "10分後に始まり", "info@forms.example.jp"} {
		if !strings.Contains(page, piece) {
			t.Errorf("the page lacks %q", piece)
		}
	}
	for _, wrong := range []url.Values{{"when": {"later"}}, {"when": {"later"}, "at": {"2026-11-24T08:59"}}} {
		w.want(w.send("editor", "/"+id+"/schedule", wrong), http.StatusUnprocessableEntity)
	}
	w.want(w.send("editor", "/"+id+"/schedule", url.Values{"when": {"later"}, "at": {"2026-11-24T15:00"}}), http.StatusSeeOther)
	c, err := w.editor.store.Get(t.Context(), id)
	if err != nil || !timeOf(c.ScheduledAt).Equal(start.Add(6*60*60*1e9)) {
		t.Errorf("scheduled at %s, %v", timeOf(c.ScheduledAt), err)
	}
	if page := w.page("editor", "/"+id); !strings.Contains(page, "15:00に始まります") || !strings.Contains(page, "/recall") || strings.Contains(page, "/edit\"") {
		t.Errorf("%s", page)
	}
}

// Buttons are those that the state and the person allow.
func TestButtons(t *testing.T) {
	w := newWorld(t, "CAMPAIGN_REVIEW", "true")
	id := w.create("editor", newsletter())
	w.want(w.send("editor", "/"+id+"/submit", nil), http.StatusSeeOther)
	mine, theirs := w.page("editor", "/"+id), w.page("editor2", "/"+id)
	if strings.Contains(mine, "/approve\"") || !strings.Contains(theirs, "/approve\"") || strings.Contains(theirs, "/schedule\"") {
		t.Error("the buttons are not those of the state and the person")
	}
}

// Staff may read the pages in English, and no Japanese word of the program stays.
func TestEnglish(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	w.register("seminar", "E-1", "registered", "en")
	content := m{"ja": m{"subject": "Subject", "body_markdown": "Text"}, "en": m{"subject": "Subject", "body_markdown": "Text"}}
	id := w.create("events", about("seminar", "content", content))
	w.sent(id, []string{"E-1", "E-2", "E-3", "E-4"})
	draft := w.create("events", about("seminar", "content", content))
	returned := w.create("events", about("seminar", "content", content))
	w.want(w.call("events", http.MethodPost, "/"+returned+"/submit", nil), 200)
	for _, path := range []string{"/" + returned + "/return?lang=en", "?lang=en", "/" + id + "?lang=en", "/" + id + "/results?lang=en", "/" + id + "/recipient?lang=en", "/" + id + "/cancel?lang=en", "/new?lang=en",
		"/" + draft + "?lang=en", "/" + draft + "/schedule?lang=en"} {
		page := w.page("events", path)
		_, main, _ := strings.Cut(page, "<main")
		main, _, _ = strings.Cut(main, "</main>")
		for _, word := range []string{"件", "配信", "送信", "宛先", "する", "です", "ます"} {
			if strings.Contains(main, word) {
				t.Errorf("%s holds %q", path, word)
			}
		}
	}
}

// Media people are picked by name; that somebody looked at them is recorded.
func TestPickPeople(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Press, 3)
	page := w.page("press", "/new?kind=media_invitation")
	if strings.Count(page, `name="segment.people"`) != 3 || !strings.Contains(page, "見本団体1") {
		t.Errorf("%s", page)
	}
	if got := w.ledger(); len(got) != 1 || got[0] != "press campaign.people list/press done" {
		t.Errorf("%v", got)
	}
}

// Whoever is not among the first of a long press list is found by the beginning of a name or an organisation, or further on; what was
// typed and who was picked stays, and no name stands in an address (R45).
func TestPickFromALongList(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Press, 450)
	key := func(n string) string { return w.keyOf("s000" + n + "@example.jp") }
	form := url.Values{"kind": {"media_invitation"}, "content.ja.subject": {"取材のご案内"}, "content.ja.body_markdown": {"本文"}, "segment.people": {key("007")},
		"people.show": {"begin"}, "people.q": {"見本団体44"}}
	found := w.want(w.send("press", "", form), http.StatusOK).Body.String()
	for _, piece := range []string{`value="` + key("007") + `" checked`, `value="` + key("444") + `">`, `value="取材のご案内"`, "本文</textarea>"} {
		if !strings.Contains(found, piece) {
			t.Errorf("the form lacks %s", piece)
		}
	}
	if n := strings.Count(found, `name="segment.people"`); n != 12 { // the one who is picked, 44 and 440 to 449
		t.Errorf("%d are offered", n)
	}
	seen, from := map[string]bool{}, ""
	for pages := 1; ; pages++ {
		form := url.Values{"kind": {"media_invitation"}, "people.show": {"more"}, "people.from": {from}}
		page := w.want(w.send("press", "", form), http.StatusOK).Body.String()
		for part := range strings.SplitSeq(page, `name="segment.people" value="`) {
			seen[part[:32]] = true
		}
		_, rest, _ := strings.Cut(page, `name="people.from" value="`)
		if from, _, _ = strings.Cut(rest, `"`); from == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	for n := range 450 {
		if k := key(fmt.Sprintf("%03d", n+1)); !seen[k] {
			t.Errorf("number %d is on no page", n+1)
		}
	}
	for form, status := range map[string]int{"people.q=x": 422, "people.from=zz": 400, "people.q=見本団体&people.from=zz": 400} {
		values, err := url.ParseQuery("kind=media_invitation&people.show=more&" + form)
		if err != nil {
			t.Fatal(err)
		}
		w.want(w.send("press", "", values), status)
	}
	none := w.want(w.send("press", "", url.Values{"kind": {"media_invitation"}, "people.show": {"begin"}, "people.q": {"無名新聞"}}), http.StatusOK)
	if !strings.Contains(none.Body.String(), "見つかりませんでした") {
		t.Error("that nobody was found is not said")
	}
}

// A correction begins with what it corrects, says so at the top, and goes to those who got it.
func TestCorrection(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	w.subscribe(policy.Newsletter, 4)
	if page := w.want(w.do("editor", http.MethodGet, base+"/new?follows="+id+"&whom=accepted", "", "Accept", "text/html"), 200).Body.String(); !strings.Contains(page, "【お詫びと訂正】十一月号") {
		t.Errorf("%s", page)
	}
	w.want(w.call("editor", http.MethodPost, "", newsletter("follows", id)), 422) // not over yet
	w.sent(id, []string{strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32), strings.Repeat("d", 32)})
	if _, err := w.editor.store.Enter(t.Context(), id, campaign.Cancelled, "editor", ""); err != nil {
		t.Fatal(err)
	}
	w.want(w.call("editor", http.MethodPost, "", newsletter("follows", m{"campaign": id, "whom": "everybody"})), 422)
	w.want(w.call("editor", http.MethodPost, "", newsletter("follows", m{"campaign": id, "who": "accepted"})), 422)
	correction := w.create("editor", newsletter("follows", m{"campaign": id, "whom": "accepted", "correction": "日時に誤りがありました。"}))
	if page := w.page("editor", "/"+correction+"/preview?part=text"); !strings.Contains(page, "お詫びと訂正") || !strings.Contains(page, "日時に誤りがありました。") {
		t.Errorf("%s", page)
	}
	// Nobody of those keys is a subscriber any more: there is nobody to write to.
	w.want(w.call("editor", http.MethodPost, "/"+correction+"/schedule", m{"at": nil}), 422)
}
