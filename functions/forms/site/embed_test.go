package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/infra/journey"
	_ "madoguchi/infra/local/load"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

// The script that other websites load is small and holds what the source says (contract: under 10 kB).
func TestEmbedScript(t *testing.T) {
	script := embedScript()
	if len(script) >= 10_000 {
		t.Errorf("%d bytes", len(script))
	}
	for _, forbidden := range []string{"innerHTML", "localStorage", "cookie", "eval(", "\n//", "/*"} {
		if strings.Contains(script, forbidden) {
			t.Errorf("the script holds %q", forbidden)
		}
	}
	for _, wanted := range []string{`"use strict";`, "data-madoguchi", "})();\n"} {
		if !strings.Contains(script, wanted) {
			t.Errorf("the script lost %q", wanted)
		}
	}
}

// TestEmbedding uses our forms from a page of another website in Chromium, in the three ways: a plain form that hands over what
// was typed, fetch, and our script.
func TestEmbedding(t *testing.T) {
	chromium := browser.Start(t)
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	elsewhere := ""
	for _, part := range s.Parts() {
		if part.Name == "elsewhere" {
			elsewhere = part.URL
		}
	}
	inbox := journey.Target{URL: s.URL(), Inbox: journey.InboxAt(s.URL())}
	t.Run("plain form", func(t *testing.T) {
		p := chromium.Page(t, browser.Options{NoJavaScript: true, NoCookies: true})
		p.Open(elsewhere)
		p.Fill("#plain-email", "plain@example.jp")
		if status := p.Submit("#plain button"); status != http.StatusOK || p.Value("#email") != "plain@example.jp" || p.Count("#summary") != 0 {
			t.Fatalf("our form after the post: %d, address %q at %s", status, p.Value("#email"), p.URL())
		}
		p.Fill("#name", "山田 花子")
		p.Choose("#prefecture", "13")
		p.Fill("#organization", "例示株式会社")
		p.Choose("#business_category", "trade")
		p.Submit("button[value=check]")
		p.Submit("button[value=submit]")
		if at := p.URL(); !strings.HasPrefix(at, elsewhere+"/?done=&ref=N") {
			t.Errorf("after sending the visitor is at %s, want back on the other website", at)
		}
		inbox.Wait(t, "plain@example.jp", "newsletter_confirm", 1)
	})
	t.Run("fetch", func(t *testing.T) {
		p := chromium.Page(t, browser.Options{})
		p.Open(elsewhere)
		p.Fill("#fetch-name", "記者 一郎")
		p.Fill("#fetch-email", "fetch@example.jp")
		p.Click("#fetch button")
		waitFor(t, p, `document.querySelector("#fetch [role=status]").textContent.includes("ご所属")`) // the mistake is told
		p.Fill("#fetch-organization", "例示新聞社")
		p.Click("#fetch button")
		waitFor(t, p, `/受付番号 P\d{6}-/.test(document.querySelector("#fetch [role=status]").textContent)`)
		inbox.Wait(t, "fetch@example.jp", "press_confirm", 1)
	})
	t.Run("script", func(t *testing.T) {
		for name, size := range map[string]browser.Size{"phone": browser.Phone, "desktop": browser.Desktop} {
			p := chromium.Page(t, browser.Options{Size: size, NoCookies: true})
			p.Open(elsewhere)
			waitFor(t, p, `document.querySelector("#script .madoguchi-form") !== null`)
			p.Fill("#madoguchi-1-email", "no address")
			p.Fill("#madoguchi-1-name", "佐藤 <b>太郎</b>")
			p.Click("#script form button")
			waitFor(t, p, `document.querySelector(".madoguchi-check") !== null`)
			if got := p.Text(".madoguchi-values"); !strings.Contains(got, "佐藤 <b>太郎</b>") {
				t.Errorf("the check page shows %q", got)
			}
			p.Click(".madoguchi-check button")
			waitFor(t, p, `document.activeElement.className === "madoguchi-summary"`)
			if n := p.Count("#script [aria-invalid]"); n != 4 {
				t.Errorf("%d fields are marked as wrong, want 4", n)
			}
			p.WantAccessible()
			p.Fill("#madoguchi-1-email", "script-"+name+"@example.jp")
			p.Choose("#madoguchi-1-prefecture", "99")
			p.Fill("#madoguchi-1-organization", "例示大学")
			p.Choose("#madoguchi-1-business_category", "education")
			p.Click("#script form button")
			waitFor(t, p, `document.querySelector(".madoguchi-check") !== null`)
			p.Click(".madoguchi-check button")
			waitFor(t, p, `/N\d{6}-/.test(document.querySelector(".madoguchi-reference")?.textContent)`)
			inbox.Wait(t, "script-"+name+"@example.jp", "newsletter_confirm", 1)
			p.WantAccessible()
			if problems := p.OwnProblems(); len(problems) > 1 { // Chromium reports the 422
				t.Errorf("errors in the console: %q", problems)
			}
		}
	})
	t.Run("script, with a waiting list", func(t *testing.T) {
		at := func(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }
		if _, err := s.Load(t.Context(), []byte(`{"events": [{"id": "full", "title": {"ja": "満席の会"}, "kind": "venue", "place": {"ja": "東京"}, "capacity": 1,
			"waiting_list": true, "starts_at": "`+at(48*time.Hour)+`", "ends_at": "`+at(50*time.Hour)+`", "closes_at": "`+at(47*time.Hour)+`"}]}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), []byte(`{"registrations": [{"event": "full", "name": "先着 一郎", "email": "first@example.jp", "phone": "03-1234-5678",
			"organization": "例示大学", "title": "なし"}]}`)); err != nil {
			t.Fatal(err)
		}
		p := chromium.Page(t, browser.Options{NoCookies: true})
		p.Open(elsewhere)
		browser.Eval[bool](p, "put the event's form into the page", `
			document.querySelector("[data-madoguchi]").dataset.madoguchi = "/events/full";
			const script = document.createElement("script");
			script.src = document.querySelector("script[src]").src;
			document.body.append(script);
			return true`)
		waitFor(t, p, `document.querySelector("#script [name=phone]") !== null`)
		for name, value := range map[string]string{"name": "次点 二郎", "email": "second@example.jp", "phone": "03-1234-5678", "organization": "例示大学", "title": "なし"} {
			p.Fill("#script [name="+name+"]", value)
		}
		p.Click("#script form button")
		// What the gateway itself answers has AWS's own shape: the visitor is told all the same.
		browser.Eval[bool](p, "let the gateway refuse once", `
			const real = window.fetch;
			window.fetch = async () => { window.fetch = real; return new Response('{"message":"Service Unavailable"}', { status: 503 }) };
			return true`)
		p.Click(".madoguchi-check button")
		waitFor(t, p, `document.querySelector(".madoguchi-summary")?.textContent.includes("通信できませんでした")`)
		p.Click("#script form button[type=submit]")
		p.Click(".madoguchi-check button")
		waitFor(t, p, `document.querySelector(".madoguchi-done")?.textContent.includes("キャンセル待ち")`)
	})
	t.Run("not a listed website", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/newsletter", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if allowed := answer.Header.Get("Access-Control-Allow-Origin"); allowed != "" {
			t.Errorf("allowed: %q", allowed)
		}
	})
}

// waitFor waits until something is true in the page.
func waitFor(t *testing.T, p *browser.Page, condition string) {
	t.Helper()
	if !browser.Eval[bool](p, "wait for "+condition, `
		for (let i = 0; i < 400; i++) {
			if (`+condition+`) return true;
			await new Promise(done => setTimeout(done, 50));
		}
		return false`) {
		t.Fatalf("at %s: never came true: %s", p.URL(), condition)
	}
}
