package main

import (
	"bytes"
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
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/sign"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads in events/publications anew")

// The payloads hold tokens that these keys signed, issued a minute before the payload's own time, as those of events/newsletter do.
var (
	eventTime    = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)
	eventFormKey = strings.Repeat("form-key-of-the-events-", 2)
)

const eventsFolder = "../../../events/publications"

type eventRequest struct{ method, path, accept, contentType, body string }

func eventRequests(t *testing.T) map[string]eventRequest {
	t.Helper()
	service := policy.Get(policy.Publications)
	typed := func(nonce, action string, changes ...string) url.Values {
		v := url.Values{"action": {action}, "homepage": {""}, "form_token": {sign.Seal(config.Keys{config.Key(eventFormKey)}, "form", strings.Join([]string{
			"publications", strconv.Itoa(service.FormVersion), "ja", strconv.FormatInt(eventTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))}}
		for name, value := range hanako("hanako@example.jp", append([]string{"quantity.map", "2", "quantity.thai", ""}, changes...)...) {
			v.Set(name, value)
		}
		return v
	}
	members := map[string]string{}
	for name, values := range typed("EVENTSUBMITJSON23456723456", "") {
		if name != "action" && name != "homepage" {
			members[name] = values[0]
		}
	}
	const browser, formType, jsonType = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/x-www-form-urlencoded", "application/json"
	return map[string]eventRequest{
		"get":         {"GET", "/publications", browser, "", ""},
		"lookup":      {"POST", "/publications", browser, formType, typed("EVENTLOOKUP234567234567234", "lookup", "prefecture", "", "address", "").Encode()},
		"check":       {"POST", "/publications", browser, formType, typed("EVENTCHECK2345672345672345", "check").Encode()},
		"submit":      {"POST", "/publications", browser, formType, typed("EVENTSUBMIT234567234567234", "submit").Encode()},
		"none-left":   {"POST", "/publications", browser, formType, typed("EVENTNONELEFT3456723456723", "submit", "quantity.empty", "1").Encode()},
		"submit-json": {"POST", "/publications", jsonType, jsonType, compact(members)},
		"postal-code": {"POST", "/publications/postal-code", jsonType, jsonType, `{"postal_code":"105-0004"}`},
		"cover":       {"GET", "/publications/map/cover", "image/*", "", ""},
	}
}

// payload is the event of a request: a payload of the newsletter's with what differs.
func (r eventRequest) payload(t *testing.T) []byte {
	t.Helper()
	model, err := os.ReadFile("../../../events/newsletter/get.json")
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(model, &event); err != nil {
		t.Fatal(err)
	}
	header, _ := event["headers"].(map[string]any)
	about, _ := event["requestContext"].(map[string]any)
	call, _ := about["http"].(map[string]any)
	header["accept"], header["content-length"] = r.accept, strconv.Itoa(len(r.body))
	call["method"], call["path"], event["rawPath"] = r.method, r.path, r.path
	key := "ANY /publications"
	if rest, below := strings.CutPrefix(r.path, "/publications/"); below {
		key += "/{proxy+}"
		event["pathParameters"] = map[string]string{"proxy": rest}
	}
	event["routeKey"], about["routeKey"] = key, key
	if r.contentType != "" {
		header["content-type"], event["body"] = r.contentType, r.body
	}
	if r.contentType == "application/x-www-form-urlencoded" {
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString([]byte(r.body)), true
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

// counterAt is the function over tables of its own, with the tests' catalogue, at one time; env holds the names of its tables.
func counterAt(t *testing.T, client *dynamodb.Client, now time.Time) (handler http.Handler, env map[string]string) {
	t.Helper()
	env = complete()
	for variable, sk := range map[string]bool{"PUBLICATIONS_TABLE": true, "CATALOGUE_TABLE": true, "OUTBOX_TABLE": false, "GUARD_TABLE": false} {
		env[variable] = recordtest.Table(t, client, strings.ToLower(variable), sk)
	}
	env["FORM_KEYS"] = eventFormKey
	d, tables, err := desk.With[publications.Tables](config.Map(env), policy.Get(policy.Publications), client, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	store := publications.Open(d, tables)
	var content struct{ Publications []publications.Draft }
	if err := json.Unmarshal([]byte(catalogue), &content); err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), content.Publications); err != nil {
		t.Fatal(err)
	}
	return newCounter(d, store), env
}

// Every payload through the Lambda adapter and the real handler over real tables: the answer, and what was written.
// `go test ./functions/forms/publications -run TestEvents -update` writes the payloads (a new form version needs it).
func TestEvents(t *testing.T) {
	client := recordtest.Start(t)
	requests := eventRequests(t)
	const page = "text/html; charset=utf-8"
	type outcome struct {
		Status, Requests, Mails int
		Type, Location          string
	}
	for name, c := range map[string]struct {
		want     outcome
		contains string
	}{
		"get":         {outcome{200, 0, 0, page, ""}, `name="quantity.map"`},
		"lookup":      {outcome{200, 0, 0, page, ""}, `value="港区新橋"`},
		"check":       {outcome{200, 0, 0, page, ""}, "<dd>2部</dd>"},
		"submit":      {outcome{303, 1, 1, "", "/publications/done?ref=REFERENCE"}, ""},
		"none-left":   {outcome{409, 0, 0, page, ""}, "部数の欄を空にしてください"},
		"submit-json": {outcome{201, 1, 1, "application/json", ""}, `"status":"received"`},
		"postal-code": {outcome{200, 0, 0, "application/json", ""}, `"items":[{"prefecture":"13","address":"港区新橋"}]`},
		"cover":       {outcome{404, 0, 0, page, ""}, "ページが見つかりません"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(eventsFolder, name+".json")
			if *update {
				if err := os.MkdirAll(eventsFolder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, requests[name].payload(t), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			payload, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(requests[name].payload(t)), string(payload)); diff != "" {
				t.Errorf("%s is stale: run with -update\n%s", file, diff)
			}
			handler, env := counterAt(t, client, eventTime)
			out, err := web.Lambda(handler).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			count := func(table string) (n int) {
				found, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
				if err != nil {
					t.Fatal(err)
				}
				return len(found.Items)
			}
			location, reference, _ := strings.Cut(got.Headers["location"], "=")
			if reference != "" {
				location += "=REFERENCE"
			}
			// A request has its reservation beside it.
			have := outcome{got.StatusCode, count(env["PUBLICATIONS_TABLE"]) / 2, count(env["OUTBOX_TABLE"]), got.Headers["content-type"], location}
			if diff := cmp.Diff(c.want, have); diff != "" || !strings.Contains(got.Body, c.contains) {
				t.Errorf("%s\n%s", diff, got.Body)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(eventsFolder, "*.json"))
	if err != nil || len(files) != len(requests) {
		t.Errorf("%d payloads, %d are tested, %v", len(files), len(requests), err)
	}
}
