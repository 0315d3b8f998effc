package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/ledger"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/registration/registrationtest"
	"madoguchi/shared/roster"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/subscriptiontest"
)

// Both payloads make the importer work: the stream's at once, the clock's for what was left.
func TestPayloads(t *testing.T) {
	client := recordtest.Start(t)
	s3test.Start(t, nil, "files")
	env := map[string]string{"IMPORTS_TABLE": recordtest.Table(t, client, "imports", true), "IMPORT_FILES_BUCKET": "files",
		"NEWSLETTER_TABLE": recordtest.Table(t, client, "newsletter", true), "PRESS_TABLE": recordtest.Table(t, client, "press", true),
		"SUPPRESSION_TABLE": recordtest.Table(t, client, "suppression", true), "CAMPAIGNS_TABLE": campaigntest.Table(t),
		"LEDGER_TABLE": recordtest.Table(t, client, "ledger", true), "ADDRESS_KEY": strings.Repeat("address-key-", 3),
		"UNCONFIRMED_HOURS": "168", "SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90", "CONSENT_EVIDENCE_DAYS": "365", "PENDING_APPROVAL_DAYS": "30"}
	handle, err := run(t.Context(), config.Map(env))
	if err != nil {
		t.Fatal(err)
	}
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store := &roster.Store{Client: client, Table: env["IMPORTS_TABLE"], Now: time.Now}
	i := roster.Import{ID: roster.NewID(), List: policy.Press, What: roster.Subscribers, Evidence: subscription.Evidence{Where: "窓口", When: "2020", Words: "希望する"}}
	if err := files.Bucket("files").Put(t.Context(), roster.FileKey(i.ID), objects.Object{Content: []byte("媒体名,氏名,メール\n例示新聞,記者,kisha@example.jp\n")}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Create(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		payload string
		want    roster.Status
	}{{"stream", roster.Checked}, {"schedule", roster.Applied}} {
		payload, err := os.ReadFile("../../../events/importer/" + step.payload + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := handle(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
		if i, err = store.Get(t.Context(), i.ID); err != nil || i.Status != step.want || i.Counts.New != 1 {
			t.Fatalf("%+v %v", i, err)
		}
		if step.want == roster.Checked {
			if _, err := store.Apply(t.Context(), i.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The clock gives records of an older version their marks, and the ledger says that it was done, once for each list.
func TestMarks(t *testing.T) {
	client := recordtest.Start(t)
	service := policy.Get(policy.Newsletter)
	now := func() time.Time { return time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC) }
	l := &subscription.List{Service: service, Periods: policy.DefaultPeriods(service), Client: client, Table: subscriptiontest.Table(t, client, "newsletter"),
		AddressKey: config.Key(strings.Repeat("address-key-", 3)), Now: now}
	entries := recordtest.Table(t, client, "ledger", true)
	s, err := l.Synthetic(1, []string{"trade"})
	if err != nil {
		t.Fatal(err)
	}
	s.Fields["name"], s.Marks = "林 太郎", subscription.Marks{}
	if err := l.StoreSynthetic(t.Context(), []subscription.Subscriber{s}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is another process
		m := &marks{lists: map[policy.Code]*subscription.List{policy.Newsletter: l}, ledger: &ledger.Store{Client: client, Table: entries, Now: now}}
		if err := m.work(t.Context(), now().Add(time.Minute)); err != nil || !m.done.Load() {
			t.Fatal(err)
		}
		if err := m.work(t.Context(), now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if found, _, err := l.Beginning(t.Context(), "林", "", 10); len(found) != 1 || err != nil {
		t.Errorf("%d found, %v", len(found), err)
	}
	var what []string
	for _, e := range registrationtest.Items[ledger.Entry](t, client, entries) {
		what = append(what, strings.Join([]string{e.Who, e.What, e.Object, e.Outcome}, " "))
	}
	if !slices.Equal(what, []string{"importer list.marks newsletter done"}) {
		t.Errorf("the ledger holds %q", what)
	}
}

func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	_, err := run(t.Context(), config.Map(map[string]string{"SUBSCRIBER_DAYS": "0"}))
	for _, name := range []string{"IMPORTS_TABLE", "IMPORT_FILES_BUCKET", "NEWSLETTER_TABLE", "PRESS_TABLE", "SUPPRESSION_TABLE", "CAMPAIGNS_TABLE", "LEDGER_TABLE", "ADDRESS_KEY", "SUBSCRIBER_DAYS is 0"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the message does not say %q: %v", name, err)
		}
	}
}
