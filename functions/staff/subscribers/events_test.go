package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// placeholder stands in the payloads where a caller's own token goes: as they are they are answered 401, which is right as well.
const placeholder = "Bearer YOUR-TOKEN"

// payload is a request in API Gateway's payload format 2.0.
func payload(t *testing.T, signedIn bool, method, below, query, body string) string {
	t.Helper()
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	key, path := "ANY "+base, base+below
	event := map[string]any{"version": "2.0", "rawPath": path, "rawQueryString": query, "isBase64Encoded": false}
	if below != "" {
		key += "/{proxy+}"
		event["pathParameters"] = map[string]string{"proxy": strings.TrimPrefix(below, "/")}
	}
	header := map[string]string{"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language": "ja,en-US;q=0.7,en;q=0.3",
		"content-length": strconv.Itoa(len(body)), "host": "forms.example.jp", "user-agent": agent, "x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	if signedIn {
		header["accept"], header["authorization"] = "application/json", placeholder
	}
	if body != "" {
		header["content-type"], event["body"] = "application/json", body
	}
	event["headers"], event["routeKey"] = header, key
	event["requestContext"] = map[string]any{"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "forms.example.jp", "domainPrefix": "forms",
		"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "time": start.UTC().Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": start.UnixMilli(),
		"http": map[string]string{"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": agent}}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(event); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestEvents: every payload of events/subscribers through the Lambda adapter and the real handler over real tables.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	cases := map[string]struct {
		payload string
		status  int
		says    string
	}{
		"page-not-signed-in": {payload(t, false, "GET", "", "list=newsletter", ""), 303, ""},
		"find-json":          {payload(t, true, "GET", "", "list=newsletter&q="+url.QueryEscape("森花"), ""), 200, `"name":"森**"`},
		"state-json":         {payload(t, true, "GET", "", "list=newsletter&state=confirmed", ""), 200, `"next":null`},
		"numbers-json":       {payload(t, true, "GET", "/numbers", "list=newsletter", ""), 200, `"list":"newsletter"`},
		"too-short":          {payload(t, true, "GET", "", "list=newsletter&q=m", ""), 422, `"field":"q"`},
		"another-list":       {payload(t, true, "GET", "", "list=press&state=confirmed", ""), 403, ""},
		"person-json":        {payload(t, true, "GET", "/"+id, "list=newsletter", ""), 200, `"receives":true`},
		"correct":            {payload(t, true, "POST", "/"+id+"/correct", "list=newsletter", `{"fields":{"organization":"例示商事株式会社"}}`), 200, `"state":"confirmed"`},
		"add": {payload(t, true, "POST", "", "", `{"list":"newsletter","channel":"letter","fields":{"email":"taro@example.jp","name":"見本 太郎",`+
			`"prefecture":"13","organization":"見本団体","business_category":"trade"}}`), 201, `"state":"unconfirmed"`},
		"optout-unknown": {payload(t, true, "POST", "/optout", "", `{"list":"newsletter","email":"nobody@example.jp","channel":"telephone"}`), 200, `"state":"unsubscribed"`},
		"unknown-member": {payload(t, true, "POST", "/"+id+"/optout", "list=newsletter", `{"channel":"mail","consent":"given"}`), 422, `"field":"consent"`},
	}
	folder := "../../../events/subscribers"
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, name+".json")
			if *update {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(c.payload), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			stored, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.payload, string(stored)); diff != "" {
				t.Errorf("%s is stale (write it anew with -update):\n%s", file, diff)
			}
			event := strings.Replace(string(stored), placeholder, w.office.Bearer(who("editor")), 1)
			out, err := web.Lambda(w.handler).Invoke(t.Context(), []byte(event))
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != c.status || !strings.Contains(got.Body, c.says) {
				t.Errorf("%d, want %d and %q: %s", got.StatusCode, c.status, c.says, got.Body)
			}
		})
	}
	if files, err := filepath.Glob(filepath.Join(folder, "*.json")); err != nil || len(files) != len(cases) {
		t.Errorf("%d payloads (%v), %d are tested", len(files), err, len(cases))
	}
}
