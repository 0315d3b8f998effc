package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
)

// send makes one request to the function, as a browser or, with accept, as a program.
func send(t *testing.T, h http.Handler, method, target, accept, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", accept)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

const (
	forPeople   = "text/html"
	forPrograms = "application/json"
)

// The link of a registration opens that of no other event, and says what is the matter; what has expired is still told as that.
func TestLinkOfAnotherEvent(t *testing.T) {
	h, book := world(t)
	eventtest.Save(t, book.Events, "other", nil)
	own, _, err := book.Find(t.Context(), "seminar", payloadRef)
	if err != nil {
		t.Fatal(err)
	}
	link := book.Page(own)
	elsewhere := strings.Replace(link, "/seminar/", "/other/", 1)
	for _, test := range []struct {
		name, method, target, body string
		status                     int
		says                       string
	}{
		{"its own event", http.MethodGet, link, "", http.StatusOK, payloadRef},
		{"another event", http.MethodGet, elsewhere, "", http.StatusBadRequest, "別のイベントの登録のものです"},
		{"cancel at another event", http.MethodPost, elsewhere, "action=cancel", http.StatusBadRequest, "別のイベントの登録のものです"},
		{"calendar of another event", http.MethodGet, strings.Replace(elsewhere, "/registration", "/calendar.ics", 1), "", http.StatusBadRequest, "別のイベント"},
		{"an event that is none", http.MethodGet, strings.Replace(link, "/seminar/", "/none/", 1), "", http.StatusNotFound, "見つかりません"},
		{"forged", http.MethodGet, link + "x", "", http.StatusBadRequest, "リンクが正しくありません"},
		{"of what has been deleted", http.MethodGet, book.Page(registration.Registration{Event: "seminar", Ref: "E261124-GONEGONEG", Person: own.Person}), "",
			http.StatusGone, "保存期間が終わった"},
		{"of a mail from before, without the event", http.MethodGet, "/events/seminar/registration?" + requests(own.Person)["registration"].query, "", http.StatusOK, payloadRef},
	} {
		if answer := send(t, h, test.method, test.target, forPeople, test.body); answer.Code != test.status || !strings.Contains(answer.Body.String(), test.says) {
			t.Errorf("%s: %d %s", test.name, answer.Code, answer.Body)
		}
	}
	if answer := send(t, h, http.MethodGet, elsewhere+"&lang=en", forPrograms, ""); answer.Code != http.StatusBadRequest ||
		!strings.Contains(answer.Body.String(), "a registration for another event") || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("for a program: %d %s", answer.Code, answer.Body)
	}
	if own, _, _ = book.Find(t.Context(), "seminar", payloadRef); own.State != registration.Registered {
		t.Errorf("it is %s", own.State)
	}
}

// Accepting is news once, and only where a seat was offered: who has one already is told so, who waits is told to wait.
func TestAccept(t *testing.T) {
	h, book := world(t)
	e := eventtest.Save(t, book.Events, "full", map[string]any{"capacity": 1, "waiting_list": true})
	join := func(ref, email string) string {
		t.Helper()
		if _, err := book.Register(t.Context(), registration.Application{Event: e, Reference: ref, Values: person(email), Language: policy.Japanese,
			Channel: "form", At: payloadTime, Silent: true}); err != nil {
			t.Fatal(err)
		}
		own, _, err := book.Find(t.Context(), "full", ref)
		if err != nil {
			t.Fatal(err)
		}
		return book.Page(own)
	}
	first, second := join("E261124-FIRSTAAAA", "first@example.jp"), join("E261124-SECONDAAA", "second@example.jp")
	accept := func(link string) (status int, page string) {
		t.Helper()
		answer := send(t, h, http.MethodPost, link, forPeople, "action=accept")
		if answer.Code != http.StatusSeeOther {
			return answer.Code, answer.Body.String()
		}
		return answer.Code, send(t, h, http.MethodGet, answer.Header().Get("Location"), forPeople, "").Body.String()
	}
	const news, had = "お返事を受け付けました", "お席はすでに確保されています"
	for _, step := range []struct {
		name, link string
		do         func()
		status     int
		says, not  string
	}{
		{"a seat from the beginning", first, nil, http.StatusSeeOther, had, news},
		{"nothing offered yet", second, nil, http.StatusConflict, "まだ空席のご案内をしていません", "期限が過ぎた"},
		{"offered", second, func() {
			if err := book.Cancel(t.Context(), e, "E261124-FIRSTAAAA"); err != nil {
				t.Fatal(err)
			}
		}, http.StatusSeeOther, news, had},
		{"pressed again", second, nil, http.StatusSeeOther, had, news},
		{"cancelled before", first, nil, http.StatusConflict, "登録が取り消されているか", news},
	} {
		if step.do != nil {
			step.do()
		}
		if status, page := accept(step.link); status != step.status || !strings.Contains(page, step.says) || strings.Contains(page, step.not) {
			t.Errorf("%s: %d %s", step.name, status, page)
		}
	}
	if answer := send(t, h, http.MethodPost, second, forPrograms, "action=accept"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"status":"registered"`) {
		t.Errorf("for a program: %d %s", answer.Code, answer.Body)
	}
	// The address that said so is opened again after the seat was given back.
	if page := send(t, h, http.MethodGet, first+"&did=accept", forPeople, "").Body.String(); strings.Contains(page, news) {
		t.Errorf("a cancelled registration is accepted: %s", page)
	}
}
