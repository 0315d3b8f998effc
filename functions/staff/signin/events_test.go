package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads of events/signin anew")

const eventsFolder = "../../../events/signin"

type eventRequest struct {
	method, path, query string
	header              map[string]string
	cookies             []string
	status              int
	leadsTo, piece      string // Location begins with; the body holds
}

// The payloads of events/signin. Their cookies and codes are nobody's: what they are answered holds for every deployment.
func eventRequests() map[string]eventRequest {
	const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	browser := map[string]string{"accept": html}
	nobody := []string{"__Host-madoguchi_staff=AAAAAAAAAAAAAAAAAAAAAAAAAA"}
	return map[string]eventRequest{
		"staff":            {"GET", "/staff", "", browser, nil, http.StatusSeeOther, "/staff/", ""},
		"front":            {"GET", "/staff/", "", browser, nobody, http.StatusSeeOther, "/staff/signin?return=%2Fstaff%2F", ""},
		"front-json":       {"GET", "/staff/", "", map[string]string{"accept": "application/json"}, nil, http.StatusUnauthorized, "", "サインインしていない"},
		"description":      {"GET", "/staff/openapi.json", "", map[string]string{"accept": "application/json"}, nil, http.StatusUnauthorized, "", "サインインしていない"},
		"front-bad-token":  {"GET", "/staff/", "", map[string]string{"accept": "*/*", "authorization": "Bearer AAAA"}, nil, http.StatusUnauthorized, "", "アクセストークン"},
		"callback-unasked": {"GET", "/staff/callback", "code=AAAA&state=AAAA", browser, nil, http.StatusGone, "", "もう一度サインインしてください"},
		"signout":          {"POST", "/staff/signout", "", map[string]string{"accept": html, "sec-fetch-site": "same-origin"}, nil, http.StatusOK, "", "サインアウトしています"},
		"signout-elsewhere": {"POST", "/staff/signout", "", map[string]string{"accept": html, "sec-fetch-site": "cross-site"}, nobody, http.StatusForbidden, "",
			"ほかのウェブサイトから"},
		"signedout":  {"GET", "/staff/signedout", "lang=en", browser, nil, http.StatusOK, "", "You are signed out"},
		"put-signin": {"PUT", "/staff/signin", "", browser, nil, http.StatusMethodNotAllowed, "", "利用できません"},
	}
}

// payload is the event of a request in API Gateway's payload format 2.0.
func (r eventRequest) payload(t *testing.T) []byte {
	t.Helper()
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	header := map[string]string{"accept-language": "ja,en-US;q=0.7,en;q=0.3", "content-length": "0", "host": "forms.example.jp", "user-agent": agent,
		"x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5", "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	for name, value := range r.header {
		header[name] = value
	}
	key := "ANY " + r.path
	event := map[string]any{"version": "2.0", "routeKey": key, "rawPath": r.path, "rawQueryString": r.query, "isBase64Encoded": false, "headers": header,
		"requestContext": map[string]any{"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "forms.example.jp", "domainPrefix": "forms",
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "time": "24/Nov/2026:01:00:00 +0000", "timeEpoch": 1795482000000,
			"http": map[string]string{"method": r.method, "path": r.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": agent}}}
	if len(r.cookies) > 0 {
		event["cookies"] = r.cookies
	}
	if r.query != "" {
		parameters := map[string]string{}
		for pair := range strings.SplitSeq(r.query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			parameters[name] = value
		}
		event["queryStringParameters"] = parameters
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(event); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Each payload of events/signin gets the answer that it stands for, and there is no other file.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	requests := eventRequests()
	for name, c := range requests {
		t.Run(name, func(t *testing.T) {
			want, path := c.payload(t), filepath.Join(eventsFolder, name+".json")
			if *update {
				if err := os.MkdirAll(eventsFolder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			payload, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(payload)); diff != "" {
				t.Error(diff)
			}
			out, err := web.Lambda(w.handler).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var answer events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != c.status || !strings.HasPrefix(answer.Headers["location"], c.leadsTo) || !strings.Contains(answer.Body, c.piece) {
				t.Errorf("%d %v %.300s", answer.StatusCode, answer.Headers, answer.Body)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(eventsFolder, "*"))
	if err != nil || len(files) != len(requests) {
		t.Errorf("%d files for %d requests, %v", len(files), len(requests), err)
	}
}
