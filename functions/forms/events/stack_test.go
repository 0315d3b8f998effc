package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/journey"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// product is the local stack: the real binaries, tables, streams, mail.
type product struct{ *stack.Stack }

func begin(t *testing.T) product {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	return product{s}
}

func (p product) target() journey.Target {
	return journey.Target{URL: p.URL(), Inbox: journey.InboxAt(p.URL())}
}

// load loads content and fails where it is refused.
func (p product) load(t *testing.T, content map[string]any) {
	t.Helper()
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Load(t.Context(), body); err != nil {
		t.Fatal(err)
	}
}

// forget waits until no process goes on with a definition that it has read: a new process has read none.
func (p product) forget() { p.Kill("EventsFunction") }

// definition is an event that is open; changes replace members.
func definition(id string, begins time.Duration, changes map[string]any) map[string]any {
	starts := time.Now().Add(begins)
	at := func(d time.Duration) string { return starts.Add(d).Format(time.RFC3339) }
	m := map[string]any{"id": id, "title": map[string]string{"ja": "投資セミナー " + id, "en": "Investment seminar " + id}, "kind": "venue",
		"description": map[string]string{"ja": "アセアンへの投資についてお話しします。\n\nどなたでもご参加いただけます。", "en": "About investing in ASEAN."},
		"starts_at":   at(0), "ends_at": at(2 * time.Hour), "closes_at": at(-time.Minute), "place": map[string]string{"ja": "新橋ビル", "en": "Shimbashi Building"},
		"capacity": 10, "waiting_list": false, "contact": "03-1234-5678"}
	maps.Copy(m, changes)
	return m
}

const month = 30 * 24 * time.Hour

// person are the values of the standard items; more replaces some.
func person(email string, more ...string) map[string]string {
	values := map[string]string{"name": "山田 花子", "email": email, "phone": "03-1234-5678", "organization": "例示株式会社", "title": "部長"}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// register goes through the form and returns the done page.
func (p product) register(t *testing.T, id string, values map[string]string) *journey.Page {
	t.Helper()
	v := journey.NewVisitor(p.target())
	check := v.Send(t, v.Get(t, "/events/"+id), "check", values)
	if check.Status != http.StatusOK || !strings.Contains(check.Title, "入力内容の確認") {
		t.Fatalf("check: %d %s", check.Status, check.Text)
	}
	sent := v.Send(t, check, "submit", nil)
	if sent.Status != http.StatusSeeOther {
		t.Fatalf("submit: %d %s", sent.Status, sent.Text)
	}
	return v.Get(t, sent.Header.Get("Location"))
}

// act posts an action with the link of a registration.
func (p product) act(t *testing.T, link, action string, more ...string) *journey.Page {
	t.Helper()
	v := journey.NewVisitor(p.target())
	path, query, _ := strings.Cut(link, "?")
	body := query + "&action=" + action
	for i := 0; i < len(more); i += 2 {
		body += "&" + more[i] + "=" + more[i+1]
	}
	return v.Do(t, http.MethodPost, path, "application/x-www-form-urlencoded", body)
}

func (p product) tick(t *testing.T) {
	t.Helper()
	for _, ran := range p.Tick() {
		if ran.Error != "" {
			t.Fatalf("%v", ran)
		}
	}
}

// list returns the public list by id.
func (p product) list(t *testing.T) map[string]map[string]any {
	t.Helper()
	status, answer := journey.NewVisitor(p.target()).JSON(t, "/events", nil)
	items, ok := answer["items"].([]any)
	if status != http.StatusOK || !ok {
		t.Fatalf("%d %v", status, answer)
	}
	byID := map[string]map[string]any{}
	for _, item := range items {
		if one, ok := item.(map[string]any); ok {
			byID[fmt.Sprint(one["id"])] = one
		}
	}
	return byID
}
