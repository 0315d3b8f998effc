package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/subscription"
)

// What the events in events/feedback/campaign-*.json are about: a newsletter to hanako, sent at mailed.
const (
	issue  = "abcdefghij234567"
	hanako = "hanako@example.jp"
)

var mailed = time.Date(2026, 11, 23, 9, 30, 2, 118_000_000, time.UTC)

// environment is what template.yaml gives the function.
func environment(outbox string) map[string]string {
	return map[string]string{"OUTBOX_TABLE": outbox, "CAMPAIGNS_TABLE": "campaigns", "NEWSLETTER_TABLE": "newsletter", "PRESS_TABLE": "press",
		"SUPPRESSION_TABLE": "suppression", "ADDRESS_KEY": strings.Repeat("address-key-", 3), "SOFT_BOUNCES": "5", "CAMPAIGN_RECIPIENT_DAYS": "90",
		"UNCONFIRMED_HOURS": "168", "SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365",
		"PENDING_APPROVAL_DAYS": "30"}
}

// listWorld is the function over tables of its own and the local SES, with a clock that the test moves.
type listWorld struct {
	testing.TB
	*feedback
	outbox *mailtest.Outbox
	ses    *ses.Server
	mu     sync.Mutex
	clock  time.Time
	events [][]byte
}

func newWorld(t testing.TB) *listWorld {
	t.Helper()
	w := &listWorld{TB: t, outbox: mailtest.New(t), clock: mailed.Add(time.Hour)}
	client := w.outbox.Client
	server, err := ses.New(ses.Options{Dir: t.TempDir(), Clock: w.now, Suppress: map[string][]string{"list": {"BOUNCE", "COMPLAINT"}},
		OnEvent: func(detailType string, detail json.RawMessage) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, fmt.Appendf(nil, `{"detail-type":%q,"source":"aws.ses","detail":%s}`, detailType, detail))
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.ses = server
	api := httptest.NewServer(server.API())
	t.Cleanup(func() {
		api.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("AWS_ENDPOINT_URL_SESV2", api.URL)
	env := environment(w.outbox.Table)
	maps.Copy(env, map[string]string{"CAMPAIGNS_TABLE": campaigntest.Table(t), "NEWSLETTER_TABLE": recordtest.Table(t, client, "newsletter", true),
		"PRESS_TABLE": recordtest.Table(t, client, "press", true), "SUPPRESSION_TABLE": recordtest.Table(t, client, "suppression", true)})
	if w.feedback, err = build(t.Context(), config.Map(env)); err != nil {
		t.Fatal(err)
	}
	w.feedback.now, w.campaigns.Now = w.now, w.now
	w.store = mail.NewStore(client, w.outbox.Table, mail.Times{}, w.now)
	for _, list := range w.lists {
		list.Now = w.now
	}
	return w
}

func (w *listWorld) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *listWorld) set(at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = at
}

func (w *listWorld) person(email string) string {
	w.Helper()
	a, err := address.Parse(email)
	if err != nil {
		w.Fatal(err)
	}
	return a.Key(w.addressKey)
}

// subscribe puts somebody on a list who confirmed at a time.
func (w *listWorld) subscribe(code policy.Code, email string, confirmed time.Time) {
	w.Helper()
	person := w.person(email)
	s := subscription.Subscriber{PK: person[:2], Person: person, State: subscription.Confirmed, Email: email,
		Proof: subscription.Proof{Ref: "N1"}, ConfirmedAt: confirmed.UTC().Format(time.RFC3339), ExpiresAt: confirmed.Add(1095 * 24 * time.Hour).Unix()}
	if _, err := record.Put(w.Context(), w.campaigns.Client, w.lists[code].Table, s, record.Condition{}); err != nil {
		w.Fatal(err)
	}
}

// standing is the state of an address on a list and the reason of its suppression there.
func (w *listWorld) standing(code policy.Code, email string) string {
	w.Helper()
	list, person := w.lists[code], w.person(email)
	var s subscription.Subscriber
	var row struct {
		Reason string `dynamodbav:"reason"`
	}
	_, err := record.Get(w.Context(), list.Client, list.Table, subscription.Key(person), w.now(), &s)
	if err == nil {
		_, err = record.Get(w.Context(), list.Client, list.Suppression, record.Key(person, string(code)), w.now(), &row)
	}
	if err != nil {
		w.Fatal(err)
	}
	return strings.TrimSpace(string(s.State) + " " + row.Reason)
}

// frozen is a campaign that is being sent to some people, the first of them first, in one chunk.
func (w *listWorld) frozen(id string, kind policy.MailKind, keys ...string) campaign.Chunk {
	w.Helper()
	if _, err := w.campaigns.Create(w.Context(), campaign.Campaign{ID: id, Kind: kind, Author: "editor"},
		[]campaign.Content{{Language: policy.Japanese, Subject: "十一月号", Body: "本文"}}); err != nil {
		w.Fatal(err)
	}
	if _, err := w.campaigns.Change(w.Context(), id, func(c *campaign.Campaign) error {
		c.State, c.Frozen = campaign.Sending, len(keys)
		return nil
	}); err != nil {
		w.Fatal(err)
	}
	chunk := campaign.NewChunk(id, policy.Japanese, keys, w.now().Add(90*24*time.Hour).Unix())
	if _, err := record.Put(w.Context(), w.campaigns.Client, w.campaigns.Table, chunk, record.Condition{}); err != nil {
		w.Fatal(err)
	}
	return chunk
}

// begin marks that a call is made for the whole chunk.
func (w *listWorld) begin(c *campaign.Chunk) {
	w.Helper()
	who := make([]int, len(c.Keys()))
	for i := range who {
		who[i] = i
	}
	if ok, err := w.campaigns.Begin(w.Context(), c, who, w.now().Add(30*time.Second)); !ok || err != nil {
		w.Fatal(ok, err)
	}
}

// answer stores that SES took all mails of the chunk.
func (w *listWorld) answer(c *campaign.Chunk) {
	w.Helper()
	if err := w.campaigns.Apply(w.Context(), c, "sender", func(outcomes []campaign.Outcome) {
		for i := range outcomes {
			campaign.Answer(outcomes, i, campaign.Accepted("m"))
		}
	}); err != nil {
		w.Fatal(err)
	}
}

// counts are the numbers of a campaign; they add up, or it ends the test.
func (w *listWorld) counts(id string) (campaign.Campaign, campaign.Counts) {
	w.Helper()
	c, err := w.campaigns.Get(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	counts, err := w.campaigns.Verify(w.Context(), &c)
	if err != nil {
		w.Fatal(err)
	}
	return c, counts
}

func (w *listWorld) invoke(event []byte) {
	w.Helper()
	if _, err := w.handle(w.Context(), event); err != nil {
		w.Fatal(err)
	}
}

// deliver hands over, each twice, what the local SES has published by now.
func (w *listWorld) deliver() {
	w.Helper()
	if err := w.ses.WaitEvents(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.mu.Lock()
	events := w.events
	w.events = nil
	w.mu.Unlock()
	for range 2 {
		for _, e := range events {
			w.invoke(e)
		}
	}
}

// suppress puts an address on SES's own list.
func (w *listWorld) suppress(email string, reason types.SuppressionListReason) {
	w.Helper()
	if _, err := w.account.Client.PutSuppressedDestination(w.Context(), &sesv2.PutSuppressedDestinationInput{EmailAddress: &email, Reason: reason}); err != nil {
		w.Fatal(err)
	}
}

func (w *listWorld) onSESsList(email string) bool {
	w.Helper()
	_, found, err := w.account.Find(w.Context(), email)
	if err != nil {
		w.Fatal(err)
	}
	return found
}
