package desk_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// visits is a service that the policy does not name: adding one takes this declaration, and the form below.
var visits = policy.Service{
	Code: "visits", Section: "3(8)", Path: "/visits", Name: policy.Text{JA: "見学の申し込み", EN: "Visits"},
	Languages: []policy.Language{policy.Japanese, policy.English}, FormVersion: 1,
	Fields: []policy.Field{
		{Name: "name", Label: policy.Text{JA: "お名前", EN: "Name"}, Type: policy.TypeText, Required: true, MaxLength: 100, Class: policy.Identifying},
		{Name: "day", Label: policy.Text{JA: "希望日", EN: "Day"}, Type: policy.TypeDate, Required: true, Class: policy.Neutral},
	},
	Purposes:  []policy.Purpose{{Code: "visits", Text: policy.Text{JA: "見学の受け入れ", EN: "Receiving visitors"}}},
	Retention: []policy.Retention{{State: "received", From: policy.FromSubmission, Default: 48 * time.Hour, Min: time.Hour, Max: 96 * time.Hour, Parameter: "VISIT_HOURS", Text: policy.Text{JA: "受け付けから%s", EN: "%s from receipt"}}},
}

type tables struct {
	Visits string `env:"VISITS_TABLE"`
}

// newVisits is the whole function of the eighth service: wiring, words, one transaction.
func newVisits(env config.Source, client *dynamodb.Client, now func() time.Time) (http.Handler, error) {
	d, cfg, err := desk.With[tables](env, &visits, client, now)
	if err != nil {
		return nil, err
	}
	mux := d.Site.NewMux()
	d.Engine.Register(mux, &form.Form{ID: "visits", Path: visits.Path, Service: &visits, Periods: d.Periods, Prefix: "V", Status: "received", State: "received",
		Words: form.Words{Title: visits.Name, Button: policy.Text{JA: "申し込む", EN: "Send"}, DoneTitle: policy.Text{JA: "受け付けました", EN: "Received"},
			Done: policy.Text{JA: "ありがとうございました。", EN: "Thank you."}},
		Fields: func(context.Context) ([]form.Field, error) {
			return form.Declared(&visits), nil
		},
		Submit: func(ctx context.Context, s *form.Submission) error {
			var tx record.Transaction
			s.Spend(&tx)
			tx.Put("visit", cfg.Visits, map[string]any{"pk": s.Reference, "fields": s.Values, "expires_at": d.Periods.Expiry("received", s.At).Unix()}, record.IfAbsent(s.At))
			return tx.Commit(ctx, client)
		}})
	return mux, nil
}

func settings(t *testing.T, client *dynamodb.Client) map[string]string {
	t.Helper()
	env := map[string]string{"VISITS_TABLE": recordtest.Table(t, client, "visits", false), "OUTBOX_TABLE": "outbox", "GUARD_TABLE": recordtest.Table(t, client, "guard", false),
		"ADDRESS_KEY": strings.Repeat("a", 32), "FORM_KEYS": strings.Repeat("f", 32), "LINK_KEYS": strings.Repeat("l", 32), "FORM_MINIMUM_SECONDS": "0",
		"RATE_LIMIT_PER_HOUR": "0", "VISIT_HOURS": "48", "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/", "PRIVACY_CONTACT": "p@example.jp"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	return env
}

// An eighth service takes a declaration and a page: notice, fields, checks, languages, tokens, the thank-you page with its
// receipt and the description for programs all follow.
func TestEighthService(t *testing.T) {
	client := recordtest.Start(t)
	env := settings(t, client)
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	handler, err := newVisits(config.Map(env), client, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	do := func(method, target, accept, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		r.Header.Set("Accept", accept)
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		return answer
	}
	page := do(http.MethodGet, "/visits?lang=en", "text/html", "")
	for _, want := range []string{"Receiving visitors", "2 days from receipt", `name="day"`, "Name; Day"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	var described form.Description
	if err := json.Unmarshal(do(http.MethodGet, "/visits", "application/json", "").Body.Bytes(), &described); err != nil || len(described.Fields) != 2 {
		t.Fatalf("description: %v, %+v", err, described)
	}
	values := url.Values{"form_token": {described.FormToken}, "name": {"𠮷野家"}, "day": {"2026年12月1日"}, "action": {"check"}}
	if check := do(http.MethodPost, "/visits", "text/html", values.Encode()); check.Code != http.StatusOK || !strings.Contains(check.Body.String(), "2026-12-01") {
		t.Errorf("check page: %d", check.Code)
	}
	values.Set("day", "never")
	if wrong := do(http.MethodPost, "/visits", "text/html", values.Encode()); wrong.Code != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body.String(), `href="#day"`) {
		t.Errorf("a wrong day: %d", wrong.Code)
	}
	values.Set("day", "2026-12-01")
	values.Set("action", "submit")
	sent := do(http.MethodPost, "/visits", "text/html", values.Encode())
	if sent.Code != http.StatusSeeOther {
		t.Fatalf("submit: %d %s", sent.Code, sent.Body)
	}
	if again := do(http.MethodPost, "/visits", "text/html", values.Encode()); again.Header().Get("Location") != sent.Header().Get("Location") {
		t.Errorf("the same post again leads to %s (hard case 9)", again.Header().Get("Location"))
	}
	if done := do(http.MethodGet, sent.Header().Get("Location"), "text/html", ""); !strings.Contains(done.Body.String(), "2026年11月26日に削除します") {
		t.Errorf("the receipt: %s", done.Body)
	}
	stored, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(env["VISITS_TABLE"])})
	if err != nil || len(stored.Items) != 1 {
		t.Errorf("%d records, %v", len(stored.Items), err)
	}
}

// Everything that is missing or wrong is named in one message (hard case 25: a retention out of its limits).
func TestSettings(t *testing.T) {
	client := recordtest.Start(t)
	env := settings(t, client)
	for _, name := range []string{"VISITS_TABLE", "GUARD_TABLE", "FORM_KEYS", "PRIVACY_OFFICE_EN"} {
		delete(env, name)
	}
	env["VISIT_HOURS"] = "0"
	_, err := newVisits(config.Map(env), client, time.Now)
	if err == nil {
		t.Fatal("the function starts")
	}
	for _, want := range []string{"VISITS_TABLE is missing", "GUARD_TABLE is missing", "FORM_KEYS is missing", "PRIVACY_OFFICE_EN is missing", "VISIT_HOURS is 0"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message does not say %q: %v", want, err)
		}
	}
}
