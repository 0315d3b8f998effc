package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
)

// firefox is a person's browser.
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// world is the function over real tables, with a clock of its own.
type world struct {
	t       *testing.T
	access  *access
	handler http.Handler
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, policy.JapanTime)}
	organization := policy.DefaultOrganization()
	organization.PublicURL = "https://forms.example.jp"
	organization.WebsiteURL = "https://www.example.jp/ja/"
	clock := func() time.Time { return w.now }
	n := byte(0)
	random := func() string { n++; return strings.Repeat(string(rune('A'+n%26)), 25) + string(rune('a'+n/26)) }
	guardTable := recordtest.Table(t, client, "guard", false)
	w.access = &access{
		site: &web.Site{Organization: organization, Origins: []string{"https://partner.example"}, Now: clock}, client: client,
		table: recordtest.Table(t, client, "access", true), periods: policy.DefaultPeriods(policy.Get(policy.Access)),
		own: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}, now: clock, random: random,
		counters: statistics.Counters{Client: client, Table: recordtest.Table(t, client, "counters", true)},
		releases: statistics.Releases{Client: client, Table: recordtest.Table(t, client, "releases", true)},
		visitors: visitors{client: client, table: guardTable, random: random},
	}
	w.handler = newHandler(w.access)
	return w
}

// visit is one request of a page view.
type visit struct {
	method, target, body, kind string // "" : POST /access with JSON
	address, agent             string
	header                     map[string]string
	jar                        map[string]string // cookies by name; kept up to date as a browser does for /access
}

func (w *world) send(v visit) *httptest.ResponseRecorder {
	w.t.Helper()
	if v.method == "" {
		v.method = http.MethodPost
	}
	if v.target == "" {
		v.target = "/access"
	}
	r := httptest.NewRequest(v.method, v.target, strings.NewReader(v.body))
	r.RemoteAddr = "203.0.113.7"
	if v.address != "" {
		r.RemoteAddr = v.address
	}
	r.Header.Set("User-Agent", firefox)
	if v.agent != "" {
		r.Header.Set("User-Agent", v.agent)
	}
	if v.kind == "" && v.body != "" {
		v.kind = "application/json"
	}
	if v.kind != "" {
		r.Header.Set("Content-Type", v.kind)
	}
	for name, value := range v.header {
		r.Header.Set(name, value)
	}
	for name, value := range v.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	for _, c := range answer.Result().Cookies() {
		if v.jar == nil {
			continue
		}
		if v.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.jar, c.Name)
		}
	}
	return answer
}

// want sends a visit and holds its answer to a status.
func (w *world) want(status int, v visit) *httptest.ResponseRecorder {
	w.t.Helper()
	answer := w.send(v)
	if answer.Code != status {
		w.t.Fatalf("%+v: status %d, want %d: %s", v, answer.Code, status, answer.Body)
	}
	return answer
}

// items returns everything in a table.
func (w *world) items(table string) []map[string]any {
	w.t.Helper()
	out, err := w.access.client.Scan(w.t.Context(), &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)})
	if err != nil {
		w.t.Fatal(err)
	}
	var items []map[string]any
	if err := attributevalue.UnmarshalListOfMaps(out.Items, &items); err != nil {
		w.t.Fatal(err)
	}
	return items
}

// counted is what the counters say of today: views and visitors.
func (w *world) counted() (views, visitors int) {
	w.t.Helper()
	all, err := w.access.counters.Read(w.t.Context(), statistics.Day(w.now), w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range all {
		views += v.Views
		visitors += v.Visitors
	}
	return views, visitors
}

func (w *world) wantCounted(views, visitors int) {
	w.t.Helper()
	if v, u := w.counted(); v != views || u != visitors {
		w.t.Errorf("%d views, %d visitors; want %d and %d", v, u, views, visitors)
	}
}
