package event

import (
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/policy"
)

// When writes when the event takes place: in Japan, where it is held and announced, and in UTC, from which every visitor
// abroad knows the way to the own clock (decided: the partners of one event live in several zones, and a page cannot ask).
func (e *Event) When(l policy.Language) string {
	return strings.Join(e.Whens(l), policy.Text{JA: " ／ ", EN: " / "}.In(l))
}

// Whens are the two times of When, each for a line of its own.
func (e *Event) Whens(l policy.Language) []string {
	return []string{span(e.StartsAt, e.EndsAt, policy.JapanTime, l) + policy.Text{JA: "（日本時間）", EN: " (Japan time)"}.In(l),
		span(e.StartsAt, e.EndsAt, time.UTC, l) + policy.Text{JA: "（協定世界時 UTC）", EN: " (UTC)"}.In(l)}
}

func span(from, to time.Time, zone *time.Location, l policy.Language) string {
	from, to = from.In(zone), to.In(zone)
	begin, end := Minute(from, l), to.Format("15:04")
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		end = Minute(to, l)
	}
	return begin + policy.Text{JA: "～", EN: "–"}.In(l) + end
}

// Minute writes a moment as its zone has it: 2026年12月1日（火）14:00, "Tue 1 December 2026, 14:00".
func Minute(t time.Time, l policy.Language) string {
	if l == policy.English {
		return t.Format("Mon 2 January 2006, 15:04")
	}
	return t.Format("2006年1月2日") + fmt.Sprintf("（%s）", string([]rune("日月火水木金土")[t.Weekday()])) + t.Format("15:04")
}
