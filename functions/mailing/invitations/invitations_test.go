package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	local "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/letter"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// start is when the events of the tests are saved; they end 30 days and two hours later.
var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

var ends = start.Add(30*day + 2*time.Hour)

type world struct {
	*inviter
	at time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{at: start}
	clock := func() time.Time { return w.at }
	w.inviter = &inviter{client: client, events: &event.Store{Client: client, Table: eventtest.Table(t), Now: clock},
		registrations: recordtest.Table(t, client, "registrations", true), outbox: recordtest.Table(t, client, "outbox", false),
		store: questionnaire.Store{Client: client, Invitations: recordtest.Table(t, client, "invitations", false),
			Key: config.Key(strings.Repeat("a", 32)), Links: link.NewSigner(config.Keys{config.Key(strings.Repeat("l", 32))})},
		campaigns: &campaign.Store{Client: client, Table: campaigntest.Table(t), Now: clock, Keep: 90 * day},
		periods:   policy.DefaultPeriods(policy.Get(policy.Questionnaire)), now: clock}
	return w
}

// asks are the members of an event that asks one question three hours after its end.
func asks(anonymous bool) map[string]any {
	return map[string]any{"questionnaire": map[string]any{"anonymous": anonymous, "opens_after_hours": 3,
		"questions": []any{map[string]any{"name": "overall", "label": map[string]string{"ja": "満足度", "en": "Overall"}, "type": "rating", "required": true}}}}
}

// register stores a registration as shared/registration does, as far as the invitation reads it.
func (w *world) register(t *testing.T, id, ref, state, language string) {
	t.Helper()
	email := strings.ToLower(ref) + "@example.jp"
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	item := map[string]any{"pk": id, "sk": ref, "state": state, "person": a.Key(w.store.Key), "email": email, "lang": language,
		"created_at": w.at.UTC().Format(time.RFC3339), "expires_at": ends.Add(365 * day).Unix(), "fields": map[string]string{"name": "花子"}}
	if ok, err := record.Put(t.Context(), w.client, w.registrations, item, record.Condition{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// strikeAt lets the clock strike, and returns to whom mail was promised by now, in order.
func (w *world) strikeAt(t *testing.T, at time.Time) []string {
	t.Helper()
	w.at = at
	if err := w.strike(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.promised(t)
}

func (w *world) rows(t *testing.T) []mail.Row {
	t.Helper()
	var rows []mail.Row
	pages := dynamodb.NewScanPaginator(w.client, &dynamodb.ScanInput{TableName: &w.outbox, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var some []mail.Row
		if err := attributevalue.UnmarshalListOfMaps(out.Items, &some); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, some...)
	}
	return rows
}

func (w *world) promised(t *testing.T) []string {
	t.Helper()
	var to []string
	for _, row := range w.rows(t) {
		to = append(to, row.To)
	}
	slices.Sort(to)
	return to
}

// TestWhoAndWhen: after the end and its hours, not before, not beyond retention; those who are registered, once each, in their
// language, with a link that opens their invitation (R28, R29).
func TestWhoAndWhen(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.events, "asks", asks(true))
	eventtest.Save(t, w.events, "silent", nil)
	cancelled := asks(true)
	cancelled["state"] = "cancelled"
	eventtest.Save(t, w.events, "cancelled", cancelled)
	for ref, state := range map[string]string{"E-1": "registered", "E-2": "registered", "E-3": "cancelled", "E-4": "waiting", "E-5": "offered", "E-6": "lapsed"} {
		w.register(t, "asks", ref, state, map[string]string{"E-2": "en"}[ref]+map[bool]string{true: "ja"}[ref != "E-2"])
		w.register(t, "silent", "S"+ref, state, "ja")
		w.register(t, "cancelled", "C"+ref, state, "ja")
	}
	for name, at := range map[string]time.Time{"before the event": start, "during it": ends.Add(-time.Hour), "at its end": ends,
		"before the hours are over": ends.Add(3*time.Hour - time.Second), "beyond retention": ends.Add(365 * day)} {
		if got := w.strikeAt(t, at); got != nil {
			t.Fatalf("%s: mail to %v", name, got)
		}
	}
	want := []string{"e-1@example.jp", "e-2@example.jp"}
	for range 3 {
		if diff := cmp.Diff(want, w.strikeAt(t, ends.Add(3*time.Hour))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
	for _, row := range w.rows(t) {
		if row.Kind != policy.QuestionnaireInvite || row.Service != policy.Events || row.Data["expires"] != "2027-12-01T11:00:00Z" || row.Data["manner"] != "anonymous" {
			t.Errorf("%+v", row)
		}
		wantTitle := map[string]string{"e-1@example.jp": "投資セミナー", "e-2@example.jp": "Investment seminar"}[row.To]
		if row.Data["event"] != wantTitle || (row.Language == "en") != (row.To == "e-2@example.jp") {
			t.Errorf("to %s in %s: %q", row.To, row.Language, row.Data["event"])
		}
		if _, err := letter.New(policy.DefaultOrganization()).Render(row.Mail()); err != nil {
			t.Error(err)
		}
		u, err := url.Parse(row.Data["link"])
		if err != nil || u.Path != "/questionnaires/asks" {
			t.Fatalf("link %q: %v", row.Data["link"], err)
		}
		token, err := w.store.Links.Read("questionnaire", link.Answer, u.Query().Get("t"))
		if err != nil || token.Person != "" {
			t.Errorf("the link says %+v: %v", token, err)
		}
		i, found, err := w.store.Find(t.Context(), token.Ref, w.at)
		if want := (questionnaire.Invitation{ID: token.Ref, Event: "asks", Person: row.Person, By: questionnaire.ByClock, ExpiresAt: ends.Add(365 * day).Unix()}); err != nil || !found || i != want {
			t.Errorf("invitation %+v: %v", i, err)
		}
	}
	// Staff enter somebody who came without having registered; a week later the rounds end.
	w.at = ends.Add(2 * day)
	w.register(t, "asks", "E-7", "registered", "ja")
	if diff := cmp.Diff(append(want, "e-7@example.jp"), w.strikeAt(t, w.at)); diff != "" {
		t.Errorf("entered later (-want +got):\n%s", diff)
	}
	w.strikeAt(t, ends.Add(12*day))
	w.register(t, "asks", "E-8", "registered", "ja")
	if got := w.strikeAt(t, ends.Add(13*day)); len(got) != 3 {
		t.Errorf("after the last round: %v", got)
	}
}

// TestNamedAndExpired: a named questionnaire's invitation holds the registration; an expired registration and one of another
// event's partition get nothing (hard case 24).
func TestNamedAndExpired(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.events, "named", asks(false))
	w.register(t, "named", "E-1", "registered", "ja")
	w.register(t, "named", "E-2", "registered", "ja")
	if ok, err := record.Update(t.Context(), w.client, w.registrations, record.Key("named", "E-2"), "SET expires_at = :e",
		record.Values{"e": ends.Add(day).Unix()}, record.Condition{}, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if diff := cmp.Diff([]string{"e-1@example.jp"}, w.strikeAt(t, ends.Add(day))); diff != "" {
		t.Error(diff)
	}
	row := w.rows(t)[0]
	u, _ := url.Parse(row.Data["link"])
	token, err := w.store.Links.Read("questionnaire", link.Answer, u.Query().Get("t"))
	if err != nil {
		t.Fatal(err)
	}
	if i, _, err := w.store.Find(t.Context(), token.Ref, w.at); err != nil || i.Ref != "E-1" {
		t.Errorf("%+v %v", i, err)
	}
	for language, says := range map[policy.Language]string{"ja": "記名式です", "en": "is not anonymous"} {
		m := row.Mail()
		m.Language = language
		if got, err := letter.New(policy.DefaultOrganization()).Render(m); err != nil || !strings.Contains(got.Text, says) {
			t.Errorf("%s: %v %s", language, err, got.Text)
		}
	}
}

// TestResumed: killed at any call, struck by two clocks at once, with 30 % of all transactions in conflict: in the end everybody has
// been promised one mail (hard case 16).
func TestResumed(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.events, "asks", asks(true))
	const people = 80
	var want []string
	for n := range people {
		ref := fmt.Sprintf("E-%03d", n)
		w.register(t, "asks", ref, "registered", "ja")
		want = append(want, strings.ToLower(ref)+"@example.jp")
	}
	proxy, err := local.NewProxy(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	if w.client, err = record.NewClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.store.Client, w.events.Client, w.campaigns.Client = w.client, w.client, w.client
	proxy.SetFaults(local.Faults{ConflictPercent: 30})
	w.at = ends.Add(day)
	for n := 5; ; n += 15 { // each life is a little longer than the one before
		ctx, kill := context.WithCancel(t.Context())
		before := calls(proxy)
		go func() {
			for calls(proxy) < before+n && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			kill()
		}()
		other := make(chan error)
		go func() { other <- w.strike(ctx) }()
		mine := w.strike(ctx)
		theirs := <-other
		kill()
		if mine == nil && theirs == nil && len(w.promised(t)) == people {
			break
		}
		if n > 1000 {
			t.Fatalf("after many lives %d mails, %v, %v", len(w.promised(t)), mine, theirs)
		}
	}
	proxy.SetFaults(local.Faults{})
	if diff := cmp.Diff(want, w.strikeAt(t, w.at)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func calls(p *local.Proxy) (n int) {
	for _, ops := range p.Calls() {
		for _, times := range ops {
			n += times
		}
	}
	return n
}

// TestAtMost: one strike adds no more than its share to the outbox; the next go on.
func TestAtMost(t *testing.T) {
	w := newWorld(t)
	e := eventtest.Save(t, w.events, "asks", asks(true))
	for n := range 13 {
		w.register(t, "asks", fmt.Sprintf("E-%03d", n), "registered", "ja")
	}
	w.at = ends.Add(day)
	q, _ := questionnaire.Of(e, w.periods)
	var got []int
	for range 4 {
		n, err := w.event(t.Context(), q, 5, w.at)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if diff := cmp.Diff([]int{5, 5, 3, 0}, got); diff != "" || len(w.promised(t)) != 13 {
		t.Errorf("%d mails; (-want +got):\n%s", len(w.promised(t)), diff)
	}
}

// TestOnce: a questionnaire is asked for by the clock and by campaigns, and nobody is asked by both: whoever comes first has invited, the
// other leaves the person out and says why; a campaign that is scheduled comes before the clock (R29).
func TestOnce(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.events, "asks", asks(true))
	w.at = ends.Add(day)
	sources := audience.Sources{Client: w.client, Registrations: w.registrations, Events: w.events, Invitations: &w.store, Campaigns: w.campaigns, Links: w.store.Links,
		Periods: w.periods, Now: w.now}
	write := func() campaign.Campaign {
		t.Helper()
		c, err := w.campaigns.Create(t.Context(), campaign.Campaign{Kind: policy.QuestionnaireInvite, Event: "asks", Author: "events"},
			[]campaign.Content{{Language: policy.Japanese, Subject: "件名", Body: "本文"}, {Language: policy.English, Subject: "s", Body: "b"}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	enter := func(c campaign.Campaign, states ...campaign.State) {
		t.Helper()
		for _, state := range states {
			if _, err := w.campaigns.Change(t.Context(), c.ID, func(c *campaign.Campaign) error {
				c.ScheduledAt = w.at.Add(time.Hour).UnixMilli()
				return c.Enter(w.at, state, "events", "")
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// read is what a campaign's sender finds right before its call, which it may make again.
	read := func(c campaign.Campaign, ref string) string {
		t.Helper()
		a, err := audience.Open(t.Context(), sources, &c)
		if err != nil {
			t.Fatal(err)
		}
		now, err := a.Read(t.Context(), []string{ref})
		if err != nil {
			t.Fatal(err)
		}
		if now[ref].To != "" {
			return "invited now"
		}
		return now[ref].Left
	}
	w.register(t, "asks", "E-1", "registered", "ja")
	w.register(t, "asks", "E-2", "registered", "ja")
	first := write()
	enter(first, campaign.Scheduled)
	if got := w.strikeAt(t, w.at); got != nil {
		t.Errorf("the clock comes before a campaign that is scheduled: %v", got)
	}
	for range 2 {
		if got := read(first, "E-1"); got != "invited now" {
			t.Errorf("the campaign that came first: %q", got)
		}
	}
	enter(first, campaign.Freezing, campaign.Sending, campaign.Sent)
	if diff := cmp.Diff([]string{"e-2@example.jp"}, w.strikeAt(t, w.at)); diff != "" {
		t.Errorf("the clock afterwards (-want +got):\n%s", diff)
	}
	other := write()
	if got := read(other, "E-1"); got != "invited now" {
		t.Errorf("staff remind whom they have invited: %q", got)
	}
	for _, c := range []campaign.Campaign{first, other} {
		if got := read(c, "E-2"); got != campaign.LeftInvited {
			t.Errorf("whom the clock has invited: %q", got)
		}
	}
	a, err := audience.Open(t.Context(), sources, &other)
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := a.Page(t.Context(), policy.Japanese, "")
	if diff := cmp.Diff([]campaign.Candidate{{Key: "E-1"}, {Key: "E-2", Left: campaign.LeftInvited}}, page); diff != "" || err != nil {
		t.Errorf("freezing counts them (-want +got):\n%s %v", diff, err)
	}
}

// TestPayload: the clock's event as it is in events/invitations, through the function as it starts.
func TestPayload(t *testing.T) {
	w := newWorld(t)
	w.at = time.Now().Add(-40 * day)
	eventtest.Save(t, w.events, "asks", asks(true)) // it ended ten days ago
	w.register(t, "asks", "E-1", "registered", "ja")
	payload, err := os.ReadFile("../../../events/invitations/schedule.json")
	if err != nil {
		t.Fatal(err)
	}
	handle, err := run(t.Context(), config.Map(map[string]string{"EVENTS_TABLE": w.events.Table, "REGISTRATIONS_TABLE": w.registrations,
		"INVITATIONS_TABLE": w.store.Invitations, "OUTBOX_TABLE": w.outbox, "CAMPAIGNS_TABLE": w.campaigns.Table, "ADDRESS_KEY": strings.Repeat("a", 32), "LINK_KEYS": strings.Repeat("l", 32), "REGISTRATION_DAYS": "365"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"e-1@example.jp"}, w.promised(t)); diff != "" {
		t.Error(diff)
	}
}

// TestSettings: the function says what is missing (hard case 25), and starts with everything.
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	all := map[string]string{"EVENTS_TABLE": "e", "REGISTRATIONS_TABLE": "r", "INVITATIONS_TABLE": "i", "OUTBOX_TABLE": "o", "CAMPAIGNS_TABLE": "c",
		"ADDRESS_KEY": strings.Repeat("a", 32), "LINK_KEYS": strings.Repeat("l", 32), "REGISTRATION_DAYS": "365"}
	if _, err := run(t.Context(), config.Map(all)); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		env := maps.Clone(all)
		delete(env, name)
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestMain looks through the log of all tests: no address and no name may be in it (R45, hard case 33).
func TestMain(m *testing.M) {
	var logged bytes.Buffer
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	for _, word := range []string{"example.jp", "@", "花子", "t="} {
		if strings.Contains(logged.String(), word) || logged.Len() == 0 {
			fmt.Printf("the log holds %q, or nothing\n", word)
			code = 1
		}
	}
	os.Exit(code)
}
