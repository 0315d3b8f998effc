package main

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	local "madoguchi/infra/local/ses"
	"madoguchi/shared/campaign"
	"madoguchi/shared/subscription"
)

// Whatever SES answers, nobody is lost and nobody gets two mails (hard case 17).
func TestAnswersOfSES(t *testing.T) {
	for name, c := range map[string]struct {
		fail     local.Fail
		accepted int // of 120
		failed   int
	}{
		"throttled":                 {local.Fail{Throttle: 4}, 120, 0},
		"entries fail inside a 200": {local.Fail{Entries: 7}, 113, 7}, // hard case 23: one bad entry never fails its call
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribe(120)
			w.faults(local.Faults{Fail: &c.fail})
			id := w.schedule(nil)
			w.tick()
			if got := w.counts(id); got.Accepted != c.accepted || got.Failed != c.failed || w.get(id).State != campaign.Sent {
				t.Errorf("%s: %+v", w.get(id).State, got)
			}
			if n := w.once(); n != c.accepted {
				t.Errorf("%d got a mail", n)
			}
		})
	}
}

// A bad address is its own recipient's trouble (hard case 23). SES takes no address without ASCII before the sign.
func TestOneBadAddress(t *testing.T) {
	w := newWorld(t)
	keys := w.subscribe(50)
	w.set(keys[7], "email", "日本@example.jp")
	id := w.schedule(nil)
	w.tick()
	got := w.counts(id)
	if got.Accepted != 49 || got.Failed+got.Excluded != 1 || w.once() != 49 {
		t.Errorf("%+v, %d mails", got, w.once())
	}
}

// A call that is not answered leaves its recipients unknown, whether SES has their mails or not. They are settled by what SES
// reports, else given up: nobody on a list is blindly sent to again (hard cases 16, 17).
func TestUnanswered(t *testing.T) {
	for name, c := range map[string]struct {
		fail     local.Fail
		reported bool
		mails    int // of 120
	}{
		"after accepting, reported":     {local.Fail{TimeoutAfterAccepting: 1}, true, 120},
		"after accepting, not reported": {local.Fail{TimeoutAfterAccepting: 1}, false, 120},
		"before accepting":              {local.Fail{TimeoutBeforeAccepting: 1}, false, 70},
		"server error":                  {local.Fail{ServerError: 1}, false, 70},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cfg.Lease = 2 * time.Second
			w.subscribe(120)
			w.faults(local.Faults{Fail: &c.fail})
			id := w.schedule(nil)
			w.tick()
			got := w.counts(id)
			if got.Unknown != 50 && got.Unknown != 20 || got.Accepted+got.Unknown != 120 || w.get(id).State != campaign.Sending {
				t.Fatalf("%s: %+v", w.get(id).State, got)
			}
			unknown := got.Unknown
			if c.reported {
				w.report(id, campaign.Unknown, campaign.Send)
			}
			w.wait(16 * time.Minute)
			w.tick()
			got = w.counts(id)
			if failed := map[bool]int{false: unknown}[c.reported]; got.Failed != failed || got.Unknown != 0 || got.Accepted != 120-failed || w.get(id).State != campaign.Sent {
				t.Errorf("%s: %+v", w.get(id).State, got)
			}
			if n := w.once(); n != 120 && n != 120-unknown {
				t.Errorf("%d got a mail", n)
			}
		})
	}
}

// report stores what SES would report of every recipient with an outcome of the same class.
func (w *world) report(id string, class campaign.Outcome, kind campaign.ReportKind) (n int) {
	w.Helper()
	w.each(id, func(c campaign.Chunk, i int, o campaign.Outcome) {
		if o.Class() == class.Class() {
			n++
			if _, err := w.store.Report(w.Context(), c.Ref(i), fmt.Sprintf("m-%s", c.Ref(i)), kind, "", w.now()); err != nil {
				w.Fatal(err)
			}
		}
	})
	return n
}

func (w *world) each(id string, f func(campaign.Chunk, int, campaign.Outcome)) {
	w.Helper()
	chunks, _, err := w.store.Chunks(w.Context(), id, "", 1000)
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range chunks {
		for i, o := range c.List() {
			f(c, i, o)
		}
	}
}

// The quota of 24 hours, less what confirmations need, ends the day's sending; the rest follows when there is room again.
func TestDailyQuota(t *testing.T) {
	w := newWorld(t)
	quota := 400.0
	w.faults(local.Faults{DailyQuota: &quota})
	w.subscribe(260)
	id := w.schedule(nil)
	w.tick()
	c := w.get(id)
	if got := w.counts(id); got.Accepted > 200 || got.Accepted <= 150 || c.State != campaign.Sending || c.WaitsUntil == 0 {
		t.Fatalf("%s: %+v", c.State, got)
	}
	more := 10_000.0
	w.faults(local.Faults{DailyQuota: &more})
	w.wait(quotaAgain + time.Second)
	w.tick()
	if got := w.counts(id); got.Accepted != 260 || w.get(id).State != campaign.Sent || w.once() != 260 {
		t.Errorf("%s: %+v", w.get(id).State, got)
	}
}

// The first 500 go out, then a pause; 12 % of them bounce: halted before the next 500 (hard case 21).
func TestCanaryHalts(t *testing.T) {
	w := newWorld(t)
	fast := 2000.0
	w.faults(local.Faults{MaxSendRate: &fast})
	w.subscribe(1100)
	id := w.schedule(nil)
	w.tickUntil(func() bool { return w.get(id).CanaryUntil != 0 })
	if got := w.counts(id); got.Accepted != 500 || got.Pending != 600 {
		t.Fatalf("%+v", got)
	}
	bounced := 0
	w.each(id, func(c campaign.Chunk, i int, o campaign.Outcome) {
		if o.Class() == campaign.ClassAccepted && bounced < 60 {
			bounced++
			for range 2 {
				if _, err := w.store.Report(t.Context(), c.Ref(i), o.Detail(), campaign.Bounced, "Permanent/General", w.now()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	w.wait(121 * time.Second)
	w.tick()
	c := w.get(id)
	if got := w.counts(id); c.State != campaign.Halted || c.Reason != "bounces" || got.Accepted != 500 || got.Bounced != 60 || got.Pending != 600 {
		t.Errorf("%s (%s): %+v", c.State, c.Reason, got)
	}
	w.wait(time.Hour)
	w.tick()
	if n := w.once(); n != 500 {
		t.Errorf("%d got a mail", n)
	}
}

// Nothing comes back: after the pause the rest goes out. Bounces of SES's own suppression list do not count.
func TestCanaryPasses(t *testing.T) {
	w := newWorld(t)
	fast := 2000.0
	w.faults(local.Faults{MaxSendRate: &fast})
	w.subscribe(700)
	id := w.schedule(nil)
	w.tickUntil(func() bool { return w.get(id).CanaryUntil != 0 })
	w.report(id, campaign.Accepted(""), campaign.Suppressed)
	w.wait(121 * time.Second)
	w.tick()
	if got := w.counts(id); w.get(id).State != campaign.Sent || got.Accepted != 700 || w.once() != 700 {
		t.Errorf("%s: %+v", w.get(id).State, got)
	}
}

// tickUntil lets the clock strike until something is so; the invocation goes on meanwhile.
func (w *world) tickUntil(so func() bool) {
	w.Helper()
	ctx, stop := w.Context(), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(stop)
		w.tick()
	})
	during(ctx, func() bool {
		select {
		case <-stop:
			return true
		default:
			return so()
		}
	})
	if !so() {
		w.Fatal("it never came to it")
	}
	w.wait(work) // the invocation ends
	group.Wait()
	w.wait(-work)
}

// Paused, resumed, cancelled while it is being sent: what was under way is finished, nothing more is sent, the numbers hold (hard
// case 18).
func TestPauseResumeCancel(t *testing.T) {
	w := newWorld(t)
	rate := 50.0
	w.faults(local.Faults{MaxSendRate: &rate})
	w.subscribe(400)
	id := w.schedule(nil)
	enter := func(to campaign.State) {
		t.Helper()
		if _, err := w.store.Enter(t.Context(), id, to, "editor-2", ""); err != nil {
			t.Fatal(err)
		}
	}
	accepted := func(least int) func() bool {
		return func() bool {
			c := w.get(id)
			counts, _, err := w.store.Counts(t.Context(), &c)
			return err == nil && counts.Accepted >= least
		}
	}
	strike := func(f func()) {
		t.Helper()
		var group sync.WaitGroup
		group.Go(w.tick)
		f()
		group.Wait()
	}
	strike(func() {
		during(t.Context(), accepted(100))
		enter(campaign.Paused)
	})
	paused := w.counts(id)
	if paused.Accepted < 100 || paused.Accepted > 250 || paused.Pending == 0 {
		t.Fatalf("paused: %+v", paused)
	}
	w.tick()
	if got := w.counts(id); got.Accepted != paused.Accepted {
		t.Errorf("a paused campaign goes on: %+v", got)
	}
	enter(campaign.Sending)
	if _, err := w.store.Enter(t.Context(), id, campaign.Sending, "editor-1", ""); !errors.Is(err, campaign.ErrState) {
		t.Errorf("two operators resume: %v", err)
	}
	strike(func() {
		during(t.Context(), accepted(paused.Accepted+50))
		enter(campaign.Cancelled)
	})
	got := w.counts(id)
	if got.Pending == 0 || got.Accepted == 400 || got.Unknown != 0 || w.once() != got.Accepted {
		t.Errorf("cancelled: %+v, %d mails", got, w.once())
	}
	w.tick()
	if c := w.get(id); c.Active != "" || w.once() != got.Accepted {
		t.Errorf("a cancelled campaign is still looked after: %+v", c)
	}
}

// Several senders at one campaign never send a chunk twice, and somebody who leaves meanwhile gets nothing more.
func TestSeveralSenders(t *testing.T) {
	w := newWorld(t)
	fast := 1000.0
	w.faults(local.Faults{MaxSendRate: &fast})
	w.cfg.Canary = 0
	keys := w.subscribe(900)
	id := w.schedule(nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(w.tick)
	}
	w.set(keys[900], "state", subscription.Unsubscribed)
	group.Wait()
	w.tick()
	if got := w.counts(id); w.get(id).State != campaign.Sent || got.Accepted < 899 || w.once() != got.Accepted {
		t.Errorf("%s: %+v, %d mails", w.get(id).State, got, w.once())
	}
}

// SES is not there at all: nothing is unknown, nothing is lost, and the campaign goes on when it is back.
func TestSESIsDown(t *testing.T) {
	w := newWorld(t)
	w.subscribe(60)
	down, up := true, false
	id := w.schedule(nil)
	w.faults(local.Faults{Down: &down})
	_, err := w.handle(t.Context(), nil)
	if err == nil {
		t.Log("the invocation ended well")
	}
	if got := w.counts(id); got.Unknown != 0 || got.Accepted != 0 {
		t.Fatalf("%+v", got)
	}
	w.faults(local.Faults{Down: &up})
	w.wait(time.Minute)
	w.tick()
	if got := w.counts(id); got.Accepted != 60 || w.once() != 60 {
		t.Errorf("%+v", got)
	}
}
