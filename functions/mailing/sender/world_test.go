package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	local "madoguchi/infra/local/ses"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/ses"
	"madoguchi/shared/subscription"
)

var addressKey = config.Key("an address key of thirty-two bytes!!")

// world is a sender over real tables and the local SES, with a clock that the test moves.
type world struct {
	*testing.T
	*sender
	ses   *local.Server
	list  *subscription.List
	mu    sync.Mutex
	ahead time.Duration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{T: t}
	table := func(name string, sk bool, indexes ...recordtest.Index) string {
		return recordtest.Table(t, client, name, sk, indexes...)
	}
	org := policy.DefaultOrganization()
	tables := map[string]string{"CAMPAIGNS_TABLE": campaigntest.Table(t), "NEWSLETTER_TABLE": table("newsletter", true), "PRESS_TABLE": table("press", true),
		"EVENTS_TABLE": eventtest.Table(t), "REGISTRATIONS_TABLE": table("registrations", true),
		"INVITATIONS_TABLE": table("invitations", false), "SUPPRESSION_TABLE": table("suppression", true), "CAMPAIGN_FILES_BUCKET": "files"}
	env := map[string]string{"ADDRESS_KEY": string(addressKey), "LINK_KEYS": "a link key of at least thirty-two bytes", "LIST_CONFIGURATION_SET": "list",
		"SENDER_ADDRESS": "info@forms.example.jp", "CLAIM_LEASE_SECONDS": "30", "UNKNOWN_SETTLE_SECONDS": "900", "CANARY_SECONDS": "120",
		"SCHEDULE_GRACE_MINUTES": "15", "CAMPAIGN_RECIPIENT_DAYS": "90", "SEND_SINGLY": "false", "PUBLIC_URL": "https://forms.example.jp",
		"WEBSITE_URL": org.WebsiteURL, "PRIVACY_CONTACT": org.PrivacyContact}
	for name, text := range map[string]policy.Text{"ORGANIZATION_NAME": org.Name, "ORGANIZATION_SHORT_NAME": org.ShortName, "REPRESENTATIVE": org.Representative,
		"ORGANIZATION_ADDRESS": org.Address, "PRIVACY_OFFICE": org.PrivacyOffice} {
		env[name+"_JA"], env[name+"_EN"] = text.JA, text.EN
	}
	for name, value := range tables {
		env[name] = value
	}
	cfg, err := config.Load[settings](config.Map(env))
	if err != nil {
		t.Fatal(err)
	}
	if w.ses, err = local.New(local.Options{Dir: t.TempDir(), Suppress: map[string][]string{"list": {"BOUNCE", "COMPLAINT"}}}); err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(w.ses.API())
	t.Cleanup(func() {
		if err := w.ses.Close(); err != nil {
			t.Error(err)
		}
		api.Close()
	})
	t.Setenv("AWS_ENDPOINT_URL_SESV2", api.URL)
	caller, err := ses.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sources := cfg.Audience.Sources(client, policy.DefaultPeriods(policy.Get(policy.Questionnaire)), w.now)
	w.sender = &sender{cfg: cfg, store: sources.Campaigns, sources: sources, ses: caller, now: w.now, sleep: campaign.Sleep,
		bucket: &campaign.Bucket{Store: sources.Campaigns, Sleep: campaign.Sleep}}
	w.list = &subscription.List{Service: policy.Get(policy.Newsletter), Periods: policy.DefaultPeriods(policy.Get(policy.Newsletter)), Client: client,
		Table: cfg.Audience.Newsletter, Suppression: cfg.Audience.Suppression, AddressKey: cfg.Audience.AddressKey, Links: sources.Links, Now: w.now}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// wait moves the clock.
func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

// subscribe stores n made-up confirmed subscribers and returns their keys by their number, from 1.
func (w *world) subscribe(n int) []string {
	w.Helper()
	keys := make([]string, n+1)
	all := make([]subscription.Subscriber, n)
	for i := range all {
		var err error
		if all[i], err = w.list.Synthetic(i+1, []string{"01"}); err != nil {
			w.Fatal(err)
		}
		keys[i+1] = all[i].Person
	}
	if err := w.list.StoreSynthetic(w.Context(), all); err != nil {
		w.Fatal(err)
	}
	return keys
}

// set changes an attribute of a subscriber.
func (w *world) set(key, attribute string, value any) {
	w.Helper()
	if ok, err := record.Update(w.Context(), w.store.Client, w.cfg.Audience.Newsletter, subscription.Key(key), "SET #"+attribute+" = :v",
		record.Values{"v": value}, record.Condition{}, nil, attribute); err != nil || !ok {
		w.Fatal(ok, err)
	}
}

// suppress stores that a person must not be written to.
func (w *world) suppress(key, reason string) {
	w.Helper()
	item := record.Key(key, string(policy.Newsletter))
	item["reason"] = &types.AttributeValueMemberS{Value: reason}
	if _, err := record.Put(w.Context(), w.store.Client, w.cfg.Audience.Suppression, item, record.Condition{}); err != nil {
		w.Fatal(err)
	}
}

// schedule creates a newsletter that is due now.
func (w *world) schedule(change func(*campaign.Campaign)) string {
	w.Helper()
	c := campaign.Campaign{Kind: policy.NewsletterIssue, Author: "editor-1"}
	if change != nil {
		change(&c)
	}
	contents := []campaign.Content{{Language: policy.Japanese, Subject: "{{name|読者}} 様へ 十一月号", Body: "# こんにちは\n\n{{name|読者}} 様"}}
	if c.Event != "" {
		contents = append(contents, campaign.Content{Language: policy.English, Subject: "On the event", Body: "Dear {{name|reader}}"})
	}
	c, err := w.store.Create(w.Context(), c, contents)
	if err != nil {
		w.Fatal(err)
	}
	w.print(c, contents)
	_, err = w.store.Change(w.Context(), c.ID, func(c *campaign.Campaign) error {
		c.ScheduledAt = w.now().UnixMilli()
		return c.Enter(w.now(), campaign.Scheduled, "editor-1", "")
	})
	if err != nil {
		w.Fatal(err)
	}
	return c.ID
}

// print stores what is sent, as whoever schedules a campaign does.
func (w *world) print(c campaign.Campaign, contents []campaign.Content) {
	w.Helper()
	var about *event.Event
	if c.Event != "" {
		var err error
		if about, err = w.sources.Events.Fresh(w.Context(), c.Event); err != nil {
			w.Fatal(err)
		}
	}
	editions, err := bulletin.Editions(bulletin.Settings{Organization: w.cfg.Mail.Organization}, &c, contents, about)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.store.Print(w.Context(), c, editions); err != nil {
		w.Fatal(err)
	}
}

// tick lets the clock strike once.
func (w *world) tick() {
	w.Helper()
	strike, err := os.ReadFile("../../../events/sender/schedule.json")
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.handle(w.Context(), strike); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(id string) campaign.Campaign {
	w.Helper()
	c, err := w.store.Get(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// counts returns a campaign's numbers after counting everybody again: they must add up at any time.
func (w *world) counts(id string) campaign.Counts {
	w.Helper()
	c := w.get(id)
	counts, err := w.store.Verify(w.Context(), &c)
	if err != nil {
		w.Fatal(err)
	}
	return counts
}

func (w *world) faults(f local.Faults) {
	w.Helper()
	if err := w.ses.SetFaults(f); err != nil {
		w.Fatal(err)
	}
}

// inbox is how many mails each address got.
func (w *world) inbox() map[string]int {
	w.Helper()
	got := map[string]int{}
	for m, err := range w.ses.Mails() {
		if err != nil {
			w.Fatal(err)
		}
		for _, to := range m.To {
			got[to]++
		}
	}
	return got
}

// once fails where somebody got two mails, and returns how many got one.
func (w *world) once() int {
	w.Helper()
	got := w.inbox()
	for to, n := range got {
		if n != 1 {
			w.Errorf("%s got %d mails", to, n)
		}
	}
	return len(got)
}

func synthetic(n int) string { return fmt.Sprintf("s%06d@example.jp", n) }

func keyOf(t *testing.T, email string) string {
	t.Helper()
	to, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	return to.Key(addressKey)
}

// during calls f again and again until done or the test ends.
func during(ctx context.Context, f func() bool) {
	for ctx.Err() == nil && !f() {
		time.Sleep(20 * time.Millisecond)
	}
}

// TestMain keeps the function's own log lines out of the test's output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
