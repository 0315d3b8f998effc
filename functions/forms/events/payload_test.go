package main

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
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
	"madoguchi/shared/desk"
	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/registration"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/sign"
	"madoguchi/shared/web"
)

var update = flag.Bool("update", false, "write the payloads anew")

// payloadTime is when the payloads were sent; their tokens are signed by the keys of environment.
var payloadTime = time.Date(2026, 11, 23, 3, 1, 0, 0, time.UTC)

const payloadRef = "E261122-ABCDEFGH2"

func environment() map[string]string {
	return map[string]string{"EVENTS_TABLE": "events", "REGISTRATIONS_TABLE": "registrations", "SENDER_ADDRESS": "info@forms.example.jp",
		"OUTBOX_TABLE": "outbox", "GUARD_TABLE": "guard", "ADDRESS_KEY": strings.Repeat("address-key-", 3), "FORM_KEYS": strings.Repeat("form-key-of-the-events-", 2),
		"LINK_KEYS": strings.Repeat("link-key-of-the-events-", 2), "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/",
		"FORM_MINIMUM_SECONDS": "2", "RATE_LIMIT_PER_HOUR": "300", "REGISTRATION_DAYS": "365", "REGISTRATION_CANCELLED_DAYS": "30",
		"ORGANIZATION_NAME_JA": "例示センター", "ORGANIZATION_NAME_EN": "Example Centre", "ORGANIZATION_SHORT_NAME_JA": "例示", "ORGANIZATION_SHORT_NAME_EN": "Example",
		"REPRESENTATIVE_JA": "所長", "REPRESENTATIVE_EN": "Director", "ORGANIZATION_ADDRESS_JA": "東京都", "ORGANIZATION_ADDRESS_EN": "Tokyo",
		"PRIVACY_OFFICE_JA": "総務部", "PRIVACY_OFFICE_EN": "General Affairs", "PRIVACY_CONTACT": "privacy@example.jp"}
}

// world is the function over tables of its own, with one event and one registration for it.
func world(t *testing.T) (http.Handler, *registration.Book) {
	t.Helper()
	now := func() time.Time { return payloadTime }
	book := registrationtest.New(t, now)
	env := environment()
	book.Links = link.NewSigner(config.Keys{config.Key(env["LINK_KEYS"])})
	env["EVENTS_TABLE"], env["REGISTRATIONS_TABLE"], env["OUTBOX_TABLE"], env["GUARD_TABLE"] = book.Events.Table, book.Table, book.Outbox, book.Guard.Table
	d, cfg, err := desk.With[settings](config.Map(env), policy.Get(policy.Events), recordtest.Start(t), now)
	if err != nil {
		t.Fatal(err)
	}
	e := eventtest.Save(t, book.Events, "seminar", nil)
	if _, err := book.Register(t.Context(), registration.Application{Event: e, Reference: payloadRef, Values: person("hanako@example.jp"),
		Language: policy.Japanese, Channel: "form", At: payloadTime, Silent: true}); err != nil {
		t.Fatal(err)
	}
	return newHandler(d, cfg), book
}

type request struct{ method, path, query, accept, contentType, body string }

// requests are what the payloads are about. person is the keyed hash of the registrant's address.
func requests(hash string) map[string]request {
	const html, form = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "application/x-www-form-urlencoded"
	token := func(nonce string) string {
		return sign.Seal(config.Keys{config.Key(environment()["FORM_KEYS"])}, "form", strings.Join([]string{"events/seminar", "1", "ja",
			strconv.FormatInt(payloadTime.Add(-time.Minute).UnixMilli(), 36), nonce}, "|"))
	}
	values := url.Values{"form_token": {token("EVENTSUBMIT234567234567234")}, "action": {"submit"}}
	for name, value := range person("taro@example.jp", "name", "𠮷野家 太郎") {
		values.Set(name, value)
	}
	own := link.NewSigner(config.Keys{config.Key(environment()["LINK_KEYS"])}).Path("/events/seminar/registration",
		link.Token{Service: "events", Purpose: link.Registration, Person: hash, Ref: payloadRef, Issued: payloadTime.Add(-time.Hour)})
	path, query, _ := strings.Cut(own, "?")
	return map[string]request{
		"list":         {"GET", "/events", "", html, "", ""},
		"list-json":    {"GET", "/events", "", "application/json", "", ""},
		"form":         {"GET", "/events/seminar", "lang=en", html, "", ""},
		"submit":       {"POST", "/events/seminar", "", html, form, values.Encode()},
		"registration": {"GET", path, query, html, "", ""},
		"cancel":       {"POST", path, query, html, form, "action=cancel"},
		"calendar":     {"GET", "/events/seminar/calendar.ics", query, "*/*", "", ""},
		"not-found":    {"GET", "/events/unknown", "", html, "", ""},
	}
}

// payload is the event of a request in API Gateway's payload format 2.0.
func (r request) payload(t *testing.T) string {
	t.Helper()
	key := "ANY /events"
	if r.path != "/events" {
		key += "/{proxy+}"
	}
	headers := map[string]string{"accept": r.accept, "accept-language": "ja", "host": "forms.example.jp", "user-agent": "Mozilla/5.0", "x-forwarded-for": "203.0.113.7"}
	m := map[string]any{"version": "2.0", "routeKey": key, "rawPath": r.path, "rawQueryString": r.query, "headers": headers, "isBase64Encoded": false,
		"requestContext": map[string]any{"requestId": "JKJaXmPLvHcESHA=", "routeKey": key, "stage": "$default", "timeEpoch": payloadTime.UnixMilli(),
			"http": map[string]string{"method": r.method, "path": r.path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "Mozilla/5.0"}}}
	if r.body != "" {
		headers["content-type"], m["body"], m["isBase64Encoded"] = r.contentType, base64.StdEncoding.EncodeToString([]byte(r.body)), true
	}
	out, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}

// A registration's page and calendar file follow the event at once, whatever the process remembers: a file with the new number
// and the old date would keep a calendar from ever taking the new one.
func TestMovedAtOnce(t *testing.T) {
	h, book := world(t)
	own, _, err := book.Find(t.Context(), "seminar", payloadRef)
	if err != nil {
		t.Fatal(err)
	}
	sent := requests(own.Person)
	get := func(name string) string {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, sent[name].path+"?"+sent[name].query, http.NoBody))
		if answer.Code != http.StatusOK {
			t.Fatalf("%s: %d", name, answer.Code)
		}
		return answer.Body.String()
	}
	for _, name := range []string{"form", "registration", "calendar"} {
		get(name)
	}
	eventtest.Save(t, book.Events, "seminar", map[string]any{"starts_at": "2027-03-09T14:00:00+09:00", "ends_at": "2027-03-09T16:00:00+09:00"})
	tasks, err := book.Events.Tasks(t.Context())
	if err != nil || len(tasks) != 1 || book.Follow(t.Context(), tasks[0]) != nil {
		t.Fatal(tasks, err)
	}
	if file := get("calendar"); !strings.Contains(file, "DTSTART:20270309T050000Z") || !strings.Contains(file, "SEQUENCE:1") {
		t.Error(file)
	}
	if page := get("registration"); !strings.Contains(page, "2027年3月9日") {
		t.Error("the page shows the date before")
	}
}

// Every payload of events/events through the Lambda adapter and the real handler: the answer and what it says.
func TestPayloads(t *testing.T) {
	const folder = "../../../events/events"
	wanted := map[string]struct {
		status   int
		contains string
	}{
		"list": {200, "投資セミナー"}, "list-json": {200, `"seats_left":9`}, "form": {200, "Investment seminar"}, "submit": {303, ""},
		"registration": {200, payloadRef}, "cancel": {303, ""}, "calendar": {200, "UID:" + payloadRef}, "not-found": {404, "ページが見つかりません"},
	}
	for name, want := range wanted {
		t.Run(name, func(t *testing.T) {
			handler, book := world(t)
			r, found, err := book.Find(t.Context(), "seminar", payloadRef)
			if err != nil || !found {
				t.Fatal(err)
			}
			made, file := requests(r.Person)[name].payload(t), filepath.Join(folder, name+".json")
			if *update {
				if err := os.WriteFile(file, []byte(made), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			payload, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(made, string(payload)); diff != "" {
				t.Errorf("%s is stale (-update):\n%s", file, diff)
			}
			out, err := web.Lambda(handler).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var answer events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != want.status || !strings.Contains(answer.Body, want.contains) {
				t.Errorf("%d %v\n%s", answer.StatusCode, answer.Headers, answer.Body)
			}
			all, _, err := book.List(t.Context(), "seminar", "")
			if err != nil || len(all) != map[bool]int{false: 1, true: 2}[name == "submit"] {
				t.Errorf("%d registrations, %v", len(all), err)
			}
			if r, _, _ = book.Find(t.Context(), "seminar", payloadRef); (r.State == registration.Cancelled) != (name == "cancel") {
				t.Errorf("the registration is %s", r.State)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != len(wanted) {
		t.Errorf("%d payloads (%v), %d are tested", len(files), err, len(wanted))
	}
}

// One message names everything that is missing or wrong (hard case 25).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(map[string]string{"REGISTRATION_DAYS": "0", "REGISTRATION_CANCELLED_DAYS": "5000"}))
	if err == nil {
		t.Fatal("starts without settings")
	}
	for _, name := range []string{"EVENTS_TABLE", "REGISTRATIONS_TABLE", "OUTBOX_TABLE", "REGISTRATION_DAYS is 0", "REGISTRATION_CANCELLED_DAYS is 5000"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
}

// A list of several pages shows each event once: those to come by their ends, then the past ones, the last first.
func TestPagesOfTheList(t *testing.T) {
	handler, book := world(t)
	for i := range 45 {
		days := i - 20
		end := payloadTime.Add(time.Duration(days)*24*time.Hour + time.Hour)
		eventtest.Save(t, book.Events, "e"+strconv.Itoa(100+i), map[string]any{"starts_at": end.Add(-time.Hour).Format(time.RFC3339),
			"ends_at": end.Format(time.RFC3339), "closes_at": end.Format(time.RFC3339), "state": map[bool]event.State{true: event.Draft, false: event.Published}[i == 30]})
	}
	var ids []string
	for path := "/events"; path != ""; {
		out, err := web.Lambda(handler).Invoke(t.Context(), []byte(request{"GET", "/events", strings.TrimPrefix(path, "/events"), "application/json", "", ""}.payload(t)))
		if err != nil {
			t.Fatal(err)
		}
		var answer events.APIGatewayV2HTTPResponse
		var page struct {
			Items []struct{ ID string }
			Next  *string
		}
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(answer.Body), &page); err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%v: %d %s", err, answer.StatusCode, answer.Body)
		}
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		if path = ""; page.Next != nil {
			path = "/eventscursor=" + *page.Next
		}
	}
	var want []string
	for i := 20; i < 45; i++ {
		if i != 30 {
			want = append(want, "e"+strconv.Itoa(100+i))
		}
	}
	want = append(want, "seminar")
	for i := 19; i >= 0; i-- {
		want = append(want, "e"+strconv.Itoa(100+i))
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
}

// A cursor that we did not make is 400, whatever is in it; nothing of it reaches the store.
func TestForgedCursors(t *testing.T) {
	now := payloadTime.Unix()
	for _, text := range []string{"{", "[]", "5", `"x"`, `{"a":-1}`, `{"a":99999999999}`, `{"k":{}}`, `{"k":{"pk":"event#a","sk":"current","list":"events"}}`,
		`{"k":{"pk":"event#a","sk":"current","list":"events","ends_at":"1"}}`, `{"k":{"pk":"event#a","sk":"current","list":"tasks","ends_at":9999999999}}`,
		`{"k":{"pk":"event#a","sk":"current","list":"events","ends_at":1.5}}`, `{"k":{"pk":"event#a","sk":"current","list":"events","ends_at":1}}`,
		`{"p":true,"k":{"pk":"event#a","sk":"current","list":"events","ends_at":9999999999}}`, `{"k":{"pk":1,"sk":"current","list":"events","ends_at":9999999999}}`} {
		if p, err := readCursor(base64.RawURLEncoding.EncodeToString([]byte(text)), payloadTime); err == nil {
			t.Errorf("%s is taken: %v", text, p)
		}
	}
	made := place{At: now, Key: map[string]any{"pk": "event#a", "sk": "current", "list": "events", "ends_at": now + 60}}
	if p, err := readCursor(made.write(), payloadTime.Add(time.Hour)); err != nil || p.At != now {
		t.Errorf("one of ours, read when its event is over: %v, %v", p, err)
	}
}
