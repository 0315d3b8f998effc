package ses

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// perPage mails stand on one page of the inbox list.
const perPage = 100

//go:embed inbox.html
var inboxHTML string

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(m Mail) string { return m.Time.Local().Format("2006-01-02 15:04:05") },
	"iso":   func(m Mail) string { return m.Time.Format("2006-01-02T15:04:05.000Z07:00") },
	"size":  humanSize,
	// linked escapes a text and makes its web addresses links.
	"linked": linked,
}).Parse(inboxHTML))

// inboxPolicy allows the pages their own styles, their empty icon and the script that refreshes the list, and nothing from elsewhere.
const inboxPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"

// mailPolicy holds for everything that came in a mail: no script, an origin of its own, links in a new tab. Remote images load,
// as they would in a mail program that was told to show them.
const mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src data:; form-action 'none'"

// Inbox serves /_local/mail…  and /_local/ses (contract.md, "Local tools"). Requests that another website makes a browser send
// are refused.
func (s *Server) Inbox() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_local/mail", s.serveList)
	mux.HandleFunc("POST /_local/mail", func(w http.ResponseWriter, r *http.Request) { // the button: forms cannot DELETE
		if err := s.Clear(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, "/_local/mail", http.StatusSeeOther)
	})
	mux.HandleFunc("DELETE /_local/mail", s.serveClear)
	mux.HandleFunc("DELETE /_local/mail.json", s.serveClear)
	mux.HandleFunc("GET /_local/mail.json", s.serveJSON)
	mux.HandleFunc("GET /_local/mail/{id}", s.oneMail(s.servePage))
	mux.HandleFunc("GET /_local/mail/{id}/html", s.oneMail(serveHTML))
	mux.HandleFunc("GET /_local/mail/{id}/text", s.oneMail(func(w http.ResponseWriter, _ *http.Request, m Mail) { servePlain(w, []byte(m.Text)) }))
	mux.HandleFunc("GET /_local/mail/{id}/source", s.oneMail(func(w http.ResponseWriter, _ *http.Request, m Mail) { servePlain(w, m.Source()) }))
	mux.HandleFunc("GET /_local/mail/{id}/attachments/{n}", s.oneMail(serveAttachment))
	mux.HandleFunc("GET /_local/ses", s.serveFaults)
	mux.HandleFunc("POST /_local/ses", s.serveFaults)
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	}))
}

func (s *Server) serveClear(w http.ResponseWriter, _ *http.Request) {
	if err := s.Clear(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// serveJSON streams all mails, oldest first. ?to= keeps those delivered to that bare address.
func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request) {
	refs, _ := s.spool.snapshot()
	if to := r.FormValue("to"); to != "" {
		refs = slices.DeleteFunc(slices.Clone(refs), func(ref *mailRef) bool {
			return !slices.ContainsFunc(ref.To, func(a string) bool { return strings.EqualFold(a, to) })
		})
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	separator := "["
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for m, err := range s.decodeAll(refs) {
		if err != nil {
			// The beginning has been sent; an answer that ends early cannot be taken for a whole one.
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write([]byte(separator)); err != nil {
			return
		}
		separator = ","
		if err := enc.Encode(m); err != nil {
			return
		}
	}
	if separator == "[" {
		_, _ = w.Write([]byte("["))
	}
	_, _ = w.Write([]byte("]\n"))
}

// listPage is what the list template shows.
type listPage struct {
	Mails        []Mail // newest first
	Total        int
	From, Until  int // 1-based positions of the mails shown, counted from the newest
	Newer, Older string
	Version      int
}

// serveList shows a page of the list. The header X-Inbox-Version tells the script whether anything is new: with the version that
// it knows in ?version= the answer is 204 without a body, so that an idle page is neither rendered nor repainted.
func (s *Server) serveList(w http.ResponseWriter, r *http.Request) {
	refs, version := s.spool.snapshot()
	if r.FormValue("version") == strconv.Itoa(version) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	number, _ := strconv.Atoi(r.FormValue("page")) // what is no number is the first page
	number = max(0, min(number, (len(refs)-1)/perPage))
	end := len(refs) - number*perPage
	start := max(0, end-perPage)
	page := listPage{Total: len(refs), From: number*perPage + 1, Until: number*perPage + end - start, Version: version}
	if number > 0 {
		page.Newer = fmt.Sprintf("/_local/mail?page=%d", number-1)
	}
	if start > 0 {
		page.Older = fmt.Sprintf("/_local/mail?page=%d", number+1)
	}
	for m, err := range s.decodeAll(refs[start:end]) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		page.Mails = append(page.Mails, m)
	}
	slices.Reverse(page.Mails)
	render(w, "list", http.StatusOK, page)
}

// oneMail finds the mail of the path.
func (s *Server) oneMail(serve func(http.ResponseWriter, *http.Request, Mail)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, err := s.Mail(r.PathValue("id"))
		switch {
		case errors.Is(err, os.ErrNotExist):
			render(w, "missing", http.StatusNotFound, nil)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			serve(w, r, m)
		}
	}
}

// mailPage is what the page of one mail shows.
type mailPage struct {
	Mail
	View    string // phone, desktop, text, headers, source
	Views   []view
	Listed  []messageHeader // decoded, in order
	SrcText string
	Newer   string // ids, or ""
	Older   string
}

type view struct{ Name, Ja, En string }

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, m Mail) {
	p := mailPage{Mail: m, View: r.FormValue("view")}
	if m.HTML != "" {
		p.Views = append(p.Views, view{"desktop", "HTML（PC幅）", "HTML, desktop"}, view{"phone", "HTML（スマホ幅）", "HTML, phone"})
	}
	if m.Text != "" || m.HTML == "" {
		p.Views = append(p.Views, view{"text", "テキスト", "Text"})
	}
	p.Views = append(p.Views, view{"headers", "ヘッダー", "Headers"}, view{"source", "ソース", "Source"})
	if !slices.ContainsFunc(p.Views, func(v view) bool { return v.Name == p.View }) {
		p.View = p.Views[0].Name
	}
	for _, h := range m.message.headers() {
		p.Listed = append(p.Listed, messageHeader{h.Name, decodeWords(h.Value)})
	}
	if p.View == "source" {
		p.SrcText = string(m.Source())
	}
	refs, _ := s.spool.snapshot()
	if i := slices.IndexFunc(refs, func(ref *mailRef) bool { return ref.ID == m.ID }); i >= 0 {
		if i+1 < len(refs) {
			p.Newer = refs[i+1].ID
		}
		if i > 0 {
			p.Older = refs[i-1].ID
		}
	}
	render(w, "mail", http.StatusOK, p)
}

func serveHTML(w http.ResponseWriter, _ *http.Request, m Mail) {
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(showable(m))
}

func servePlain(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(body)
}

// serveAttachment offers a file for saving; only pictures that cannot carry script are shown in place.
func serveAttachment(w http.ResponseWriter, r *http.Request, m Mail) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(m.Attachments) {
		render(w, "missing", http.StatusNotFound, nil)
		return
	}
	a := m.Attachments[n]
	disposition := "attachment"
	switch a.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif":
		disposition = "inline"
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", a.Type)
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": a.Name}))
	_, _ = w.Write(a.content)
}

func render(w http.ResponseWriter, name string, status int, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", inboxPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func humanSize(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
}

var webAddress = regexp.MustCompile(`https?://[!-;=?-~]*[A-Za-z0-9/=#&_~%+-]`) // ASCII, without punctuation at the end

func linked(text string) template.HTML {
	var b strings.Builder
	rest := 0
	for _, at := range webAddress.FindAllStringIndex(text, -1) {
		b.WriteString(template.HTMLEscapeString(text[rest:at[0]]))
		address := template.HTMLEscapeString(text[at[0]:at[1]])
		fmt.Fprintf(&b, `<a href="%s" target="_blank" rel="noopener noreferrer">%s</a>`, address, address)
		rest = at[1]
	}
	b.WriteString(template.HTMLEscapeString(text[rest:]))
	return template.HTML(b.String()) //nolint:gosec // every piece was escaped above
}
