package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"madoguchi/shared/config"
	"madoguchi/shared/sign"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads in events/inquiry anew")

// The payloads hold tokens that the tests' form key signed a minute before the payloads' own time.
var eventTime = time.Date(2026, 11, 24, 3, 1, 0, 0, time.UTC)

type request struct{ method, path, query, contentType, body string }

func requests(t *testing.T) map[string]request {
	t.Helper()
	token := func(language, nonce string) string {
		return sign.Seal(config.Keys{config.Key(strings.Repeat("form-key-of-the-events-", 2))}, "form",
			strings.Join([]string{"inquiry", "1", language, strconv.FormatInt(eventTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))
	}
	typed := func(language, nonce, action string) string {
		values := url.Values{"form_token": {token(language, nonce)}, "homepage": {""}, "action": {action}}
		for name, value := range hanako("資料について教えてください。") {
			values.Set(name, value)
		}
		return values.Encode()
	}
	members := hanako("Could you send me the report?")
	members["form_token"] = token("en", "EVENTSUBMITJSON23456723456")
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	const form = "application/x-www-form-urlencoded"
	return map[string]request{
		"get":         {"GET", "/inquiry", "", "", ""},
		"get-english": {"GET", "/inquiry", "lang=en", "", ""},
		"head":        {"HEAD", "/inquiry", "", "", ""},
		"check":       {"POST", "/inquiry", "", form, typed("ja", "EVENTCHECK2345672345672345", "check")},
		"submit":      {"POST", "/inquiry", "", form, typed("ja", "EVENTSUBMIT234567234567234", "submit")},
		"submit-json": {"POST", "/inquiry", "", "application/json", string(body)},
		"done":        {"GET", "/inquiry/done", "ref=I261124-ABCDEFGH2", "", ""},
		"not-found":   {"GET", "/inquiry/unknown", "", "", ""},
	}
}

// payload is a request in API Gateway's payload format 2.0: bodies of forms in base64, JSON as text.
func (r request) payload(t *testing.T) []byte {
	t.Helper()
	accept, key := "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "ANY /inquiry"
	if r.contentType == "application/json" {
		accept = r.contentType
	}
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: r.path, RawQueryString: r.query, Body: r.body, Headers: map[string]string{
		"accept": accept, "accept-language": "ja,en-US;q=0.7,en;q=0.3", "content-length": strconv.Itoa(len(r.body)), "host": "forms.example.jp",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}}
	if proxy, below := strings.CutPrefix(r.path, "/inquiry/"); below {
		key, e.PathParameters = "ANY /inquiry/{proxy+}", map[string]string{"proxy": proxy}
	}
	if r.query != "" {
		name, value, _ := strings.Cut(r.query, "=")
		e.QueryStringParameters = map[string]string{name: value}
	}
	if r.contentType != "" {
		e.Headers["content-type"] = r.contentType
	}
	if strings.HasSuffix(r.contentType, "urlencoded") {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(r.body)), true
	}
	e.RouteKey = key
	e.RequestContext = events.APIGatewayV2HTTPRequestContext{RouteKey: key, AccountID: "123456789012", Stage: "$default", RequestID: "JKJaXmPLvHcESHA=",
		APIID: "a1b2c3d4e5", DomainName: "forms.example.jp", DomainPrefix: "forms", Time: eventTime.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: eventTime.UnixMilli(),
		HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.method, Path: r.path, Protocol: "HTTP/1.1", SourceIP: "203.0.113.7", UserAgent: "Mozilla/5.0"}}
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// TestEvents hands the payloads in events/inquiry to the function as Lambda does.
func TestEvents(t *testing.T) {
	want := map[string]struct {
		status int
		holds  string
	}{
		"get": {200, "お問い合わせ内容"}, "get-english": {200, "Your inquiry"}, "head": {200, ""}, "check": {200, "資料について教えてください。"}, "submit": {303, ""},
		"submit-json": {201, "received"}, "done": {200, "I261124-ABCDEFGH2"}, "not-found": {404, ""},
	}
	w := newWorld(t, eventTime)
	handler := web.Lambda(w.handler)
	for name, r := range requests(t) {
		file := filepath.Join("../../../events/inquiry", name+".json")
		if *update {
			if err := os.WriteFile(file, r.payload(t), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(payload) != string(r.payload(t)) {
			t.Errorf("%s is not what the test describes (write it anew with -update)", file)
		}
		answer, err := handler.Invoke(t.Context(), payload)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		if got.IsBase64Encoded {
			body, _ := base64.StdEncoding.DecodeString(got.Body)
			got.Body = string(body)
		}
		if got.StatusCode != want[name].status || !strings.Contains(got.Body, want[name].holds) {
			t.Errorf("%s: %d %.300s", name, got.StatusCode, got.Body)
		}
	}
	files, err := filepath.Glob("../../../events/inquiry/*.json")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d payloads for %d requests: %v", len(files), len(want), err)
	}
}
