// Package ses is Amazon SES v2 on one machine: the REST JSON interface that aws-sdk-go-v2/service/sesv2 calls, the events that
// SES publishes through EventBridge, the mailbox simulator, faults on demand, and an inbox page that shows what was sent.
//
// It is deliberately stricter than convenient: what passes here passes in AWS (requirements.md, "Facts of law and practice").
// Nothing leaves the machine. It belongs to the local runner and to tests, and is never deployed.
package ses

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Defaults of a server.
const (
	DefaultKeep        = 100_000    // mails, contract.md "/_local/mail"
	DefaultMaxSendRate = 200.0      // recipients per second
	DefaultDailyQuota  = 10_000_000 // recipients per 24 hours
	accountID          = "123456789012"
)

// Options of a server. Every zero value is usable.
type Options struct {
	// Clock gives the time of mails, events and rates. nil: time.Now.
	Clock func() time.Time
	// OnEvent receives what SES would publish to EventBridge: the detail-type ("Email Sent", "Email Bounced", …) and the detail
	// (eventType, mail, and the part named after the type). It is called from one goroutine, one event after the other, some
	// milliseconds after the call that caused it; a slow receiver delays the events behind. nil: no events.
	OnEvent func(detailType string, detail json.RawMessage)
	// Keep is the least number of mails that stay readable; older ones go. 0: DefaultKeep.
	Keep int
	// Dir keeps mails, stored templates and the suppression list over a restart. "": a temporary folder that Close removes.
	Dir string
	// Suppress names, per configuration set, the reasons ("BOUNCE", "COMPLAINT") for which an address on the account's suppression
	// list is not written to. A configuration set that is not named here, and a call without one, suppress nothing.
	Suppress map[string][]string
	// Identities are the addresses and domains that may stand in From. Empty: all.
	Identities []string
}

// Server is one account of the local SES. It is safe for use by several goroutines.
type Server struct {
	opts   Options
	spool  *spool
	list   *suppressionList
	stored *templateStore
	events *eventQueue
	quota  *quota
	closed chan struct{} // ends every hanging call

	mu     sync.Mutex
	faults Faults
	calls  map[string]int
	cut    int // calls whose connection was closed without an answer

	closing   sync.Once
	temporary bool
}

// New opens a server. It fails if Dir cannot be created or holds something that is not its own.
func New(opts Options) (*Server, error) {
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Keep <= 0 {
		opts.Keep = DefaultKeep
	}
	s := &Server{opts: opts, closed: make(chan struct{}), calls: map[string]int{}}
	if opts.Dir == "" {
		dir, err := os.MkdirTemp("", "madoguchi-ses-")
		if err != nil {
			return nil, fmt.Errorf("create mail folder: %w", err)
		}
		s.opts.Dir, s.temporary = dir, true
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() (err error) {
	dir := s.opts.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create mail folder: %w", err)
	}
	if s.spool, err = openSpool(dir, s.opts.Keep); err != nil {
		return err
	}
	if s.list, err = openSuppressionList(filepath.Join(dir, "suppression.jsonl")); err != nil {
		return err
	}
	if s.stored, err = openTemplateStore(filepath.Join(dir, "templates.jsonl")); err != nil {
		return err
	}
	s.quota = newQuota(s.opts.Clock(), DefaultMaxSendRate, DefaultDailyQuota)
	s.events = newEventQueue(s.opts.OnEvent)
	return nil
}

// Close ends hanging calls, drops events that were not yet published and closes the files. It may be called twice.
func (s *Server) Close() error {
	var errs []error
	s.closing.Do(func() {
		close(s.closed)
		if s.events != nil {
			s.events.close()
		}
		if s.spool != nil {
			errs = append(errs, s.spool.close())
		}
		if s.list != nil {
			errs = append(errs, s.list.journal.close())
		}
		if s.stored != nil {
			errs = append(errs, s.stored.journal.close())
		}
		if s.temporary {
			errs = append(errs, os.RemoveAll(s.opts.Dir))
		}
	})
	return errors.Join(errs...)
}

// Calls counts the calls of SendEmail and SendBulkEmail since the start, by the access key id that signed them ("" if none did),
// failed ones included.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.calls))
	for k, n := range s.calls {
		out[k] = n
	}
	return out
}

// Cut counts the calls of SendEmail and SendBulkEmail since the start that were closed without an answer because the API was down: none
// of their mail was taken, and the caller cannot know.
func (s *Server) Cut() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

// WaitEvents returns when every event caused so far has been handed to OnEvent, or with the context's error.
func (s *Server) WaitEvents(ctx context.Context) error { return s.events.wait(ctx) }

// API is the SES v2 endpoint (AWS_ENDPOINT_URL_SESV2). Signatures are not checked.
func (s *Server) API() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/email/outbound-emails", s.sending(s.sendEmail))
	mux.HandleFunc("POST /v2/email/outbound-bulk-emails", s.sending(s.sendBulkEmail))
	mux.HandleFunc("GET /v2/email/account", s.getAccount)
	mux.HandleFunc("PUT /v2/email/suppression/addresses", s.putSuppressed)
	mux.HandleFunc("GET /v2/email/suppression/addresses", s.listSuppressed)
	mux.HandleFunc("GET /v2/email/suppression/addresses/{address}", s.getSuppressed)
	mux.HandleFunc("DELETE /v2/email/suppression/addresses/{address}", s.deleteSuppressed)
	mux.HandleFunc("POST /v2/email/templates", s.createTemplate)
	mux.HandleFunc("GET /v2/email/templates/{name}", s.getTemplate)
	mux.HandleFunc("PUT /v2/email/templates/{name}", s.updateTemplate)
	mux.HandleFunc("DELETE /v2/email/templates/{name}", s.deleteTemplate)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, apiErrorf(http.StatusNotFound, "UnknownOperationException", "The local SES does not know %s %s.", r.Method, r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down(r) {
			panic(http.ErrAbortHandler) // the connection closes without an answer
		}
		w.Header().Set("X-Amzn-Requestid", requestID())
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) getAccount(w http.ResponseWriter, _ *http.Request) {
	f := s.Faults()
	writeJSON(w, http.StatusOK, map[string]any{
		"DedicatedIpAutoWarmupEnabled": false,
		"EnforcementStatus":            "HEALTHY",
		"ProductionAccessEnabled":      true,
		"SendingEnabled":               true,
		"SendQuota": map[string]float64{
			"Max24HourSend":   *f.DailyQuota,
			"MaxSendRate":     *f.MaxSendRate,
			"SentLast24Hours": float64(s.quota.sentLast24Hours(s.opts.Clock())),
		},
	})
}

// messageID looks like SES's: region prefix, milliseconds in hex, a random part.
func messageID(at time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("0106%012x-%x-%x-%x-%x-%x-000000", at.UnixMilli(), b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func requestID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
