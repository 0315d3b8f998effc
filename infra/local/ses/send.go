package ses

import (
	"context"
	"net/http"
	"time"
)

// longestHang bounds a time-out that the caller never gives up on.
const longestHang = time.Minute

// leastAnswer is how long a call with a body over one write buffer takes at least. smithy-go closes the request's body as soon as
// the answer begins; if net/http's writer is still probing that body for its end, the connection breaks within the answer, and a
// mail that was accepted looks lost. AWS is never that quick; a server on the same machine is, once in some hundred calls.
const (
	leastAnswer = 10 * time.Millisecond
	writeBuffer = 4 << 10
)

// sending wraps the two sending operations with what faults do to them.
func (s *Server) sending(op func(c caller, body []byte, reject bool) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(w, r)
		who := callerOf(r)
		met := s.nextFate(who.accessKey)
		if err != nil {
			writeError(w, err)
			return
		}
		switch {
		case met.throttle:
			writeError(w, tooFast())
			return
		case met.serverError:
			writeError(w, apiErrorf(http.StatusInternalServerError, "InternalServiceErrorException", "An injected failure of the local SES."))
			return
		case met.hangBefore:
			s.pause(r.Context(), longestHang)
			panic(http.ErrAbortHandler)
		}
		if len(body) > writeBuffer && met.latency < leastAnswer {
			met.latency = leastAnswer
		}
		s.pause(r.Context(), met.latency)
		who.at = s.opts.Clock()
		answer, err := op(who, body, met.reject)
		if met.hangAfter {
			s.pause(r.Context(), longestHang)
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

func tooFast() error {
	return apiErrorf(http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")
}

func overQuota() error {
	return apiErrorf(http.StatusBadRequest, "LimitExceededException", "Daily message quota exceeded.")
}

// pause waits for d, for the caller to give up, or for the server to close, whichever is first.
func (s *Server) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.closed:
	}
}

func (s *Server) sendEmail(who caller, body []byte, reject bool) (any, error) {
	c, template, err := s.parse(body, parseEmail)
	if err != nil {
		return nil, err
	}
	boxes, err := recipientsOf(c.entries[0])
	if err != nil {
		return nil, badRequest("%v", err)
	}
	now := who.at
	if s.quota.left(now) < len(boxes) {
		return nil, overQuota()
	}
	if !s.quota.take(now, len(boxes)) {
		return nil, tooFast()
	}
	d := &delivery{server: s, who: who, call: c, reject: reject}
	id := d.accept(0, boxes)
	if err := d.finish("email", template, body); err != nil {
		return nil, err
	}
	return map[string]string{"MessageId": id}, nil
}

func (s *Server) sendBulkEmail(who caller, body []byte, reject bool) (any, error) {
	c, template, err := s.parse(body, parseBulk)
	if err != nil {
		return nil, err
	}
	n := c.recipients()
	if n > maxRecipients {
		return nil, badRequest("Recipient count exceeds %d.", maxRecipients)
	}
	now := who.at
	if s.quota.left(now) == 0 {
		return nil, overQuota()
	}
	if !s.quota.take(now, n) {
		return nil, tooFast()
	}
	d := &delivery{server: s, who: who, call: c, reject: reject}
	results := make([]bulkResult, 0, len(c.entries))
	failing := s.failingEntries()
	for i := range c.entries {
		if i < failing {
			results = append(results, bulkResult{Status: "FAILED", Error: "An injected failure of the local SES."})
			continue
		}
		results = append(results, d.acceptEntry(i))
	}
	if err := d.finish("bulk", template, body); err != nil {
		return nil, err
	}
	return map[string]any{"BulkEmailEntryResults": results}, nil
}

// parse checks a request as far as it concerns the whole call. It returns the stored template that the call names, if any.
func (s *Server) parse(body []byte, parse func([]byte, lookup) (*call, error)) (*call, *templateContent, error) {
	var used *templateContent
	c, err := parse(body, func(name string) (templateContent, bool) {
		t, ok := s.stored.get(name)
		used = &t
		return t, ok
	})
	if err != nil {
		return nil, nil, err
	}
	return c, used, s.checkFrom(c.from)
}

// recipientsOf reads the addresses of an entry.
func recipientsOf(e entry) ([]mailbox, error) {
	if n := e.recipients(); n == 0 {
		return nil, words("Missing required parameter: Destination.")
	} else if n > maxRecipients {
		return nil, words("Recipient count exceeds 50.")
	}
	out := make([]mailbox, 0, e.recipients())
	for _, list := range [][]string{e.to, e.cc, e.bcc} {
		for _, a := range list {
			m, err := parseMailbox(a)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// delivery gathers what a call leads to: delivered mails for the spool, events for afterwards.
type delivery struct {
	server *Server
	who    caller
	call   *call
	reject bool
	mails  []mailMeta
	events [][]event
}

// acceptEntry decides on an entry of a bulk call.
func (d *delivery) acceptEntry(n int) bulkResult {
	e := d.call.entries[n]
	boxes, err := recipientsOf(e)
	if err == nil {
		_, err = templateData(e.data)
	}
	switch {
	case err != nil:
		return bulkResult{Status: "INVALID_PARAMETER", Error: err.Error()}
	case d.server.quota.left(d.who.at) < len(boxes):
		return bulkResult{Status: "ACCOUNT_DAILY_QUOTA_EXCEEDED", Error: "Daily message quota exceeded."}
	}
	return bulkResult{Status: "SUCCESS", MessageId: d.accept(n, boxes)}
}

// accept takes a mail: from here on only events can tell what became of it. It returns the message id.
func (d *delivery) accept(n int, boxes []mailbox) string {
	s, id := d.server, messageID(d.who.at)
	s.quota.count(d.who.at, len(boxes))
	m, err := d.call.messageOf(id, d.who.at, d.who.region, n)
	report := s.reporter(d.call, id, d.who, n)
	switch {
	case err != nil:
		d.events = append(d.events, report.renderingFailure(boxes, err))
		return id
	case d.reject:
		d.events = append(d.events, report.rejected(m, boxes))
		return id
	}
	var delivered []string
	fates := make([]string, len(boxes))
	for i, box := range boxes {
		fates[i] = box.simulated()
		if s.suppresses(d.call.configurationSet, box.bare) {
			fates[i] = "suppressionlist"
		}
		if fates[i] != "bounce" && fates[i] != "suppressionlist" {
			delivered = append(delivered, box.bare)
		}
	}
	if len(delivered) > 0 {
		d.mails = append(d.mails, mailMeta{ID: id, Entry: n, To: delivered})
	}
	d.events = append(d.events, report.sent(m, boxes, fates))
	return id
}

// finish stores the delivered mails before the caller hears of them, and lets the events follow.
func (d *delivery) finish(operation string, template *templateContent, body []byte) error {
	s := d.server
	if len(d.mails) > 0 {
		meta := callMeta{Operation: operation, At: d.who.at, Region: d.who.region, Template: template, Mails: d.mails}
		if err := s.spool.append(meta, body); err != nil {
			return err
		}
	}
	for _, group := range d.events {
		s.events.publish(group)
	}
	return nil
}
