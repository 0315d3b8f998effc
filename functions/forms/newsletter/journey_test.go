package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/journey"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

// TestJourney is the whole product from the visitor's side, and what only the operator sees of it.
func TestJourney(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := begin(t, folder, nil)
	t.Run("visitor", func(t *testing.T) { journey.Newsletter(t, p.target()) })
	t.Run("names (hard case 1)", p.names)
	t.Run("after the deletion (hard case 13)", p.afterDeletion)
	t.Run("what the stream missed", p.sweep)
	t.Run("fifty equal posts (hard case 9)", p.fifty)
	t.Run("log (hard case 33)", func(t *testing.T) { quiet(t, folder) })

	welcome := p.subscribe(t, hanako("stays@example.jp"))
	before := p.all(t, "NEWSLETTER_TABLE")
	mails := p.SES().Count()
	p.Close()
	t.Run("restart", func(t *testing.T) {
		p := begin(t, folder, nil)
		if after := p.all(t, "NEWSLETTER_TABLE"); len(after) != len(before) || p.SES().Count() != mails {
			t.Errorf("%d of %d records, %d of %d mails survived", len(after), len(before), p.SES().Count(), mails)
		}
		// Old links work, and what is known is known.
		v := journey.NewVisitor(p.target())
		if page := v.Get(t, welcome.Link(t, "/newsletter/preferences")); page.Status != http.StatusOK || page.Fields["name"] != "山田 花子" {
			t.Errorf("an old link: %d %s", page.Status, page.Text)
		}
		v.SignUp(t, hanako("stays@example.jp"))
		v.Target.Wait(t, "stays@example.jp", "newsletter_already", 1)
		if answer := v.Do(t, http.MethodPost, welcome.OneClick(t), "", ""); answer.Status != http.StatusOK || !p.suppressed(t, "stays@example.jp") {
			t.Errorf("one-click: %d", answer.Status)
		}
	})
}

// names: what was typed is what is shown, stored and written, to the byte (hard case 1: no normalisation).
func (p *product) names(t *testing.T) {
	for i, test := range []struct{ label, name string }{
		{"beyond the basic plane", "𠮷野家"}, {"variants of common characters", "髙﨑"}, {"compatibility ideograph", "神\uFA19 社"},
		{"ideographic variation sequence", "葛󠄀城"}, {"emoji joined by ZWJ", "🧑‍🤝‍🧑"}, {"one letter", "李"},
		{"100 letters of Thai", strings.Repeat("ก", 100)}, {"100 letters of Arabic", strings.Repeat("ع", 100)}, {"markup", "O'Brien <b>&amp;"},
		{"formula (hard case 6)", "=1+1"}, {"composed and decomposed kana", "ガギグ か\u3099"}, {"template", "{{.Name}} {{link}}"},
	} {
		t.Run(test.label, func(t *testing.T) {
			name := test.name
			typed := hanako(fmt.Sprintf("name%d@example.jp", i))
			typed["name"] = name
			v := journey.NewVisitor(p.target())
			check, _ := v.SignUp(t, typed)
			if diff := cmp.Diff(name, check.Fields["name"]); diff != "" {
				t.Errorf("hidden field of the check page: %s", diff)
			}
			if !strings.Contains(check.Text, strings.Join(strings.Fields(name), " ")) {
				t.Errorf("check page: %s", check.Text)
			}
			fields, _ := p.item(t, typed["email"])["fields"].(map[string]any)
			if diff := cmp.Diff(any(name), fields["name"]); diff != "" {
				t.Errorf("stored: %s", diff)
			}
			link := v.Target.Wait(t, typed["email"], "newsletter_confirm", 1).Link(t, "/newsletter/confirm")
			v.Send(t, v.Get(t, link), "confirm", nil)
			welcome := v.Target.Wait(t, typed["email"], "newsletter_welcome", 1)
			if !strings.Contains(welcome.Text, name) {
				t.Errorf("text of the welcome mail: %s", welcome.Text)
			}
			if !strings.Contains(journey.Readable(welcome.HTML), strings.Join(strings.Fields(name), " ")) {
				t.Errorf("HTML of the welcome mail: %s", welcome.HTML)
			}
			page := v.Get(t, welcome.Link(t, "/newsletter/preferences"))
			if diff := cmp.Diff(name, page.Fields["name"]); diff != "" {
				t.Errorf("preferences: %s", diff)
			}
		})
	}
}

// afterDeletion: the mail program's button works when nothing of the person is stored any more, and the wish is kept.
func (p *product) afterDeletion(t *testing.T) {
	const email = "deleted@example.jp"
	link := p.subscribe(t, hanako(email)).OneClick(t)
	p.delete(t, email)
	v := journey.NewVisitor(p.target())
	for range 2 {
		if answer := v.Do(t, http.MethodPost, link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"); answer.Status != http.StatusOK {
			t.Errorf("one-click: %d %s", answer.Status, answer.Body)
		}
	}
	if page := v.Get(t, link); page.Status != http.StatusOK || slices.Contains(page.Buttons, "undo") {
		t.Errorf("page: %d %v", page.Status, page.Buttons)
	}
	if !p.suppressed(t, email) || p.item(t, email) != nil {
		t.Errorf("suppressed %v, stored %v", p.suppressed(t, email), p.item(t, email))
	}
}

// fifty: a button pressed fifty times, at once and once more later, gives one reference, one record, one mail.
func (p *product) fifty(t *testing.T) {
	const email = "fifty@example.jp"
	v := journey.NewVisitor(p.target())
	values := url.Values{"form_token": {v.Get(t, "/newsletter").Fields["form_token"]}, "action": {"submit"}}
	for name, value := range hanako(email) {
		values.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var mu sync.Mutex
	var group sync.WaitGroup
	answers := map[string]int{}
	press := func() {
		answer, err := client.PostForm(p.URL()+"/newsletter", values)
		if err != nil {
			t.Errorf("post: %v", err)
			return
		}
		_ = answer.Body.Close()
		mu.Lock()
		defer mu.Unlock()
		answers[fmt.Sprint(answer.StatusCode, " ", answer.Header.Get("Location"))]++
	}
	for range 50 {
		group.Go(press)
	}
	group.Wait()
	press()
	want := map[string]int{fmt.Sprint("303 /newsletter/done?ref=", p.item(t, email)["ref"]): 51}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Errorf("answers: %s", diff)
	}
	p.delivered(t, 1, map[string]bool{email: true})
}

// sweep: a mail that the stream never brought is sent by the clock. Its row appears as a change of another item, which the
// mailer's filter leaves out, after the insertion of that item has passed.
func (p *product) sweep(t *testing.T) {
	const email = "missed@example.jp"
	put := func(v any) {
		t.Helper()
		item, err := attributevalue.MarshalMap(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(p.environment["OUTBOX_TABLE"]), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	row := mail.Row{ID: "MISSEDBYTHESTREAM0", State: mail.Failed, Service: policy.Newsletter, Kind: policy.NewsletterConfirm, Language: policy.Japanese,
		Person: p.person(t, email), Created: now.UTC().Format(time.RFC3339), Expires: now.Add(time.Hour).Unix()}
	put(row)
	p.subscribe(t, hanako("after-missed@example.jp")) // the stream has passed the insertion
	row.State, row.To, row.Due, row.DueAt = mail.Queued, email, fmt.Sprint(int('0')%mail.Shards), now.UnixMilli()
	row.Data = map[string]string{"link": "/newsletter/confirm?t=x", "expires": now.Add(time.Hour).UTC().Format(time.RFC3339), "reference": "N261124-AAAAAAAAA"}
	put(row)
	answer, err := http.Post(p.URL()+"/_local/tick", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	p.target().Wait(t, email, "newsletter_confirm", 1)
}

// quiet: no address, name or organisation of the tests so far is in any log line of any function.
func quiet(t *testing.T, folder string) {
	all := logs(t, folder)
	if !strings.Contains(all, `"request"`) || !strings.Contains(all, "newsletter_welcome") {
		t.Fatalf("the functions have not logged what they did: %.500s", all)
	}
	for line := range strings.Lines(all) {
		for _, word := range []string{"example.jp", "hanako", "花子", "𠮷野家", "例示", "%40", "?t="} {
			if strings.Contains(line, word) {
				t.Errorf("a log line holds %q: %s", word, line)
			}
		}
	}
}

// TestRefusesToStart: the real binary with a retention of 0 does not answer a single request, and its log names everything
// that is wrong in one line (hard case 25).
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := begin(t, folder, map[string]string{"UNCONFIRMED_HOURS": "0", "SUBSCRIBER_DAYS": "5", "RATE_LIMIT_PER_HOUR": "-1"})
	if page := journey.NewVisitor(p.target()).Get(t, "/newsletter"); page.Status < 500 {
		t.Errorf("a function with wrong settings answers %d %s", page.Status, page.Text)
	}
	for line := range strings.Lines(logs(t, folder)) {
		if strings.Contains(line, "UNCONFIRMED_HOURS") && strings.Contains(line, "SUBSCRIBER_DAYS") && strings.Contains(line, "RATE_LIMIT_PER_HOUR") {
			return
		}
	}
	t.Errorf("no line names all settings: %s", logs(t, folder))
}
