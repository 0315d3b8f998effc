package campaign

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"madoguchi/shared/record"
)

// The account's sending rate is shared by all who send: an item that says up to which moment it is spent (the "theoretical arrival
// time" of the generic cell rate algorithm). Who wants to send to n more moves the moment by n/rate and may call once it has come.
// It is a moment and no number of tokens, so that nobody has to refill it, and one write takes any number.
type spent struct {
	Until int64 `dynamodbav:"tat"` // Unix microseconds
}

var rateKey = record.Key("rate", "rate")

const (
	// burst is how much of the past may be caught up with: what a slow store or a pause between two calls would otherwise lose.
	// Over ten seconds it is 1 %: within the 2 % that the rate may be missed by.
	burst = 100 * time.Millisecond
	// tight lengthens the time between calls that are as large as what SES lets through at once, one second's worth: two of them
	// must be a whole second apart when they arrive, whatever the way does to them: at 1 % the call after one whose connection was made
	// first, or that a busy machine let go late, is refused. 1.9 %: just within the 2 % that the rate may be missed by.
	tight = 1.019
	// share is how much of the rate a sender takes at once: enough that the store is asked once for many calls, little enough that
	// two senders and the mailer come to turns evenly.
	share = 500 * time.Millisecond
	// astray is a debt that no sender can have made: somebody's clock was wrong. It is forgotten, or it would stop all mail.
	astray = time.Minute
)

// Bucket lets one sender keep to the rate that all senders share. It is safe for use by many goroutines.
type Bucket struct {
	Store *Store
	// Sleep waits for a time or until ctx ends; tests put in their own.
	Sleep func(ctx context.Context, d time.Duration) error

	line      chan struct{} // whoever waits for a turn holds it: only one has taken what is not yet used
	lineMade  sync.Once
	mu        sync.Mutex
	perSecond float64
	next      time.Time // of what was taken for the sender: when its next recipient may be sent to
	left      int       // recipients taken and not yet used
	seen      spent     // as this sender stored it last
	departs   time.Time // where calls are kept apart: when the next may be prepared
	departed  time.Time // when the last was made
}

// SetRate sets the account's recipients per second.
func (b *Bucket) SetRate(perSecond float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.perSecond = perSecond
}

// Rate is the account's rate as it was set last.
func (b *Bucket) Rate() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.perSecond
}

// Wait takes n recipients of the rate and returns when they may be sent to. Those who wait stand in a line, and only its first has
// taken something: a sender that ends, or is killed, leaves no more of the rate unused than one call's worth and a share, and the
// others do not wait for what nobody sends. The error is ctx's or record.ErrUnavailable.
func (b *Bucket) Wait(ctx context.Context, n int) error {
	b.lineMade.Do(func() { b.line = make(chan struct{}, 1) })
	select {
	case b.line <- struct{}{}:
		defer func() { <-b.line }()
	case <-ctx.Done():
		return ctx.Err()
	}
	at, err := b.Take(ctx, n)
	if err != nil {
		return err
	}
	if wait := at.Sub(b.Store.Now()); wait > 0 {
		return b.Sleep(ctx, wait)
	}
	return ctx.Err()
}

// Return gives back what was taken and not sent, as far as it may still be used.
func (b *Bucket) Return(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	b.next = b.next.Add(-b.cost(n))
}

// cost is the time that n recipients take of the rate.
func (b *Bucket) cost(n int) time.Duration {
	seconds := float64(n) / b.perSecond
	if b.slack() == 0 {
		seconds *= tight
	}
	return time.Duration(seconds * float64(time.Second))
}

// slack is how much may be caught up with: no more than SES has room for beside a whole call.
func (b *Bucket) slack() time.Duration {
	room := 1 - float64(ChunkSize)/b.perSecond
	return max(0, min(burst, time.Duration(room*float64(time.Second))))
}

// Take takes n recipients of the rate and returns when they may be sent to, for callers that wait by themselves. Callers are served
// in turn: whoever holds the lock asks the store. The error is record.ErrUnavailable.
func (b *Bucket) Take(ctx context.Context, n int) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.perSecond <= 0 {
		return time.Time{}, fmt.Errorf("sending rate %v", b.perSecond)
	}
	now := b.Store.Now()
	if late := now.Add(-b.slack()).Sub(b.next); b.left > 0 && late > 0 { // what was not used in time is gone, or it would be a burst
		b.left -= min(b.left, int(math.Ceil(late.Seconds()*b.perSecond)))
		b.next = b.next.Add(late)
	}
	if b.left < n {
		want := max(n-b.left, int(b.perSecond*share.Seconds()))
		from, err := b.reserve(ctx, want)
		if err != nil {
			return time.Time{}, err
		}
		if b.left == 0 || b.next.Before(from) {
			b.next = from.Add(-b.cost(b.left))
		}
		b.left += want
	}
	at := b.next
	b.next = b.next.Add(b.cost(n))
	b.left -= n
	return at, nil
}

// Space is asked right before a call of n recipients, and keeps calls apart that are as large as what SES lets through at once: what is
// read and written between Wait and the call takes now more and now less time, and two calls that come closer to each other than they
// were let go would be one too many. What one call is late by, the later ones wait, so that it is lost once. The error is ctx's.
func (b *Bucket) Space(ctx context.Context, n int) error {
	return b.apart(ctx, func(now time.Time) time.Time {
		at := later(now, b.departs)
		b.departs = at.Add(b.cost(n))
		return at
	})
}

// Depart is asked once a call is marked, and waits the little by which the mark of the call before took longer than this one's: two calls
// that are as large as what SES lets through at once are a whole second apart when they are made. The error is ctx's.
func (b *Bucket) Depart(ctx context.Context, n int) error {
	const way = 3 * time.Millisecond // by which one call may be quicker on its way than the one before
	return b.apart(ctx, func(now time.Time) time.Time {
		b.departed = later(now, b.departed.Add(time.Duration(float64(n)/b.perSecond*float64(time.Second))+way))
		return b.departed
	})
}

// apart waits until the moment that choose says, where calls are as large as what SES lets through at once; others need not wait.
func (b *Bucket) apart(ctx context.Context, choose func(now time.Time) time.Time) error {
	b.mu.Lock()
	if b.perSecond <= 0 || b.slack() > 0 {
		b.mu.Unlock()
		return nil
	}
	now := b.Store.Now()
	wait := choose(now).Sub(now)
	b.mu.Unlock()
	if wait > 0 {
		return b.Sleep(ctx, wait)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reserve moves the shared moment by n recipients and returns when the first of them may be sent to. A sender that is alone finds the
// moment as it left it, and need not read it first.
func (b *Bucket) reserve(ctx context.Context, n int) (time.Time, error) {
	s, was := b.Store, b.seen
	for try := range 100 {
		found := was != spent{}
		if try > 0 || !found {
			var err error
			was = spent{}
			if found, err = record.Get(ctx, s.Client, s.Table, rateKey, s.Now(), &was); err != nil {
				return time.Time{}, fmt.Errorf("read the rate: %w", err)
			}
		}
		now := s.Now()
		from := time.UnixMicro(was.Until)
		if from.Before(now.Add(-b.slack())) || from.After(now.Add(astray)) {
			from = now
		}
		condition := record.Condition{Expression: "tat = :was", Values: record.Values{"was": was.Until}}
		if !found {
			condition = record.Condition{Expression: "attribute_not_exists(tat)"}
		}
		until := from.Add(b.cost(n)).UnixMicro()
		ok, err := record.Update(ctx, s.Client, s.Table, rateKey, "SET tat = :until", record.Values{"until": until}, condition, nil)
		if err != nil {
			return time.Time{}, fmt.Errorf("take of the rate: %w", err)
		}
		if ok {
			b.seen = spent{until}
			return from, nil
		}
		if err := b.Sleep(ctx, rand.N(5*time.Millisecond)); err != nil { //nolint:gosec // jitter needs no secrecy
			return time.Time{}, err
		}
	}
	return time.Time{}, fmt.Errorf("take of the rate: %w", ErrStale)
}

// Sleep waits for a time or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
