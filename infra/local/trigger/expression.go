package trigger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseExpression reads rate(5 minutes), cron(0 10 ? * MON-FRI *) or at(2026-01-01T10:00:00). The function that it returns gives the
// first time after another; false when there is none. A rate counts from start. zone is an IANA name, "" for UTC.
func parseExpression(expression, zone string, start time.Time) (func(time.Time) (time.Time, bool), error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("schedule %s: %w", expression, err)
	}
	kind, rest, ok := strings.Cut(strings.TrimSpace(expression), "(")
	inner, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("schedule %q is not rate(...), cron(...) or at(...)", expression)
	}
	var next func(time.Time) (time.Time, bool)
	switch kind {
	case "rate":
		next, err = rate(inner, start)
	case "cron":
		next, err = cron(inner, location)
	case "at":
		next, err = at(inner, location)
	default:
		err = fmt.Errorf("%s is unknown", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("schedule %s: %w", expression, err)
	}
	return next, nil
}

func rate(inner string, start time.Time) (func(time.Time) (time.Time, bool), error) {
	number, unit, _ := strings.Cut(inner, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("%q is not a positive number", number)
	}
	each := map[string]time.Duration{
		"minute": time.Minute, "minutes": time.Minute, "hour": time.Hour, "hours": time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	}[strings.TrimSpace(unit)]
	if each == 0 {
		return nil, fmt.Errorf("%q is not minutes, hours or days", unit)
	}
	every := time.Duration(n) * each
	return func(after time.Time) (time.Time, bool) {
		return start.Add((after.Sub(start)/every + 1) * every), true
	}, nil
}

func at(inner string, location *time.Location) (func(time.Time) (time.Time, bool), error) {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", inner, location)
	if err != nil {
		return nil, err
	}
	return func(after time.Time) (time.Time, bool) { return t, t.After(after) }, nil
}

// field is the set of values that one place of a cron expression allows; nil allows all.
type field []int

func (f field) has(n int) bool { return f == nil || slices.Contains(f, n) }

var (
	months   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// cron follows the six fields of AWS: minutes hours day-of-month month day-of-week year. L as day of the month is its last day; W and #
// are not known here.
func cron(inner string, location *time.Location) (func(time.Time) (time.Time, bool), error) {
	parts := strings.Fields(inner)
	if len(parts) != 6 {
		return nil, fmt.Errorf("wants 6 fields, has %d", len(parts))
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return nil, fmt.Errorf("either the day of the month or the day of the week must be ?")
	}
	lastDay := parts[2] == "L"
	if lastDay {
		parts[2] = "*"
	}
	fields := make([]field, 6)
	for i, limits := range []struct {
		least, most int
		names       []string // the first stands for least
	}{{0, 59, nil}, {0, 23, nil}, {1, 31, nil}, {1, 12, months}, {1, 7, weekdays}, {1970, 2199, nil}} {
		f, err := parseField(parts[i], limits.least, limits.most, limits.names)
		if err != nil {
			return nil, err
		}
		fields[i] = f
	}
	day := func(t time.Time) bool {
		if lastDay && t.AddDate(0, 0, 1).Month() == t.Month() {
			return false
		}
		return fields[2].has(t.Day()) && fields[3].has(int(t.Month())) && fields[4].has(int(t.Weekday())+1) && fields[5].has(t.Year())
	}
	return func(after time.Time) (time.Time, bool) {
		t := after.In(location).Truncate(time.Minute).Add(time.Minute)
		for limit := t.AddDate(5, 0, 0); t.Before(limit); {
			switch {
			case !day(t):
				t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, location)
			case !fields[1].has(t.Hour()):
				t = t.Truncate(time.Hour).Add(time.Hour)
			case !fields[0].has(t.Minute()):
				t = t.Add(time.Minute)
			default:
				return t, true
			}
		}
		return time.Time{}, false
	}, nil
}

func parseField(text string, least, most int, names []string) (field, error) {
	if text == "*" || text == "?" {
		return nil, nil
	}
	value := func(s string) (int, error) {
		if i := slices.Index(names, strings.ToUpper(s)); i >= 0 {
			return least + i, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("%q is not from %d to %d", s, least, most)
		}
		return n, nil
	}
	f := field{}
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		by := 1
		var err error
		if stepped {
			if by, err = strconv.Atoi(step); err != nil || by < 1 {
				return nil, fmt.Errorf("%q is not a step", step)
			}
		}
		from, to := least, most
		if span != "*" {
			first, last, ranged := strings.Cut(span, "-")
			if from, err = value(first); err != nil {
				return nil, err
			}
			switch {
			case ranged:
				if to, err = value(last); err != nil {
					return nil, err
				}
			case !stepped:
				to = from
			}
		}
		for n := from; n <= to; n += by {
			f = append(f, n)
		}
	}
	return f, nil
}
