package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads of events/campaigns anew")

const eventsFolder = "../../../events/campaigns"

// eventTime is the payloads' own time. They hold no session and no token that is valid anywhere: what is held here is that nobody gets
// in by them.
var eventTime = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)

type eventRequest struct {
	method, path, query, accept, body string
	header                            map[string]string
}

var eventRequests = map[string]eventRequest{
	"list":           {"GET", base, "", browserAccepts, "", nil},
	"list-json":      {"GET", base, "kind=newsletter", "application/json", "", nil},
	"bad-token":      {"GET", base, "", "application/json", "", map[string]string{"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}},
	"create-json":    {"POST", base, "", "application/json", `{"kind":"newsletter","content":{"ja":{"subject":"十一月号","body_markdown":"{{name|読者}} 様"}}}`, nil},
	"schedule-json":  {"POST", base + "/abcdefghij234567/schedule", "", "application/json", `{"at":null}`, nil},
	"campaign":       {"GET", base + "/abcdefghij234567", "", browserAccepts, "", nil},
	"progress":       {"GET", base + "/abcdefghij234567/progress", "", "application/json", "", nil},
	"not-found":      {"GET", base + "/abcdefghij234567/unknown", "", browserAccepts, "", nil},
	"wrong-method":   {"PUT", base, "", "application/json", "", nil},
	"other-website":  {"POST", base + "/abcdefghij234567/cancel", "", browserAccepts, "x=1", map[string]string{"origin": "https://evil.example", "sec-fetch-site": "cross-site"}},
	"unknown-cookie": {"GET", base, "", browserAccepts, "", map[string]string{"cookie": "__Host-madoguchi_staff=ABCDEFGHIJKLMNOPQRSTUVWXYZ"}},
}

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// payload is the event of a request in API Gateway's payload format 2.0.
func (r eventRequest) payload(t *testing.T) []byte {
	t.Helper()
	key, below := "ANY "+base, strings.TrimPrefix(strings.TrimPrefix(r.path, base), "/")
	event := map[string]any{"version": "2.0", "rawPath": r.path, "rawQueryString": r.query, "isBase64Encoded": false}
	if below != "" {
		key += "/{proxy+}"
		event["pathParameters"] = map[string]string{"proxy": below}
	}
	header := map[string]string{"accept": r.accept, "accept-language": "ja,en-US;q=0.7,en;q=0.3", "content-length": strconv.Itoa(len(r.body)), "host": "forms.example.jp",
		"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	for name, value := range r.header {
		if header[name] = value; name == "cookie" {
			event["cookies"] = []string{value}
			delete(header, name)
		}
	}
	if r.body != "" {
		header["content-type"] = "application/json"
		if r.accept == browserAccepts {
			header["content-type"] = "application/x-www-form-urlencoded"
		}
		event["body"] = r.body
	}
	if r.query != "" {
		name, value, _ := strings.Cut(r.query, "=")
		event["queryStringParameters"] = map[string]string{name: value}
	}
	event["headers"], event["routeKey"] = header, key
	event["requestContext"] = map[string]any{"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "forms.example.jp", "domainPrefix": "forms",
		"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "time": eventTime.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": eventTime.UnixMilli(),
		"http": map[string]string{"method": r.method, "path": r.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": header["user-agent"]}}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(event); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Each payload of events/campaigns gets the answer that it stands for, and there is no other file.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		status int
		header string // a header that the answer must have
	}{
		"list": {http.StatusSeeOther, "location"}, "list-json": {http.StatusUnauthorized, "www-authenticate"}, "bad-token": {http.StatusUnauthorized, "www-authenticate"},
		"create-json": {http.StatusUnauthorized, "www-authenticate"}, "schedule-json": {http.StatusUnauthorized, "www-authenticate"}, "campaign": {http.StatusSeeOther, "location"},
		"progress": {http.StatusUnauthorized, "www-authenticate"}, "not-found": {http.StatusNotFound, "content-language"}, "wrong-method": {http.StatusMethodNotAllowed, "allow"},
		"other-website": {http.StatusUnauthorized, "content-language"}, "unknown-cookie": {http.StatusSeeOther, "location"},
	} {
		t.Run(name, func(t *testing.T) {
			want, path := eventRequests[name].payload(t), filepath.Join(eventsFolder, name+".json")
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
			if answer.StatusCode != c.status || answer.Headers[c.header] == "" || answer.Headers["cache-control"] != "no-store" {
				t.Errorf("%d %v %.300s", answer.StatusCode, answer.Headers, answer.Body)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(eventsFolder, "*"))
	if err != nil || len(files) != len(eventRequests) {
		t.Errorf("%d files for %d requests, %v", len(files), len(eventRequests), err)
	}
}

// A page of another website cannot act with the session's cookie.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	w.want(w.do("editor", http.MethodPost, base+"/"+id+"/cancel", "", "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded",
		"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	if got := w.status(id); got != "draft" {
		t.Errorf("it is %s", got)
	}
}
