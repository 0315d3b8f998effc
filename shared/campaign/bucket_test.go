package campaign_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
)

// Over any ten seconds the account's rate is held within 2 % and one call, whoever sends: one sender or three, quick or slow ones
// (design: "Budgets"). The clock is the test's own, the store a real one.
func TestRate(t *testing.T) {
	for _, rate := range []float64{1, 14, 200, 1000} {
		for _, senders := range []int{1, 3} {
			t.Run(fmt.Sprintf("%v a second by %d", rate, senders), func(t *testing.T) {
				perCall := max(1, min(campaign.ChunkSize, int(rate)))
				calls := simulate(t, rate, senders, perCall, 40*time.Second)
				window, first := 10*time.Second, 0
				most := rate*window.Seconds()*1.02 + float64(perCall)
				for last := range calls {
					for calls[last].Sub(calls[first]) >= window {
						first++
					}
					if sent := float64((last - first + 1) * perCall); sent > most {
						t.Fatalf("%v recipients within %v, at most %v may be", sent, window, most)
					}
				}
				took := calls[len(calls)-1].Sub(calls[0]).Seconds()
				if got := float64((len(calls)-1)*perCall) / took; got < 0.98*rate {
					t.Errorf("%.1f a second, the account allows %v", got, rate)
				}
			})
		}
	}
}

// simulate lets some senders call, one after the other in the order of time, and returns when each call was made.
func simulate(t *testing.T, rate float64, senders, perCall int, long time.Duration) []time.Time {
	t.Helper()
	clock := campaigntest.Now
	store := campaigntest.Store(t)
	store.Now = func() time.Time { return clock }
	type caller struct {
		bucket *campaign.Bucket
		ready  time.Time
	}
	all := make([]*caller, senders)
	for i := range all {
		sleep := func(_ context.Context, d time.Duration) error {
			clock = clock.Add(d)
			return nil
		}
		all[i] = &caller{&campaign.Bucket{Store: store, Sleep: sleep}, clock.Add(time.Duration(i) * 37 * time.Millisecond)}
		all[i].bucket.SetRate(rate)
	}
	var calls []time.Time
	for end := clock.Add(long); ; {
		next := all[0]
		for _, c := range all {
			if c.ready.Before(next.ready) {
				next = c
			}
		}
		clock = next.ready
		at, err := next.bucket.Take(t.Context(), perCall)
		if err != nil {
			t.Fatal(err)
		}
		at = maxTime(at, clock)
		if at.After(end) {
			return sorted(calls)
		}
		calls = append(calls, at)
		// Several calls are under way at a time: the next is prepared while this one waits for its turn.
		next.ready = maxTime(clock, at.Add(-200*time.Millisecond)).Add(3 * time.Millisecond)
	}
}

// A debt that no sender can have made is forgotten: somebody's clock had been ahead.
func TestRateAfterAClockThatWasWrong(t *testing.T) {
	store := campaigntest.Store(t)
	clock := campaigntest.Now
	store.Now = func() time.Time { return clock }
	bucket := func() *campaign.Bucket {
		b := &campaign.Bucket{Store: store, Sleep: campaign.Sleep}
		b.SetRate(14)
		return b
	}
	clock = clock.Add(6 * time.Hour)
	if _, err := bucket().Take(t.Context(), 14); err != nil {
		t.Fatal(err)
	}
	clock = campaigntest.Now
	at, err := bucket().Take(t.Context(), 14)
	if err != nil || at.After(clock) {
		t.Errorf("the next call waits until %v, %v", at, err)
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func sorted(times []time.Time) []time.Time {
	slices.SortFunc(times, time.Time.Compare)
	return times
}
