package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
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
	"madoguchi/shared/policy"
	"madoguchi/shared/sign"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads of events/photos anew")

const eventsFolder = "../../../events/photos"

// The payloads hold tokens that the keys of complete() signed, issued a minute before the payloads' own time, and the link of a
// registration that is not stored: a function with other keys answers 400 to both, which is right as well.
var eventTime = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)

type eventRequest struct{ method, path, query, accept, body string }

func (w *world) eventRequests() map[string]eventRequest {
	token := func(nonce string) string {
		return sign.Seal(config.Keys{config.Key(w.env["FORM_KEYS"])}, "form", strings.Join([]string{string(policy.Photos),
			strconv.Itoa(policy.Get(policy.Photos).FormVersion), "ja", strconv.FormatInt(eventTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))
	}
	post := func(nonce, action string) string {
		v := typed("form_token", token(nonce), "action", action, "homepage", "")
		return v.Encode()
	}
	w.set(eventTime)
	ticket := url.Values{"t": {w.library().token(strings.Repeat("0", 32), "D261123-EVNT")}}.Encode()
	const html, whatever = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "*/*"
	return map[string]eventRequest{
		"catalogue":      {"GET", "/photos", "", html, ""},
		"catalogue-json": {"GET", "/photos", "album=laos", "application/json", ""},
		"photo":          {"GET", "/photos/laos-market", "", html, ""},
		"thumbnail":      {"GET", "/photos/laos-market/thumbnail.jpg", "v=0123456789abcdef", whatever, ""},
		"download":       {"GET", "/photos/laos-market/download", ticket, html, ""},
		"forged":         {"GET", "/photos", "t=AAAA", html, ""},
		"register":       {"GET", "/photos/register", "", html, ""},
		"check":          {"POST", "/photos/register", "", html, post("EVENTCHECK2345672345672345", "check")},
		"submit":         {"POST", "/photos/register", "", html, post("EVENTSUBMIT234567234567234", "submit")},
		"head":           {"HEAD", "/photos", "", whatever, ""},
		"not-found":      {"GET", "/photos/unknown", "", html, ""},
	}
}

// payload is the event of a request in API Gateway's payload format 2.0.
func (r eventRequest) payload(t *testing.T) []byte {
	t.Helper()
	const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	key, below := "ANY /photos", strings.TrimPrefix(strings.TrimPrefix(r.path, "/photos"), "/")
	event := map[string]any{"version": "2.0", "rawPath": r.path, "rawQueryString": r.query, "isBase64Encoded": r.body != ""}
	if below != "" {
		key = "ANY /photos/{proxy+}"
		event["pathParameters"] = map[string]string{"proxy": below}
	}
	if r.query != "" {
		values, err := url.ParseQuery(r.query)
		if err != nil {
			t.Fatal(err)
		}
		parameters := map[string]string{}
		for name := range values {
			parameters[name] = values.Get(name)
		}
		event["queryStringParameters"] = parameters
	}
	header := map[string]string{"accept": r.accept, "accept-language": "ja,en-US;q=0.7,en;q=0.3", "content-length": strconv.Itoa(len(r.body)),
		"host": "forms.example.jp", "user-agent": agent, "x-amzn-trace-id": "Root=1-6a1b2c3d-0a1b2c3d4e5f60718293a4b5",
		"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	if r.body != "" {
		header["content-type"] = "application/x-www-form-urlencoded"
		event["body"] = base64.StdEncoding.EncodeToString([]byte(r.body))
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

// Each payload of events/photos gets the answer that it stands for, and there is no other file.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	requests := w.eventRequests()
	for name, c := range map[string]struct {
		status int
		header string // a header that the answer must have
		piece  string // of the body
	}{
		"catalogue":      {http.StatusOK, "content-security-policy", "湾の夕暮れ market"},
		"catalogue-json": {http.StatusOK, "x-request-id", `"items":[{"id":"laos-market"`},
		"photo":          {http.StatusOK, "content-language", "クレジット"},
		"thumbnail":      {http.StatusOK, "etag", ""},
		"download":       {http.StatusGone, "x-request-id", "/photos/register"},
		"forged":         {http.StatusBadRequest, "x-request-id", "リンクが正しくありません"},
		"register":       {http.StatusOK, "content-language", `name="form_token"`},
		"check":          {http.StatusOK, "content-language", "髙﨑"},
		"submit":         {http.StatusSeeOther, "location", ""},
		"head":           {http.StatusOK, "content-language", ""},
		"not-found":      {http.StatusNotFound, "content-language", "ページが見つかりません"},
	} {
		t.Run(name, func(t *testing.T) {
			want, path := requests[name].payload(t), filepath.Join(eventsFolder, name+".json")
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
			out, err := web.Lambda(w.handler).Invoke(context.Background(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var answer events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != c.status || answer.Headers[c.header] == "" || !strings.Contains(answer.Body, c.piece) || name == "thumbnail" != answer.IsBase64Encoded {
				t.Errorf("%d %v %.300s", answer.StatusCode, answer.Headers, answer.Body)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(eventsFolder, "*"))
	if err != nil || len(files) != len(requests) {
		t.Errorf("%d files for %d requests, %v", len(files), len(requests), err)
	}
}
