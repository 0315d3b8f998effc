package form_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// through replaces the world's connection to the store, without retries: the fault is the test's, not the network's.
func (w *world) through(send func(*http.Request) (*http.Response, error)) {
	options := w.client.Options()
	options.Retryer, options.HTTPClient = aws.NopRetryer{}, sender(send)
	w.client = dynamodb.New(options)
	w.engine.Guard.Client = w.client
}

type sender func(*http.Request) (*http.Response, error)

func (s sender) Do(r *http.Request) (*http.Response, error) { return s(r) }

// operation is what a request asks of DynamoDB: "TransactWriteItems".
func operation(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// The store is down: 503 in the form's language with the values and the token kept, nothing half written, and the same
// page goes through when the store is back (hard case 11 for a form that was also open too long).
func TestStoreDown(t *testing.T) {
	w := newWorld(t)
	newsletter := person(w.open("/newsletter"), "submit", "return_to", "https://partner.example.jp/")
	inquiry := parse(t, w.get("/inquiry?lang=en", nil).Body).form("submit")
	for name, value := range map[string]string{"name": "A", "email": "a@example.com", "message": "Hello\r\nthere"} {
		inquiry.Set(name, value)
	}
	w.pass(time.Minute)
	up := w.client
	w.through(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("connection refused for hanako@example.jp")
	})

	ja := w.post("/newsletter", newsletter)
	page := parse(t, ja.Body)
	if got := page.controls(); ja.Status != 503 || ja.Header["retry-after"] != "60" || ja.Header["content-language"] != "ja" ||
		got["name"] != "山田 花子" || got["form_token"] != newsletter.Get("form_token") || got["return_to"] != "https://partner.example.jp/" {
		t.Errorf("ja: %d, Retry-After %q, %q", ja.Status, ja.Header["retry-after"], got)
	}
	en := w.post("/inquiry", inquiry)
	if got := parse(t, en.Body).controls(); en.Status != 503 || en.Header["content-language"] != "en" || got["message"] != "Hello\r\nthere" && got["message"] != "Hello\nthere" {
		t.Errorf("en: %d, %q", en.Status, got)
	}
	a := w.postJSON("/newsletter", members(newsletter.Get("form_token")))
	if p := a.problem(t); p.Status != 503 || a.Header["retry-after"] != "60" || p.FormToken != newsletter.Get("form_token") || strings.Contains(a.Body, "refused") {
		t.Errorf("JSON: %+v", a)
	}
	if check := w.post("/newsletter", person(newsletter.Get("form_token"), "check")); check.Status != 200 {
		t.Errorf("a check page needs no store: %d", check.Status)
	}
	w.pass(25 * time.Hour)
	late := w.post("/newsletter", newsletter)
	if got := parse(t, late.Body).controls(); late.Status != 503 || got["name"] != "山田 花子" || got["form_token"] != newsletter.Get("form_token") {
		t.Errorf("down and expired: %d, %q", late.Status, got)
	}
	w.pass(-25 * time.Hour)

	w.client, w.engine.Guard.Client = up, up
	if n := len(w.all()); n != 0 {
		t.Fatalf("%d records while the store was down", n)
	}
	w.post("/newsletter", page.form("submit")).reference(t)
	if n := len(w.all()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// The submission was stored and its answer lost, for good: the visitor is thanked, with the reference that was stored.
func TestLostAnswer(t *testing.T) {
	for name, lose := range map[string]func(*http.Request) error{
		"connection cut": func(*http.Request) error { return errors.New("connection reset") },
		"time ran out":   func(r *http.Request) error { <-r.Context().Done(); return r.Context().Err() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			values, up := person(w.open("/newsletter"), "submit"), w.client
			w.through(func(r *http.Request) (*http.Response, error) {
				answer, err := http.DefaultClient.Do(r.WithContext(t.Context()))
				if operation(r) != "TransactWriteItems" || err != nil {
					return answer, err
				}
				if err := answer.Body.Close(); err != nil {
					t.Error(err)
				}
				return nil, lose(r)
			})
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			a := w.call(ctx, "POST", "/newsletter", map[string]string{"content-type": formType}, values.Encode())
			all := w.all()
			if len(all) != 1 || a.reference(t) != all[0].PK {
				t.Errorf("%d records, answer %d %s", len(all), a.Status, a.Header["location"])
			}
			w.client, w.engine.Guard.Client = up, up
			if again := w.post("/newsletter", values).reference(t); again != all[0].PK || len(w.all()) != 1 {
				t.Errorf("sent again: %s, %d records", again, len(w.all()))
			}
		})
	}
}

// Where only the rate cannot be counted, the post goes on.
func TestRateCannotBeCounted(t *testing.T) {
	w := newWorld(t)
	w.hourly(1)
	values := person(w.open("/newsletter"), "submit")
	w.through(func(r *http.Request) (*http.Response, error) {
		if operation(r) == "UpdateItem" {
			return nil, errors.New("throttled")
		}
		return http.DefaultClient.Do(r)
	})
	w.post("/newsletter", values).reference(t)
	if n := len(w.all()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// The budget of a post (design, "Budgets"): a first submission is one transaction and no read, plus one counter where the
// rate limit is on; a check page asks the store nothing.
func TestCallsPerPost(t *testing.T) {
	w := newWorld(t)
	calls := map[string]int{}
	w.through(func(r *http.Request) (*http.Response, error) {
		calls[operation(r)]++
		return http.DefaultClient.Do(r)
	})
	values := person(w.open("/newsletter"), "check")
	w.post("/newsletter", values)
	if len(calls) != 0 {
		t.Errorf("form and check page call %v", calls)
	}
	values.Set("action", "submit")
	w.post("/newsletter", values).reference(t)
	if len(calls) != 2 || calls["TransactWriteItems"] != 1 || calls["UpdateItem"] != 1 {
		t.Errorf("a submission calls %v", calls)
	}
	clear(calls)
	w.post("/newsletter", values).reference(t)
	if calls["TransactWriteItems"] != 1 || calls["GetItem"] != 0 {
		t.Errorf("a repeated submission calls %v", calls)
	}
}
