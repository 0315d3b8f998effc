package event_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/event"
	"madoguchi/shared/policy"
)

// full is a definition with everything in it.
const full = `{"id":"seminar-1","title":{"ja":"投資セミナー","en":"Investment seminar"},"description":{"ja":"ご案内\n2行目"},"kind":"hybrid",
"starts_at":"2026-12-01T14:00:00+09:00","ends_at":"2026-12-01T16:00:00+09:00","opens_at":"2026-11-01T00:00:00+09:00","closes_at":"2026-11-30T17:00:00+09:00",
"place":{"ja":"新橋","en":"Shimbashi"},"online_url":"https://meet.example.jp/x","capacity":{"venue":20,"online":100},"waiting_list":true,"contact":"03-1234-5678",
"partners":[{"id":"foundation","name":{"ja":"アセアン財団","en":"ASEAN Foundation"},"role":"co_organiser","country":"ID","legal_form":"consented_provision","receives":["name","email","meal"]},
 {"id":"desk","name":{"ja":"受付会社"},"role":"contractor","country":"JP","legal_form":"entrustment","receives":["name","attendance"]}],
"fields":[{"name":"meal","label":{"ja":"お食事","en":"Meal"},"type":"choice","options":["fish",{"value":"rice","label":{"ja":"米","en":"Rice"}}],"for":["foundation"],"special_care":true,"expires_after_days":7},
 {"name":"nationality","label":{"ja":"国籍","en":"Nationality"},"type":"country","required":true}],
"omit":["title"],
"questionnaire":{"opens_after_hours":2,"questions":[{"name":"overall","label":{"ja":"満足度"},"type":"rating","required":true},
 {"name":"hall","label":{"ja":"会場"},"type":"matrix","options":["good","bad"],"rows":["light","音響"]}]}}`

func TestParse(t *testing.T) {
	e, err := event.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if e.State != event.Published || !e.Questionnaire.Anonymous || e.Capacity.Of("online") != 100 {
		t.Errorf("%+v", e)
	}
	// What is written is read as the same.
	encoded, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := event.Parse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, again, cmp.AllowUnexported(event.Capacity{})); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, f := range e.FormFields() {
		names = append(names, f.Name)
	}
	if want := []string{"name", "email", "phone", "organization", "attendance", "meal", "nationality", "consent.foundation"}; !slices.Equal(names, want) {
		t.Errorf("fields %v, want %v (R26, R32)", names, want)
	}
	names = nil
	for _, f := range e.Questions() {
		names = append(names, f.Name)
	}
	if want := []string{"overall", "hall.light", "hall.row2"}; !slices.Equal(names, want) {
		t.Errorf("questions %v, want %v (R29)", names, want)
	}
}

// Everything that is wrong is told at once, each with its place; a broken definition is never half taken.
func TestRefused(t *testing.T) {
	change := func(path string, value any) func(map[string]any) {
		return func(m map[string]any) { m[path] = value }
	}
	// in changes a member of the object that the steps lead to.
	in := func(steps ...any) func(string, any) func(map[string]any) {
		return func(path string, value any) func(map[string]any) {
			return func(m map[string]any) {
				at := any(m)
				for _, step := range steps {
					switch step := step.(type) {
					case string:
						at = reflect.ValueOf(at).MapIndex(reflect.ValueOf(step)).Interface()
					case int:
						at = reflect.ValueOf(at).Index(step).Interface()
					}
				}
				reflect.ValueOf(at).SetMapIndex(reflect.ValueOf(path), reflect.ValueOf(value))
			}
		}
	}
	seats := func(capacity any, waiting bool) func(map[string]any) {
		return func(m map[string]any) { m["capacity"], m["waiting_list"] = capacity, waiting }
	}
	partner, field, question := in("partners", 0), in("fields", 0), in("questionnaire", "questions", 1)
	alone := func(m map[string]any) { delete(m, "partners") }
	tests := []struct {
		name  string
		apply func(map[string]any)
		want  []string
	}{
		{"unknown member", change("capacityy", 1), []string{".capacityy"}},
		{"type", change("waiting_list", "yes"), []string{".waiting_list"}},
		{"id", change("id", "Seminar/1"), []string{".id"}},
		{"id of an address", change("id", "-a"), []string{".id"}},
		{"no Japanese title", change("title", map[string]any{"ja": "", "en": "x"}), []string{".title.ja"}},
		{"line break in a title", change("title", map[string]any{"ja": "a\nb"}), []string{".title.ja"}},
		{"times", change("starts_at", "2026-12-01 14:00"), []string{".starts_at"}},
		{"two wrong times", func(m map[string]any) { m["starts_at"], m["closes_at"] = "x", "" }, []string{".starts_at", ".closes_at"}},
		{"ends before it starts", change("ends_at", "2026-12-01T13:00:00+09:00"), []string{".ends_at"}},
		{"closes after the end", change("closes_at", "2026-12-02T14:00:00+09:00"), []string{".closes_at"}},
		{"link without encryption (R96)", change("online_url", "http://meet.example.jp"), []string{".online_url"}},
		{"capacity", change("capacity", "many"), []string{".capacity", ".partners[1].receives[1]"}},
		{"no seats and no waiting list", seats(map[string]any{"venue": 0, "online": 5}, false), []string{".capacity.venue"}},
		{"no seats at all and no waiting list", seats(0, false), []string{".capacity", ".partners[1].receives[1]"}},
		{"fewer than none", change("capacity", map[string]any{"venue": -1, "online": 5}), []string{".capacity.venue"}},
		{"more than a hall holds", change("capacity", map[string]any{"venue": 10_001, "online": 5}), []string{".capacity.venue"}},
		{"seats of one way only", change("capacity", map[string]any{"online": 5}), []string{".capacity", ".partners[1].receives[1]"}},
		{"no capacity", change("capacity", nil), []string{".capacity", ".partners[1].receives[1]"}},
		{"state", change("state", "open"), []string{".state"}},
		{"fields without a partner (R32)", alone, []string{".fields", ".omit", ".fields[0].for[0]"}},
		{"name left out (R32)", change("omit", []any{"name"}), []string{".omit[0]"}},
		{"country", partner("country", "Indonesia"), []string{".partners[0].country"}},
		{"legal form (R54)", partner("legal_form", "none"), []string{".partners[0].legal_form"}},
		{"role", partner("role", "carrier"), []string{".partners[0].role"}},
		{"receives what the form does not ask (R54)", partner("receives", []any{"name", "title"}), []string{".partners[0].receives[1]"}},
		{"identity document (R10)", field("label", map[string]any{"ja": "パスポート番号"}), []string{".fields[0].label"}},
		{"identity document in English (R10)", field("label", map[string]any{"ja": "番号", "en": "Passport No."}), []string{".fields[0].label"}},
		{"rating in a registration", field("type", "rating"), []string{".fields[0].type"}},
		{"special care and required", field("required", true), []string{".fields[0].required"}},
		{"name of a standard item", field("name", "phone"), []string{".partners[0].receives[2]", ".fields[0].name"}},
		{"option twice", field("options", []any{"a", "a"}), []string{".fields[0].options[1]"}},
		{"matrix without rows", question("rows", []any{}), []string{".questionnaire.questions[1].rows"}},
		{"option of a wrong type", question("options", []any{1}), []string{".questionnaire.questions[1].options[0]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m map[string]any
			if err := json.Unmarshal([]byte(full), &m); err != nil {
				t.Fatal(err)
			}
			tt.apply(m)
			data, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			_, err = event.Parse(data)
			var problems event.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("taken: %v", err)
			}
			var places []string
			for _, p := range problems {
				places = append(places, p.Place)
				if p.Reason == "" {
					t.Errorf("%s: no reason", p.Place)
				}
			}
			if diff := cmp.Diff(tt.want, places); diff != "" {
				t.Errorf("%s\n%v", diff, err)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	e, err := event.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		moment, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return moment.Add(-9 * time.Hour)
	}
	cancelled := *e
	cancelled.State = event.Cancelled
	noList := *e
	noList.WaitingList = false
	for _, tt := range []struct {
		event  *event.Event
		at     string
		left   int
		want   event.Status
		public event.Status
	}{
		{e, "2026-10-31 23:59", 5, "published", "closed"}, {e, "2026-11-01 00:00", 5, "open", "open"}, {e, "2026-11-01 00:00", 0, "waiting", "waiting"},
		{&noList, "2026-11-01 00:00", 0, "full", "full"}, {e, "2026-11-30 17:00", 5, "closed", "closed"}, {e, "2026-12-01 16:00", 5, "past", "past"},
		{&cancelled, "2026-11-01 00:00", 5, "cancelled", "cancelled"},
	} {
		if got := tt.event.StatusWith(at(tt.at), tt.left); got != tt.want || got.Public() != tt.public {
			t.Errorf("%s, %d left: %s (%s), want %s (%s)", tt.at, tt.left, got, got.Public(), tt.want, tt.public)
		}
	}
}

// The notice names each partner with role, country, legal form, what it receives and why (R30-R33).
func TestNotices(t *testing.T) {
	e, err := event.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := []policy.NoticeItem{
		{Term: "Co-organiser", Body: []string{"ASEAN Foundation (country: Indonesia)", "Receives: Name; E-mail address; Meal", "Why: to run this event together with us",
			"Ground: provision to a third party with your consent (APPI art. 27(1), 28). Only if you tick the box in the form."}},
		{Term: "Contractor", Body: []string{"受付会社 (country: Japan)", "Receives: Name; How you attend", "Why: to do part of the work for this event",
			"Ground: entrustment (APPI art. 27(5)(i)); they work under our supervision."}},
	}
	if diff := cmp.Diff(want, e.Notices(policy.English)); diff != "" {
		t.Error(diff)
	}
}

// 0 is a number of seats where a waiting list is kept, and stays it through the store's JSON.
func TestNoSeatsYet(t *testing.T) {
	for _, capacity := range []string{`0`, `{"venue":0,"online":100}`, `{"venue":0,"online":0}`} {
		kind := map[bool]string{true: "hybrid", false: "venue"}[capacity != `0`]
		e, err := event.Parse([]byte(`{"id":"a","title":{"ja":"A"},"kind":"` + kind + `","starts_at":"2026-12-01T14:00:00+09:00","ends_at":"2026-12-01T15:00:00+09:00",` +
			`"closes_at":"2026-11-30T15:00:00+09:00","capacity":` + capacity + `,"waiting_list":true}`))
		if err != nil {
			t.Fatalf("%s: %v", capacity, err)
		}
		data, err := e.Encode()
		if err != nil || !strings.Contains(string(data), `"capacity":`+capacity+`,`) {
			t.Errorf("%s is written %s, %v", capacity, data, err)
		}
		if _, err := event.Parse(data); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
}
