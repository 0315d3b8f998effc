package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/journey"
	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/ses"
)

// TestOutages: what the visitor was thanked for has its record and its mail, also where DynamoDB or SES is away for a while;
// everything else has neither ("a post is never thanked and lost").
func TestOutages(t *testing.T) {
	t.Parallel()
	p := begin(t, t.TempDir(), nil)
	t.Run("DynamoDB down", p.withoutStore)
	t.Run("every answer of DynamoDB lost", p.withoutAnswers)
	t.Run("SES down", p.withoutSES)
}

// withoutStore: the visitor gets a page in Japanese that says what to do and keeps the values; nothing is half written;
// the same page, sent again, goes through when the store is back.
func (p *product) withoutStore(t *testing.T) {
	typed := hanako("down@example.jp")
	welcome := p.subscribe(t, hanako("member@example.jp"))
	v := journey.NewVisitor(p.target())
	check := v.Send(t, v.Get(t, "/newsletter"), "check", typed)
	before := p.everything(t)

	p.Proxy().SetFaults(dynamodb.Faults{Down: true})
	t.Cleanup(func() { p.Proxy().SetFaults(dynamodb.Faults{}) })
	if form := v.Get(t, "/newsletter"); form.Status != http.StatusOK {
		t.Errorf("the form itself: %d", form.Status)
	}
	failed := v.Send(t, check, "submit", nil)
	if failed.Status != http.StatusServiceUnavailable || failed.Header.Get("Retry-After") == "" || failed.Header.Get("Content-Language") != "ja" ||
		!strings.Contains(failed.Text, "送信はまだ完了していません") {
		t.Errorf("submit: %d %v %s", failed.Status, failed.Header, failed.Text)
	}
	for name, value := range typed {
		if failed.Fields[name] != value {
			t.Errorf("%s was not kept: %q", name, failed.Fields[name])
		}
	}
	for _, link := range []string{welcome.Link(t, "/newsletter/preferences"), welcome.Link(t, "/newsletter/unsubscribe")} {
		if page := v.Get(t, link); page.Status != http.StatusServiceUnavailable || page.Header.Get("Content-Language") != "ja" {
			t.Errorf("%s: %d", link[:strings.Index(link, "?")], page.Status)
		}
	}
	if status, problem := v.JSON(t, "/newsletter", map[string]string{"form_token": check.Fields["form_token"], "email": typed["email"], "name": typed["name"],
		"prefecture": "13", "organization": "x", "business_category": "other"}); status != http.StatusServiceUnavailable || problem["status"] != float64(503) {
		t.Errorf("JSON: %d %v", status, problem)
	}
	if diff := cmp.Diff(before, p.everything(t)); diff != "" {
		t.Errorf("half written: %s", diff)
	}

	p.Proxy().SetFaults(dynamodb.Faults{})
	if sent := v.Send(t, failed, "submit", nil); sent.Status != http.StatusSeeOther {
		t.Fatalf("when it is back: %d %s", sent.Status, sent.Text)
	}
	v.Target.Wait(t, typed["email"], "newsletter_confirm", 1)
	if item := p.item(t, typed["email"]); item["state"] != "unconfirmed" {
		t.Errorf("stored %v", item)
	}
}

// everything is what lies in all tables; of the outbox the keys alone, because its mails go on being sent and reported.
func (p *product) everything(t *testing.T) map[string]any {
	t.Helper()
	found := map[string]any{}
	for _, table := range []string{"NEWSLETTER_TABLE", "OUTBOX_TABLE", "SUPPRESSION_TABLE", "GUARD_TABLE"} {
		for _, item := range p.all(t, table) {
			key := fmt.Sprint(table, " ", item["pk"], " ", item["sk"])
			if table == "OUTBOX_TABLE" {
				item = nil
			}
			found[key] = item
		}
	}
	return found
}

// withoutAnswers: the store does all that it is asked for and never says so. The mark of the spent token tells that the
// post arrived.
func (p *product) withoutAnswers(t *testing.T) {
	p.Proxy().SetFaults(dynamodb.Faults{TimeoutAfterCommitPercent: 100})
	t.Cleanup(func() { p.Proxy().SetFaults(dynamodb.Faults{}) })
	v := journey.NewVisitor(p.target())
	_, done := v.SignUp(t, hanako("unheard@example.jp"))
	p.Proxy().SetFaults(dynamodb.Faults{})
	_, reference, _ := strings.Cut(done.Path, "ref=")
	if item := p.item(t, "unheard@example.jp"); item["ref"] != reference || reference == "" {
		t.Errorf("thanked for %s, stored %v", reference, item)
	}
	p.delivered(t, 1, map[string]bool{"unheard@example.jp": true})
}

// withoutSES: forms work, and what was accepted is delivered when SES is back.
func (p *product) withoutSES(t *testing.T) {
	if err := p.SES().SetFaults(ses.Faults{Down: new(true)}); err != nil {
		t.Fatal(err)
	}
	v := journey.NewVisitor(p.target())
	accepted := map[string]bool{}
	for i := range 5 {
		email := fmt.Sprintf("later%d@example.jp", i)
		v.SignUp(t, hanako(email))
		accepted[email] = true
	}
	p.until(t, "the mailer has tried and put the mails off", func() bool {
		tried := 0
		for _, row := range p.all(t, "OUTBOX_TABLE") {
			if row["tries"] != nil && row["state"] != "claimed" && row["state"] != "calling" && accepted[fmt.Sprint(row["to"])] {
				tried++
			}
		}
		return tried == len(accepted)
	})
	if err := p.SES().SetFaults(ses.Faults{Fail: &ses.Fail{}}); err != nil {
		t.Fatal(err)
	}
	p.delivered(t, 1, accepted)
}

// TestFlood is two thousand people in a bad hour: of the calls to DynamoDB, those of the mailer included, 30 % meet a
// conflict, are throttled, or are carried out and never answered. Every 303 has its record and exactly one mail; every
// other answer has neither.
func TestFlood(t *testing.T) {
	t.Parallel()
	const people, clients = 2000, 12
	// The faults are DynamoDB's alone, so the one resend after silence must not come into play; and SES's events are left
	// out, so that nothing but the mailer's own marks keeps mails from being lost or doubled.
	p := begin(t, t.TempDir(), map[string]string{"CLAIM_LEASE_SECONDS": "10", "UNKNOWN_SETTLE_SECONDS": "900"})
	if err := p.SES().SetFaults(ses.Faults{Events: &ses.EventFaults{DropPercent: 100}}); err != nil {
		t.Fatal(err)
	}
	p.Proxy().SetFaults(dynamodb.Faults{ConflictPercent: 12, ThrottlePercent: 12, TimeoutAfterCommitPercent: 6})
	before := p.calls("TransactWriteItems")
	var (
		mu       sync.Mutex
		thanked  = map[string]string{} // address -> reference
		refused  = map[string]int{}    // address -> status
		group    sync.WaitGroup
		visitors = make(chan int)
	)
	for range clients {
		group.Go(func() {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for n := range visitors {
				email := fmt.Sprintf("flood%04d@example.jp", n)
				status, location, err := post(client, p.URL(), hanako(email))
				if err != nil {
					t.Errorf("%s: %v", email, err)
				}
				mu.Lock()
				if _, reference, ok := strings.Cut(location, "ref="); ok && status == http.StatusSeeOther {
					thanked[email] = reference
				} else {
					refused[email] = status
				}
				mu.Unlock()
			}
		})
	}
	for n := range people {
		visitors <- n
	}
	close(visitors)
	group.Wait()
	p.Proxy().SetFaults(dynamodb.Faults{})

	if calls := p.calls("TransactWriteItems") - before; calls < people*5/4 {
		t.Errorf("%d transactions for %d posts: the faults were not there", calls, people)
	}
	t.Logf("thanked %d, refused %d", len(thanked), len(refused))
	if len(thanked) < people*99/100 {
		t.Errorf("only %d of %d were accepted: %v", len(thanked), people, refused)
	}
	stored := map[string]string{}
	for _, item := range p.all(t, "NEWSLETTER_TABLE") {
		if email := fmt.Sprint(item["email"]); strings.HasPrefix(email, "flood") {
			stored[email] = fmt.Sprint(item["ref"])
		}
	}
	if diff := cmp.Diff(thanked, stored); diff != "" {
		t.Errorf("thanked and stored differ: %s", diff)
	}
	accepted := map[string]bool{}
	for email := range thanked {
		accepted[email] = true
	}
	p.delivered(t, 1, accepted)
	for email := range refused {
		if mails := p.target().Mails(t, email); len(mails) > 0 {
			t.Errorf("%s was refused and got %d mails", email, len(mails))
		}
	}
}

// formToken finds the token on a form.
var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// post opens the form and sends it, as a script does.
func post(client *http.Client, base string, typed map[string]string) (status int, location string, err error) {
	form, err := client.Get(base + "/newsletter")
	if err != nil {
		return 0, "", err
	}
	page, err := io.ReadAll(form.Body)
	_ = form.Body.Close()
	found := formToken.FindSubmatch(page)
	if err != nil || found == nil {
		return form.StatusCode, "", err
	}
	values := url.Values{"form_token": {string(found[1])}, "action": {"submit"}}
	for name, value := range typed {
		values.Set(name, value)
	}
	answer, err := client.PostForm(base+"/newsletter", values)
	if err != nil {
		return 0, "", err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location"), err
}

// calls adds up a DynamoDB operation over all functions.
func (p *product) calls(op string) (n int) {
	for _, ops := range p.Proxy().Calls() {
		n += ops[op]
	}
	return n
}

// delivered waits until nothing is left to do in the outbox, and holds that each of the addresses has got exactly so many
// mails.
func (p *product) delivered(t *testing.T, each int, addresses map[string]bool) {
	t.Helper()
	people := map[string]bool{}
	for email := range addresses {
		people[p.person(t, email)] = true
	}
	p.until(t, "all mails are accepted by SES", func() bool {
		p.Tick()
		if p.SES().Count() < each*len(addresses) {
			return false // spares reading the outbox
		}
		for _, row := range p.all(t, "OUTBOX_TABLE") {
			if people[fmt.Sprint(row["person"])] && row["state"] != "accepted" {
				return false
			}
		}
		return true
	})
	got, want := map[string]int{}, map[string]int{}
	for email := range addresses {
		want[email] = each
	}
	for m, err := range p.SES().Mails() {
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range m.To {
			if addresses[to] {
				got[to]++
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails: %s", diff)
	}
}

// until waits for a state, and fails after two minutes without it.
func (p *product) until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !reached(); time.Sleep(400 * time.Millisecond) {
		if time.Now().After(deadline) {
			states := map[string]int{}
			for _, row := range p.all(t, "OUTBOX_TABLE") {
				states[fmt.Sprint(row["state"], " ", row["reason"])]++
			}
			t.Fatalf("waited in vain: %s; the outbox: %v", what, states)
		}
	}
}
