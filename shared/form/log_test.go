package form_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

const secretName, secretEmail = "秘密 太郎", "himitsu.taro@example.jp"

func panics(_ http.ResponseWriter, r *http.Request) error {
	panic(fmt.Errorf("no item for %s <%s> %s", secretName, secretEmail, r.URL))
}

// Names, addresses and tokens go through every path of an error, by field, path, query, header, panic and the errors of
// library and store; no log line holds any of them, and each line says what happened (hard case 33; R13, R45).
func TestNoPersonalDataInTheLog(t *testing.T) {
	w := newWorld(t)
	w.hourly(0)
	token := w.open("/newsletter")
	values := func(action string, changes ...string) url.Values {
		return person(token, action, append([]string{"name", secretName, "email", secretEmail}, changes...)...)
	}
	secrets := []string{secretName, "秘密", secretEmail, "himitsu", "taro", url.QueryEscape(secretName), url.QueryEscape(secretEmail), token, "192.0.2.1"}
	send := func(status int, a answer) {
		t.Helper()
		if a.Status != status {
			t.Errorf("status %d, want %d", a.Status, status)
		}
		lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
		var line struct {
			RequestID string `json:"request_id"`
			Status    int
			Level     string
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || line.RequestID != "request-1" || line.Status != status {
			t.Errorf("log line of a %d: %s", status, lines[len(lines)-1])
		}
		if (line.Level == "ERROR") != (status >= 500) {
			t.Errorf("level %s for a %d", line.Level, status)
		}
	}
	query := "?t=" + url.QueryEscape(secretEmail)
	form := map[string]string{"content-type": formType, "user-agent": secretName, "referer": "https://x.example/" + secretEmail, "accept-language": secretName}
	send(200, w.do("POST", "/newsletter", form, values("check").Encode()))
	send(422, w.post("/newsletter", values("submit", "email", secretEmail+" "+secretEmail)))
	send(422, w.post("/newsletter", values("submit", "prefecture", secretName)))
	send(400, w.post("/newsletter", values(secretName)))
	send(400, w.post("/newsletter", values("submit", "form_token", token+secretName)))
	send(400, w.do("POST", "/newsletter", form, "name="+secretName+"%zz"))
	send(400, w.do("POST", "/newsletter", form, secretEmail+"=%ff"))
	send(413, w.do("POST", "/newsletter", form, strings.Repeat(secretEmail, 10_000)))
	send(415, w.do("POST", "/newsletter", map[string]string{"content-type": "text/" + secretEmail}, secretEmail))
	send(400, w.do("POST", "/newsletter", map[string]string{"content-type": jsonType}, `{"name":"`+secretName))
	send(422, w.postJSON("/newsletter", members(token, secretEmail, secretName)))
	send(422, w.postJSON("/newsletter", members(token, "name", []string{secretName})))
	send(404, w.get("/newsletter/"+secretEmail+query, nil))
	send(404, w.get("/"+url.PathEscape(secretName), nil))
	send(404, w.get("/%zz"+secretEmail, nil))
	send(405, w.do("PUT", "/newsletter"+query, nil, secretEmail))
	send(405, w.do("GET"+strings.ToUpper(strings.Split(secretEmail, "@")[0]), "/newsletter", nil, ""))
	send(404, w.get("/newsletter/done?ref="+url.QueryEscape(secretEmail), nil))
	send(500, w.get("/panic"+query, nil))
	send(303, w.post("/newsletter", values("submit")))
	send(422, w.post("/newsletter", values("submit", "name", secretName+secretName)))
	token = w.open("/newsletter")
	secrets = append(secrets, token)
	for status, failure := range map[int]error{
		409: &web.Error{Kind: web.Conflict, Cause: personal{}, Message: policy.Text{JA: "満席です。", EN: "Full."}},
		500: fmt.Errorf("store submission: %w", errors.Join(personal{}, fmt.Errorf("read: %w", personal{}))),
	} {
		w.refuse = failure
		send(status, w.post("/newsletter", values("submit")))
	}
	w.refuse = nil
	w.through(func(*http.Request) (*http.Response, error) { return nil, personal{} })
	send(503, w.post("/newsletter", values("submit")))
	w.pass(25 * time.Hour)
	send(503, w.post("/newsletter", values("submit")))

	for line := range strings.Lines(w.log.String()) {
		for _, secret := range secrets {
			if strings.Contains(strings.ToLower(line), strings.ToLower(secret)) {
				t.Errorf("%q in the log line %s", secret, line)
			}
		}
	}
	if !strings.Contains(w.log.String(), "form_test.panics:") {
		t.Error("the log does not say where it panicked")
	}
	if !strings.Contains(w.log.String(), `"route":"POST /newsletter"`) {
		t.Error("the log does not name the route")
	}
}

// A panic is a 500 in the caller's form that says nothing of its cause.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	for accept, kind := range map[string]string{"text/html": "text/html; charset=utf-8", jsonType: "application/problem+json"} {
		a := w.get("/panic", map[string]string{"accept": accept})
		if a.Status != 500 || a.Header["content-type"] != kind || strings.Contains(a.Body, "himitsu") || strings.Contains(a.Body, "panic") {
			t.Errorf("%s: %d %s", accept, a.Status, a.Body)
		}
	}
}

// personal is the error of a library that quotes what it was given.
type personal struct{}

func (personal) Error() string { return "bad value " + secretName + " <" + secretEmail + ">" }
