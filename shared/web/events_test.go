package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/sign"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// The payloads in events/newsletter and events/press hold tokens that these keys signed, issued a minute before the payload's own time.
// A function with the same keys takes them; any other answers 400 to the token, which is right as well.
var (
	eventTime       = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)
	eventFormKey    = config.Key(strings.Repeat("form-key-of-the-events-", 2))
	eventLinkKey    = config.Key(strings.Repeat("link-key-of-the-events-", 2))
	eventAddressKey = config.Key(strings.Repeat("address-key-of-the-events-", 2))
)

// eventsFolder holds the payloads of a list's function.
func eventsFolder(list policy.Code) string { return "../../events/" + string(list) }

// eventRequest is what a payload is about; the rest is the same in all of them.
type eventRequest struct {
	method, path, query, accept, contentType, body string
}

func eventRequests(t *testing.T, code policy.Code) map[string]eventRequest {
	t.Helper()
	service := policy.Get(code)
	token := func(nonce string) string {
		return sign.Seal(config.Keys{eventFormKey}, "form", strings.Join([]string{string(code), strconv.Itoa(service.FormVersion), "ja",
			strconv.FormatInt(eventTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))
	}
	typed := func(nonce, action string) url.Values {
		values := url.Values{"form_token": {token(nonce)}, "homepage": {""}, "action": {action}}
		for _, f := range service.Fields {
			values.Set(f.Name, map[string]string{"email": "hanako@example.jp", "name": "𠮷野家 花子", "prefecture": "13",
				"organization": "株式会社テスト", "business_category": "trade"}[f.Name])
		}
		return values
	}
	hanako, err := address.Parse("hanako@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	mailed := func(purpose link.Purpose) (path, query string) {
		path, query, _ = strings.Cut(link.NewSigner(config.Keys{eventLinkKey}).Path(service.Path+"/"+string(purpose), link.Token{Service: string(code), Purpose: purpose,
			Person: hanako.Key(eventAddressKey), Issued: eventTime.Add(-time.Hour)}), "?")
		return path, query
	}
	path, query := mailed(link.Unsubscribe)
	stayPath, stayQuery := mailed(link.Stay)
	members := map[string]string{}
	for name, values := range typed("EVENTSUBMITJSON23456723456", "") {
		members[name] = values[0]
	}
	delete(members, "action")
	delete(members, "homepage")
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	const browser, formType = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/x-www-form-urlencoded"
	return map[string]eventRequest{
		"get":         {"GET", service.Path, "", browser, "", ""},
		"check":       {"POST", service.Path, "", browser, formType, typed("EVENTCHECK2345672345672345", "check").Encode()},
		"submit":      {"POST", service.Path, "", browser, formType, typed("EVENTSUBMIT234567234567234", "submit").Encode()},
		"submit-json": {"POST", service.Path, "", "application/json", "application/json", string(body)},
		"one-click":   {"POST", path, query, "*/*", formType, "List-Unsubscribe=One-Click"},
		"stay":        {"GET", stayPath, stayQuery, browser, "", ""},
		"head":        {"HEAD", service.Path, "lang=ja", "*/*", "", ""},
		"not-found":   {"GET", service.Path + "/unknown", "", browser, "", ""},
	}
}

// payload is the event of a request in API Gateway's payload format 2.0: bodies of forms in base64, JSON as text.
func (r eventRequest) payload(t *testing.T) []byte {
	t.Helper()
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	list, rest, below := strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
	key := "ANY /" + list
	event := map[string]any{"version": "2.0", "rawPath": r.path, "rawQueryString": r.query, "isBase64Encoded": false}
	if below {
		key += "/{proxy+}"
		event["pathParameters"] = map[string]string{"proxy": rest}
	}
	if r.query != "" {
		parameters := map[string]string{}
		values, err := url.ParseQuery(r.query)
		if err != nil {
			t.Fatal(err)
		}
		for name := range values {
			parameters[name] = values.Get(name)
		}
		event["queryStringParameters"] = parameters
	}
	header := map[string]string{"accept": r.accept, "accept-language": "ja,en-US;q=0.7,en;q=0.3", "content-length": strconv.Itoa(len(r.body)),
		"host": "forms.example.jp", "user-agent": agent, "x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	if r.contentType != "" {
		header["content-type"] = r.contentType
		event["body"] = r.body
	}
	if r.contentType == "application/x-www-form-urlencoded" {
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString([]byte(r.body)), true
	}
	event["headers"], event["routeKey"] = header, key
	event["requestContext"] = map[string]any{"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "forms.example.jp", "domainPrefix": "forms",
		"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "time": eventTime.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": eventTime.UnixMilli(),
		"http": map[string]string{"method": r.method, "path": r.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": agent}}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(event); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// list is the function of a list over tables of its own, at the time and with the keys of the payloads.
func list(t *testing.T, code policy.Code) (http.Handler, *subscription.List) {
	t.Helper()
	client := recordtest.Start(t)
	now := func() time.Time { return eventTime }
	service := policy.Get(code)
	l := &subscription.List{Service: service, Periods: policy.DefaultPeriods(service), Client: client, Table: recordtest.Table(t, client, string(code), true),
		Outbox: recordtest.Table(t, client, "outbox", false), Suppression: recordtest.Table(t, client, "suppression", true), AddressKey: eventAddressKey,
		Guard: guard.Store{Client: client, Table: recordtest.Table(t, client, "guard", false), Key: eventAddressKey},
		Links: link.NewSigner(config.Keys{eventLinkKey}), Now: now}
	site := newSite()
	engine := &form.Engine{Site: site, Guard: l.Guard, Keys: config.Keys{eventFormKey}, Now: now, Minimum: 2 * time.Second, PerHour: 300}
	return subscription.NewHandler(site, engine, l), l
}

func count(t *testing.T, l *subscription.List, table string) int {
	t.Helper()
	out, err := l.Client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Items)
}

// Every payload of the two lists through the Lambda adapter and the list's real handler over real tables: the answer, and what
// was written. `go test ./shared/web -update` writes the payloads (a new form version needs it).
func TestListEvents(t *testing.T) {
	for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
		t.Run(string(code), func(t *testing.T) { testListEvents(t, code) })
	}
}

func testListEvents(t *testing.T, code policy.Code) {
	folder, path := eventsFolder(code), policy.Get(code).Path
	const page = "text/html; charset=utf-8"
	type outcome struct {
		Status, Records, Mails, Suppressed int
		Type, Location                     string
	}
	requests := eventRequests(t, code)
	for name, c := range map[string]struct {
		want     outcome
		contains string // empty: no body
	}{
		"get":         {outcome{200, 0, 0, 0, page, ""}, `<form method="post" action="` + path + `"`},
		"check":       {outcome{200, 0, 0, 0, page, ""}, "<dd>𠮷野家 花子</dd>"},
		"submit":      {outcome{303, 1, 1, 0, "", path + "/done?ref=REFERENCE"}, ""},
		"submit-json": {outcome{201, 1, 1, 0, "application/json", ""}, `"status":"unconfirmed"`},
		"one-click":   {outcome{200, 0, 0, 1, "text/plain; charset=utf-8", ""}, "unsubscribed"},
		"stay":        {outcome{410, 0, 0, 0, page, ""}, "登録"}, // nobody is on the list
		"head":        {outcome{200, 0, 0, 0, page, ""}, ""},
		"not-found":   {outcome{404, 0, 0, 0, page, ""}, "ページが見つかりません"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, name+".json")
			if *update {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, requests[name].payload(t), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			payload, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("run `go test ./shared/web -update`: %v", err)
			}
			if diff := cmp.Diff(string(requests[name].payload(t)), string(payload)); diff != "" {
				t.Errorf("%s is stale: run `go test ./shared/web -update`\n%s", file, diff)
			}
			handler, l := list(t, code)
			out, err := web.Lambda(handler).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			location, reference, _ := strings.Cut(got.Headers["location"], "=")
			if reference != "" {
				location += "=REFERENCE"
			}
			have := outcome{got.StatusCode, count(t, l, l.Table), count(t, l, l.Outbox), count(t, l, l.Suppression), got.Headers["content-type"], location}
			if diff := cmp.Diff(c.want, have); diff != "" {
				t.Errorf("%s\n%s", diff, got.Body)
			}
			if !strings.Contains(got.Body, c.contains) || (c.contains == "" && got.Body != "") {
				t.Errorf("body lacks %q: %s", c.contains, got.Body)
			}
			if got.Headers["x-request-id"] != "JKJaXmPLvHcESHA=" || len(got.Cookies) > 0 {
				t.Errorf("headers %v, cookies %v", got.Headers, got.Cookies)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != len(requests) {
		t.Errorf("%d payloads (%v), %d are tested", len(files), err, len(requests))
	}
}
