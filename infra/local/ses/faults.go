package ses

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Faults is what POST /_local/ses takes and GET shows (contract.md). In a change, a nil member leaves what is there.
type Faults struct {
	MaxSendRate *float64 `json:"max_send_rate,omitempty"` // recipients per second, above 0
	DailyQuota  *float64 `json:"daily_quota,omitempty"`   // recipients per 24 hours; -1: no limit
	LatencyMS   *int     `json:"latency_ms,omitempty"`    // each sending call takes this much longer
	// Fail replaces all counters of failing calls. An empty one clears every fault: events and down too, but neither rate,
	// quota nor latency, which are properties of the account rather than faults.
	Fail   *Fail        `json:"fail,omitempty"`
	Events *EventFaults `json:"events,omitempty"` // replaces all members
	Down   *bool        `json:"down,omitempty"`   // every connection to the API closes without an answer
}

// Fail says how the next calls of SendEmail and SendBulkEmail fare. One call consumes one count, in the order of the members.
type Fail struct {
	Throttle    int `json:"throttle,omitempty"`     // TooManyRequestsException, nothing sent
	ServerError int `json:"server_error,omitempty"` // 500, nothing sent
	// A time-out hangs until the caller gives up (at most a minute), then the connection closes.
	TimeoutBeforeAccepting int `json:"timeout_before_accepting,omitempty"`
	TimeoutAfterAccepting  int `json:"timeout_after_accepting,omitempty"`
	// Reject accepts the call, publishes a Reject event for each of its mails and delivers none: SES rejects in this way what
	// holds a virus, after the answer, so that only the event tells.
	Reject int `json:"reject,omitempty"`
	// Entries is no count of calls: so many entries of the next bulk call get status FAILED inside its HTTP 200.
	Entries int `json:"entries,omitempty"`
}

// EventFaults says how the next events fare; counts and shares may be combined.
type EventFaults struct {
	Drop             int     `json:"drop,omitempty"`              // so many of the next events vanish
	Duplicate        int     `json:"duplicate,omitempty"`         // so many of the next events come twice
	DelayMS          int     `json:"delay_ms,omitempty"`          // all events come so much later
	Reorder          bool    `json:"reorder,omitempty"`           // the events of each mail come in reverse order
	DropPercent      float64 `json:"drop_percent,omitempty"`      // 0–100, each event by chance
	DuplicatePercent float64 `json:"duplicate_percent,omitempty"` // 0–100, each event by chance
}

// Faults returns the present state: what is left of the counters, and the account's rate, quota and latency.
func (s *Server) Faults() Faults {
	s.mu.Lock()
	f := s.faults
	fail := Fail{}
	if f.Fail != nil {
		fail = *f.Fail
	}
	s.mu.Unlock()
	events := s.events.state()
	f.Fail, f.Events = &fail, &events
	if f.Down == nil {
		f.Down = new(false)
	}
	if f.MaxSendRate == nil {
		f.MaxSendRate = new(DefaultMaxSendRate)
	}
	if f.DailyQuota == nil {
		f.DailyQuota = new(float64(DefaultDailyQuota))
	}
	if f.LatencyMS == nil {
		f.LatencyMS = new(0)
	}
	return f
}

// down says whether a call finds the API down, and counts it where it would have sent.
func (s *Server) down(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	down := s.faults.Down != nil && *s.faults.Down
	if down && r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v2/email/outbound-") {
		s.cut++
	}
	return down
}

// SetFaults applies a change; members that are nil stay. It fails, changing nothing, on a value that makes no sense.
func (s *Server) SetFaults(change Faults) error {
	if err := change.check(); err != nil {
		return err
	}
	now := s.opts.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.MaxSendRate != nil {
		s.faults.MaxSendRate = new(*change.MaxSendRate)
		s.quota.setRate(now, *change.MaxSendRate)
	}
	if change.DailyQuota != nil {
		s.faults.DailyQuota = new(*change.DailyQuota)
		s.quota.setDaily(*change.DailyQuota)
	}
	if change.LatencyMS != nil {
		s.faults.LatencyMS = new(*change.LatencyMS)
	}
	if change.Fail != nil {
		s.faults.Fail = new(*change.Fail)
		if *change.Fail == (Fail{}) {
			s.faults.Down = nil
			s.events.setFaults(EventFaults{})
		}
	}
	if change.Events != nil {
		s.events.setFaults(*change.Events)
	}
	if change.Down != nil {
		s.faults.Down = new(*change.Down)
	}
	return nil
}

func (f Faults) check() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	need(f.MaxSendRate == nil || *f.MaxSendRate > 0, "max_send_rate must be above 0")
	need(f.DailyQuota == nil || *f.DailyQuota >= -1, "daily_quota must be 0 or more, or -1 for none")
	need(f.LatencyMS == nil || *f.LatencyMS >= 0, "latency_ms must be 0 or more")
	if c := f.Fail; c != nil {
		need(min(c.Throttle, c.ServerError, c.TimeoutBeforeAccepting, c.TimeoutAfterAccepting, c.Reject, c.Entries) >= 0, "counts of fail must be 0 or more")
	}
	if e := f.Events; e != nil {
		need(min(e.Drop, e.Duplicate, e.DelayMS) >= 0, "counts and delay of events must be 0 or more")
		need(min(e.DropPercent, e.DuplicatePercent) >= 0 && max(e.DropPercent, e.DuplicatePercent) <= 100, "percentages must be 0 to 100")
	}
	return errors.Join(errs...)
}

// fate is what the next sending call meets.
type fate struct {
	throttle, serverError, hangBefore, hangAfter, reject bool
	latency                                              time.Duration
}

// nextFate consumes one count of the failing calls.
func (s *Server) nextFate(accessKey string) fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[accessKey]++
	var t fate
	if s.faults.LatencyMS != nil {
		t.latency = time.Duration(*s.faults.LatencyMS) * time.Millisecond
	}
	f := s.faults.Fail
	if f == nil {
		return t
	}
	for _, c := range []struct {
		count *int
		flag  *bool
	}{{&f.Throttle, &t.throttle}, {&f.ServerError, &t.serverError}, {&f.TimeoutBeforeAccepting, &t.hangBefore}, {&f.TimeoutAfterAccepting, &t.hangAfter}, {&f.Reject, &t.reject}} {
		if *c.count > 0 {
			*c.count--
			*c.flag = true
			break
		}
	}
	return t
}

// failingEntries consumes the count of entries that fail in a bulk call.
func (s *Server) failingEntries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.Fail == nil {
		return 0
	}
	n := s.faults.Fail.Entries
	s.faults.Fail.Entries = 0
	return n
}

// serveFaults is GET and POST /_local/ses. Wrong JSON, unknown members included, is answered with 400 and changes nothing.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var change Faults
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
		d.DisallowUnknownFields()
		err := d.Decode(&change)
		if err == nil && d.Decode(&struct{}{}) != io.EOF {
			err = errors.New("more than one JSON value")
		}
		if err == nil {
			err = s.SetFaults(change)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("faults of the local SES: %v", err)})
			return
		}
	}
	writeJSON(w, http.StatusOK, struct {
		Faults
		SentLast24Hours int            `json:"sent_last_24_hours"`
		Calls           map[string]int `json:"calls"`
	}{s.Faults(), s.quota.sentLast24Hours(s.opts.Clock()), s.Calls()})
}
