package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/logging"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/staff/stafftest"
)

// logged collects what all tests of the package log. They run one after another.
var logged bytes.Buffer

// TestMain looks through the log of all tests at the end: no name, no address, no code, no token may be in it (R45, hard case 33).
func TestMain(m *testing.M) {
	slog.SetDefault(logging.New(&logged, "SigninFunction", "INFO"))
	code := m.Run()
	for line := range strings.Lines(logged.String()) {
		for _, word := range []string{"ローカル", "@", "staff.example.jp", "state=", "code=", "eyJ"} {
			if strings.Contains(line, word) {
				fmt.Printf("a log line holds %q: %s", word, line)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// world is the function with its provider, as a browser without pictures sees it.
type world struct {
	*stafftest.Office
	client  *dynamodb.Client
	clock   time.Time
	handler http.Handler
	cookies map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{client: recordtest.Start(t), clock: time.Date(2026, 11, 24, 10, 0, 0, 0, policy.JapanTime), cookies: map[string]string{}}
	w.Office = stafftest.New(t, w.client, func() time.Time { return w.clock })
	w.open(t)
	return w
}

func (w *world) open(t *testing.T) {
	t.Helper()
	var err error
	if w.handler, err = build(t.Context(), config.Map(w.Env), func() time.Time { return w.clock }); err != nil {
		t.Fatal(err)
	}
}

// do sends a request with the cookies that the browser has, and keeps those that it gets.
func (w *world) do(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://forms.example.jp"+target, nil)
	r.Header.Set("Accept", "text/html")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	for name, value := range w.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	answer := recorder.Result()
	for _, c := range answer.Cookies() {
		if c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		} else {
			w.cookies[c.Name] = c.Value
		}
	}
	return answer
}

// begin starts a sign-in and returns the provider's address.
func (w *world) begin(t *testing.T, back string) *url.URL {
	t.Helper()
	answer := w.do(t, http.MethodGet, "/staff/signin?return="+url.QueryEscape(back))
	to, err := url.Parse(answer.Header.Get("Location"))
	if answer.StatusCode != http.StatusSeeOther || err != nil {
		t.Fatalf("%d to %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	return to
}

// press presses the button of a user on the provider's page, and returns the path at which the provider sends the browser back.
func (w *world) press(t *testing.T, page *url.URL, user string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page.String(), strings.NewReader("user="+user))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.StatusCode != http.StatusFound {
		t.Fatalf("the provider answers %d", answer.StatusCode)
	}
	return back.RequestURI()
}

// in says whether the browser is signed in.
func (w *world) in(t *testing.T) bool {
	t.Helper()
	return w.do(t, http.MethodGet, "/staff/").StatusCode == http.StatusOK
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
