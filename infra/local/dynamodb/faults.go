package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
)

// Fail are the next calls that fare badly. A conflict and a lost answer befall writes; throttling befalls every call.
type Fail struct {
	Conflict           int `json:"conflict"`
	Throttle           int `json:"throttle"`
	TimeoutAfterCommit int `json:"timeout_after_commit"` // done, but the caller is never told
}

// Faults is the state of the injection. In the JSON of POST /_local/dynamodb a member that is left out keeps its value; "fail" is
// replaced as a whole; an empty one, {"fail":{}}, ends everything that is not set anew beside it.
type Faults struct {
	Fail                      Fail    `json:"fail"`
	ConflictPercent           float64 `json:"conflict_percent"`
	ThrottlePercent           float64 `json:"throttle_percent"`
	TimeoutAfterCommitPercent float64 `json:"timeout_after_commit_percent"`
	Down                      bool    `json:"down"` // connections are closed without an answer
}

type fault int

const (
	faultNone fault = iota
	faultDown
	faultConflict
	faultThrottle
	faultLostAnswer
)

type faults struct {
	mu  sync.Mutex
	now Faults
}

// writes are the operations that a conflict can befall and whose answer is worth losing.
var writes = map[string]bool{"TransactWriteItems": true, "PutItem": true, "UpdateItem": true, "DeleteItem": true}

// data are the operations on items; descriptions of tables and streams are left alone.
var data = map[string]bool{
	"TransactWriteItems": true, "PutItem": true, "UpdateItem": true, "DeleteItem": true, "TransactGetItems": true, "GetItem": true,
	"Query": true, "Scan": true, "BatchGetItem": true, "BatchWriteItem": true,
}

// next decides how a call fares, and uses up what was counted.
func (f *faults) next(op string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == (Faults{}) {
		return faultNone
	}
	due := func(n *int, percent float64) bool {
		if *n > 0 {
			*n--
			return true
		}
		return percent > 0 && rand.Float64()*100 < percent //nolint:gosec // a fault in a test needs no secret
	}
	switch {
	case f.now.Down:
		return faultDown
	case writes[op] && due(&f.now.Fail.Conflict, f.now.ConflictPercent):
		return faultConflict
	case data[op] && due(&f.now.Fail.Throttle, f.now.ThrottlePercent):
		return faultThrottle
	case writes[op] && due(&f.now.Fail.TimeoutAfterCommit, f.now.TimeoutAfterCommitPercent):
		return faultLostAnswer
	}
	return faultNone
}

// SetFaults replaces the state of the injection; the zero value ends it.
func (p *Proxy) SetFaults(f Faults) {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.now = f
}

// Faults returns the state of the injection: what is still to come.
func (p *Proxy) Faults() Faults {
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	return p.faults.now
}

// FaultsHandler is /_local/dynamodb: GET shows the state, POST changes it, and anything that it does not know is a 400.
func (p *Proxy) FaultsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodPost:
			f, err := merge(p.Faults(), http.MaxBytesReader(w, r.Body, 1<<16))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			p.SetFaults(f)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p.Faults())
	})
}

// merge reads a change of the faults.
func merge(now Faults, body io.Reader) (Faults, error) {
	var change struct {
		Fail                      *Fail    `json:"fail"`
		ConflictPercent           *float64 `json:"conflict_percent"`
		ThrottlePercent           *float64 `json:"throttle_percent"`
		TimeoutAfterCommitPercent *float64 `json:"timeout_after_commit_percent"`
		Down                      *bool    `json:"down"`
	}
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&change); err != nil {
		return Faults{}, fmt.Errorf("faults: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Faults{}, errors.New("faults: more than one JSON value")
	}
	if change.Fail != nil {
		if *change.Fail == (Fail{}) {
			now = Faults{}
		}
		now.Fail = *change.Fail
	}
	if change.Down != nil {
		now.Down = *change.Down
	}
	if now.Fail.Conflict < 0 || now.Fail.Throttle < 0 || now.Fail.TimeoutAfterCommit < 0 {
		return Faults{}, errors.New("faults: a number of calls cannot be negative")
	}
	for name, percent := range map[string]struct {
		from *float64
		to   *float64
	}{
		"conflict_percent":             {change.ConflictPercent, &now.ConflictPercent},
		"throttle_percent":             {change.ThrottlePercent, &now.ThrottlePercent},
		"timeout_after_commit_percent": {change.TimeoutAfterCommitPercent, &now.TimeoutAfterCommitPercent},
	} {
		if percent.from == nil {
			continue
		}
		if *percent.from < 0 || *percent.from > 100 {
			return Faults{}, fmt.Errorf("faults: %s must be from 0 to 100", name)
		}
		*percent.to = *percent.from
	}
	return now, nil
}

// Faulty says whether any fault is to come.
func (p *Proxy) Faulty() bool { return p.Faults() != Faults{} }
