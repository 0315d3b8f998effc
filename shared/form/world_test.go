package form_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/logging"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/web"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// start is noon in Japan, some minutes before an hour of the rate limit ends.
var start = time.Date(2026, 11, 23, 3, 40, 0, 0, time.UTC)

var (
	firstKey  = config.Key("first-form-key-of-thirty-two-byte")
	secondKey = config.Key("second-form-key-of-thirty-two-byt")
)

// world is an engine with two small forms over a real table, behind the Lambda adapter: the declared newsletter
// (Japanese only) and the declared inquiry (Japanese and English), whose Submit stores one item.
type world struct {
	t       *testing.T
	client  *dynamodb.Client
	records string // table
	engine  *form.Engine
	site    *web.Site
	clock   atomic.Int64 // nanoseconds after start
	refuse  error        // what Submit returns instead of storing
	handler lambda.Handler
	log     *bytes.Buffer
}

// stored is the item that the stub of Submit stores.
type stored struct {
	PK       string            `dynamodbav:"pk"` // reference
	Values   map[string]string `dynamodbav:"vals"`
	Language policy.Language   `dynamodbav:"lang"`
	Version  int               `dynamodbav:"version"`
	Channel  string            `dynamodbav:"channel"`
	Opened   int64             `dynamodbav:"opened"` // Unix milliseconds
	At       int64             `dynamodbav:"at"`
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{t: t, client: client, records: recordtest.Table(t, client, "records", false), log: &bytes.Buffer{}}
	standard := slog.Default()
	slog.SetDefault(logging.New(w.log, "TestFunction", "DEBUG"))
	t.Cleanup(func() { slog.SetDefault(standard) })
	w.site = &web.Site{Organization: policy.DefaultOrganization(), Origins: []string{"https://partner.example.jp"}, Now: w.now}
	w.engine = &form.Engine{Site: w.site, Keys: config.Keys{firstKey}, Now: w.now, Minimum: 2 * time.Second, PerHour: 300,
		Guard: guard.Store{Client: client, Table: recordtest.Table(t, client, "guard", false), Key: config.Key("address-key-of-thirty-two-bytes--")}}
	mux := w.site.NewMux()
	for _, f := range []*form.Form{
		{ID: "newsletter", Path: "/newsletter", Prefix: "N", Status: "unconfirmed", State: "unconfirmed", Service: policy.Get(policy.Newsletter),
			Words: form.Words{Title: policy.Text{JA: "メールマガジンの登録"}, Lead: policy.Text{JA: "下の項目をご入力ください。"}, Button: policy.Text{JA: "登録する"},
				DoneTitle: policy.Text{JA: "登録を受け付けました"}, Done: policy.Text{JA: "確認のメールをお送りしました。"},
				Help: []form.Help{{Path: "/newsletter/resend", Label: policy.Text{JA: "確認のメールが届かないとき"}}}}},
		{ID: "inquiry", Path: "/inquiry", Prefix: "I", Status: "received", State: "open", Service: policy.Get(policy.Inquiry),
			Words: form.Words{Title: policy.Text{JA: "お問い合わせ", EN: "Inquiry"}, Button: policy.Text{JA: "送信する", EN: "Send"},
				DoneTitle: policy.Text{JA: "お問い合わせを受け付けました", EN: "We received your inquiry"}, Done: policy.Text{JA: "ありがとうございました。", EN: "Thank you."}}},
		{ID: "newsletter/resend", Path: "/newsletter/resend", Prefix: "N", Status: "accepted", Direct: true, Service: policy.Get(policy.Newsletter),
			Words: form.Words{Title: policy.Text{JA: "確認のメールの再送"}, Button: policy.Text{JA: "再送する"},
				DoneTitle: policy.Text{JA: "受け付けました"}, Done: policy.Text{JA: "登録があれば、確認のメールをお送りしました。"}}},
	} {
		f.Periods, f.Submit = policy.DefaultPeriods(f.Service), w.submit
		f.Fields = func(context.Context) ([]form.Field, error) { return fields(f), nil }
		w.engine.Register(mux, f)
	}
	mux.Handle("GET /panic", panics)
	w.handler = web.Lambda(mux)
	return w
}

func fields(f *form.Form) []form.Field {
	var all []form.Field
	for _, declared := range f.Service.Fields {
		field := form.Field{Field: declared}
		switch {
		case f.Direct && declared.Name != "email":
			continue
		case declared.Type == policy.TypePrefecture:
			field.Options = form.Prefectures()
		case declared.Options == policy.BusinessCategories:
			field.Options = []form.Option{{Value: "trade", Label: policy.Text{JA: "商社・卸売・小売"}}, {Value: "other", Label: policy.Text{JA: "その他"}}}
		}
		all = append(all, field)
	}
	return all
}

func (w *world) submit(ctx context.Context, s *form.Submission) error {
	if w.refuse != nil {
		return w.refuse
	}
	var tx record.Transaction
	tx.Put("record", w.records, stored{s.Reference, s.Values, s.Language, s.Version, s.Channel, s.Opened.UnixMilli(), s.At.UnixMilli()}, record.IfAbsent(s.At))
	s.Spend(&tx)
	return tx.Commit(ctx, w.client)
}

// now is the world's clock; it stands still between calls of pass.
func (w *world) now() time.Time          { return start.Add(time.Duration(w.clock.Load())) }
func (w *world) pass(d time.Duration)    { w.clock.Add(int64(d)) }
func (w *world) hourly(limit int)        { w.engine.PerHour = limit }
func (w *world) keys(keys ...config.Key) { w.engine.Keys = keys }

// all are the stored records.
func (w *world) all() []stored {
	w.t.Helper()
	out, err := w.client.Scan(w.t.Context(), &dynamodb.ScanInput{TableName: &w.records})
	if err != nil {
		w.t.Fatal(err)
	}
	var records []stored
	for _, item := range out.Items {
		var s stored
		if found, err := record.Get(w.t.Context(), w.client, w.records, record.Item{"pk": item["pk"]}, w.now(), &s); !found || err != nil {
			w.t.Fatal(found, err)
		}
		records = append(records, s)
	}
	return records
}

// answer is an answer of the function.
type answer struct {
	Status int
	Header map[string]string // lower-case names
	Body   string
}

// call sends one request through the Lambda adapter, as API Gateway does. Every answer is held to what all answers have in
// common; every page to what all pages have in common.
func (w *world) call(ctx context.Context, method, target string, header map[string]string, body string) answer {
	w.t.Helper()
	path, query, _ := strings.Cut(target, "?")
	event := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, RawQueryString: query,
		Headers: map[string]string{"host": "forms.example.jp"}, Body: base64.StdEncoding.EncodeToString([]byte(body)), IsBase64Encoded: true}
	maps.Copy(event.Headers, header)
	event.RequestContext.RequestID = "request-1"
	event.RequestContext.HTTP.Method, event.RequestContext.HTTP.Path, event.RequestContext.HTTP.SourceIP = method, path, "192.0.2.1"
	if address := header["test-source"]; address != "" {
		event.RequestContext.HTTP.SourceIP = address
	}
	payload, err := json.Marshal(event)
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := w.handler.Invoke(ctx, payload)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	var got events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(out, &got); err != nil {
		w.t.Fatal(err)
	}
	a := answer{got.StatusCode, got.Headers, got.Body}
	if got.IsBase64Encoded {
		w.t.Errorf("%s %s: a text in base64", method, path)
	}
	if len(got.Cookies) > 0 {
		w.t.Errorf("%s %s sets cookies %v: forms need none (R102)", method, path, got.Cookies)
	}
	if a.Header["x-request-id"] != "request-1" || a.Header["cache-control"] != "no-store" {
		w.t.Errorf("%s %s: headers %v", method, path, a.Header)
	}
	if strings.HasPrefix(a.Header["content-type"], "text/html") && method != "HEAD" {
		checkPage(w.t, a)
	}
	return a
}

func (w *world) do(method, target string, header map[string]string, body string) answer {
	w.t.Helper()
	return w.call(w.t.Context(), method, target, header, body)
}

func (w *world) get(target string, header map[string]string) answer {
	w.t.Helper()
	return w.do("GET", target, header, "")
}

// post sends a form as a browser does.
func (w *world) post(target string, values url.Values) answer {
	w.t.Helper()
	return w.do("POST", target, map[string]string{"content-type": formType}, values.Encode())
}

// postJSON sends a JSON body; values are marshalled.
func (w *world) postJSON(target string, values any) answer {
	w.t.Helper()
	body, err := json.Marshal(values)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", target, map[string]string{"content-type": jsonType}, string(body))
}

// open opens a form as a person does, who then takes ten seconds to fill it in, and returns its token.
func (w *world) open(target string) string {
	w.t.Helper()
	a := w.get(target, nil)
	if a.Status != 200 {
		w.t.Fatalf("GET %s: %d", target, a.Status)
	}
	w.pass(10 * time.Second)
	return parse(w.t, a.Body).controls()["form_token"]
}

// person is what a person types into the newsletter form.
func person(token, action string, changes ...string) url.Values {
	v := url.Values{"form_token": {token}, "action": {action}, "email": {"hanako@example.jp"}, "name": {"山田 花子"},
		"prefecture": {"13"}, "organization": {"株式会社テスト"}, "business_category": {"trade"}}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// members is person as a JSON object.
func members(token string, changes ...any) map[string]any {
	m := map[string]any{}
	for name, values := range person(token, "") {
		m[name] = values[0]
	}
	delete(m, "action")
	for i := 0; i+1 < len(changes); i += 2 {
		name, ok := changes[i].(string)
		if !ok {
			panic("a member's name is a text")
		}
		m[name] = changes[i+1]
	}
	return m
}

// problem decodes a problem body.
// value is what a field of the page holds.
func (a answer) value(t *testing.T, name string) string {
	t.Helper()
	if _, list, found := strings.Cut(a.Body, `<select id="`+name+`"`); found {
		list, _, _ = strings.Cut(list, "</select>")
		if before, _, chosen := strings.Cut(list, `" selected>`); chosen {
			return before[strings.LastIndexByte(before, '"')+1:]
		}
		return ""
	}
	_, rest, found := strings.Cut(a.Body, `name="`+name+`" type="text" value="`)
	if !found {
		t.Fatalf("no field %s on the page", name)
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	if a.Header["content-type"] != "application/problem+json" {
		t.Fatalf("content-type %q: %s", a.Header["content-type"], a.Body)
	}
	var p problem
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != a.Status || p.Type != "about:blank" || p.Title == "" || p.Instance != "urn:request:request-1" {
		t.Errorf("problem body %s", a.Body)
	}
	return p
}

type problem struct {
	Type, Title, Detail, Instance string
	Status                        int
	Errors                        []web.FieldError
	FormToken                     string `json:"form_token"`
	Reference                     string
}

// reference is the reference of an accepted post.
func (a answer) reference(t *testing.T) string {
	t.Helper()
	if a.Status != 303 {
		t.Fatalf("status %d, want 303: %s", a.Status, a.Body)
	}
	u, err := url.Parse(a.Header["location"])
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("ref")
}
