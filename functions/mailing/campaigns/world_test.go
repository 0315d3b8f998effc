package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/local/s3/s3test"
	local "madoguchi/infra/local/ses"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/ses"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
)

// start is a Tuesday morning in Tokyo.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, tokyo)

const bucket = "campaign-files-test"

// complete are the settings of a function that starts.
func complete() map[string]string {
	env := map[string]string{"CAMPAIGN_FILES_BUCKET": bucket, "SEND_DELAY_MINUTES": "10", "CAMPAIGN_REVIEW": "false", "TEST_RECIPIENTS": "",
		"CAMPAIGN_RECIPIENT_DAYS": "90", "REGISTRATION_DAYS": "365", "STAFF_ISSUER": "https://id.example.jp/pool", "STAFF_CLIENT": "pages",
		"STAFF_SESSION_HOURS": "8", "STAFF_IDLE_MINUTES": "60", "ADDRESS_KEY": strings.Repeat("address-key-of-the-events-", 2),
		"LINK_KEYS": strings.Repeat("link-key-of-the-events-", 2), "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/",
		"PRIVACY_CONTACT": "privacy@example.jp", "SENDER_ADDRESS": "info@forms.example.jp", "LIST_CONFIGURATION_SET": "list"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	for _, name := range tables {
		env[name] = name
	}
	return env
}

var tables = []string{"CAMPAIGNS_TABLE", "NEWSLETTER_TABLE", "PRESS_TABLE", "EVENTS_TABLE", "REGISTRATIONS_TABLE", "INVITATIONS_TABLE",
	"SUPPRESSION_TABLE", "OUTBOX_TABLE", "STAFF_TABLE", "LEDGER_TABLE"}

// world is the function over tables of its own in a real engine and a local S3, with a clock that the test moves.
type world struct {
	t       *testing.T
	env     map[string]string
	client  *dynamodb.Client
	editor  *editor
	handler http.Handler
	ses     *local.Server
	cookies map[string]*http.Cookie
	millis  atomic.Int64
}

// newWorld starts the function; change, where given, changes settings.
func newWorld(t *testing.T, change ...string) *world {
	t.Helper()
	w := &world{t: t, env: complete(), cookies: map[string]*http.Cookie{}}
	for i := 0; i < len(change); i += 2 {
		w.env[change[i]] = change[i+1]
	}
	w.set(start)
	w.client = recordtest.Start(t)
	s3test.Start(t, nil, bucket)
	for _, name := range tables {
		switch name {
		case "CAMPAIGNS_TABLE":
			w.env[name] = campaigntest.Table(t)
		case "EVENTS_TABLE":
			w.env[name] = eventtest.Table(t)
		case "REGISTRATIONS_TABLE":
			w.env[name] = recordtest.Table(t, w.client, "registrations", true,
				recordtest.Index{Name: "person", Hash: "person", Range: "created_at", RangeType: types.ScalarAttributeTypeS})
		case "PRESS_TABLE":
			w.env[name] = recordtest.Table(t, w.client, name, true,
				recordtest.Index{Name: "name", Hash: "name_beginning", Range: "sk", RangeType: types.ScalarAttributeTypeS},
				recordtest.Index{Name: "organization", Hash: "organization_beginning", Range: "sk", RangeType: types.ScalarAttributeTypeS})
		default:
			w.env[name] = recordtest.Table(t, w.client, name, name != "OUTBOX_TABLE" && name != "INVITATIONS_TABLE")
		}
	}
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.ses, err = local.New(local.Options{Dir: t.TempDir(), Suppress: map[string][]string{"list": {"BOUNCE", "COMPLAINT"}}}); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(w.ses.API())
	t.Cleanup(func() {
		if err := w.ses.Close(); err != nil {
			t.Error(err)
		}
		api.Close()
	})
	t.Setenv("AWS_ENDPOINT_URL_SESV2", api.URL)
	caller, err := ses.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.editor, err = open(config.Map(w.env), w.client, files, caller, w.now); err != nil {
		t.Fatal(err)
	}
	w.handler = w.editor.handler()
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) set(at time.Time)           { w.millis.Store(at.UnixMilli()) }
func (w *world) after(passed time.Duration) { w.set(w.now().Add(passed)) }

// people are the accounts of the tests, by the name of the person: the roles, separated by spaces.
var people = map[string]string{"editor": "editor", "editor2": "editor", "press": "press", "events": "events", "all": "editor press events", "photos": "photos"}

// cookie signs a person in, once.
func (w *world) cookie(who string) *http.Cookie {
	w.t.Helper()
	if c := w.cookies[who]; c != nil {
		return c
	}
	rec := httptest.NewRecorder()
	p := staff.Person{ID: who, Name: "担当 " + who, Email: who + "@office.example", Roles: strings.Fields(people[who])}
	if err := w.editor.staff.Begin(w.t.Context(), rec, httptest.NewRequest(http.MethodGet, "/", nil), p, "state-"+who); err != nil {
		w.t.Fatal(err)
	}
	w.cookies[who] = rec.Result().Cookies()[0]
	return w.cookies[who]
}

// do sends a request as a person ("" for nobody); header are names and values.
func (w *world) do(who, method, target, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if who != "" {
		r.AddCookie(w.cookie(who))
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// call is a script's request; v is sent as JSON unless it is nil or a text.
func (w *world) call(who, method, target string, v any) *httptest.ResponseRecorder {
	w.t.Helper()
	body, isText := v.(string)
	if v != nil && !isText {
		data, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		body = string(data)
	}
	return w.do(who, method, base+target, body, "Accept", "application/json", "Content-Type", "application/json")
}

// page opens a page in a browser.
func (w *world) page(who, target string) string {
	w.t.Helper()
	return w.want(w.do(who, http.MethodGet, base+target, "", "Accept", "text/html"), http.StatusOK).Body.String()
}

// send posts a form of a page.
func (w *world) send(who, target string, v url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(who, http.MethodPost, base+target, v.Encode(), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")
}

func (w *world) want(a *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
	w.t.Helper()
	if a.Code != status {
		w.t.Fatalf("status %d, want %d: %.800s", a.Code, status, a.Body)
	}
	return a
}

// answer decodes the body of an answer.
func answer[T any](w *world, a *httptest.ResponseRecorder) T {
	w.t.Helper()
	var v T
	if err := json.NewDecoder(bytes.NewReader(a.Body.Bytes())).Decode(&v); err != nil {
		w.t.Fatalf("%v: %.500s", err, a.Body)
	}
	return v
}

// m is JSON.
type m = map[string]any

// newsletter is a campaign that may be made; more replaces members, nil removes one.
func newsletter(more ...any) m {
	return with(m{"kind": "newsletter", "content": m{"ja": m{"subject": "十一月号", "body_markdown": "# こんにちは\n\n{{name|読者}} 様"}}}, more...)
}

// about is information on an event, in both languages.
func about(event string, more ...any) m {
	both := m{"ja": m{"subject": "会場のご案内", "body_markdown": "{{name|参加者}} 様"}, "en": m{"subject": "How to get there", "body_markdown": "Dear {{name|guest}}"}}
	return with(m{"kind": "event_information", "event": event, "content": both}, more...)
}

func with(v m, more ...any) m {
	for i := 0; i < len(more); i += 2 {
		name := fmt.Sprint(more[i])
		if v[name] = more[i+1]; more[i+1] == nil {
			delete(v, name)
		}
	}
	return v
}

// create makes a campaign and returns its ID.
func (w *world) create(who string, v m) string {
	w.t.Helper()
	return answer[struct{ ID string }](w, w.want(w.call(who, http.MethodPost, "", v), http.StatusCreated)).ID
}

// subscribe stores n confirmed subscribers of the newsletter or the press list.
func (w *world) subscribe(code policy.Code, n int) {
	w.t.Helper()
	l := &subscription.List{Client: w.client, Table: w.env[strings.ToUpper(string(code))+"_TABLE"], Service: policy.Get(code), Now: w.now,
		Periods: policy.DefaultPeriods(policy.Get(code)), AddressKey: w.editor.addressKey}
	categories, err := l.CategoryCodes(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	all := make([]subscription.Subscriber, n)
	for i := range all {
		if all[i], err = l.Synthetic(i+1, categories); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := l.StoreSynthetic(w.t.Context(), all); err != nil {
		w.t.Fatal(err)
	}
}

// register stores a registration as shared/registration does, as far as a campaign reads it.
func (w *world) register(event, ref, state, language string) {
	w.t.Helper()
	a, err := address.Parse(strings.ToLower(ref) + "@example.jp")
	if err != nil {
		w.t.Fatal(err)
	}
	item := map[string]any{"pk": event, "sk": ref, "state": state, "person": a.Key(w.editor.addressKey), "email": a.ASCII(), "lang": language, "mode": "venue",
		"created_at": w.now().Format(time.RFC3339), "expires_at": w.now().AddDate(2, 0, 0).Unix(), "fields": map[string]string{"name": "髙﨑 花子"}}
	if ok, err := record.Put(w.t.Context(), w.client, w.env["REGISTRATIONS_TABLE"], item, record.Condition{}); !ok || err != nil {
		w.t.Fatal(ok, err)
	}
}

// mails are those that SES took, the newest last.
func (w *world) mails() []local.Mail {
	w.t.Helper()
	var all []local.Mail
	for m, err := range w.ses.Mails() {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// ledger are the entries so far: who, what, object, outcome.
func (w *world) ledger() []string {
	w.t.Helper()
	var all []string
	for _, entry := range registrationtest.Items[struct {
		Who     string `dynamodbav:"who"`
		What    string `dynamodbav:"what"`
		Object  string `dynamodbav:"object"`
		Outcome string `dynamodbav:"outcome"`
	}](w.t, w.client, w.env["LEDGER_TABLE"]) {
		if entry.What != "" && entry.What != "staff.signin" {
			all = append(all, strings.Join([]string{entry.Who, entry.What, entry.Object, entry.Outcome}, " "))
		}
	}
	return all
}

// status is where a campaign stands.
func (w *world) status(id string) campaign.State {
	w.t.Helper()
	c, err := w.editor.store.Get(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.State
}
