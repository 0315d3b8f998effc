package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Moment is what a retention counts from. A record's expiry is computed when the moment is reached or moves.
type Moment string

// The moments that the decisions of the policy name.
const (
	FromSubmission   Moment = "submission"    // the form was sent, the mail arrived, the page was opened
	FromConfirmation Moment = "confirmation"  // the last confirmation of a subscription
	FromUnsubscribed Moment = "unsubscribed"  // the subscription was ended
	FromBounce       Moment = "bounce"        // a hard bounce arrived
	FromEnd          Moment = "end"           // the subscription or its record ended
	FromEventEnd     Moment = "event_end"     // the event ended; a moved event re-stamps
	FromLastUse      Moment = "last_use"      // the service was last used
	FromClosing      Moment = "closing"       // staff closed the case
	FromFinalState   Moment = "final_state"   // sent, declined, withdrawn or returned
	FromApprovalWait Moment = "approval_wait" // the address was confirmed and waits for staff
)

// Periods are the retention periods of one service as this deployment sets them.
type Periods struct {
	service Code
	states  map[string]time.Duration
}

// Of returns how long records in a state live. It panics for a state that the service does not declare: that is a
// defect of the program, never input.
func (p Periods) Of(state string) time.Duration {
	d, ok := p.states[state]
	if !ok {
		panic(fmt.Sprintf("policy: no period for service %q, state %q", p.service, state))
	}
	return d
}

// Expiry returns the moment at which a record expires that entered the state at from.
func (p Periods) Expiry(state string, from time.Time) time.Time { return from.Add(p.Of(state)) }

// DefaultPeriods returns the decided defaults of a service.
func DefaultPeriods(s *Service) Periods {
	p := Periods{service: s.Code, states: make(map[string]time.Duration, len(s.Retention))}
	for _, r := range s.Retention {
		p.states[r.State] = r.Default
	}
	return p
}

// LoadPeriods reads every retention parameter of a service; lookup is os.LookupEnv or a stand-in. A value is a whole
// number of the unit that the parameter's name ends with (SECONDS, HOURS, DAYS). The error names every parameter that
// is missing, no whole number, zero, below its minimum or above its maximum: such a function must not start (hard
// case 25).
func LoadPeriods(s *Service, lookup func(name string) (string, bool)) (Periods, error) {
	p := Periods{service: s.Code, states: make(map[string]time.Duration, len(s.Retention))}
	read := make(map[string]time.Duration) // two states may share a parameter: it is reported once
	var faults []error
	for _, r := range s.Retention {
		d, done := read[r.Parameter]
		if !done {
			var err error
			if d, err = r.load(lookup); err != nil {
				faults = append(faults, err)
			}
			read[r.Parameter] = d
		}
		p.states[r.State] = d
	}
	if err := errors.Join(faults...); err != nil {
		return Periods{}, fmt.Errorf("retention of %s: %w", s.Code, err)
	}
	return p, nil
}

// load reads and checks the one parameter.
func (r Retention) load(lookup func(string) (string, bool)) (time.Duration, error) {
	unit, word := unitOf(r.Parameter)
	value, ok := lookup(r.Parameter)
	if !ok || value == "" {
		return 0, fmt.Errorf("%s is not set", r.Parameter)
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(value, "-"), err == nil && n > int64(r.Max/unit):
		return 0, fmt.Errorf("%s is %s, above the maximum of %d %s", r.Parameter, value, r.Max/unit, word)
	case errors.Is(err, strconv.ErrRange), err == nil && n < int64(r.Min/unit):
		return 0, fmt.Errorf("%s is %s, below the minimum of %d %s", r.Parameter, value, r.Min/unit, word)
	case err != nil:
		return 0, fmt.Errorf("%s is %q, not a whole number of %s", r.Parameter, value, word)
	}
	return time.Duration(n) * unit, nil
}

// unitOf tells the unit of a parameter from the end of its name.
func unitOf(parameter string) (unit time.Duration, word string) {
	switch {
	case strings.HasSuffix(parameter, "_DAYS"):
		return day, "days"
	case strings.HasSuffix(parameter, "_HOURS"):
		return time.Hour, "hours"
	case strings.HasSuffix(parameter, "_SECONDS"):
		return time.Second, "seconds"
	}
	panic(fmt.Sprintf("policy: parameter %q does not end with a unit", parameter))
}

// Words says a period as people do, in the largest unit that states it exactly: 7日間, 3年間, 36時間; "1 year",
// "90 days". A year is 365 days.
func Words(d time.Duration, l Language) string {
	units := []struct {
		length time.Duration
		ja, en string
	}{
		{365 * day, "年間", "year"}, {day, "日間", "day"}, {time.Hour, "時間", "hour"}, {time.Minute, "分間", "minute"},
	}
	for _, u := range units {
		if d < u.length || d%u.length != 0 {
			continue
		}
		return count(int64(d/u.length), u.ja, u.en, l)
	}
	return count(int64(d/time.Second), "秒間", "second", l)
}

func count(n int64, ja, en string, l Language) string {
	if l != English {
		return fmt.Sprintf("%d%s", n, ja)
	}
	if n != 1 {
		en += "s"
	}
	return fmt.Sprintf("%d %s", n, en)
}

// JapanTime is Japan Standard Time: no daylight saving since 1951, so no time-zone data are needed.
var JapanTime = time.FixedZone("JST", 9*60*60)

// Date writes the day in Japan on which t falls: 2026年11月30日, "30 November 2026".
func Date(t time.Time, l Language) string {
	if l == English {
		return t.In(JapanTime).Format("2 January 2006")
	}
	return t.In(JapanTime).Format("2006年1月2日")
}
