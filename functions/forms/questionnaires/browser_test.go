package main

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/browser"
	"madoguchi/infra/journey"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/registration"
)

// shots is a folder for pictures of every page, for people who look at them.
var shots = flag.String("shots", "", "write pictures of every page into this folder")

// past is an event that ended an hour ago and asks every kind of question; named is one that asks for names.
const past = `{"id":"mekong","title":{"ja":"メコン地域投資セミナー","en":"Mekong Investment Seminar"},"kind":"venue",
 "starts_at":"START","ends_at":"END","closes_at":"START","place":{"ja":"新橋ビル","en":"Shimbashi Building"},"capacity":50,"waiting_list":false,
 "questionnaire":{"anonymous":true,"opens_after_hours":0,"questions":[
  {"name":"overall","label":{"ja":"全体の満足度","en":"Overall"},"type":"rating","required":true},
  {"name":"hall","label":{"ja":"会場について","en":"The venue"},"type":"matrix","required":true,
   "rows":[{"value":"light","label":{"ja":"明るさ","en":"Light"}},{"value":"sound","label":{"ja":"音","en":"Sound"}}],
   "options":[{"value":"1","label":{"ja":"不満","en":"Poor"}},{"value":"2","label":{"ja":"普通","en":"Fair"}},{"value":"3","label":{"ja":"満足","en":"Good"}}]},
  {"name":"how","label":{"ja":"このセミナーを知ったきっかけ","en":"How you heard of it"},"type":"choice","required":true,
   "options":[{"value":"mail","label":{"ja":"メール","en":"By mail"}},{"value":"web","label":{"ja":"ウェブサイト","en":"On the web"}}]},
  {"name":"topics","label":{"ja":"関心のある分野","en":"Topics"},"type":"choices",
   "options":[{"value":"trade","label":{"ja":"貿易","en":"Trade"}},{"value":"travel","label":{"ja":"観光","en":"Tourism"}}]},
  {"name":"again","label":{"ja":"またご参加になりますか","en":"Would you come again?"},"type":"boolean","required":true},
  {"name":"country","label":{"ja":"関心のある国","en":"Country of interest"},"type":"country"},
  {"name":"persons","label":{"ja":"ご一緒の方の人数","en":"Persons with you"},"type":"number"},
  {"name":"day","label":{"ja":"次回のご希望の日","en":"Day you wish for"},"type":"date"},
  {"name":"short","label":{"ja":"ひとこと","en":"In a word"},"type":"text"},
  {"name":"comment","label":{"ja":"ご意見","en":"Comments"},"type":"textarea"}]}}`

const titleForm = "メコン地域投資セミナー　アンケート"

// product is the whole product with two registrants of an event that has ended.
func product(t *testing.T) (*stack.Stack, questionnaire.Store) {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: t.TempDir(), SkipChecks: true,
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	env := map[string]string{}
	for _, f := range s.Template().Functions {
		if f.Name == "InvitationsFunction" || f.Name == "QuestionnairesFunction" {
			for name, value := range f.Environment {
				env[name] = value
			}
		}
	}
	events := &event.Store{Client: s.DynamoDB(), Table: env["EVENTS_TABLE"], Now: time.Now}
	book := &registration.Book{Client: s.DynamoDB(), Table: env["REGISTRATIONS_TABLE"], Outbox: env["OUTBOX_TABLE"], Events: events, Now: time.Now,
		Periods: policy.DefaultPeriods(policy.Get(policy.Events)), Guard: guard.Store{Client: s.DynamoDB(), Table: env["GUARD_TABLE"], Key: config.Key(env["ADDRESS_KEY"])}}
	ended := time.Now().Add(-time.Hour)
	definition := strings.NewReplacer("START", ended.Add(-2*time.Hour).Format(time.RFC3339), "END", ended.Format(time.RFC3339)).Replace(past)
	for id, change := range map[string][2]string{"mekong": {"", ""}, "named": {`"anonymous":true`, `"anonymous":false`}, "later": {`"opens_after_hours":0`, `"opens_after_hours":48`}} {
		e, err := event.Parse([]byte(strings.Replace(strings.Replace(definition, `"id":"mekong"`, `"id":"`+id+`"`, 1), change[0], change[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if e, err = events.Save(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for name, language := range map[string]policy.Language{"hanako": "ja", "john": "en"} {
			if _, err := book.Register(t.Context(), registration.Application{Event: e, Reference: "E261101-" + strings.ToUpper(name+id), Language: language, Channel: "form",
				At: time.Now(), Silent: true, Values: map[string]string{"name": name, "email": name + "." + id + "@example.jp", "phone": "03-1234-5678",
					"organization": "例示株式会社", "title": "課長"}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s, questionnaire.Store{Client: s.DynamoDB(), Answers: env["ANSWERS_TABLE"], Invitations: env["INVITATIONS_TABLE"]}
}

// TestBrowser is the questionnaire as people meet it: the mail of the clock, the form by keyboard in Japanese, by click and
// without JavaScript in English, in every state, on a phone, dark, wide, at 400 % and on paper (R29; contract: "Each page works without …").
func TestBrowser(t *testing.T) {
	chromium := browser.Start(t)
	s, store := product(t)
	target := journey.Target{URL: s.URL(), Inbox: journey.InboxAt(s.URL())}
	s.Tick()
	link := func(name, event string) string {
		t.Helper()
		mail := target.Wait(t, name+"."+event+"@example.jp", "questionnaire_invitation", 1)
		if mail.Headers["Auto-Submitted"] == "" {
			t.Errorf("headers %v", mail.Headers)
		}
		return s.URL() + mail.Link(t, "/questionnaires/"+event)
	}
	japanese, english, named := link("hanako", "mekong"), link("john", "mekong"), link("hanako", "named")

	t.Run("keyboard", func(t *testing.T) {
		byKeyboard(t, chromium.Page(t, browser.Options{NoCookies: true}), s.URL(), japanese)
	})
	t.Run("English", func(t *testing.T) {
		reader := chromium.Page(t, browser.Options{Language: "en"})
		reader.Open(english)
		hold(t, reader, s.URL(), "Mekong Investment Seminar – questionnaire", "form in English")
		p := chromium.Page(t, browser.Options{Language: "en", Size: browser.Phone, NoJavaScript: true, NoCookies: true})
		p.Open(english)
		p.Click("#overall-4")
		p.Click("label:has(#hall\\.light-2)")
		p.Click("#hall\\.sound-3")
		p.Click("#how-web")
		p.Click("#topics")
		p.Click("#again-false")
		p.Choose("#country", "VN")
		p.Fill("#persons", "２")
		p.Fill("#comment", "Very good.\nThank you.")
		p.Submit("button[value=check]")
		if got := p.Text("main"); !strings.Contains(got, "Please check what you entered") || !strings.Contains(got, "Vietnam") {
			t.Fatalf("check page: %s", got)
		}
		p.Submit("button[value=submit]")
		if got := p.Text("main"); !strings.Contains(got, "Thank you for your answers") || !strings.Contains(got, "not kept with what you answered") {
			t.Fatalf("done: %s", got)
		}
	})
	t.Run("states", func(t *testing.T) {
		p := chromium.Page(t, browser.Options{})
		p.Open(named)
		hold(t, p, s.URL(), titleForm, "named")
		if !strings.Contains(p.Text("main"), "このアンケートは記名式です") {
			t.Error("a named questionnaire does not say so")
		}
		p.Open(japanese)
		hold(t, p, s.URL(), titleForm, "answered")
		if got := p.Text("main"); !strings.Contains(got, "すでにご回答をいただいています") || p.Count("form") != 0 {
			t.Errorf("a spent link shows %q", got)
		}
		for _, c := range []struct {
			path   string
			status int
			says   string
		}{{"/questionnaires/later", http.StatusConflict, "メールでご案内します"}, {"/questionnaires/mekong", http.StatusBadRequest, "メールのリンクから"}} {
			if status := p.Open(s.URL() + c.path); status != c.status || !strings.Contains(p.Text("main"), c.says) {
				t.Errorf("%s: %d %s", c.path, status, p.Text("main"))
			}
			p.WantPlain(s.URL())
			p.WantReadable()
		}
	})
	s.Tick() // nobody is written to again, and nobody before it opens
	for to, n := range map[string]int{"hanako.mekong@example.jp": 1, "john.mekong@example.jp": 1, "hanako.later@example.jp": 0} {
		if got := len(target.Mails(t, to)); got != n {
			t.Errorf("%s has %d mails, want %d", to, got, n)
		}
	}
	var said []string
	for _, item := range items(t, store.Client, store.Answers) {
		if values, ok := item["values"].(map[string]any); ok {
			said = append(said, fmt.Sprint(values["comment"]))
		}
	}
	if len(said) != 2 {
		t.Errorf("answers %q", said)
	}
}

// byKeyboard answers in Japanese with a keyboard alone, with a mistake on the way.
func byKeyboard(t *testing.T, p *browser.Page, origin, link string) {
	if status := p.Open(link); status != http.StatusOK {
		t.Fatal(status)
	}
	hold(t, p, origin, titleForm, "form")
	p.TabTo("button[value=check]")
	if status := p.PressAndLoad(kb.Enter); status != http.StatusUnprocessableEntity {
		t.Fatalf("nothing answered: %d", status)
	}
	hold(t, p, origin, titleForm, "form with mistakes")
	if diff := cmp.Diff(5, p.Count("#summary a")); diff != "" {
		t.Errorf("mistakes named (-want +got):\n%s", diff)
	}
	choose := func(field, keys string) {
		t.Helper()
		p.TabTo(field)
		p.Press(keys)
	}
	choose("[name=overall]", " "+kb.ArrowDown+kb.ArrowDown+kb.ArrowDown)
	choose("[name='hall.light']", " ")
	choose("[name='hall.sound']", " "+kb.ArrowDown)
	choose("[name=how]", " ")
	choose("[name=topics][value=travel]", " ")
	choose("[name=again]", " ")
	p.TabTo("#comment")
	p.Type("たいへん参考になりました。神（U+FA19）𠮷野家")
	p.TabTo("button[value=check]")
	if status := p.PressAndLoad(kb.Enter); status != http.StatusOK {
		t.Fatalf("check: %d %s", status, p.Text("main"))
	}
	hold(t, p, origin, "入力内容の確認", "check page")
	shown := browser.Eval[[]string](p, "read the check page", `return [...document.querySelectorAll(".values dd")].map(e => e.innerText)`)
	want := []string{"4", "不満", "普通", "メール", "観光", "はい", "", "", "", "", "たいへん参考になりました。神（U+FA19）𠮷野家"}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("check page (-want +got):\n%s", diff)
	}
	p.TabTo("button[value=submit]")
	if status := p.PressAndLoad(kb.Enter); status != http.StatusOK {
		t.Fatalf("submit: %d", status)
	}
	hold(t, p, origin, "ご回答ありがとうございました", "done")
	if got := p.Text("main"); !strings.Contains(got, "結び付いていません") || strings.Contains(got, "参考") || strings.Contains(p.URL(), "t=") {
		t.Errorf("at %s: %s", p.URL(), got)
	}
}

// hold holds the open page to what all pages promise.
func hold(t *testing.T, p *browser.Page, origin, title, name string) {
	t.Helper()
	if got := p.Text("h1"); got != title {
		t.Fatalf("at %s: titled %q, want %q", p.URL(), got, title)
	}
	p.WantPlain(origin)
	p.WantReadable()
	p.WantPrintable()
	if *shots != "" {
		for _, l := range []browser.Look{{Name: "phone", Size: browser.Phone}, {Name: "phone, dark", Size: browser.Phone, Dark: true}, {Name: "desktop"}} {
			p.Show(l)
			p.Screenshot(filepath.Join(*shots, strings.NewReplacer(" ", "-", ",", "").Replace(name+" "+l.Name)+".png"))
		}
	}
	p.Show(browser.Look{})
}
