package ses

import (
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// suppressionList is the account's list of addresses that are not written to. Whether a mail respects it depends on its
// configuration set (Options.Suppress). Addresses are compared without regard to case.
type suppressionList struct {
	mu      sync.Mutex
	journal *journal
	entries map[string]suppressed
}

type suppressed struct {
	Address string    `json:"address"`
	Reason  string    `json:"reason"` // BOUNCE, COMPLAINT; "" in the journal: removed
	At      time.Time `json:"at"`
}

func openSuppressionList(path string) (*suppressionList, error) {
	l := &suppressionList{entries: map[string]suppressed{}}
	var err error
	l.journal, err = openJournal(path, func(line []byte) error {
		var e suppressed
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		l.apply(e)
		return nil
	})
	return l, err
}

func (l *suppressionList) apply(e suppressed) {
	if e.Reason == "" {
		delete(l.entries, strings.ToLower(e.Address))
		return
	}
	l.entries[strings.ToLower(e.Address)] = e
}

func (l *suppressionList) record(e suppressed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apply(e)
	return l.journal.append(e)
}

func (l *suppressionList) get(address string) (suppressed, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[strings.ToLower(address)]
	return e, ok
}

func (l *suppressionList) sorted() []suppressed {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]suppressed, 0, len(l.entries))
	for _, e := range l.entries {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return strings.ToLower(out[i].Address) < strings.ToLower(out[j].Address) })
	return out
}

// suppresses tells whether a mail of the configuration set is kept from the address.
func (s *Server) suppresses(configurationSet, address string) bool {
	reasons := s.opts.Suppress[configurationSet]
	if len(reasons) == 0 {
		return false
	}
	e, ok := s.list.get(address)
	return ok && slices.Contains(reasons, e.Reason)
}

func (s *Server) putSuppressed(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r)
	var in struct{ EmailAddress, Reason string }
	if err == nil {
		err = decode(body, &in)
	}
	var m mailbox
	if err == nil {
		if m, err = parseMailbox(in.EmailAddress); err != nil {
			err = badRequest("EmailAddress: %v", err)
		}
	}
	if err == nil && !validReason(in.Reason) {
		err = badRequest("Reason must be BOUNCE or COMPLAINT.")
	}
	if err == nil {
		err = s.list.record(suppressed{m.bare, in.Reason, s.opts.Clock()})
	}
	answer(w, struct{}{}, err)
}

func (s *Server) getSuppressed(w http.ResponseWriter, r *http.Request) {
	e, ok := s.list.get(bareOf(r.PathValue("address")))
	if !ok {
		writeError(w, notFound("Email address %s does not exist on your suppression list.", r.PathValue("address")))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"SuppressedDestination": summary(e)})
}

func (s *Server) deleteSuppressed(w http.ResponseWriter, r *http.Request) {
	address := bareOf(r.PathValue("address"))
	if _, ok := s.list.get(address); !ok {
		writeError(w, notFound("Email address %s does not exist on your suppression list.", address))
		return
	}
	answer(w, struct{}{}, s.list.record(suppressed{Address: address, At: s.opts.Clock()}))
}

// listSuppressed answers one page in the order of the addresses. The token names the last address of the page before, so that
// a change of the list between two pages skips nobody.
func (s *Server) listSuppressed(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("PageSize"))
	switch {
	case q.Get("PageSize") == "":
		size = 1000
	case err != nil || size < 1 || size > 1000:
		writeError(w, badRequest("PageSize must be 1 to 1000."))
		return
	}
	start, err1 := queryTime(q.Get("StartDate"))
	end, err2 := queryTime(q.Get("EndDate"))
	if err1 != nil || err2 != nil {
		writeError(w, badRequest("StartDate and EndDate must be times."))
		return
	}
	after, found := q.Get("NextToken"), []map[string]any{}
	for _, e := range s.list.sorted() {
		if len(q["Reason"]) > 0 && !slices.Contains(q["Reason"], e.Reason) || after != "" && strings.ToLower(e.Address) <= after ||
			!start.IsZero() && e.At.Before(start) || !end.IsZero() && e.At.After(end) {
			continue
		}
		if len(found) == size {
			last := strings.ToLower(found[size-1]["EmailAddress"].(string)) //nolint:errcheck // written a few lines above
			writeJSON(w, http.StatusOK, map[string]any{"SuppressedDestinationSummaries": found, "NextToken": last})
			return
		}
		found = append(found, summary(e))
	}
	writeJSON(w, http.StatusOK, map[string]any{"SuppressedDestinationSummaries": found})
}

func summary(e suppressed) map[string]any {
	return map[string]any{"EmailAddress": e.Address, "Reason": e.Reason, "LastUpdateTime": float64(e.At.UnixMilli()) / 1000}
}

func queryTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}

// bareOf strips the quotes of a local part; what is no address stays and is then not found.
func bareOf(address string) string {
	if m, err := parseMailbox(address); err == nil {
		return m.bare
	}
	return address
}

func validReason(reason string) bool { return reason == "BOUNCE" || reason == "COMPLAINT" }

func answer(w http.ResponseWriter, body any, err error) {
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, body)
}
