package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	local "madoguchi/infra/local/ses"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/subscriptiontest"
	"madoguchi/shared/suppression"
)

// start is a Tuesday morning in Tokyo.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, policy.JapanTime)

const day = 24 * time.Hour

// world is the function over tables of its own in a real engine and a local SES, with a clock that the test moves.
type world struct {
	t       *testing.T
	office  *stafftest.Office
	client  *dynamodb.Client
	counter *counter
	handler http.Handler
	ses     suppression.Account
	millis  atomic.Int64
}

func newWorld(t *testing.T, change ...string) *world {
	t.Helper()
	w := &world{t: t}
	w.millis.Store(start.UnixMilli())
	w.client = recordtest.Start(t)
	w.office = stafftest.New(t, w.client, w.now)
	env := w.office.Env
	for name, value := range map[string]string{
		"NEWSLETTER_TABLE": subscriptiontest.Table(t, w.client, "newsletter"), "PRESS_TABLE": subscriptiontest.Table(t, w.client, "press"),
		"SUPPRESSION_TABLE": recordtest.Table(t, w.client, "suppression", true), "CAMPAIGNS_TABLE": campaigntest.Table(t),
		"OUTBOX_TABLE": recordtest.Table(t, w.client, "outbox", false, recordtest.Index{Name: "person", Hash: "person", Range: "created_at",
			RangeType: types.ScalarAttributeTypeS}),
		"PRESS_APPROVAL": "true", "ADDRESS_KEY": strings.Repeat("address-key-", 3), "LINK_KEYS": strings.Repeat("link-key-", 4), "UNCONFIRMED_HOURS": "168",
		"SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365", "PENDING_APPROVAL_DAYS": "30"} {
		env[name] = value
	}
	for i := 0; i < len(change); i += 2 {
		env[change[i]] = change[i+1]
	}
	server, err := local.New(local.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server.API())
	t.Cleanup(func() { api.Close(); _ = server.Close() })
	t.Setenv("AWS_ENDPOINT_URL_SESV2", api.URL)
	if w.ses, err = suppression.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.counter, err = open(config.Map(env), w.client, w.ses, w.now); err != nil {
		t.Fatal(err)
	}
	w.handler = w.counter.handler()
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) after(passed time.Duration) { w.millis.Add(passed.Milliseconds()) }

func (w *world) list(code policy.Code) list {
	for _, l := range w.counter.lists {
		if l.Service.Code == code {
			return l
		}
	}
	panic(code)
}

// who are the people of the tests, with their roles.
func who(name string) staff.Person {
	return stafftest.Person(name, map[string][]string{"editor": {"editor"}, "press": {"press"}, "both": {"editor", "press"}, "events": {"events"},
		"privacy": {"privacy"}, "all": {"editor", "press", "privacy"}, "admin": {"admin"}}[name]...)
}

// call is a script's request; v is sent as JSON unless it is nil or a text.
func (w *world) call(name, method, target string, v any) *httptest.ResponseRecorder {
	w.t.Helper()
	body, isText := v.(string)
	if v != nil && !isText {
		data, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		body = string(data)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, base+target, strings.NewReader(body))
	if v != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", w.office.Bearer(who(name)))
	return w.serve(r)
}

// page opens a page in a browser, or posts one of its forms.
func (w *world) page(name, target string, form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, base+target, strings.NewReader(body))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.AddCookie(w.office.SignIn(w.t, who(name)))
	return w.serve(r)
}

func (w *world) serve(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func (w *world) want(a *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
	w.t.Helper()
	if a.Code != status {
		w.t.Fatalf("status %d, want %d: %.600s", a.Code, status, a.Body)
	}
	return a
}

// answer decodes the body of an answer.
func answer[T any](w *world, a *httptest.ResponseRecorder) T {
	w.t.Helper()
	var v T
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		w.t.Fatalf("%v: %.500s", err, a.Body)
	}
	return v
}

type m = map[string]any

const email = "mori@example.jp"

// fields are a complete form of a list.
func fields(code policy.Code, email string) map[string]string {
	f := map[string]string{"email": email, "name": "森 花子", "organization": "例示株式会社"}
	if code == policy.Newsletter {
		f["prefecture"], f["business_category"] = "13", "trade"
	}
	return f
}

// put adds somebody who agreed on paper.
func (w *world) put(code policy.Code, email string) string {
	w.t.Helper()
	id, err := w.list(code).AddByHand(w.t.Context(), subscription.Added{Values: fields(code, email), Channel: "letter",
		Evidence: &subscription.Evidence{Where: "展示会", When: "2026-10-01", Words: "配信を希望します"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// ask adds somebody who has to confirm.
func (w *world) ask(code policy.Code, email string) string {
	w.t.Helper()
	id, err := w.list(code).AddByHand(w.t.Context(), subscription.Added{Values: fields(code, email), Channel: "telephone"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// pending is a medium that has confirmed and waits for approval.
func (w *world) pending(email string) string {
	w.t.Helper()
	id := w.ask(policy.Press, email)
	l := w.list(policy.Press)
	for _, row := range registrationtest.Items[mail.Row](w.t, w.client, l.Outbox) {
		if row.Person == id && row.Kind == policy.PressConfirm {
			u, err := url.Parse(row.Data["link"])
			if err != nil {
				w.t.Fatal(err)
			}
			token, err := l.Links.Read("press", "confirm", u.Query().Get("t"))
			if err == nil {
				err = l.Confirm(w.t.Context(), token)
			}
			if err != nil {
				w.t.Fatal(err)
			}
		}
	}
	return id
}

func (w *world) bounce(code policy.Code, id string) {
	w.t.Helper()
	if _, err := w.list(code).Bounce(w.t.Context(), id, w.now()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) suppressAtSES(email string) {
	w.t.Helper()
	if _, err := w.ses.Client.PutSuppressedDestination(w.t.Context(), &sesv2.PutSuppressedDestinationInput{EmailAddress: &email,
		Reason: sestypes.SuppressionListReasonBounce}); err != nil {
		w.t.Fatal(err)
	}
}

// ledger are the entries so far: what, object, outcome.
func (w *world) ledger() []string {
	w.t.Helper()
	var all []string
	for _, e := range registrationtest.Items[struct {
		What    string `dynamodbav:"what"`
		Object  string `dynamodbav:"object"`
		Outcome string `dynamodbav:"outcome"`
	}](w.t, w.client, w.office.Env["LEDGER_TABLE"]) {
		if e.What != "" && !strings.HasPrefix(e.What, "staff.") {
			all = append(all, strings.Join([]string{e.What, e.Object, e.Outcome}, " "))
		}
	}
	return all
}
