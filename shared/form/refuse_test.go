package form_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// The statuses of bad bodies, for people and for programs, and nothing stored (hard cases 3 and 5; contract: "Bad input").
func TestBadBodies(t *testing.T) {
	w := newWorld(t)
	token := w.open("/newsletter")
	for name, c := range map[string]struct {
		contentType, body string
		want              int
	}{
		"Shift_JIS":            {formType + "; charset=Shift_JIS", "name=%8eR%93c", 400},
		"not UTF-8":            {formType, "name=%ff", 400},
		"malformed percent":    {formType, "name=%zz", 400},
		"10,000 parameters":    {formType, strings.Repeat("a=1&", 10_000), 400},
		"1 MB":                 {formType, "name=" + strings.Repeat("a", 1_000_000), 413},
		"multipart":            {"multipart/form-data; boundary=b", "--b--", 415},
		"no type":              {"", "name=a", 415},
		"JSON cut off":         {jsonType, `{"name":`, 400},
		"unknown action":       {formType, "action=delete&form_token=" + token, 400},
		"JSON instead of text": {jsonType, `["a"]`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"content-type": c.contentType, "accept": "text/html"}
			a := w.do("POST", "/newsletter", header, c.body)
			if a.Status != c.want || !strings.HasPrefix(a.Header["content-type"], "text/html") {
				t.Errorf("browser: %d %s, want %d", a.Status, a.Header["content-type"], c.want)
			}
			header["accept"] = jsonType
			if a = w.do("POST", "/newsletter", header, c.body); a.Status != c.want {
				t.Errorf("program: %d, want %d", a.Status, c.want)
			}
			if p := a.problem(t); p.Detail == "" {
				t.Errorf("no detail: %s", a.Body)
			}
		})
	}
	if n := len(w.all()); n != 0 {
		t.Errorf("%d records", n)
	}
}

// Members that no field declares are refused, never ignored (contract), and every problem is named at once.
func TestJSONErrors(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		changes []any
		want    []string // field:code
	}{
		"unknown member":          {[]any{"phone", "03-1234-5678"}, []string{"phone:unknown_field"}},
		"unknown members, sorted": {[]any{"z", 1, "a", nil}, []string{"a:unknown_field", "z:unknown_field"}},
		"a number":                {[]any{"prefecture", 13}, []string{"prefecture:not_text"}},
		"null":                    {[]any{"name", nil}, []string{"name:not_text"}},
		"nested":                  {[]any{"name", map[string]any{"first": "花子"}}, []string{"name:not_text"}},
		"empty":                   {[]any{"name", ""}, []string{"name:required"}},
		"spaces only":             {[]any{"organization", "　 \u200b"}, []string{"organization:required"}}, // hard case 2
		"bidi override":           {[]any{"organization", "a\u202eb"}, []string{"organization:invisible_character"}},
		"line feed":               {[]any{"name", "a\nBcc: x@example.jp"}, []string{"name:control_character"}}, // hard case 4
		"line separator":          {[]any{"name", "a\u2028b"}, []string{"name:control_character"}},
		"NUL":                     {[]any{"name", "a\x00"}, []string{"name:control_character"}},
		"U+FFFD":                  {[]any{"name", "\ufffd山"}, []string{"name:replacement_character"}}, // hard case 3
		"101 letters":             {[]any{"name", strings.Repeat("あ", 101)}, []string{"name:too_long"}},
		"a tower of marks":        {[]any{"name", "a" + strings.Repeat("\u0301", 5000)}, []string{"name:too_long"}},
		"prefecture 48":           {[]any{"prefecture", "48"}, []string{"prefecture:not_in_list"}}, // hard case 7
		"prefecture 1":            {[]any{"prefecture", "1"}, []string{"prefecture:not_in_list"}},
		"category unknown":        {[]any{"business_category", "TRADE"}, []string{"business_category:not_in_list"}},
		"address with a name":     {[]any{"email", "Bob <a@x.jp>"}, []string{"email:display_name"}}, // hard case 8
		"U+200B in an address":    {[]any{"email", "a\u200b@example.jp"}, []string{"email:invisible_character"}},
		"check by JSON":           {[]any{"action", "check"}, []string{"action:unknown_field"}},
		"return by JSON":          {[]any{"return_to", "https://partner.example.jp/"}, []string{"return_to:unknown_field"}},
		"several, in form order":  {[]any{"business_category", "", "email", "", "extra", ""}, []string{"email:required", "business_category:required", "extra:unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.postJSON("/newsletter", members(w.open("/newsletter"), c.changes...))
			p := a.problem(t)
			var got []string
			for _, e := range p.Errors {
				got = append(got, e.Field+":"+e.Code)
				if e.Message == "" {
					t.Errorf("%s has no message", e.Field)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || p.Status != 422 || p.FormToken == "" {
				t.Errorf("%d: %s", p.Status, diff)
			}
		})
	}
	twice := `{"form_token":"` + w.open("/newsletter") + `","email":"a@example.jp","email":"b@example.jp","name":"a","prefecture":"13","organization":"o","business_category":"other"}`
	if p := w.do("POST", "/newsletter", map[string]string{"content-type": jsonType}, twice).problem(t); p.Status != 400 || !strings.Contains(p.Detail, "email") {
		t.Errorf("a member twice: %+v", p)
	}
	values := person(w.open("/newsletter"), "submit")
	values.Add("name", "別の人")
	if a := w.post("/newsletter", values); a.Status != 422 || !strings.Contains(a.Body, "一度だけ") {
		t.Errorf("a parameter twice: %d", a.Status)
	}
	if n := len(w.all()); n != 0 {
		t.Errorf("%d records", n)
	}
}

// What people really are called is accepted and stored as typed (hard cases 1 and 8).
func TestNamesAndAddressesAreStoredAsTyped(t *testing.T) {
	w := newWorld(t)
	for i, typed := range []struct{ name, email string }{
		{"𠮷野家", "a..b@docomo.ne.jp"}, {"髙﨑", "a.@ezweb.ne.jp"}, {"神", "x@例え.jp"}, {"葛󠄀城", "o'neil+tag@example.jp"}, {"🧑‍🤝‍🧑", "A@Example.JP"},
		{"李", strings.Repeat("a", 64) + "@example.jp"}, {strings.Repeat("ก็", 100), "thai@example.jp"}, {strings.Repeat("مُ", 100), "arabic@example.jp"}, {"＝１＋１", "f@example.jp"},
	} {
		t.Run(typed.name, func(t *testing.T) {
			reference := w.post("/newsletter", person(w.open("/newsletter"), "submit", "name", typed.name, "email", typed.email)).reference(t)
			all := w.all()
			if len(all) != i+1 {
				t.Fatalf("%d records", len(all))
			}
			for _, s := range all {
				if s.PK == reference && (s.Values["name"] != typed.name || !strings.EqualFold(s.Values["email"], typed.email)) {
					t.Errorf("stored %q", s.Values)
				}
			}
		})
	}
}

func TestTooFast(t *testing.T) {
	w := newWorld(t)
	values := parse(t, w.get("/newsletter", nil).Body).form("check")
	for name, value := range person("", "") {
		if value[0] != "" {
			values[name] = value
		}
	}
	w.pass(1500 * time.Millisecond)
	for _, action := range []string{"check", "submit"} {
		values.Set("action", action)
		a := w.post("/newsletter", values)
		if a.Status != 422 || a.Header["retry-after"] != "1" || parse(t, a.Body).controls()["name"] != "山田 花子" {
			t.Errorf("%s: %d, Retry-After %q", action, a.Status, a.Header["retry-after"])
		}
	}
	if p := w.postJSON("/newsletter", members(values.Get("form_token"))).problem(t); p.Status != 422 || p.Errors[0].Code != "too_fast" {
		t.Errorf("JSON: %+v", p)
	}
	w.pass(500 * time.Millisecond)
	w.post("/newsletter", values).reference(t) // the same token goes through when its time has come
	if n := len(w.all()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// The fence around one network: 429 with Retry-After and the values kept; other networks and check pages pass.
func TestRate(t *testing.T) {
	w := newWorld(t)
	w.hourly(2)
	var sent url.Values
	var answer string
	for range 2 {
		sent = person(w.open("/newsletter"), "submit")
		answer = w.post("/newsletter", sent).reference(t)
	}
	if again := w.post("/newsletter", sent).reference(t); again != answer { // what was stored keeps its answer
		t.Errorf("the same post again: %s, first %s", again, answer)
	}
	values := person(w.open("/newsletter"), "submit")
	a := w.post("/newsletter", values)
	left := int(start.Add(20 * time.Minute).Sub(w.now()).Seconds())
	if a.Status != 429 || a.Header["retry-after"] != fmt.Sprint(left) || parse(t, a.Body).controls()["name"] != "山田 花子" {
		t.Errorf("%d, Retry-After %q, want %d", a.Status, a.Header["retry-after"], left)
	}
	if p := w.postJSON("/newsletter", members(values.Get("form_token"))).problem(t); p.Status != 429 || p.FormToken != values.Get("form_token") || p.Detail == "" {
		t.Errorf("JSON: %+v", p)
	}
	if n := len(w.all()); n != 2 {
		t.Errorf("%d records", n)
	}
	if a := w.post("/newsletter", person(values.Get("form_token"), "check")); a.Status != 200 {
		t.Errorf("the check page: %d", a.Status)
	}
	other := w.do("POST", "/newsletter", map[string]string{"content-type": formType, "test-source": "2001:db8::1"}, values.Encode())
	if other.Status != 303 {
		t.Errorf("another network: %d", other.Status)
	}
	w.pass(20 * time.Minute)
	w.post("/newsletter", person(w.open("/newsletter"), "submit")).reference(t)
	w.hourly(0) // 0 switches it off
	for range 5 {
		w.post("/newsletter", person(w.open("/newsletter"), "submit")).reference(t)
	}
}

// A program that fills in what people do not see gets the ordinary thanks, and nothing is stored (contract).
func TestHoneypot(t *testing.T) {
	w := newWorld(t)
	token := w.open("/newsletter")
	trap := parse(t, w.get("/newsletter", nil).Body).byID("homepage")
	if trap.attr("tabindex") != "-1" || trap.attr("autocomplete") != "off" || trap.Parent == nil || (node{trap.Parent}).attr("aria-hidden") != "true" {
		t.Error("people can reach the trap")
	}
	check := parse(t, w.post("/newsletter", person(token, "check", "homepage", "https://spam.example/")).Body)
	a := w.post("/newsletter", check.form("submit"))
	if done := w.get(a.Header["location"], nil); a.reference(t) == "" || done.Status != 200 {
		t.Errorf("%d, done page %d", a.Status, done.Status)
	}
	if a := w.postJSON("/newsletter", members(token, "homepage", "x")); a.Status != 201 || jsonReference(t, a) == "" {
		t.Errorf("JSON: %d %s", a.Status, a.Body)
	}
	if n := len(w.all()); n != 0 {
		t.Fatalf("%d records", n)
	}
	w.post("/newsletter", person(token, "submit")).reference(t) // the token is not spent
	if n := len(w.all()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// What a form's own rules refuse is 409 with the values kept; anything else that Submit returns is a 500 without a word
// of its cause. A value that Submit returns to everybody is never changed.
func TestRefusalsOfSubmit(t *testing.T) {
	w := newWorld(t)
	values := person(w.open("/newsletter"), "submit")
	full := &web.Error{Kind: web.Conflict, Message: policy.Text{JA: "満席です。", EN: "Full."}}
	w.refuse = fmt.Errorf("take a seat: %w", full)
	a := w.post("/newsletter", values)
	if page := parse(t, a.Body); a.Status != 409 || !strings.Contains(page.byID("summary").text(), "満席です。") || page.controls()["name"] != "山田 花子" {
		t.Errorf("conflict: %d", a.Status)
	}
	if p := w.postJSON("/newsletter", members(values.Get("form_token"))).problem(t); p.Status != 409 || p.Detail != "満席です。" || p.FormToken == "" {
		t.Errorf("conflict as JSON: %+v", p)
	}
	if full.Members != nil {
		t.Error("the form's own error now carries a visitor's token")
	}
	w.refuse = errors.New("no item for hanako@example.jp")
	if a := w.post("/newsletter", values); a.Status != 500 || strings.Contains(a.Body, "hanako") || strings.Contains(a.Body, "no item") {
		t.Errorf("defect: %d %s", a.Status, a.Body)
	}
}
