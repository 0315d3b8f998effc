package form_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
)

// The way of a person through the pages, each page posted as it stands (contract: "Public forms"; hard case 1).
func TestInputCheckEditSubmitDone(t *testing.T) {
	w := newWorld(t)
	typed := map[string]string{"email": "hanako@例え.jp", "name": "𠮷野家　髙﨑 神󠄀 🧑‍🤝‍🧑", "prefecture": "99",
		"organization": `<script>alert("x")</script> & 'Co'`, "business_category": "other"}

	opened := w.get("/newsletter", nil)
	input := parse(t, opened.Body)
	if opened.Status != 200 || input.byID("notice-title").Node == nil {
		t.Fatalf("GET: %d, without a notice", opened.Status)
	}
	want := []string{"business_category", "email", "form_token", "homepage", "name", "organization", "prefecture"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(input.controls()))); diff != "" {
		t.Errorf("controls of the form: %s", diff)
	}
	w.pass(10 * time.Second)
	values := input.form("check")
	for name, value := range typed {
		values.Set(name, value)
	}
	values.Set("name", "　"+typed["name"]+"  ")

	checked := w.post("/newsletter", values)
	check := parse(t, checked.Body)
	if checked.Status != 200 || len(w.all()) != 0 {
		t.Fatalf("check: %d, %d records", checked.Status, len(w.all()))
	}
	var shown []string
	for _, dd := range check.all("dd") {
		shown = append(shown, dd.text())
	}
	if diff := cmp.Diff([]string{typed["email"], typed["name"], "海外", typed["organization"], "その他"}, shown); diff != "" {
		t.Errorf("the check page shows: %s", diff)
	}
	if strings.Contains(checked.Body, "<script>") {
		t.Error("a typed tag is not escaped")
	}

	edited := w.post("/newsletter", check.form("edit"))
	edit := parse(t, edited.Body)
	got := edit.controls()
	if edited.Status != 200 || got["form_token"] != values.Get("form_token") {
		t.Errorf("edit: %d, token changed: %v", edited.Status, got["form_token"] != values.Get("form_token"))
	}
	for name, value := range typed {
		if got[name] != value {
			t.Errorf("edit shows %s=%q, want %q", name, got[name], value)
		}
	}

	again := edit.form("check")
	again.Set("organization", "個人")
	check = parse(t, w.post("/newsletter", again).Body)
	sent := w.post("/newsletter", check.form("submit"))
	reference := sent.reference(t)
	if !regexp.MustCompile(`^N261123-[A-Z2-7]{9}$`).MatchString(reference) || sent.Header["location"] != "/newsletter/done?ref="+reference {
		t.Errorf("location %q", sent.Header["location"])
	}
	typed["organization"] = "個人"
	if diff := cmp.Diff([]stored{{reference, typed, policy.Japanese, 1, "form", start.UnixMilli(), start.Add(10 * time.Second).UnixMilli()}}, w.all()); diff != "" {
		t.Errorf("stored: %s", diff)
	}

	done := w.get(sent.Header["location"], nil)
	if done.Status != 200 || !strings.Contains(done.Body, reference) || parse(t, done.Body).byID("receipt-title").Node == nil {
		t.Errorf("done: %d", done.Status)
	}
	for name, value := range typed {
		if name != "prefecture" && name != "business_category" && strings.Contains(parse(t, done.Body).text(), value) && value != "個人" {
			t.Errorf("the done page shows the value of %s", name)
		}
	}
}

// The check page is no duty: the form's own token does (contract), and action=check is the default.
func TestSubmitWithoutCheck(t *testing.T) {
	w := newWorld(t)
	sent := w.post("/newsletter", person(w.open("/newsletter"), "submit"))
	if sent.reference(t) == "" || len(w.all()) != 1 {
		t.Errorf("%d, %d records", sent.Status, len(w.all()))
	}
	values := person(w.open("/newsletter"), "")
	values.Del("action")
	if a := w.post("/newsletter", values); a.Status != 200 || len(parse(t, a.Body).all("dl")) == 0 || len(w.all()) != 1 {
		t.Errorf("without action: %d, %d records", a.Status, len(w.all()))
	}
}

func TestErrorsLinkToTheirFields(t *testing.T) {
	w := newWorld(t)
	a := w.post("/newsletter", person(w.open("/newsletter"), "submit", "email", "hanako", "name", "　", "prefecture", "48", "organization", "a\u202eb"))
	page := parse(t, a.Body)
	if a.Status != 422 || len(w.all()) != 0 {
		t.Fatalf("%d, %d records", a.Status, len(w.all()))
	}
	summary := page.byID("summary")
	if summary.attr("role") != "alert" {
		t.Error("the summary is not announced")
	}
	var links []string
	for _, link := range summary.all("a") {
		field := page.byID(strings.TrimPrefix(link.attr("href"), "#"))
		if field.Node == nil || field.attr("aria-invalid") != "true" || !strings.Contains(field.attr("aria-describedby"), field.attr("name")+"-error") {
			t.Errorf("%s does not lead to a field that is marked wrong", link.attr("href"))
		}
		links = append(links, link.attr("href"))
	}
	if diff := cmp.Diff([]string{"#email", "#name", "#prefecture", "#organization"}, links); diff != "" {
		t.Error(diff)
	}
	got := page.controls()
	if got["email"] != "hanako" || got["name"] != "　" || got["organization"] != "a\u202eb" || got["business_category"] != "trade" {
		t.Errorf("what was typed is not kept: %q", got)
	}
	if page.byID("business_category").has("aria-invalid") {
		t.Error("a right field is marked wrong")
	}
}

// Several lines come back as they were: the browser sends CR LF and eats the first line break of a textarea.
func TestLinesSurviveEveryPage(t *testing.T) {
	w := newWorld(t)
	values := url.Values{"form_token": {w.open("/inquiry")}, "action": {"check"}, "name": {"山"}, "email": {"a..b@docomo.ne.jp"},
		"message": {"　一段落目\r\n\r\n</textarea><b>二段落目 & \"引用\"\r\n"}}
	want := "　一段落目\n\n</textarea><b>二段落目 & \"引用\""
	check := parse(t, w.post("/inquiry", values).Body)
	if got := check.controls()["message"]; got != want {
		t.Errorf("check page holds %q", got)
	}
	edit := parse(t, w.post("/inquiry", check.form("edit")).Body)
	if got := edit.controls()["message"]; got != want {
		t.Errorf("edit page holds %q", got)
	}
	w.post("/inquiry", edit.form("submit")).reference(t)
	if got := w.all()[0].Values; got["message"] != want || got["email"] != "a..b@docomo.ne.jp" {
		t.Errorf("stored %q", got)
	}
}

func TestLanguages(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		target, accept, lang string
		sentence             bool
	}{
		"default":                        {"/inquiry", "", "ja", false},
		"by address":                     {"/inquiry?lang=en", "ja", "en", false},
		"by header":                      {"/inquiry", "en-GB,en;q=0.9,ja;q=0.5", "en", false},
		"Japanese before English":        {"/inquiry", "en;q=0.5, ja", "ja", false},
		"French":                         {"/inquiry", "fr", "ja", false},
		"address wins over header":       {"/inquiry?lang=ja", "en", "ja", false},
		"unknown language":               {"/inquiry?lang=xx", "", "ja", false},
		"Japanese only, asked English":   {"/newsletter?lang=en", "", "ja", true}, // R15
		"Japanese only, English browser": {"/newsletter", "en-US", "ja", true},
		"Japanese only":                  {"/newsletter", "ja", "ja", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.get(c.target, map[string]string{"accept-language": c.accept})
			page := parse(t, a.Body)
			var english []string
			for _, p := range page.all("p") {
				if p.attr("lang") == "en" {
					english = append(english, p.text())
				}
			}
			if a.Header["content-language"] != c.lang || (len(english) == 1) != c.sentence {
				t.Errorf("lang %q, English sentences %q", a.Header["content-language"], english)
			}
		})
	}
	// The language is the token's from then on, also on the done page.
	page := parse(t, w.get("/inquiry?lang=en", nil).Body)
	w.pass(time.Minute)
	values := page.form("submit")
	if a := w.post("/inquiry", values); a.Header["content-language"] != "en" || a.Status != 422 {
		t.Errorf("an English form came back in %q, %d", a.Header["content-language"], a.Status)
	}
	for name, value := range map[string]string{"name": "A", "email": "a@example.com", "message": "Hello"} {
		values.Set(name, value)
	}
	location := w.post("/inquiry", values).Header["location"]
	if a := w.get(location, map[string]string{"accept-language": "ja"}); a.Header["content-language"] != "en" || a.Status != 200 {
		t.Errorf("%s in %q", location, a.Header["content-language"])
	}
}

// A form's description and its JSON post (contract).
func TestJSON(t *testing.T) {
	w := newWorld(t)
	a := w.get("/newsletter", map[string]string{"accept": jsonType})
	var d form.Description
	if err := json.Unmarshal([]byte(a.Body), &d); err != nil || a.Status != 200 || a.Header["content-type"] != jsonType {
		t.Fatalf("%d %q: %v", a.Status, a.Header["content-type"], err)
	}
	if d.Service != policy.Newsletter || d.Version != 1 || d.Language != "ja" || d.FormToken == "" || !strings.Contains(d.Notice, "利用目的") {
		t.Errorf("%+v", d)
	}
	var names []string
	for _, f := range d.Fields {
		names = append(names, f.Name)
		if f.Label == "" || !f.Required {
			t.Errorf("%+v", f)
		}
		for _, o := range f.Options {
			if o.Value == "" || o.Label == "" {
				t.Errorf("%s has a placeholder among its options", f.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"email", "name", "prefecture", "organization", "business_category"}, names); diff != "" {
		t.Error(diff) // R16
	}
	if p := d.Fields[2]; len(p.Options) != 48 || p.Options[0].Value != "01" || p.Options[47].Value != "99" {
		t.Errorf("prefecture: %+v", p) // R17
	}
	if e := d.Fields[0]; e.MaxLength != 254 || e.Autocomplete != "email" {
		t.Errorf("email: %+v", e)
	}
	w.pass(10 * time.Second)
	created := w.postJSON("/newsletter", members(d.FormToken))
	var got struct{ Reference, Status string }
	if err := json.Unmarshal([]byte(created.Body), &got); err != nil || created.Status != 201 || got.Status != "unconfirmed" {
		t.Fatalf("%d %s", created.Status, created.Body)
	}
	if all := w.all(); len(all) != 1 || all[0].PK != got.Reference || all[0].Channel != "json" {
		t.Errorf("stored %+v", all)
	}
}

// Direct forms have neither notice nor check page, and no receipt.
func TestDirectForm(t *testing.T) {
	w := newWorld(t)
	page := parse(t, w.get("/newsletter/resend", nil).Body)
	w.pass(10 * time.Second)
	values := page.form("check") // whatever the button says
	values.Set("email", "hanako@example.jp")
	sent := w.post("/newsletter/resend", values)
	if sent.reference(t) == "" || !strings.HasPrefix(sent.Header["location"], "/newsletter/resend/done?ref=N") {
		t.Errorf("location %q", sent.Header["location"])
	}
	if done := w.get(sent.Header["location"], nil); done.Status != 200 || strings.Contains(done.Body, "receipt-title") {
		t.Errorf("done: %d", done.Status)
	}
}
