package ses

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
)

type page struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(method, path string, header ...string) page {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.inbox.URL+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := *w.inbox.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return page{resp.StatusCode, resp.Header, string(body)}
}

const hostile = `<html><head><script>alert(1)</script></head><body><a href="https://example.jp/confirm?t=a&amp;b=c" target="_top">確認</a><img src="cid:logo" alt="印"><p>本文</p></body></html>`

func sendHostile(w *world) string {
	return w.mustSend("taro@example.jp", func(in *sesv2.SendEmailInput) {
		c := in.Content.Simple
		c.Subject = utf8Content("<script>alert(1)</script>")
		c.Body.Html = utf8Content(hostile)
		c.Body.Text = utf8Content("<b>\n確認: https://example.jp/confirm?t=a_b-c&d=e。次に（https://example.jp/）へ。")
		c.Attachments = []types.Attachment{
			{FileName: aws.String("logo.png"), ContentType: aws.String("image/png"), ContentId: aws.String("logo"), ContentDisposition: "INLINE", RawContent: []byte("png")},
			{FileName: aws.String("悪.html"), ContentType: aws.String("text/html"), RawContent: []byte("<script>alert(1)</script>")},
		}
	})
}

func TestInboxPages(t *testing.T) {
	w := newWorld(t, Options{})
	id := sendHostile(w)
	at := "/_local/mail/" + id
	for _, c := range []struct {
		name, path string
		status     int
		mediaType  string
		holds      []string
		lacks      []string
	}{
		{"list", "/_local/mail", 200, "text/html; charset=utf-8", []string{at, "taro@example.jp", "&lt;script&gt;alert(1)", "1 通"}, []string{"<script>alert"}},
		{"mail", at, 200, "text/html; charset=utf-8", []string{`sandbox="allow-popups allow-popups-to-escape-sandbox"`, at + "/html", "&lt;script&gt;alert(1)", at + "/attachments/1", "悪.html"}, []string{"<script>alert"}},
		{"mail at the width of a telephone", at + "?view=phone", 200, "text/html; charset=utf-8", []string{"375px"}, nil},
		{"text with links", at + "?view=text", 200, "text/html; charset=utf-8", []string{
			"&lt;b&gt;\n確認: <a href=\"https://example.jp/confirm?t=a_b-c&amp;d=e\" target=\"_blank\" rel=\"noopener noreferrer\">https://example.jp/confirm?t=a_b-c&amp;d=e</a>。",
			`<a href="https://example.jp/" target="_blank"`}, []string{"<b>\n"}},
		{"headers", at + "?view=headers", 200, "text/html; charset=utf-8", []string{"<dt>Subject</dt>", "<dt>Message-ID</dt>"}, nil},
		{"source", at + "?view=source", 200, "text/html; charset=utf-8", []string{"Content-Type: multipart/mixed"}, nil},
		{"unknown view", at + "?view=x", 200, "text/html; charset=utf-8", []string{"<iframe"}, nil},
		{"HTML", at + "/html", 200, "text/html; charset=utf-8", []string{
			`<a href="https://example.jp/confirm?t=a&amp;b=c" target="_blank" rel="noopener noreferrer">確認</a>`, `<img src="` + at + `/attachments/0" alt="印">`}, []string{"_top"}},
		{"plain text", at + "/text", 200, "text/plain; charset=utf-8", []string{"<b>\n確認"}, nil},
		{"plain source", at + "/source", 200, "text/plain; charset=utf-8", []string{"Message-ID: <" + id}, nil},
		{"picture", at + "/attachments/0", 200, "image/png", []string{"png"}, nil},
		{"attachment", at + "/attachments/1", 200, "text/html", nil, nil},
		{"no such attachment", at + "/attachments/2", 404, "text/html; charset=utf-8", []string{"見つかりません"}, nil},
		{"no such mail", "/_local/mail/none", 404, "text/html; charset=utf-8", []string{"見つかりません"}, nil},
	} {
		got := w.do("GET", c.path)
		if got.status != c.status || got.header.Get("Content-Type") != c.mediaType {
			t.Errorf("%s: %d %s, want %d %s", c.name, got.status, got.header.Get("Content-Type"), c.status, c.mediaType)
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: header %v", c.name, got.header)
		}
		policy := got.header.Get("Content-Security-Policy")
		fromMail := strings.Contains(c.path, id+"/") && c.status == 200
		if strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox;") != fromMail || policy == "" {
			t.Errorf("%s: policy %q", c.name, policy)
		}
		for _, s := range c.holds {
			if !strings.Contains(got.body, s) {
				t.Errorf("%s lacks %q:\n%s", c.name, s, got.body)
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(got.body, s) {
				t.Errorf("%s holds %q", c.name, s)
			}
		}
	}
	if got := w.do("GET", at+"/attachments/1").header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("disposition of an HTML attachment: %q", got)
	}
	if got := w.do("GET", at+"/attachments/0").header.Get("Content-Disposition"); !strings.HasPrefix(got, "inline") {
		t.Errorf("disposition of a picture: %q", got)
	}
}

func TestInboxJSON(t *testing.T) {
	w := newWorld(t, Options{})
	if got := w.do("GET", "/_local/mail.json").body; strings.TrimSpace(got) != "[]" {
		t.Errorf("empty inbox: %q", got)
	}
	first := w.mustSend("first@example.jp")
	second := sendHostile(w)
	var got []map[string]any
	answer := w.do("GET", "/_local/mail.json")
	if err := json.Unmarshal([]byte(answer.body), &got); err != nil {
		t.Fatalf("%v:\n%s", err, answer.body)
	}
	if len(got) != 2 || got[0]["id"] != first || got[1]["id"] != second {
		t.Fatalf("mails %v, want the newest last", got)
	}
	m := got[1]
	want := map[string]any{
		"id": second, "time": "2026-04-01T09:00:00+09:00", "from": "office@example.or.jp", "to": []any{"taro@example.jp"}, "subject": "<script>alert(1)</script>",
		"headers": map[string]any{"Message-ID": "<" + second + "@ap-northeast-1.amazonses.com>", "Date": "Wed, 01 Apr 2026 09:00:00 +0900", "From": "office@example.or.jp",
			"To": "taro@example.jp", "Subject": "<script>alert(1)</script>", "MIME-Version": "1.0"},
		"text": "<b>\n確認: https://example.jp/confirm?t=a_b-c&d=e。次に（https://example.jp/）へ。", "html": hostile,
		"attachments": []any{map[string]any{"name": "logo.png", "type": "image/png", "size": 3.0}, map[string]any{"name": "悪.html", "type": "text/html", "size": 25.0}},
		"tags":        map[string]any{"ref": "r-1_A"}, "configuration_set": "transactional",
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("mail (-want +got):\n%s", d)
	}
	if err := json.Unmarshal([]byte(w.do("GET", "/_local/mail.json?to=FIRST@example.jp").body), &got); err != nil || len(got) != 1 || got[0]["id"] != first {
		t.Errorf("mails to one address: %v, %v", got, err)
	}
}

func TestInboxEmptying(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		name, method, path string
		header             []string
		status, left       int
	}{
		{"page", "DELETE", "/_local/mail", nil, 204, 0},
		{"JSON", "DELETE", "/_local/mail.json", nil, 204, 0},
		{"button", "POST", "/_local/mail", []string{"Sec-Fetch-Site", "same-origin"}, 303, 0},
		{"another website", "POST", "/_local/mail", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403, 1},
	} {
		w.mustSend("taro@example.jp")
		if got := w.do(c.method, c.path, c.header...).status; got != c.status {
			t.Errorf("%s: status %d, want %d", c.name, got, c.status)
		}
		if got := w.server.Count(); got != c.left {
			t.Errorf("%s: %d mails left, want %d", c.name, got, c.left)
		}
	}
	if err := w.server.Clear(); err != nil {
		t.Fatal(err)
	}
	if got := w.do("GET", "/_local/mail").body; !strings.Contains(got, "メールはまだありません") || !strings.Contains(got, `href="/newsletter"`) {
		t.Errorf("empty inbox does not say what to do:\n%s", got)
	}
}

// The list is in pages, newest first; the refreshing script gets no body while nothing changed.
func TestInboxPaging(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"max_send_rate":1000}`)
	for i := range perPage + 1 {
		w.mustSend(fmt.Sprintf("u%03d@example.jp", i))
	}
	first, second, beyond := w.do("GET", "/_local/mail").body, w.do("GET", "/_local/mail?page=1").body, w.do("GET", "/_local/mail?page=99").body
	newest := fmt.Sprintf("u%03d@example.jp", perPage)
	if !strings.Contains(first, newest) || strings.Contains(first, "u000@example.jp") || !strings.Contains(first, `href="/_local/mail?page=1" rel="next"`) {
		t.Error("the first page is wrong")
	}
	if strings.Index(first, newest) > strings.Index(first, "u050@example.jp") {
		t.Error("the first page is not newest first")
	}
	if !strings.Contains(second, "u000@example.jp") || strings.Contains(second, newest) || !strings.Contains(second, `rel="prev"`) || second != beyond {
		t.Error("the second page is wrong")
	}
	_, version := w.server.spool.snapshot()
	if got := w.do("GET", fmt.Sprintf("/_local/mail?version=%d", version)); got.status != 204 || got.body != "" {
		t.Errorf("unchanged list: %d %q", got.status, got.body)
	}
	w.mustSend("new@example.jp")
	if got := w.do("GET", fmt.Sprintf("/_local/mail?version=%d", version)); got.status != 200 || !strings.Contains(got.body, "new@example.jp") {
		t.Errorf("changed list: %d", got.status)
	}
}
