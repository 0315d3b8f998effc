package main

import (
	"bytes"
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
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/link"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/sign"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads anew")

// The payloads hold a link and form tokens that these keys signed, as those of the lists do. A function with other keys answers
// 400, which is right as well.
var (
	eventTime    = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)
	eventFormKey = config.Key(strings.Repeat("form-key-of-the-events-", 2))
	eventLinkKey = config.Key(strings.Repeat("link-key-of-the-events-", 2))
	eventHashKey = config.Key(strings.Repeat("address-key-of-the-events-", 2))
)

// payload is a request in API Gateway's payload format 2.0.
func payload(t *testing.T, method, path, query, media, body string) []byte {
	t.Helper()
	const key, agent = "ANY /questionnaires/{proxy+}", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	header := map[string]string{"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language": "ja,en-US;q=0.7,en;q=0.3",
		"content-length": strconv.Itoa(len(body)), "host": "forms.example.jp", "user-agent": agent, "x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	event := map[string]any{"version": "2.0", "rawPath": path, "rawQueryString": query, "routeKey": key, "headers": header, "isBase64Encoded": false,
		"pathParameters": map[string]string{"proxy": strings.TrimPrefix(path, "/questionnaires/")},
		"requestContext": map[string]any{"accountId": "123456789012", "apiId": "a1b2c3d4e5", "domainName": "forms.example.jp", "domainPrefix": "forms",
			"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "time": eventTime.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": eventTime.UnixMilli(),
			"http": map[string]string{"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": agent}}}
	switch {
	case media == "application/json":
		header["accept"], header["content-type"], event["body"] = media, media, body
	case media != "":
		header["content-type"], event["body"], event["isBase64Encoded"] = media, base64.StdEncoding.EncodeToString([]byte(body)), true
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

// TestEvents: every payload of events/questionnaires through the Lambda adapter and the real handler over real tables.
// `go test ./functions/forms/questionnaires -run TestEvents -update` writes them.
func TestEvents(t *testing.T) {
	invited := questionnaire.Store{Key: eventHashKey, Links: link.NewSigner(config.Keys{eventLinkKey})}
	token := func(nonce string) string {
		return sign.Seal(config.Keys{eventFormKey}, "form", strings.Join([]string{"questionnaires/mekong", "3", "ja",
			strconv.FormatInt(eventTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))
	}
	typed := func(nonce, action string) string {
		v := answer()
		v.Set("form_token", token(nonce))
		v.Set("action", action)
		return v.Encode()
	}
	path, query, _ := strings.Cut(invited.Link("mekong", invited.IDOf("mekong", "E261101-EVENTS234"), eventTime.Add(-time.Hour)), "?")
	const form = "application/x-www-form-urlencoded"
	cases := map[string]struct {
		payload         []byte
		status, answers int
		says            string
	}{
		"get":      {payload(t, "GET", path, query, "", ""), 200, 0, "このアンケートは無記名です"},
		"head":     {payload(t, "HEAD", path, query, "", ""), 200, 0, ""},
		"check":    {payload(t, "POST", path, query, form, typed("EVENTCHECK2345672345672345", "check")), 200, 0, "<dd>たいへん参考になりました</dd>"},
		"submit":   {payload(t, "POST", path, query, form, typed("EVENTSUBMIT234567234567234", "submit")), 303, 1, ""},
		"no-link":  {payload(t, "GET", path, "", "", ""), 400, 0, "メールのリンクから"},
		"not-open": {payload(t, "GET", "/questionnaires/forum", "", "", ""), 404, 0, "ページが見つかりません"},
		"submit-json": {payload(t, "POST", path, query, "application/json", `{"overall":3,"hall.light":"2","hall.sound":"3","again":true,"form_token":"`+
			token("EVENTSUBMITJSON23456723456")+`"}`), 201, 1, `"status":"answered"`},
	}
	folder := "../../../events/questionnaires"
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(folder, name+".json")
			if *update {
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, c.payload, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			stored, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(c.payload), string(stored)); diff != "" {
				t.Errorf("%s is stale (write it anew with -update):\n%s", file, diff)
			}
			w := newWorld(t, recordtest.Start(t), nil)
			w.set(eventTime)
			w.Engine.Keys, w.store.Key, w.store.Links, w.Links = config.Keys{eventFormKey}, eventHashKey, invited.Links, invited.Links
			w.invite(t, "E261101-EVENTS234")
			out, err := web.Lambda(w.http).Invoke(t.Context(), stored)
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if n := len(w.answers(t)); got.StatusCode != c.status || n != c.answers || !strings.Contains(got.Body, c.says) || (c.says == "" && got.Body != "") {
				t.Errorf("%d with %d answers, want %d with %d and %q: %s", got.StatusCode, n, c.status, c.answers, c.says, got.Body)
			}
			if location, _ := url.Parse(got.Headers["location"]); location != nil && location.Query().Has("t") {
				t.Error("the thank-you page's address holds the link")
			}
		})
	}
	if files, err := filepath.Glob(filepath.Join(folder, "*.json")); err != nil || len(files) != len(cases) {
		t.Errorf("%d payloads (%v), %d are tested", len(files), err, len(cases))
	}
}
