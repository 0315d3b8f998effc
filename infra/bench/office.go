package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"madoguchi/infra/local/ses"
)

// office is a local SES of one campaign, and what went over its counter.
type office struct {
	*ses.Server
	endpoint string
	api      http.Handler
	first    func() // called once, before the first call is answered; may be nil

	mu       sync.Mutex
	begun    bool
	arrivals []*arrival
	inside   int // calls being answered
	most     int // the most of them at a time
	last     time.Time
	keep     int // so many calls' bodies are kept
	bodies   [][]byte
}

// arrival is a call that arrived.
type arrival struct {
	at         time.Time
	recipients int
	refused    bool // SES asked for less: none of them was sent to, and the call is made once more
}

// keptBodies are enough calls for a loop to make in turn, and few enough for its memory.
const keptBodies = 200

// openOffice starts an SES that lets so many recipients through in a second and takes so long for each call. events receives what it
// publishes, nil for nothing.
func (b *bench) openOffice(perSecond float64, latency time.Duration, events func(string, json.RawMessage)) (*office, error) {
	dir, err := os.MkdirTemp(b.dir, "ses")
	if err != nil {
		return nil, err
	}
	server, err := ses.New(ses.Options{Dir: dir, OnEvent: events, Keep: 1000, Suppress: suppressing(b)})
	if err != nil {
		return nil, fmt.Errorf("local SES: %w", err)
	}
	o := &office{Server: server, api: server.API()}
	if err := server.SetFaults(ses.Faults{MaxSendRate: &perSecond, DailyQuota: new(-1.0), LatencyMS: new(int(latency.Milliseconds()))}); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	if o.endpoint, err = b.serve(o); err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return o, nil
}

func suppressing(b *bench) map[string][]string {
	sets := map[string][]string{}
	for name, set := range b.template.ConfigurationSets {
		sets[name] = set.Suppressed
	}
	return sets
}

// ServeHTTP notes a call of SendBulkEmail and lets SES answer it.
func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/outbound-bulk-emails") {
		o.api.ServeHTTP(w, r)
		return
	}
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call, first := o.arrived(at, body)
	if first && o.first != nil {
		o.first()
	}
	answer := &status{ResponseWriter: w}
	o.api.ServeHTTP(answer, r)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inside--
	o.last = time.Now()
	call.refused = answer.code != http.StatusOK
}

// status keeps the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// arrived notes a call and tells whether it is the first.
func (o *office) arrived(at time.Time, body []byte) (call *arrival, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	call = &arrival{at: at, recipients: bytes.Count(body, []byte(`"Destination":`))}
	o.arrivals = append(o.arrivals, call)
	o.inside++
	o.most = max(o.most, o.inside)
	if len(o.bodies) < o.keep {
		o.bodies = append(o.bodies, body)
	}
	first, o.begun = !o.begun, true
	return call, first
}

// dayBook is what went over the counter since the last time it was asked.
type dayBook struct {
	arrivals []arrival
	refused  int       // of them
	inFlight int       // the most calls at a time
	last     time.Time // the last answer
}

// closeDay returns what went over the counter and begins anew.
func (o *office) closeDay() dayBook {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := dayBook{inFlight: o.most, last: o.last}
	for _, call := range o.arrivals {
		if c.arrivals = append(c.arrivals, *call); call.refused {
			c.refused++
		}
	}
	o.arrivals, o.most, o.begun = nil, o.inside, false
	return c
}

func (c dayBook) recipients() int {
	sum := 0
	for _, a := range c.arrivals {
		if !a.refused {
			sum += a.recipients
		}
	}
	return sum
}

// rate is the recipients a second of the calls after the first few, from the arrival of the first of them to the last answer; 0 of no
// calls.
func (c dayBook) rate(skip int) float64 {
	if len(c.arrivals) <= skip {
		return 0
	}
	rest := dayBook{arrivals: c.arrivals[skip:]}
	return float64(rest.recipients()) / c.last.Sub(rest.arrivals[0].at).Seconds()
}

// writeBodies stores the calls that were kept, one a line.
func (o *office) writeBodies(path string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	for _, body := range o.bodies {
		_, _ = w.Write(append(bytes.TrimSpace(body), '\n'))
	}
	_ = w.Flush()
	return os.WriteFile(path, out.Bytes(), 0o600)
}
