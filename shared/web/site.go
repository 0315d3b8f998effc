package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/logging"
	"madoguchi/shared/policy"
)

// Site is what all pages of the organisation share. The zero value of Origins allows no other website.
type Site struct {
	Organization policy.Organization
	Origins      []string // other websites that may use the forms
	Now          func() time.Time
}

// HandlerFunc answers a request or returns an error, which the site shows in the caller's form and language.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// Mux routes requests to handlers by ServeMux patterns.
type Mux struct {
	site   *Site
	mux    http.ServeMux
	routes []string
}

// NewMux returns a Mux without routes.
func (s *Site) NewMux() *Mux { return &Mux{site: s} }

// Handle registers a handler; the pattern is that of http.ServeMux ("POST /newsletter").
func (m *Mux) Handle(pattern string, handler HandlerFunc) {
	m.routes = append(m.routes, pattern)
	m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := handler(w, r); err != nil {
			m.site.Fail(w, r, err)
		}
	})
}

// Routes are the patterns that have a handler.
func (m *Mux) Routes() []string { return m.routes }

// ServeHTTP answers with our headers, turns panics into 500s, answers unknown paths and methods in our own shape, and
// writes one log line per request. The line holds the route, never the path: paths and queries may hold tokens (R13).
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	outcome := &outcome{}
	r = r.WithContext(context.WithValue(r.Context(), outcomeKey{}, outcome))
	recorder := &statusWriter{ResponseWriter: w}
	m.site.headers(w.Header(), r)
	handler, pattern := m.mux.Handler(r)
	defer func() {
		if fault := recover(); fault != nil {
			outcome.err = fmt.Errorf("panic at %s: %w", logging.PanicPlace(), errPanic)
			m.site.Fail(recorder, r, outcome.err)
		}
		outcome.log(r, pattern, recorder.status, time.Since(start))
	}()
	if pattern == "" {
		m.site.Fail(recorder, r, unrouted(handler, r))
		return
	}
	m.mux.ServeHTTP(recorder, r)
}

// unrouted asks the mux's own answer whether the path or only the method is unknown.
func unrouted(handler http.Handler, r *http.Request) error {
	probe := &response{header: make(http.Header)}
	handler.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		return &Error{Kind: MethodNotAllowed, Allow: probe.header.Get("Allow"), Message: policy.Text{
			JA: "このアドレスは、この方法では利用できません。", EN: "This address cannot be used with that method."}}
	}
	return ErrNotFound
}

// ErrNotFound is the answer to an unknown path.
var ErrNotFound = &Error{Kind: NotFound, Message: policy.Text{
	JA: "アドレスが正しいかご確認ください。ページが移動または削除された可能性があります。",
	EN: "Please check the address. The page may have moved or been removed."}}

// headers sets what every answer carries.
func (s *Site) headers(h http.Header, r *http.Request) {
	h.Set("X-Request-Id", RequestID(r.Context()))
	h.Set("Cache-Control", "no-store")
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains") // R96
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer") // links in mail carry tokens
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// Page is one page: the content is what stands in <main>.
type Page struct {
	Language policy.Language
	Title    string        // also the h1
	Service  string        // name of the service, shown in the header
	Wrong    bool          // the page reports an error: the title says so (WCAG G199)
	Sentence string        // a sentence in English on a page in Japanese
	Indexed  bool          // search engines may list the page: pages to read, not forms
	Above    template.HTML // between the header and <main>: a menu
	Script   template.JS   // runs where there is JavaScript; the page works without
	Frames   bool          // the page shows parts of this site in frames
	Images   []string      // origins of pictures beside this site's own
	Content  template.HTML
}

// Write sends a page.
func (s *Site) Write(w http.ResponseWriter, status int, page Page) error {
	var body bytes.Buffer
	if err := layout().Execute(&body, struct {
		Page
		Site  *Site
		Style template.CSS
		Words layoutWords
	}{page, s, style(), wordsIn(page.Language)}); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	csp := "default-src 'none'; style-src '" + styleHash() + "'; img-src " + strings.Join(append([]string{"'self'", "data:"}, page.Images...), " ") + "; base-uri 'none'; " +
		"frame-ancestors 'none'; form-action " + strings.Join(append([]string{"'self'"}, s.Origins...), " ")
	if page.Script != "" {
		csp += "; script-src '" + hash(string(page.Script)) + "'; connect-src 'self'"
	}
	if page.Frames {
		csp += "; frame-src 'self'"
	}
	w.Header().Set("Content-Security-Policy", csp)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(page.Language))
	w.WriteHeader(status)
	_, err := w.Write(body.Bytes())
	return err
}

// WriteJSON sends a JSON body.
func WriteJSON(w http.ResponseWriter, status int, contentType string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

// Fail answers with an error: a page for people, RFC 9457 problem details for JSON. The cause goes into the log only.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	shown := asError(err)
	Note(r.Context(), err) // not what is shown: the log also needs what stands around it, such as the place of a panic
	shown.WriteHeaders(w.Header())
	language := LanguageOf(r, policy.Japanese, policy.English)
	if WantsJSON(r) {
		err = s.WriteProblem(w, r, language, shown)
	} else {
		err = s.Write(w, shown.Kind.Status(), s.ErrorPage(language, shown))
	}
	if err != nil {
		Note(r.Context(), err)
	}
}

// Answer answers with an error that has a page of its own, for people; for JSON with its problem details.
func (s *Site) Answer(w http.ResponseWriter, r *http.Request, e *Error, page Page) error {
	Note(r.Context(), e)
	if WantsJSON(r) {
		return s.WriteProblem(w, r, page.Language, e)
	}
	e.WriteHeaders(w.Header())
	page.Wrong = true
	return s.Write(w, e.Kind.Status(), page)
}

// WriteHeaders sets the headers that belong to the error.
func (e *Error) WriteHeaders(h http.Header) {
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Allow != "" {
		h.Set("Allow", e.Allow)
	}
}

// WriteProblem sends problem details (RFC 9457).
func (s *Site) WriteProblem(w http.ResponseWriter, r *http.Request, language policy.Language, e *Error) error {
	e.WriteHeaders(w.Header())
	body := map[string]any{
		"type": "about:blank", "title": e.Kind.Title().In(language), "status": e.Kind.Status(), "detail": e.Message.In(language),
		"instance": "urn:request:" + RequestID(r.Context()),
	}
	if len(e.Fields) > 0 {
		fields := slices.Clone(e.Fields)
		for i := range fields {
			fields[i].Message = cmp.Or(fields[i].Message, e.Message.In(language))
		}
		body["errors"] = fields
	}
	for name, value := range e.Members {
		body[name] = value
	}
	return WriteJSON(w, e.Kind.Status(), "application/problem+json", body)
}

type outcomeKey struct{}

// outcome is what the log line of a request says beside its status.
type outcome struct{ err error }

// Note keeps the error that an answer came from for the request's log line.
func Note(ctx context.Context, err error) {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		o.err = err
	}
}

func (o *outcome) log(r *http.Request, pattern string, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK // a handler that writes nothing
	}
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	fields := []slog.Attr{slog.String("request_id", RequestID(r.Context())), slog.String("method", knownMethod(r.Method)),
		slog.String("route", pattern), slog.Int("status", status), slog.Int64("ms", took.Milliseconds())}
	if o.err != nil {
		fields = append(fields, slog.Any("error", o.err))
	}
	slog.LogAttrs(r.Context(), level, "request", fields...)
}

// knownMethod keeps invented methods out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}

var errPanic = &Error{Kind: Internal, Message: asError(nil).Message}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
