package main_test

import (
	"flag"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/infra/journey"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription/reception"
)

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// begin starts the product: the real binaries, tables, streams, mail.
func begin(t *testing.T, approval string) *stack.Stack {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "PRESS_APPROVAL": approval}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

func target(s *stack.Stack) journey.Target {
	return journey.Target{URL: s.URL(), Inbox: journey.InboxAt(s.URL())}
}

// TestJourney is the whole life of a subscription to the press list, with the scanner before every click and the mail
// program's button (R20-R23; hard cases 1, 9, 10, 12, 13).
func TestJourney(t *testing.T) {
	s := begin(t, "false")
	journey.List(t, target(s), "press", map[string]string{"organization": "𠮷野新聞社", "name": "髙﨑 神 葛󠄀 花子"})
}

// TestPages is the list with approval in Chromium: what a person sees until staff have decided, and what comes after.
func TestPages(t *testing.T) {
	s := begin(t, "true")
	chromium := browser.Start(t)
	const email = "kisha@example.jp"
	v := journey.NewVisitor(target(s))
	v.List = "press"
	for _, options := range []browser.Options{{NoCookies: true, Size: browser.Phone}, {Language: "en"}} {
		p := chromium.Page(t, options)
		if status := p.Open(s.URL() + "/press"); status != http.StatusOK {
			t.Fatalf("form: %d", status)
		}
		hold(t, p, s.URL(), "プレスリリース配信の登録")
		if told := p.Count("main [lang=en]") == 1; told != (options.Language == "en") {
			t.Errorf("told in English that the form is Japanese only (R20): %v", told)
		}
	}
	p := chromium.Page(t, browser.Options{})
	p.Open(s.URL() + "/press")
	p.Submit("button[value=check]")
	hold(t, p, s.URL(), "プレスリリース配信の登録")
	if n := p.Count("[aria-invalid]"); n != 3 {
		t.Errorf("%d fields are marked as wrong, want the three of R21", n)
	}
	p.Fill("#organization", "例示新聞社")
	p.Fill("#name", "記者 一郎")
	p.Fill("#email", email)
	p.Submit("button[value=check]")
	hold(t, p, s.URL(), "入力内容の確認")
	p.Submit("button[value=submit]")
	hold(t, p, s.URL(), "確認のメールをお送りしました")
	p.Open(s.URL() + v.Target.Wait(t, email, "press_confirm", 1).Link(t, "/press/confirm"))
	hold(t, p, s.URL(), "プレスリリース配信のお申し込みの確認")
	p.Submit("main form button")
	hold(t, p, s.URL(), "お申し込みを受け付けました")
	if mail := v.Target.Wait(t, email, "press_pending", 1); mail.Headers["Auto-Submitted"] == "" {
		t.Errorf("headers %v", mail.Headers)
	}
	approve(t, s, email)
	v.Target.Wait(t, email, "press_approved", 1).OneClick(t)
}

// approve is what staff do.
func approve(t *testing.T, s *stack.Stack, email string) {
	t.Helper()
	for _, f := range s.Template().Functions {
		if f.Name != "PressFunction" {
			continue
		}
		list, err := reception.Open(config.Map(f.Environment), policy.Get(policy.Press),
			reception.Names{Table: "PRESS_TABLE", Approval: "PRESS_APPROVAL"}, s.DynamoDB(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		to, err := address.Parse(email)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.Approve(t.Context(), to.Key(list.AddressKey)); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the template has no PressFunction")
}

// hold holds a page to what every page promises.
func hold(t *testing.T, p *browser.Page, origin, title string) {
	t.Helper()
	if got := p.Text("h1"); got != title {
		t.Fatalf("at %s: titled %q, want %q", p.URL(), got, title)
	}
	p.WantPlain(origin)
	p.WantReadable()
	p.WantPrintable()
	p.Show(browser.Look{Size: browser.Phone})
	if *shots != "" {
		p.Screenshot(filepath.Join(*shots, strings.ReplaceAll(title, " ", "-")+".png"))
	}
}
