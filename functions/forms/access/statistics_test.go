package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
	"madoguchi/shared/web/chart"
)

// release publishes a month of made-up views: some hundred a day, one day with 3.
func (w *world) release(name string) statistics.Release {
	w.t.Helper()
	m, err := statistics.ParseMonth(name)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, day := range m.Days() {
		for _, v := range []statistics.View{{Path: "/ja", Views: 120 + 37*(i%7), Visitors: 60}, {Path: "/ja/事業", Domain: "www.search.example", Views: 40 + i, Visitors: 20}} {
			if i == 14 {
				v = statistics.View{Path: "/ja", Views: 1, Visitors: 1}
			}
			if err := w.access.counters.Count(w.t.Context(), day, v); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	r, err := statistics.ReadPageViews(w.t.Context(), w.access.counters, m, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.access.releases.Publish(w.t.Context(), r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) page(target string, header map[string]string) string {
	w.t.Helper()
	return w.want(http.StatusOK, visit{method: http.MethodGet, target: target, header: header}).Body.String()
}

var asJSON = map[string]string{"Accept": "application/json"}

// R62-R64: nothing is public before its release; then what the page, its chart and its JSON show is the release.
func TestStatistics(t *testing.T) {
	w := newWorld(t)
	w.want(http.StatusNoContent, visit{body: view})
	if got := w.page("/statistics", nil); !strings.Contains(got, "まだ公表している統計はありません") || strings.Contains(got, "events") {
		t.Error("counters are public without a release")
	}
	if got := w.page("/statistics", asJSON); got != `{"items":[],"next":null}` {
		t.Errorf("JSON %s", got)
	}
	w.release("2026-09")
	r := w.release("2026-10")
	days, _ := r.Table(statistics.ByDay)
	japanese, english := w.page("/statistics", nil), w.page("/statistics/page_views/2026-10?lang=en", nil)
	for _, want := range []string{"2026年10月", chart.Number(*days.Total), "15日（木）</th><td class=\"n\">非表示", "/ja/事業", "www.search.example", "/statistics/page_views/2026-09?lang=ja"} {
		if !strings.Contains(japanese, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.Contains(english, "Thu 15</th><td class=\"n\">not shown") || strings.Count(english, `class="bar"`)+strings.Count(english, `class="hidden-bar"`) != 31 ||
		strings.Count(english, `class="hidden-bar"`) != days.Hidden() || days.Hidden() < 2 {
		t.Errorf("%d bars, %d hidden", strings.Count(english, `class="bar"`), days.Hidden())
	}
	for _, loud := range []string{"<script", "style=", "onclick", "noindex"} {
		if strings.Contains(japanese, loud) {
			t.Errorf("the page holds %s", loud)
		}
	}
	var one statistics.Release
	if err := json.Unmarshal([]byte(w.page("/statistics/page_views/2026-10", asJSON)), &one); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, one); diff != "" {
		t.Errorf("JSON of the release (-want +got):\n%s", diff)
	}
	var list struct {
		Items []listed
		Next  *string
	}
	if err := json.Unmarshal([]byte(w.page("/statistics?cursor=2026-10", asJSON)), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Period != "2026-09" || list.Items[0].URL != "https://forms.example.jp/statistics/page_views/2026-09" || list.Next != nil {
		t.Errorf("list %+v", list)
	}
	for target, status := range map[string]int{"/statistics/page_views/2026-11": 404, "/statistics/page_views/october": 404, "/statistics/names/2026-10": 404, "/statistics?cursor=x": 400, "/statistics/page_views": 404} {
		w.want(status, visit{method: http.MethodGet, target: target})
	}
}

// The chart is drawn to scale, and its lines are round numbers.
func TestChart(t *testing.T) {
	n := func(n int) *int { return &n }
	c := chartOf(statistics.Published{Rows: []string{"2026-10-01", "2026-10-02", "2026-10-03"}, Cells: [][]*int{{n(230)}, {nil}, {n(115)}}}, "", "")
	var labels []string
	for _, l := range c.Lines {
		labels = append(labels, l.Label)
	}
	if diff := cmp.Diff([]string{"0", "100", "200", "300"}, labels); diff != "" {
		t.Error(diff)
	}
	plot := plotBottom - plotTop
	if c.Bars[0].Height != 230*plot/300 || c.Bars[2].Height != 115*plot/300 || !c.Bars[1].Hidden || c.Bars[0].Y+c.Bars[0].Height != plotBottom {
		t.Errorf("bars %+v", c.Bars)
	}
}

// The payloads are those of the HTTP API; `sam local invoke` takes the same files.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.release("2026-10")
	w.now = time.Date(2026, 3, 10, 14, 6, 7, 0, policy.JapanTime) // when the payloads were sent
	type answer struct {
		Status      int
		Type, Cache string
		Cookies     []string
		Base64      bool
	}
	const html, problem = "text/html; charset=utf-8", "application/problem+json"
	counted := []string{"__Secure-madoguchi_count=2026-03-10; Path=/access; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"}
	w.access.site.Organization.WebsiteURL = policy.DefaultOrganization().WebsiteURL
	for name, c := range map[string]struct {
		want     answer
		contains string
	}{
		"beacon":                {answer{204, "", "no-store", counted, false}, ""},
		"beacon-text":           {answer{204, "", "no-store", counted, false}, ""},
		"beacon-form":           {answer{204, "", "no-store", nil, false}, ""},
		"beacon-unknown-member": {answer{422, problem, "no-store", nil, false}, `"status":422`},
		"picture":               {answer{200, "image/gif", "no-store", nil, true}, "R0lGODlh"},
		"picture-head":          {answer{200, "image/gif", "no-store", nil, false}, ""},
		"cookies":               {answer{200, html, "no-store", nil, false}, "Cookie（クッキー）について"},
		"cookies-english":       {answer{200, html, "no-store", nil, false}, "<h1>Cookies</h1>"},
		"cookies-refuse": {answer{303, "", "no-store", []string{"__Host-madoguchi_display=.uncounted; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax",
			"__Secure-madoguchi_count=; Path=/access; Max-Age=0; HttpOnly; Secure; SameSite=Lax"}, false}, ""},
		"statistics":      {answer{200, html, released, nil, false}, "2026年10月"},
		"statistics-json": {answer{200, "application/json", released, nil, false}, `"period":"2026-10"`},
		"release-json":    {answer{200, "application/json", released, nil, false}, `"statistic":"page_views"`},
		"release-english": {answer{200, html, released, nil, false}, "October 2026"},
		"release-unknown": {answer{404, html, "no-store", nil, false}, "Page not found"},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := os.ReadFile(filepath.Join("../../../events/access", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			reply, err := web.Lambda(w.handler).Invoke(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			var got events.APIGatewayV2HTTPResponse
			if err := json.Unmarshal(reply, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, answer{got.StatusCode, got.Headers["content-type"], got.Headers["cache-control"], got.Cookies, got.IsBase64Encoded}); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(got.Body, c.contains) || c.contains == "" && got.Body != "" {
				t.Errorf("body lacks %q: %q", c.contains, got.Body)
			}
		})
	}
	files, err := filepath.Glob("../../../events/access/*.json")
	if err != nil || len(files) != 14 {
		t.Errorf("%d payloads (%v), 14 are tested", len(files), err)
	}
	w.wantCounted(4, 2) // three beacons, one picture; one visitor came back by cookie, one is marked
}

// R98: the page names every cookie that there is, those of staff as such.
func TestCookiesPageNamesAllCookies(t *testing.T) {
	w := newWorld(t)
	for target, says := range map[string]string{"/cookies": "職員のみ", "/cookies?lang=en": "staff only"} {
		page := w.page(target, nil)
		for _, want := range []string{counting, display, web.StaffCookie, web.AttemptCookie, says} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", target, want)
			}
		}
	}
}

// The period of the records is the deployment's, as the page tells.
func TestCookiesPageTellsThePeriod(t *testing.T) {
	w := newWorld(t)
	for target, want := range map[string]string{"/cookies": "90日間保存した後、削除します", "/cookies?lang=en": "for 90 days."} {
		if got := w.page(target, nil); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q", target, want)
		}
	}
	if got := fmt.Sprint(w.access.periods.Of("recorded")); got != (90 * 24 * time.Hour).String() {
		t.Errorf("period %s", got)
	}
}
