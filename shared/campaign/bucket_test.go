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

// Calls as large as the rate leave a second and a little apart, whatever held one of them up; where there is room beside a call none
// waits. What one was late by is not lost again by the next.
func TestSpace(t *testing.T) {
	for _, c := range []struct {
		name     string
		rate     float64
		n        int
		ready    []int // milliseconds since the beginning
		departed []int
	}{
		{"one late by 0.3 s, the others in time", 50, 50, []int{0, 1319, 2038, 3057, 4076}, []int{0, 1319, 2338, 3357, 4376}},
		{"a pause", 1, 1, []int{0, 5000, 5500}, []int{0, 5000, 6019}},
		{"room for four calls", 200, 50, []int{0, 10, 20}, []int{0, 10, 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := campaigntest.Now
			sleep := func(_ context.Context, d time.Duration) error {
				clock = clock.Add(d)
				return nil
			}
			b := &campaign.Bucket{Store: &campaign.Store{Now: func() time.Time { return clock }}, Sleep: sleep}
			b.SetRate(c.rate)
			var got []int
			for _, ready := range c.ready {
				clock = campaigntest.Now.Add(time.Duration(ready) * time.Millisecond)
				if err := b.Space(t.Context(), c.n); err != nil {
					t.Fatal(err)
				}
				got = append(got, int(clock.Sub(campaigntest.Now).Round(time.Millisecond).Milliseconds()))
			}
			if !slices.Equal(c.departed, got) {
				t.Errorf("departed after %v ms, want %v", got, c.departed)
			}
		})
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
