package ses

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// quota is the account's sending rate (a token bucket of recipients whose burst is one second's worth) and what was sent in the
// last 24 hours. SES counts recipients, not calls, and does not queue: a call over the rate fails.
type quota struct {
	mu      sync.Mutex
	limiter *rate.Limiter
	daily   float64 // recipients per 24 hours; negative: unlimited
	minutes map[int64]int
	latest  time.Time
}

func newQuota(now time.Time, perSecond, daily float64) *quota {
	q := &quota{limiter: rate.NewLimiter(rate.Limit(perSecond), burst(perSecond)), daily: daily, minutes: map[int64]int{}}
	return q
}

func burst(perSecond float64) int { return max(1, int(math.Ceil(perSecond))) }

func (q *quota) setRate(now time.Time, perSecond float64) {
	q.limiter.SetLimitAt(now, rate.Limit(perSecond))
	q.limiter.SetBurstAt(now, burst(perSecond))
}

func (q *quota) setDaily(n float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.daily = n
}

// take claims n recipients of the rate, or none. A time before the latest one counts as the latest: the limiter would otherwise
// credit the difference twice when calls overtake each other.
func (q *quota) take(now time.Time, n int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Before(q.latest) {
		now = q.latest
	}
	q.latest = now
	return q.limiter.AllowN(now, n)
}

// left is how many recipients the daily quota still allows.
func (q *quota) left(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.daily < 0 {
		return math.MaxInt
	}
	return max(0, int(q.daily)-q.sent(now))
}

func (q *quota) count(now time.Time, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.minutes[now.Unix()/60] += n
}

func (q *quota) sentLast24Hours(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sent(now)
}

// sent adds up at most 1,440 minutes and forgets older ones. The caller holds the lock.
func (q *quota) sent(now time.Time) int {
	oldest, total := now.Add(-24*time.Hour).Unix()/60, 0
	for minute, n := range q.minutes {
		if minute <= oldest {
			delete(q.minutes, minute)
			continue
		}
		total += n
	}
	return total
}
