package archive_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/archive"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// world is the archive of press releases over a real table.
func world(t *testing.T) (*campaign.Store, func(path string, header ...string) *httptest.ResponseRecorder) {
	t.Helper()
	s := campaigntest.Store(t)
	site := &web.Site{Organization: policy.DefaultOrganization(), Now: func() time.Time { return s.Now() }}
	mux := site.NewMux()
	(&archive.Archive{Store: s, Site: site, Kind: policy.PressRelease, Path: "/press", Images: []string{"https://www.asean.or.jp"}}).Register(mux)
	return s, func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r)
		return rec
	}
}

// publish puts a release into the archive that was sent at a time.
func publish(t *testing.T, s *campaign.Store, sent time.Time, change func(*campaign.Campaign)) string {
	t.Helper()
	c := campaign.Campaign{ID: campaign.NewID(), Kind: policy.PressRelease, State: campaign.Sent, StartedAt: sent.UnixMilli()}
	if change != nil {
		change(&c)
	}
	page, err := bulletin.Public(bulletin.Content{Subject: "調査の発表 {{name}}", BodyMarkdown: "# 見出し\n\n{{organization|貴媒体}} {{name}} 様 <b>\n\n![図](https://www.asean.or.jp/a.png \"300\")"},
		bulletin.Frame{Kind: c.Kind, Language: policy.Japanese, Organization: policy.DefaultOrganization(), Images: []string{"https://www.asean.or.jp"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the sender may be killed in between
		if err := s.Publish(t.Context(), c, page); err != nil {
			t.Fatal(err)
		}
	}
	return c.ID
}

// A release is in nobody's name, harmless, indexed, and not there before its embargo has ended.
func TestArchive(t *testing.T) {
	s, get := world(t)
	now := campaigntest.Now
	s.Now = func() time.Time { return now }
	id := publish(t, s, now.Add(-time.Hour), nil)
	waits := publish(t, s, now.Add(-time.Hour), func(c *campaign.Campaign) { c.EmbargoUntil = now.Add(time.Hour).Unix() })
	publish(t, s, now.Add(-time.Hour), func(c *campaign.Campaign) { c.Follows = &campaign.Follows{Whom: campaign.ToFailed} })
	publish(t, s, now.Add(-time.Hour), func(c *campaign.Campaign) { c.Kind = policy.MediaInvitation })
	publish(t, s, now.Add(-time.Hour), func(c *campaign.Campaign) { c.Kind = policy.NewsletterIssue })

	page := get("/press/archive/" + id)
	body := page.Body.String()
	for _, piece := range []string{"調査の発表 読者", "<h2>見出し</h2>", "貴媒体 読者 様 &lt;b&gt;", `width="300"`} {
		if !strings.Contains(body, piece) {
			t.Errorf("the issue lacks %q: %s", piece, body)
		}
	}
	if csp := page.Header().Get("Content-Security-Policy"); page.Code != 200 || !strings.Contains(csp, "img-src 'self' data: https://www.asean.or.jp;") || strings.Contains(body, "noindex") || strings.Contains(body, "style=") {
		t.Errorf("%d, %s", page.Code, csp)
	}
	items := func() int {
		var list struct{ Items []map[string]string }
		if err := json.Unmarshal(get("/press/archive", "Accept", "application/json").Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	if got := items(); got != 1 {
		t.Errorf("%d issues are listed", got)
	}
	if got := get("/press/archive/" + waits); got.Code != http.StatusNotFound {
		t.Errorf("before the embargo has ended: %d", got.Code)
	}
	now = now.Add(time.Hour)
	if got := get("/press/archive/" + waits); got.Code != http.StatusOK || items() != 2 {
		t.Errorf("afterwards: %d, %d listed", got.Code, items())
	}
	var feed struct {
		Entries []struct {
			Title string `xml:"title"`
			ID    string `xml:"id"`
		} `xml:"entry"`
	}
	answer := get("/press/archive.atom")
	if err := xml.Unmarshal(answer.Body.Bytes(), &feed); err != nil || len(feed.Entries) != 2 || !strings.HasSuffix(feed.Entries[0].ID, waits) {
		t.Errorf("%v: %s", err, answer.Body)
	}
	for path, status := range map[string]int{"/press/archive/none": 404, "/press/archive/aaaaaaaaaaaaaaaa": 404, "/press/archive?cursor=x": 400, "/press/archive?cursor=%20": 400} {
		if got := get(path).Code; got != status {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// Every issue is listed once, the newest first.
func TestPages(t *testing.T) {
	s, get := world(t)
	var want []string
	for i := range 45 {
		want = append([]string{publish(t, s, campaigntest.Now.Add(time.Duration(i-60)*time.Minute), nil)}, want...)
	}
	var got []string
	for cursor := ""; ; {
		var list struct {
			Items []map[string]string
			Next  *string
		}
		if err := json.Unmarshal(get("/press/archive?cursor="+cursor, "Accept", "application/json").Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, item := range list.Items {
			got = append(got, item["id"])
		}
		if list.Next == nil {
			break
		}
		cursor = *list.Next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
