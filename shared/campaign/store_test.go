package campaign_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/policy"
)

var ja = policy.Japanese

func draft() (campaign.Campaign, []campaign.Content) {
	return campaign.Campaign{Kind: policy.NewsletterIssue, Author: "editor-1"},
		[]campaign.Content{{Language: ja, Subject: "十一月号", Body: "本文"}}
}

// From draft to sent, and no way that the table of states does not name.
func TestStates(t *testing.T) {
	s := campaigntest.Store(t)
	c, contents := draft()
	c, err := s.Create(t.Context(), c, contents)
	if err != nil {
		t.Fatal(err)
	}
	enter := func(to campaign.State) error {
		_, err := s.Enter(t.Context(), c.ID, to, "editor-2", "")
		return err
	}
	for _, wrong := range []campaign.State{campaign.Sending, campaign.Sent, campaign.Paused, campaign.Approved} {
		if err := enter(wrong); !errors.Is(err, campaign.ErrState) {
			t.Errorf("a draft becomes %s: %v", wrong, err)
		}
	}
	for _, right := range []campaign.State{campaign.InReview, campaign.Approved, campaign.Scheduled, campaign.Freezing,
		campaign.Sending, campaign.Paused, campaign.Sending, campaign.Sent} {
		if err := enter(right); err != nil {
			t.Fatalf("%s: %v", right, err)
		}
	}
	if err := enter(campaign.Cancelled); !errors.Is(err, campaign.ErrState) {
		t.Errorf("what was sent is cancelled: %v", err)
	}
	got, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != campaign.Sent || got.Active != "" || len(got.History) != 9 {
		t.Errorf("%+v", got)
	}
}

// A changed campaign is a draft again: nobody approved what it says now.
func TestSaveUndoesTheApproval(t *testing.T) {
	s := campaigntest.Store(t)
	c, contents := draft()
	c, err := s.Create(t.Context(), c, contents)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []campaign.State{campaign.InReview, campaign.Approved} {
		if _, err := s.Enter(t.Context(), c.ID, to, "editor-2", ""); err != nil {
			t.Fatal(err)
		}
	}
	contents[0].Subject = "十一月号（訂正）"
	c, err = s.Save(t.Context(), c.ID, "editor-1", contents, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != campaign.Draft || c.Version != 2 || c.Approver != "" || c.Title != "十一月号（訂正）" {
		t.Errorf("%+v", c)
	}
	old, err := s.Contents(t.Context(), c, 1)
	if err != nil || len(old) != 1 || old[0].Subject != "十一月号" {
		t.Errorf("the first version: %+v, %v", old, err)
	}
}

func TestListsNewestFirst(t *testing.T) {
	s := campaigntest.Store(t)
	now := campaigntest.Now
	var want []string
	for i := range 5 {
		s.Now = func() time.Time { return now.Add(time.Duration(i) * time.Minute) }
		c, contents := draft()
		c, err := s.Create(t.Context(), c, contents)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{c.ID}, want...)
	}
	var got []string
	for cursor := ""; ; {
		page, next, err := s.List(t.Context(), policy.NewsletterIssue, 2, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			got = append(got, c.ID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRef(t *testing.T) {
	c := campaign.NewChunk("abcdefghij234567", ja, []string{"E261123-4F7K2M9QX", "E261123-5F7K2M9QX"}, 0)
	ref := c.Ref(1)
	if got, ok := campaign.ParseRef(ref.String()); !ok || got != ref {
		t.Errorf("%q reads as %+v, %v", ref, got, ok)
	}
	for _, wrong := range []string{"", "c-", "c-abcdefghij234567-ja-x", "c-abcdefghij234567-fr-x-01", "c-abcdefghij234567-ja-x-50",
		"c-abcdefghij234567-ja-x-1", "c-ABCDEFGHIJ234567-ja-x-01", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", ref.String() + "-"} {
		if _, ok := campaign.ParseRef(wrong); ok {
			t.Errorf("%q is taken for a reference", wrong)
		}
	}
}

// world is a campaign that is being sent, with one chunk of n.
func world(t *testing.T, n int) (*campaign.Store, campaign.Campaign, campaign.Chunk) {
	t.Helper()
	s := campaigntest.Store(t)
	c, contents := draft()
	c, err := s.Create(t.Context(), c, contents)
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%032x", 0xa0+i)
	}
	chunk := campaign.NewChunk(c.ID, ja, keys, s.Now().Add(48*time.Hour).Unix())
	campaigntest.Put(t, s, chunk)
	if c, err = s.Change(t.Context(), c.ID, func(c *campaign.Campaign) error {
		c.State, c.Frozen = campaign.Sending, n
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s, c, chunk
}

func counts(t *testing.T, s *campaign.Store, c campaign.Campaign) campaign.Counts {
	t.Helper()
	c, err := s.Get(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := s.Counts(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	if got.Pending+got.Accepted+got.Failed+got.Excluded+got.Unknown != got.Frozen {
		t.Errorf("the numbers do not add up: %+v", got)
	}
	return got
}

// Two senders at the same chunk: one of them calls (never twice).
func TestOneCallPerChunk(t *testing.T) {
	s, _, chunk := world(t, 3)
	other := chunk
	until := s.Now().Add(30 * time.Second)
	if ok, err := s.Begin(t.Context(), &chunk, []int{0, 1, 2}, until); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := s.Begin(t.Context(), &other, []int{0, 1}, until); ok || err != nil {
		t.Errorf("a second sender may call: %v, %v", ok, err)
	}
}

// Killed after the mark: unknown, then settled by what SES reported, the rest by silence; what comes later corrects it.
func TestUnknownIsSettled(t *testing.T) {
	s, c, chunk := world(t, 4)
	ctx, start := t.Context(), s.Now()
	if ok, err := s.Begin(ctx, &chunk, []int{0, 1, 2, 3}, start.Add(30*time.Second)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := counts(t, s, c); got.Pending != 4 {
		t.Errorf("within the call: %+v", got)
	}
	if lapsed, err := s.Lapse(ctx, &chunk, "t"); lapsed || err != nil {
		t.Fatal("the lease is not over", err)
	}
	s.Now = func() time.Time { return start.Add(31 * time.Second) }
	if lapsed, err := s.Lapse(ctx, &chunk, "t"); !lapsed || err != nil {
		t.Fatal("the lease is over", err)
	}
	for range 8 { // hard case 20: each event eight times
		if _, err := s.Report(ctx, chunk.Ref(0), "m-0", campaign.Send, "", s.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Report(ctx, chunk.Ref(1), "m-1", campaign.Reject, "", s.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Report(ctx, chunk.Ref(0), "m-0", campaign.Bounced, "Permanent/General", s.Now()); err != nil {
			t.Fatal(err)
		}
	}
	left, err := s.Settle(ctx, &chunk, "t", 900*time.Second)
	if err != nil || left != 2 {
		t.Fatal(left, err)
	}
	if got := counts(t, s, c); got.Accepted != 1 || got.Failed != 1 || got.Unknown != 2 || got.Bounced != 1 {
		t.Errorf("settled by events: %+v", got)
	}
	s.Now = func() time.Time { return start.Add(901 * time.Second) }
	if left, err := s.Settle(ctx, &chunk, "t", 900*time.Second); err != nil || left != 0 {
		t.Fatal(left, err)
	}
	if got := counts(t, s, c); got.Accepted != 1 || got.Failed != 3 || got.Unknown != 0 {
		t.Errorf("settled by silence: %+v", got)
	}
	before, err := s.Report(ctx, chunk.Ref(2), "m-2", campaign.Send, "", s.Now())
	if err != nil || before.Settled == 0 {
		t.Fatalf("the report does not see that silence has decided: %+v, %v", before, err)
	}
	if key, err := s.Correct(ctx, chunk.Ref(2), campaign.Report{MessageID: "m-2"}, "t"); err != nil || key != chunk.Keys()[2] {
		t.Fatal(key, err)
	}
	if got := counts(t, s, c); got.Accepted != 2 || got.Failed != 2 {
		t.Errorf("corrected: %+v", got)
	}
	who, found, err := s.Find(ctx, c.ID, chunk.Keys()[2])
	if err != nil || !found || who.Outcome != campaign.Accepted("m-2") {
		t.Errorf("%+v, %v, %v", who, found, err)
	}
	if _, found, err := s.Find(ctx, c.ID, fmt.Sprintf("%032x", 0xff)); found || err != nil {
		t.Errorf("somebody is found who was not written to: %v, %v", found, err)
	}
}

// A late answer of the call wins over the silence that was decided meanwhile.
func TestLateAnswer(t *testing.T) {
	s, c, chunk := world(t, 1)
	ctx, start := t.Context(), s.Now()
	if ok, err := s.Begin(ctx, &chunk, []int{0}, start.Add(30*time.Second)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	mine := chunk
	s.Now = func() time.Time { return start.Add(time.Hour) }
	if _, err := s.Lapse(ctx, &chunk, "t"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settle(ctx, &chunk, "t", 900*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, &mine, "t", func(outcomes []campaign.Outcome) { campaign.Answer(outcomes, 0, campaign.Accepted("m")) }); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, s, c); got.Accepted != 1 {
		t.Errorf("%+v", got)
	}
}

// A rejection that comes before the call's answer is stored is not hidden by it (hard case 20): the answer says that SES took the mail.
func TestRejectedBeforeTheAnswer(t *testing.T) {
	s, c, chunk := world(t, 2)
	ctx := t.Context()
	if ok, err := s.Begin(ctx, &chunk, []int{0, 1}, s.Now().Add(30*time.Second)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	rejected := campaign.Report{MessageID: "m-0", Rejected: s.Now().UnixMilli()}
	for range 8 {
		if _, err := s.Correct(ctx, chunk.Ref(0), rejected, "t"); err != nil {
			t.Fatal(err)
		}
		// What only proves that SES has the mail leaves it to the answer.
		if _, err := s.Correct(ctx, chunk.Ref(1), campaign.Report{MessageID: "m-1"}, "t"); err != nil {
			t.Fatal(err)
		}
	}
	if got := counts(t, s, c); got.Failed != 1 || got.Pending != 1 {
		t.Errorf("before the answer: %+v", got)
	}
	if err := s.Apply(ctx, &chunk, "sender", func(outcomes []campaign.Outcome) {
		campaign.Answer(outcomes, 0, campaign.Accepted("m-0"))
		campaign.Answer(outcomes, 1, campaign.Accepted("m-1"))
	}); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, s, c); got.Failed != 1 || got.Accepted != 1 || got.Pending != 0 {
		t.Errorf("after the answer: %+v", got)
	}
}

// Mail that does not wait for the rate uses it up for those who do.
func TestDebit(t *testing.T) {
	s := campaigntest.Store(t)
	for range 3 {
		if err := s.Debit(t.Context(), 1, 20); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Debit(t.Context(), 50, 0); err != nil { // the rate is not known
		t.Fatal(err)
	}
	var waited time.Duration
	b := campaign.Bucket{Store: s, Sleep: func(_ context.Context, d time.Duration) error { waited += d; return nil }}
	b.SetRate(20)
	if err := b.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if want := 150 * time.Millisecond; waited != want {
		t.Errorf("after three mails of a rate of 20 a second a campaign waits %v, want %v", waited, want)
	}
}

// The numbers stay when the recipients have expired.
func TestNumbersStay(t *testing.T) {
	s, c, chunk := world(t, 3)
	if err := s.Apply(t.Context(), &chunk, "t", func(outcomes []campaign.Outcome) {
		for i := range outcomes {
			outcomes[i] = campaign.Excluded("gone")
		}
	}); err != nil {
		t.Fatal(err)
	}
	start := s.Now()
	s.Now = func() time.Time { return start.Add(5 * 365 * 24 * time.Hour) }
	if got := counts(t, s, c); got.Excluded != 3 || got.Pending != 0 {
		t.Errorf("%+v", got)
	}
	if _, found, err := s.Find(t.Context(), c.ID, chunk.Keys()[0]); found || err != nil {
		t.Errorf("a recipient is still there: %v, %v", found, err)
	}
}

// One sender works on a campaign, one waits for it, and a killed one loses its place by time.
func TestPlaces(t *testing.T) {
	s, c, _ := world(t, 1)
	start := s.Now()
	hold := func(slot campaign.Slot, me string) bool {
		t.Helper()
		ok, err := s.Hold(t.Context(), c.ID, slot, me, 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for i, one := range []struct {
		slot campaign.Slot
		who  string
		want bool
	}{{campaign.Holder, "a", true}, {campaign.Holder, "a", true}, {campaign.Holder, "b", false}, {campaign.Heir, "b", true}, {campaign.Heir, "c", false}} {
		if hold(one.slot, one.who) != one.want {
			t.Errorf("%d: %s by %s: not %v", i, one.slot, one.who, one.want)
		}
	}
	s.Now = func() time.Time { return start.Add(31 * time.Second) }
	if !hold(campaign.Holder, "b") {
		t.Error("a place is kept for ever")
	}
	if err := s.Release(t.Context(), c.ID, campaign.Holder, "a"); err != nil || hold(campaign.Holder, "c") {
		t.Error("somebody gives away another's place", err)
	}
	if err := s.Release(t.Context(), c.ID, campaign.Holder, "b"); err != nil || !hold(campaign.Holder, "c") {
		t.Error("a place that was given back is not free", err)
	}
	if _, err := s.Enter(t.Context(), c.ID, campaign.Paused, "editor-1", ""); err != nil {
		t.Errorf("a held campaign cannot be decided on: %v", err)
	}
}
