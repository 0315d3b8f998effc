package main

import (
	"testing"
	"time"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/link"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/roster"
	"madoguchi/shared/roster/workbook"
	"madoguchi/shared/subscription"
)

// An address that opted out - here by itself, or in the list that the office brought along - gets nothing after an import that contains
// it; who is new gets the issue once (hard case 13).
func TestWhoOptedOutIsNotMailedAfterAnImport(t *testing.T) {
	w := newWorld(t)
	s3test.Start(t, nil, "imports")
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	worker := &roster.Worker{Store: &roster.Store{Client: w.store.Client, Table: recordtest.Table(t, w.store.Client, "imports", true), Now: w.now}, Books: workbook.Open,
		Files: files.Bucket("imports"), Lists: map[policy.Code]*subscription.List{policy.Newsletter: w.list}, Now: w.now}
	bring := func(what roster.What, content string) roster.Counts {
		t.Helper()
		i := roster.Import{ID: roster.NewID(), List: policy.Newsletter, What: what, Evidence: subscription.Evidence{Where: "窓口", When: "2019", Words: "希望する"}}
		if err := worker.Files.Put(t.Context(), roster.FileKey(i.ID), objects.Object{Content: []byte(content)}); err != nil {
			t.Fatal(err)
		}
		if _, err := worker.Store.Create(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		if err := worker.Work(t.Context(), w.now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := worker.Store.Apply(t.Context(), i.ID); err != nil {
			t.Fatal(err)
		}
		if err := worker.Work(t.Context(), w.now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		done, err := worker.Store.Get(t.Context(), i.ID)
		if err != nil || done.Status != roster.Applied {
			t.Fatalf("%+v %v", done, err)
		}
		return done.Counts
	}
	left, err := address.Parse("left@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.list.Unsubscribe(t.Context(), link.Token{Service: string(policy.Newsletter), Purpose: link.Unsubscribe, Person: left.Key(addressKey), Issued: w.now()}); err != nil {
		t.Fatal(err)
	}
	list := "email,name,prefecture,organization,business_category\n"
	for _, email := range []string{"new", "Left", "old", "later"} {
		list += email + "@example.jp,山田,13,例示,trade\n"
	}
	bring(roster.OptOuts, "メール,理由\nold@example.jp,不達\n")
	if counts := bring(roster.Subscribers, list); counts.New != 2 || counts.OptedOut != 2 {
		t.Errorf("%+v", counts)
	}
	bring(roster.OptOuts, "メール\nlater@example.jp\n") // wins over the list that came before
	bring(roster.Subscribers, list)
	id := w.schedule(nil)
	w.tick()
	for w.get(id).State != campaign.Sent {
		w.wait(3 * time.Minute)
		w.tick()
	}
	if got := w.inbox(); len(got) != 1 || got["new@example.jp"] != 1 {
		t.Errorf("%d addresses got mail, the new one %d", len(got), got["new@example.jp"])
	}
}
