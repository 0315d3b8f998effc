package subscription

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A program that follows a link which leads nowhere gets problem details (RFC 9457), where a person gets the page with the way
// back; both have the same status.
func TestDeadLinksForPrograms(t *testing.T) {
	w := newWorld(t)
	preferences := w.subscribed(t, hanako()).Data["preferences"]
	w.signUp(t, hanako("email", "nobody@example.jp"))
	expired := w.last(t, "nobody@example.jp", "confirm").Data["link"]
	w.after(7 * day)
	for _, test := range []struct{ name, method, target, body, says string }{
		{"change by an old link", http.MethodPost, preferences, "name=x", "24時間以内です"},
		{"confirm what has expired", http.MethodGet, expired, "", "登録を完了できません"},
		{"confirm it", http.MethodPost, expired, "action=confirm", "登録を完了できません"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ask := func(accept string) *httptest.ResponseRecorder {
				r := httptest.NewRequestWithContext(t.Context(), test.method, test.target, strings.NewReader(test.body))
				r.Header.Set("Accept", accept)
				if test.body != "" {
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				answer := httptest.NewRecorder()
				w.handler.ServeHTTP(answer, r)
				return answer
			}
			answer := ask("application/json")
			var problem struct {
				Status        int
				Detail, Title string
			}
			if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
				t.Fatalf("%v: %s", err, answer.Body)
			}
			if answer.Code != http.StatusGone || answer.Header().Get("Content-Type") != "application/problem+json" || problem.Status != http.StatusGone ||
				!strings.Contains(problem.Detail, test.says) || strings.Contains(problem.Detail, "ボタン") {
				t.Errorf("%d %v %+v", answer.Code, answer.Header(), problem)
			}
			if page := ask("text/html"); page.Code != http.StatusGone || !strings.Contains(page.Body.String(), "<main") {
				t.Errorf("for people: %d %s", page.Code, page.Body)
			}
		})
	}
}
