package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	local "madoguchi/infra/local/ses"
	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
)

// From scheduled to sent in one strike of the clock: everybody who may be written to gets one mail, everybody else is counted by
// the reason (R7, R19; hard case 24).
func TestCampaign(t *testing.T) {
	w := newWorld(t)
	keys := w.subscribe(130)
	w.set(keys[1], "state", subscription.Unconfirmed)
	w.set(keys[2], "state", subscription.Unsubscribed)
	w.set(keys[3], "state", subscription.Bounced)
	w.set(keys[4], "expires_at", time.Now().Unix()-10) // expired, not deleted yet
	w.suppress(keys[5], "complained")
	w.suppress(keys[6], "stop_use")
	id := w.schedule(nil)
	w.tick()

	c := w.get(id)
	want := campaign.Counts{LeftOut: 6, Frozen: 124, Accepted: 124, Reasons: map[string]int{"unconfirmed": 1, "unsubscribed": 1, "bounced": 1,
		"expired": 1, "complained": 1, "stop_use": 1}}
	if diff := cmp.Diff(want, w.counts(id)); diff != "" || c.State != campaign.Sent {
		t.Error(c.State, diff)
	}
	if n := w.once(); n != 124 {
		t.Errorf("%d got a mail", n)
	}
	got := w.inbox()
	for n := 1; n <= 6; n++ {
		if got[synthetic(n)] != 0 {
			t.Errorf("%s got a mail", synthetic(n))
		}
	}
	who, found, err := w.store.Find(t.Context(), id, keys[7])
	if err != nil || !found || who.Outcome.Class() != campaign.ClassAccepted {
		t.Errorf("did subscriber 7 get it? %+v, %v, %v", who, found, err)
	}
	if _, found, err := w.store.Find(t.Context(), id, keys[1]); found || err != nil {
		t.Errorf("subscriber 1 is in the audience: %v, %v", found, err)
	}
	if calls := w.ses.Calls()["test"]; calls != 3 {
		t.Errorf("%d calls for 124 recipients", calls)
	}
	w.tick()
	if n := w.once(); n != 124 {
		t.Errorf("after another strike %d got a mail", n)
	}
}

// Who unsubscribes, is suppressed or falls under a stop of use after the freezing gets nothing (hard cases 19, 28).
func TestAfterFreezing(t *testing.T) {
	w := newWorld(t)
	keys := w.subscribe(60)
	id := w.schedule(nil)
	c := w.get(id)
	if _, err := w.start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := w.freeze(t.Context(), w.get(id), w.now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := w.counts(id); got.Frozen != 60 || got.Pending != 60 {
		t.Fatalf("%+v", got)
	}
	w.set(keys[1], "state", subscription.Unsubscribed)
	w.suppress(keys[2], "stop_use")
	w.suppress(keys[3], "bounced")
	w.set(keys[4], "expires_at", time.Now().Unix()-10)
	w.tick()
	if got := w.counts(id); got.Accepted != 56 || got.Excluded != 4 || w.get(id).State != campaign.Sent {
		t.Errorf("%s: %+v", w.get(id).State, got)
	}
	if n := w.once(); n != 56 {
		t.Errorf("%d got a mail", n)
	}
}

// A segment reaches those it names and no others; a part that the policy does not give the kind cancels the campaign (hard case 31).
func TestSegment(t *testing.T) {
	w := newWorld(t)
	w.subscribe(96)
	id := w.schedule(func(c *campaign.Campaign) { c.Segment.Prefecture = []string{"13", "27"} })
	wrong := w.schedule(func(c *campaign.Campaign) { c.Segment.Attendance = []string{"online"} })
	w.tick()
	if got := w.counts(id); got.Frozen != 4 || got.Accepted != 4 {
		t.Errorf("%+v", got)
	}
	if c := w.get(wrong); c.State != campaign.Cancelled || c.Reason != "gate" {
		t.Errorf("%s, %s", c.State, c.Reason)
	}
}

func TestEmptyAudience(t *testing.T) {
	w := newWorld(t)
	id := w.schedule(nil)
	w.tick()
	if c := w.get(id); c.State != campaign.Cancelled || c.Reason != "empty_audience" {
		t.Errorf("%s, %s", c.State, c.Reason)
	}
}

// What is sent was made when the campaign was scheduled. One that has nothing to send stops, and says why.
func TestNothingPrinted(t *testing.T) {
	w := newWorld(t)
	w.subscribe(3)
	id := w.schedule(nil)
	if _, err := w.store.Change(t.Context(), id, func(c *campaign.Campaign) error { c.Version++; return nil }); err != nil {
		t.Fatal(err)
	}
	w.tick()
	if c := w.get(id); c.State != campaign.Paused || c.Reason != "rendering" || w.once() != 0 {
		t.Errorf("%s (%s), %d mails", c.State, c.Reason, w.once())
	}
}

// The time passed while nobody was there: it asks, it does not fire (hard case 22).
func TestMissed(t *testing.T) {
	w := newWorld(t)
	w.subscribe(3)
	id := w.schedule(nil)
	w.wait(4 * time.Hour)
	w.tick()
	if c := w.get(id); c.State != campaign.Missed || w.once() != 0 {
		t.Errorf("%s, %d mails", c.State, w.once())
	}
	if _, err := w.store.Change(t.Context(), id, func(c *campaign.Campaign) error {
		c.ScheduledAt = w.now().UnixMilli()
		return c.Enter(w.now(), campaign.Scheduled, "editor-1", "")
	}); err != nil {
		t.Fatal(err)
	}
	w.tick()
	if c := w.get(id); c.State != campaign.Sent || w.once() != 3 {
		t.Errorf("%s, %d mails", c.State, w.once())
	}
}

// The account's rate is the size of a call: 14 a second are calls of 14, one a second calls of one.
func TestCallsFollowTheRate(t *testing.T) {
	for name, c := range map[string]struct {
		rate              float64
		recipients, calls int
	}{"young account": {14, 29, 3}, "sandbox": {1, 2, 2}, "thousand": {1000, 120, 3}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.faults(local.Faults{MaxSendRate: &c.rate})
			w.subscribe(c.recipients)
			id := w.schedule(nil)
			w.tick()
			got, calls := w.counts(id), w.ses.Calls()["test"]
			if got.Accepted != c.recipients || calls != c.calls && calls != c.calls+1 { // one more where a busy machine made a call late
				t.Errorf("%+v in %d calls", got, calls)
			}
		})
	}
}

// A rate that is lowered while a sender is at work is kept from the first refusal on: a call of the size of before would be refused for ever.
func TestRateIsLowered(t *testing.T) {
	w := newWorld(t)
	rate := 20.0
	w.faults(local.Faults{MaxSendRate: &rate})
	w.subscribe(60)
	id := w.schedule(nil)
	var group sync.WaitGroup
	group.Go(w.tick)
	during(t.Context(), func() bool { return w.once() >= 20 })
	slow := 5.0
	w.faults(local.Faults{MaxSendRate: &slow})
	group.Wait()
	if got := w.counts(id); w.get(id).State != campaign.Sent || got.Accepted != 60 || w.once() != 60 || w.perCall() != 5 {
		t.Errorf("%s: %+v, %d mails, %d a call", w.get(id).State, got, w.once(), w.perCall())
	}
}

// Corrections go to exactly those who were reached, second tries to exactly those who were not.
func TestFollows(t *testing.T) {
	w := newWorld(t)
	w.subscribe(60)
	w.faults(local.Faults{Fail: &local.Fail{Entries: 3}})
	first := w.schedule(nil)
	w.tick()
	if got := w.counts(first); got.Failed != 3 || got.Accepted != 57 {
		t.Fatalf("%+v", got)
	}
	correction := w.schedule(func(c *campaign.Campaign) {
		c.Follows = &campaign.Follows{Campaign: first, Whom: campaign.ToAccepted}
		c.Correction = "日付に誤りがありました。"
	})
	again := w.schedule(func(c *campaign.Campaign) { c.Follows = &campaign.Follows{Campaign: first, Whom: campaign.ToFailed} })
	w.tick()
	if got := w.counts(correction); got.Frozen != 57 || got.Accepted != 57 {
		t.Errorf("correction: %+v", got)
	}
	if got := w.counts(again); got.Frozen != 3 || got.Accepted != 3 {
		t.Errorf("second try: %+v", got)
	}
}

// What went to a list can be read by everybody afterwards, once, and holds nothing of any recipient.
func TestArchive(t *testing.T) {
	w := newWorld(t)
	w.subscribe(3)
	id := w.schedule(nil)
	w.tick()
	w.tick()
	issues, _, err := w.store.Archive(t.Context(), policy.NewsletterIssue, 10, "")
	if err != nil || len(issues) != 1 || issues[0].ID != id || issues[0].Title != "読者 様へ 十一月号" {
		t.Fatalf("%+v, %v", issues, err)
	}
	issue, found, err := w.store.Issue(t.Context(), policy.NewsletterIssue, id)
	if err != nil || !found || !strings.Contains(issue.HTML, "読者 様") || strings.Contains(issue.HTML, "見本") {
		t.Errorf("%+v, %v", issue, err)
	}
}
