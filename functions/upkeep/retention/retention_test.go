package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/config"
	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/metric"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/subscriptiontest"
)

const (
	day        = 24 * time.Hour
	bucketName = "madoguchi-inboundbucket"
)

type world struct {
	*keeper
	env   map[string]string
	clock time.Time
}

func newWorld(t *testing.T, perRun string) *world {
	t.Helper()
	client := recordtest.Start(t)
	s3test.Start(t, nil, bucketName)
	w := &world{clock: time.Now().Truncate(time.Second)}
	w.env = map[string]string{"NEWSLETTER_TABLE": subscriptiontest.Table(t, client, "newsletter"), "PRESS_TABLE": subscriptiontest.Table(t, client, "press"),
		"SUPPRESSION_TABLE": recordtest.Table(t, client, "suppression", true), "OUTBOX_TABLE": recordtest.Table(t, client, "outbox", false),
		"PUBLICATIONS_TABLE": recordtest.Table(t, client, "requests", true), "CATALOGUE_TABLE": recordtest.Table(t, client, "catalogue", true),
		"INQUIRIES_TABLE": recordtest.Table(t, client, "inquiries", true), "INBOUND_BUCKET": bucketName,
		"ADDRESS_KEY": strings.Repeat("address-key-", 3), "LINK_KEYS": strings.Repeat("link-key-", 4), "STAY_DAYS": "60", "STAY_AGAIN_DAYS": "14", "STAY_PER_RUN": perRun,
		"UNCONFIRMED_HOURS": "168", "SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365", "PENDING_APPROVAL_DAYS": "30"}
	var err error
	if w.keeper, err = open(t.Context(), config.Map(w.env), func() time.Time { return w.clock }); err != nil {
		t.Fatal(err)
	}
	return w
}

// people puts so many subscribers on a list, whose period began so long ago.
func (w *world) people(t *testing.T, l *subscription.List, n int, ago time.Duration, placed bool) {
	t.Helper()
	now := w.clock
	w.clock = now.Add(-ago)
	defer func() { w.clock = now }()
	var all []subscription.Subscriber
	for i := range n {
		s, err := l.Synthetic(i+1, []string{"other"})
		if err != nil {
			t.Fatal(err)
		}
		if !placed { // as records of before the index was kept
			s.Ending = ""
		}
		all = append(all, s)
	}
	if err := l.StoreSynthetic(t.Context(), all); err != nil {
		t.Fatal(err)
	}
}

// letters counts the promised letters of each list.
func (w *world) letters(t *testing.T) map[policy.MailKind]int {
	t.Helper()
	found := map[policy.MailKind]int{}
	for _, item := range recordtest.Items(t, w.requests.Client, w.env["OUTBOX_TABLE"]) {
		found[policy.MailKind(record.Text(item, "kind"))]++
	}
	return found
}

// The payload of the schedule asks once, however often it comes, and never more in an hour than it may: both lists have their share
// (decisions: "a mail asks to stay before that"; R19, R22).
func TestSchedule(t *testing.T) {
	w := newWorld(t, "10")
	w.people(t, w.lists[0], 12, 1040*day, true)
	w.people(t, w.lists[1], 3, 1040*day, true)
	handle, err := run(t.Context(), config.Map(w.env))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile("../../../events/retention/schedule.json")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[policy.MailKind]int{
		{policy.NewsletterStay: 5, policy.PressStay: 3}, {policy.NewsletterStay: 10, policy.PressStay: 3},
		{policy.NewsletterStay: 12, policy.PressStay: 3}, {policy.NewsletterStay: 12, policy.PressStay: 3},
	} {
		if _, err := handle(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
		if got := w.letters(t); !maps.Equal(got, want) {
			t.Errorf("run %d: %v, want %v", i+1, got, want)
		}
	}
}

// Subscribers of before the index was kept are asked like all others, once the importer's clock has given them their marks.
func TestRecordsOfBefore(t *testing.T) {
	w := newWorld(t, "100")
	w.people(t, w.lists[0], 20, 1040*day, false)
	if _, done, err := w.lists[0].Remark(t.Context(), w.now().Add(time.Minute)); !done || err != nil {
		t.Fatal(done, err)
	}
	if err := w.strike(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.letters(t)[policy.NewsletterStay]; got != 20 {
		t.Errorf("%d of 20 were asked", got)
	}
}

// Without an answer everybody leaves on the day and is counted, and what the month before ended with is kept once.
func TestLapseAndMonth(t *testing.T) {
	w := newWorld(t, "100")
	w.people(t, w.lists[0], 3, 1090*day, true)
	for _, wait := range []time.Duration{0, 6 * day, time.Hour} {
		w.clock = w.clock.Add(wait)
		if err := w.strike(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	months, since, err := w.lists[0].Months(t.Context())
	expired := 0
	for _, m := range months {
		expired += m.Expired
	}
	if err != nil || expired != 3 || since.IsZero() || months[0].Confirmed == nil || *months[0].Confirmed != 3 || months[0].Counted {
		t.Errorf("%+v since %s: %v", months, since, err)
	}
	if n, err := w.lists[0].Confirmed(t.Context()); n != 0 || err != nil {
		t.Errorf("%d are left: %v", n, err)
	}
}

// Copies that a request had reserved, of which nobody decided before its end, are in stock again after the run (decisions: "Retention of a
// publication request"); another run changes nothing.
func TestRequestsLapse(t *testing.T) {
	w := newWorld(t, "100")
	if err := w.requests.Save(t.Context(), []publications.Draft{{ID: "map", Title: publications.Words{JA: "地図"}, Language: "ja", Stock: 7, Limit: 5}}); err != nil {
		t.Fatal(err)
	}
	if ok, err := record.Update(t.Context(), w.requests.Client, w.requests.Catalogue, record.Key("publication", "map"), "SET n_left = :left, n_reserved = :reserved",
		record.Values{"left": 3, "reserved": 4}, record.Condition{}, nil); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for ref, lapses := range map[string]time.Time{"M261124-000000001": w.clock, "M261124-000000002": w.clock.Add(time.Hour)} {
		reservation := map[string]any{"pk": "reserved", "sk": fmt.Sprintf("%012d#%s", lapses.Unix(), ref), "ref": ref,
			"items": []publications.Item{{ID: "map", Title: "地図", Copies: 2}}}
		if _, err := record.Put(t.Context(), w.requests.Client, w.requests.Requests, reservation, record.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.strike(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := w.requests.All(t.Context())
		if err != nil || len(all) != 1 || all[0].Left != 5 || all[0].Reserved != 2 {
			t.Errorf("%+v, %v", all, err)
		}
		if left := recordtest.Items(t, w.requests.Client, w.requests.Requests); len(left) != 1 || record.Text(left[0], "ref") != "M261124-000000002" {
			t.Errorf("reservations left: %v", left)
		}
	}
}

// told runs the clock and returns how many the metric says have left unasked.
func (w *world) told(t *testing.T) (sum int) {
	t.Helper()
	var out bytes.Buffer
	w.metrics = metric.New(&out, "test", w.now)
	if err := w.strike(t.Context()); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		var written struct{ StayUnasked int }
		if err := json.Unmarshal([]byte(line), &written); err != nil {
			t.Fatal(err)
		}
		sum += written.StayUnasked
	}
	return sum
}

// expired deletes so many of those whose day is over, as DynamoDB does sooner or later.
func (w *world) expired(t *testing.T, l *subscription.List, n int) {
	t.Helper()
	for _, item := range recordtest.Items(t, l.Client, l.Table) {
		if n == 0 || record.Text(item, "state") != string(subscription.Confirmed) || !record.Expired(item, w.now()) {
			continue
		}
		if _, err := l.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &l.Table, Key: record.Item{"pk": item["pk"], "sk": item["sk"]}}); err != nil {
			t.Fatal(err)
		}
		n--
	}
	if n > 0 {
		t.Fatalf("%d fewer to delete than there should be", n)
	}
}

// A clock that was off until people's days were over says how many left unasked, and says it once; nobody is written to any more
// (decisions: "Retention of a subscriber"; R19, R57).
func TestClockThatWasOff(t *testing.T) {
	w := newWorld(t, "100")
	w.people(t, w.lists[0], 5, 1000*day, true)
	w.people(t, w.lists[1], 2, 1000*day, true)
	if n := w.told(t); n != 0 {
		t.Errorf("%d told 95 days before the end", n)
	}
	w.clock = w.clock.Add(120 * day)
	w.expired(t, w.lists[0], 3)
	if n := w.told(t); n != 7 {
		t.Errorf("%d told, 7 left", n)
	}
	if n := w.told(t); n != 0 {
		t.Errorf("%d told again", n)
	}
	if got := w.letters(t); len(got) != 0 {
		t.Errorf("letters after the end: %v", got)
	}
	for i, want := range []int{5, 2} {
		months, _, err := w.lists[i].Months(t.Context())
		if got := months[len(months)-1].Expired + months[len(months)-2].Expired; err != nil || got != want {
			t.Errorf("list %d: %d have expired, want %d: %v", i, got, want, err)
		}
	}
}

// More letters were due than could go out, and then the clock was off: how far the letters had come is what tells whom nobody asked.
func TestLettersThatWereBehind(t *testing.T) {
	w := newWorld(t, "4") // two for each list
	w.people(t, w.lists[0], 6, 1080*day, true)
	if n := w.told(t); n != 0 {
		t.Errorf("%d told 15 days before the end", n)
	}
	w.clock = w.clock.Add(20 * day) // less than the letters are sent ahead
	if n, err := each(t.Context(), w.lists[0].Lapsed); n != 2 || err != nil {
		t.Fatalf("%d of 2 lapsed: %v", n, err)
	}
	w.expired(t, w.lists[0], 4)
	if n := w.told(t); n != 4 {
		t.Errorf("%d told, 4 left unasked", n)
	}
}

// The clock runs, and the letters do not keep up until the day: each run tells whom it saw go.
func TestLettersThatNeverKeepUp(t *testing.T) {
	w := newWorld(t, "2")
	w.people(t, w.lists[0], 4, 1095*day-time.Hour, true)
	if n := w.told(t); n != 0 {
		t.Errorf("%d told in the last hour", n)
	}
	w.clock = w.clock.Add(time.Hour)
	if n := w.told(t); n != 3 {
		t.Errorf("%d told, 3 left unasked", n)
	}
}

// The clock deletes what lay in the bucket of a mail whose record has ended (decisions: "Retention of an inquiry or inbound mail").
func TestOriginals(t *testing.T) {
	w := newWorld(t, "10")
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bucket := files.Bucket(bucketName)
	for _, key := range []string{"mail/1", "attachments/1/1", "mail/2"} {
		if err := bucket.Put(t.Context(), key, objects.Object{Content: []byte("mail")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, note := range []originals.Note{
		originals.Note{Reference: "Q1", Message: "message#1", Objects: []string{"mail/1", "attachments/1/1"}}.On(w.clock.Unix()),
		originals.Note{Reference: "Q2", Message: "message#2", Objects: []string{"mail/2"}}.On(w.clock.Add(time.Second).Unix()),
	} {
		if _, err := record.Put(t.Context(), w.requests.Client, w.env["INQUIRIES_TABLE"], note, record.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.strike(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key, gone := range map[string]bool{"mail/1": true, "attachments/1/1": true, "mail/2": false} {
		if _, err := bucket.Get(t.Context(), key, 100); errors.Is(err, objects.ErrNotFound) != gone || !gone && err != nil {
			t.Errorf("%s: gone should be %t: %v", key, gone, err)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(map[string]string{"SUBSCRIBER_DAYS": "0"}))
	for _, name := range []string{"NEWSLETTER_TABLE", "PRESS_TABLE", "SUPPRESSION_TABLE", "OUTBOX_TABLE", "ADDRESS_KEY", "LINK_KEYS", "STAY_DAYS", "STAY_AGAIN_DAYS", "STAY_PER_RUN",
		"PUBLICATIONS_TABLE", "CATALOGUE_TABLE", "INQUIRIES_TABLE", "INBOUND_BUCKET", "SUBSCRIBER_DAYS is 0"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
	w := newWorld(t, "10")
	w.env["STAY_DAYS"], w.env["SUBSCRIBER_DAYS"] = "60", "90"
	if _, err := run(t.Context(), config.Map(w.env)); err == nil || !strings.Contains(err.Error(), "second half") {
		t.Errorf("hard case 25: a lead longer than half of the period: %v", err)
	}
}
