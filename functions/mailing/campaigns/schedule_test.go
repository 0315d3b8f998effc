package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/shared/campaign"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// When it may be sent.
func TestSchedule(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 3)
	asks := map[string]any{"questionnaire": map[string]any{"anonymous": true, "opens_after_hours": 3,
		"questions": []any{map[string]any{"name": "overall", "label": map[string]string{"ja": "満足度", "en": "Overall"}, "type": "rating", "required": true}}}}
	e := eventtest.Save(t, w.editor.events, "seminar", asks)
	w.register("seminar", "E-1", "registered", "ja")
	id := w.create("editor", newsletter())
	nobody := w.create("editor", newsletter("segment", m{"prefecture": []string{"99"}}))
	asking := w.create("events", about("seminar", "kind", "questionnaire_invitation"))
	late := w.create("events", about("seminar"))
	at := func(of time.Time) m { return m{"at": of.Format(time.RFC3339)} }
	for _, c := range []struct {
		name, who, id string
		body          any
		status        int
		field         string
	}{
		{"in the past", "editor", id, at(start.Add(-time.Second)), 422, "at"},
		{"nothing said", "editor", id, m{}, 422, "at"},
		{"in more than a year", "editor", id, at(start.AddDate(1, 0, 1)), 422, "at"},
		{"no time", "editor", id, m{"at": "soon"}, 422, "at"},
		{"no text", "editor", id, m{"at": 5}, 422, "at"},
		{"unknown member", "editor", id, m{"when": nil}, 422, "when"},
		{"nobody in the audience", "editor", nobody, m{"at": nil}, 422, "segment"},
		{"questionnaire before the end (R29)", "events", asking, at(e.EndsAt.Add(-time.Hour)), 422, "at"},
		{"questionnaire before it opens", "events", asking, at(e.EndsAt.Add(2 * time.Hour)), 422, "at"},
		{"questionnaire", "events", asking, at(e.EndsAt.Add(3 * time.Hour)), 202, ""},
		{"now", "editor", id, m{"at": nil}, 202, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			a := w.want(w.call(c.who, http.MethodPost, "/"+c.id+"/schedule", c.body), c.status)
			if c.field != "" {
				if errs := answer[struct{ Errors []web.FieldError }](w, a).Errors; len(errs) != 1 || errs[0].Field != c.field {
					t.Errorf("%+v", errs)
				}
			}
		})
	}
	c, err := w.editor.store.Get(t.Context(), id)
	if want := start.Add(10 * time.Minute).UnixMilli(); err != nil || c.ScheduledAt != want || c.ActiveAt != want {
		t.Errorf("now is %d, active at %d, want %d", c.ScheduledAt, c.ActiveAt, want)
	}
	// The event has learnt English since: what would be sent in Japanese only is refused.
	t.Run("a language that came later", func(t *testing.T) {
		w.t = t
		eventtest.Save(t, w.editor.events, "later", map[string]any{"title": map[string]string{"ja": "講演会"}})
		w.register("later", "E-1", "registered", "ja")
		only := w.create("events", about("later", "content", m{"ja": m{"subject": "件名", "body_markdown": "本文"}}))
		eventtest.Save(t, w.editor.events, "later", nil)
		w.want(w.call("events", http.MethodPost, "/"+only+"/schedule", m{"at": nil}), 422)
	})
	// Nobody is written to whose registration will have expired, or who is not registered yet.
	w.want(w.call("events", http.MethodPost, "/"+late+"/schedule", m{"at": nil}), 202)
}

// A large list is estimated from its beginning, a small one is counted.
func TestMeasure(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 300)
	c := campaign.Campaign{Kind: policy.NewsletterIssue, Langs: []policy.Language{policy.Japanese}}
	got, err := w.editor.measure(t.Context(), &c, w.now())
	if err != nil || got.Reached != 300 || got.About {
		t.Fatalf("%+v, %v", got, err)
	}
	w.subscribe(policy.Newsletter, 9000)
	if got, err = w.editor.measure(t.Context(), &c, w.now()); err != nil || got.Reached < 8000 || got.Reached > 10000 || !got.About {
		t.Errorf("of 9000: %+v, %v", got, err)
	}
}

// What was checked is what is printed: neither the contents nor the event are read a second time. There remain the campaign, before
// and in the decision, its content in each language, and of an event the check and the audience.
func TestScheduleReadsOnce(t *testing.T) {
	w := newWorld(t)
	proxy, err := dynamodb.NewProxy(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	counted, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.subscribe(policy.Newsletter, 1)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	w.register("seminar", "E-1", "registered", "ja")
	news, seminar := w.create("editor", newsletter()), w.create("events", about("seminar"))
	w.editor.store.Client, w.editor.events.Client = counted, counted
	reads := func(who, id string) map[string]int {
		before := proxy.Calls()
		w.want(w.call(who, http.MethodPost, "/"+id+"/schedule", m{"at": nil}), http.StatusAccepted)
		n := map[string]int{}
		for key, ops := range proxy.Calls() {
			for op, times := range ops {
				if times -= before[key][op]; times > 0 && (op == "GetItem" || op == "Query" || op == "BatchGetItem") {
					n[op] += times
				}
			}
		}
		return n
	}
	if diff := cmp.Diff(map[string]int{"GetItem": 4}, reads("editor", news)); diff != "" {
		t.Errorf("newsletter: %s", diff)
	}
	if diff := cmp.Diff(map[string]int{"GetItem": 6}, reads("events", seminar)); diff != "" {
		t.Errorf("event: %s", diff)
	}
}
