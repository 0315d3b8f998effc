package statistics

import (
	"errors"
	"fmt"
	"time"

	"madoguchi/shared/policy"
)

// Month is a calendar month in Japan, as 2026-10: the only period of a release. Months do not overlap, so that no two
// releases count the same person or view, and nothing follows from their difference (hard case 32).
type Month struct{ first time.Time }

// ErrNoMonth says that a text names no month.
var ErrNoMonth = errors.New("not a month such as 2026-10")

// ParseMonth reads a month.
func ParseMonth(s string) (Month, error) {
	first, err := time.ParseInLocation("2006-01", s, policy.JapanTime)
	if err != nil || first.Format("2006-01") != s {
		return Month{}, fmt.Errorf("%q: %w", s, ErrNoMonth)
	}
	return Month{first}, nil
}

func (m Month) String() string { return m.first.Format("2006-01") }

// In writes the month as people do: 2026年10月, "October 2026".
func (m Month) In(l policy.Language) string {
	if l == policy.English {
		return m.first.Format("January 2006")
	}
	return m.first.Format("2006年1月")
}

// Days are the month's days, as Day writes them.
func (m Month) Days() []string {
	var days []string
	for d := m.first; d.Month() == m.first.Month(); d = d.AddDate(0, 0, 1) {
		days = append(days, d.Format(time.DateOnly))
	}
	return days
}

// settled is how long after its end a month is taken to be complete: a request that began in it has been answered.
const settled = time.Hour

// Closed reports whether the month is over, so that nothing more can be counted in it.
func (m Month) Closed(now time.Time) bool { return !now.Before(m.first.AddDate(0, 1, 0).Add(settled)) }
