package form_test

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// all kinds of field that one of many forms may have, in two groups.
func allKinds() []form.Field {
	options := []form.Option{{Value: "fish", Label: policy.Text{JA: "魚", EN: "Fish"}}, {Value: "rice", Label: policy.Text{JA: "米", EN: "Rice"}}}
	rating := []form.Option{{Value: "1", Label: policy.Text{JA: "不満", EN: "Poor"}}, {Value: "2", Label: policy.Text{JA: "満足", EN: "Good"}}}
	declared := func(name, ja, en string, t policy.FieldType, required bool) policy.Field {
		return policy.Field{Name: name, Label: policy.Text{JA: ja, EN: en}, Type: t, Required: required}
	}
	about, hall := policy.Text{JA: "会場について", EN: "The venue"}, policy.Text{JA: "1つの行に1つ選んでください", EN: "Choose one for each line"}
	return []form.Field{
		{Field: declared("name", "お名前", "Name", policy.TypeText, true)},
		{Field: declared("seats", "人数", "Persons", policy.TypeNumber, true), Min: 1, Max: 4},
		{Field: declared("meal", "お食事", "Meal", policy.TypeChoice, true), Options: options, Buttons: true},
		{Field: declared("topics", "関心", "Topics", policy.TypeChoices, false), Options: options},
		{Field: declared("born", "日付", "Day", policy.TypeDate, false)},
		{Field: declared("first", "はじめてですか", "Is it your first time?", policy.TypeBoolean, true)},
		{Field: declared("consent.asean", "提供に同意します", "I agree to the provision", policy.TypeBoolean, false)},
		{Field: declared("hall.light", "明るさ", "Light", policy.TypeRating, true), Options: rating, Group: about, Aid: hall},
		{Field: declared("hall.sound", "音", "Sound", policy.TypeRating, true), Options: rating, Group: about, Aid: hall},
	}
}

// addFamily adds two forms of one family to a world: "one" in both languages with a link's query, "two" closed.
func addFamily(w *world) {
	mux := w.site.NewMux()
	w.engine.RegisterEach(mux, "/events/{event}", func(r *http.Request) (*form.Form, error) {
		id := r.PathValue("event")
		if id != "one" && id != "two" && id != "four" {
			return nil, web.ErrNotFound
		}
		f := &form.Form{
			ID: "events/" + id, Path: "/events/" + id, Query: "t=LINK", Prefix: "E", Status: "registered", State: "registered", Version: 7,
			Service: policy.Get(policy.Events), Periods: policy.DefaultPeriods(policy.Get(policy.Events)), Submit: w.submit,
			Words: form.Words{Title: policy.Text{JA: "セミナー", EN: "Seminar"}, Button: policy.Text{JA: "登録する", EN: "Register"},
				DoneTitle: policy.Text{JA: "登録しました", EN: "Registered"}, Done: policy.Text{JA: "ありがとうございました。", EN: "Thank you."}},
			From: time.Date(2027, 1, 10, 9, 0, 0, 0, time.UTC),
			Extra: func(l policy.Language) []policy.NoticeItem {
				return []policy.NoticeItem{{Term: policy.Text{JA: "共催者", EN: "Co-organiser"}.In(l), Body: []string{"ASEAN Foundation"}}}
			},
			Intro: func(l policy.Language) template.HTML {
				return template.HTML("<p>" + policy.Text{JA: "ご案内", EN: "About it"}.In(l) + "</p>")
			},
			Fields: func(context.Context) ([]form.Field, error) { return allKinds(), nil },
			Check: func(values map[string]string, l policy.Language) []web.FieldError {
				if values["meal"] == "fish" && values["topics"] == "rice" {
					return []web.FieldError{{Field: "meal", Code: "contradiction", Message: policy.Text{JA: "矛盾", EN: "contradiction"}.In(l)}}
				}
				return nil
			},
		}
		if id == "two" {
			f.Languages = []policy.Language{policy.Japanese}
			f.Closed = &web.Error{Kind: web.Conflict, Message: policy.Text{JA: "受付は終了しました。", EN: "Registration has closed."}}
		}
		return f, nil
	})
	w.handler = web.Lambda(mux)
}

func registration(token, action string, changes ...string) url.Values {
	v := url.Values{"form_token": {token}, "action": {action}, "name": {"髙﨑"}, "seats": {"２"}, "meal": {"fish"}, "topics": {"rice", "fish"},
		"born": {"2026/1/2"}, "first": {"false"}, "consent.asean": {"true"}, "hall.light": {"1"}, "hall.sound": {"2"}}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// One form of a family goes all the way with every kind of field: what the check page sends on is what is stored.
func TestFamilyOfForms(t *testing.T) {
	w := newWorld(t)
	addFamily(w)
	token := w.open("/events/one?t=LINK&lang=en")
	checked := w.post("/events/one?t=LINK", registration(token, "check"))
	if checked.Status != 200 {
		t.Fatalf("check: %d\n%s", checked.Status, checked.Body)
	}
	golden(t, "family-check-en", checked.Body)
	golden(t, "family-input-ja", w.get("/events/one?t=LINK&lang=ja", nil).Body)
	golden(t, "family-input-errors-en", w.post("/events/one?t=LINK", registration(token, "check", "seats", "5", "first", "", "hall.sound", "9", "topics", "x")).Body)
	if !strings.Contains(checked.Body, `action="/events/one?t=LINK"`) {
		t.Error("the link's query is lost on the check page")
	}
	sent := w.post("/events/one?t=LINK", registration(token, "submit"))
	reference := sent.reference(t)
	want := []stored{{PK: reference, Language: "en", Version: 7, Channel: "form", Values: map[string]string{"name": "髙﨑", "seats": "2", "meal": "fish",
		"topics": "fish\nrice", "born": "2026-01-02", "first": "false", "consent.asean": "true", "hall.light": "1", "hall.sound": "2"}}}
	got := w.all()
	for i := range got {
		got[i].Opened, got[i].At = 0, 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The receipt counts from the end of the event and names its partner (R33).
	done := w.get(sent.Header["location"], nil)
	for _, wanted := range []string{"10 January 2028", "ASEAN Foundation"} {
		if !strings.Contains(done.Body, wanted) {
			t.Errorf("the done page does not say %q", wanted)
		}
	}
	if again := w.post("/events/one?t=LINK", registration(token, "submit")).reference(t); again != reference {
		t.Errorf("the same post again: %s, then %s (hard case 9)", reference, again)
	}
	if a := w.post("/events/one", registration(w.open("/events/one"), "submit", "topics", "rice")); a.Status != 422 || !strings.Contains(a.Body, "矛盾") {
		t.Errorf("values that contradict: %d", a.Status)
	}
}

func TestFamilyRefuses(t *testing.T) {
	w := newWorld(t)
	addFamily(w)
	token := w.open("/events/one")
	if a := w.get("/events/three", nil); a.Status != 404 {
		t.Errorf("no such form: %d", a.Status)
	}
	if a := w.post("/events/four", registration(token, "submit")); a.Status != 400 {
		t.Errorf("a token of another event: %d, want 400 (hard case 10)", a.Status)
	}
	for name, bad := range map[string]string{"none": "", "of another event": token, "forged": "x"} {
		a := w.post("/events/two", registration(bad, "submit"))
		if a.Status != 409 || !strings.Contains(a.Body, "受付は終了しました。") || !strings.Contains(a.Body, "髙﨑") {
			t.Errorf("a closed form, token %s: %d, want 409 with the reason and what was typed", name, a.Status)
		}
	}
	if a := w.get("/events/two?lang=en", nil); a.Status != 200 || !strings.Contains(a.Body, "受付は終了しました。") || strings.Contains(a.Body, "<form") {
		t.Errorf("a closed form: %d\n%s", a.Status, a.Body)
	}
	if a := w.get("/events/two", map[string]string{"accept": jsonType}); a.Status != 409 {
		t.Errorf("a closed form in JSON: %d", a.Status)
	}
	if n := len(w.all()); n != 0 {
		t.Errorf("%d records", n)
	}
}

// The description for programs tells kinds, ranges and groups; the same values as JSON give the same record.
func TestFamilyInJSON(t *testing.T) {
	w := newWorld(t)
	addFamily(w)
	var d form.Description
	if err := json.Unmarshal([]byte(w.get("/events/one?lang=en", map[string]string{"accept": jsonType}).Body), &d); err != nil {
		t.Fatal(err)
	}
	if d.Version != 7 || d.Fields[1].Max == nil || *d.Fields[1].Max != 4 || d.Fields[8].Group != "The venue" || len(d.Fields[3].Options) != 2 {
		t.Errorf("description: %+v", d)
	}
	w.pass(10 * time.Second)
	a := w.postJSON("/events/one", map[string]any{"form_token": d.FormToken, "name": "髙﨑", "seats": 2, "meal": "fish", "topics": []string{"rice", "fish"},
		"born": "2026-01-02", "first": false, "consent.asean": true, "hall.light": 1, "hall.sound": "2"})
	if a.Status != 201 {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if got := w.all(); len(got) != 1 || got[0].Values["topics"] != "fish\nrice" || got[0].Values["first"] != "false" {
		t.Errorf("stored: %+v", got)
	}
}
