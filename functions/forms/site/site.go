package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"madoguchi/shared/openapi"
	"madoguchi/shared/policy"
	"madoguchi/shared/policy/text"
	"madoguchi/shared/web"
)

//go:embed *.html
var sources embed.FS

// templates are parsed at the first page, not at start: a health check needs none.
var templates = sync.OnceValue(func() *template.Template { return template.Must(template.New("site").ParseFS(sources, "*.html")) })

// cacheable lets browsers and a CDN keep a page: unlike a form, it holds no token and nothing that a person typed. Short,
// so that a new version of the policy is seen soon.
const cacheable = "public, max-age=300"

// published are the versions of the policy and the one in force.
type published struct {
	versions text.Versions
	current  text.Version
}

// pages are the pages around the forms.
type pages struct {
	site     *web.Site
	policy   func() (published, error) // read at the first page that shows it, not at start
	services []policy.Service
}

// newHandler returns the routes; read gives the texts of the policy. Where the version that the declarations follow has
// no text, its pages fail: forms would refer to a policy that nobody can read (R1). A test holds the built-in texts to it.
func newHandler(site *web.Site, read func() (text.Versions, error), current string, services []policy.Service) http.Handler {
	p := &pages{site: site, services: services}
	p.policy = sync.OnceValues(func() (published, error) {
		versions, err := read()
		if err != nil {
			return published{}, err
		}
		now, ok := versions.Find(current)
		if !ok {
			return published{}, fmt.Errorf("no text of policy version %s", current)
		}
		return published{versions, now}, nil
	})
	mux := site.NewMux()
	mux.Handle("GET /{$}", p.front)
	mux.Handle("GET /privacy", p.privacy)
	mux.Handle("GET /privacy/{version}", p.privacy)
	for _, a := range articles {
		mux.Handle("GET "+a.path, p.article(a))
	}
	mux.Handle("GET /health", health)
	mux.Handle("GET /embed.js", script)
	mux.Handle("GET /openapi.json", p.openAPI)
	return mux
}

// health says that the function runs and nothing else. It is never cached: an old answer would be a lie.
func health(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, "ok")
	return err
}

// openAPI is the description of the public interface for programs.
func (p *pages) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", cacheable)
	return web.WriteJSON(w, http.StatusOK, "application/json", openapi.Document(p.site.Organization))
}

// entry is a form on the front page.
type entry struct {
	Path, Name, Purposes, Languages string
}

// catalogues are the pages that lead to the form of a service: its list of events, its photos.
var catalogues = map[policy.Code]string{policy.Events: "/events", policy.Photos: "/photos"}

// front shows which forms exist: those of services that have a table and a form which needs no link of ours to open (a
// questionnaire is reached from a mail), and the pages about the site.
func (p *pages) front(w http.ResponseWriter, r *http.Request) error {
	language := web.LanguageOf(r, policy.Japanese, policy.English)
	view := struct {
		Words    frontWords
		Language policy.Language
		Path     string // the page's own, for the other language
		Entries  []entry
		About    []entry
	}{Words: frontWordsIn(language), Language: language, Path: r.URL.Path}
	for _, s := range p.services {
		path := s.Path
		if catalogue := catalogues[s.Code]; catalogue != "" {
			path = catalogue
		}
		if s.Table == "" || path == "" || strings.Contains(path, "{") {
			continue
		}
		e := entry{Path: path, Name: s.Name.In(language), Languages: formLanguages(&s, language)}
		purposes := make([]string, len(s.Purposes))
		for i, purpose := range s.Purposes {
			purposes[i] = purpose.Text.In(language)
		}
		e.Purposes = strings.Join(purposes, view.Words.And)
		view.Entries = append(view.Entries, e)
	}
	for _, one := range append([]article{{path: "/privacy", listed: policy.Text{JA: "プライバシーポリシー", EN: "Privacy policy"}}}, articles...) {
		if one.listed != (policy.Text{}) {
			view.About = append(view.About, entry{Path: one.path, Name: one.listed.In(language)})
		}
	}
	view.About = append(view.About, entry{Path: "/cookies", Name: view.Words.Cookies}, entry{Path: "/statistics", Name: view.Words.Statistics})
	return p.show(w, language, view.Words.Title, "front.html", view)
}

// formLanguages tells a reader in which languages a form exists where that is not to be expected (R15, R25).
func formLanguages(s *policy.Service, l policy.Language) string {
	english := slices.Contains(s.Languages, policy.English)
	switch {
	case l == policy.English && !english:
		return "The form is in Japanese only."
	case l == policy.Japanese && english:
		return "英語のフォームもあります。"
	}
	return ""
}

// past is a version in the list of versions.
type past struct {
	ID, Date       string
	Current, Shown bool
}

// privacy shows the policy in force, or as it was on the day in the path.
func (p *pages) privacy(w http.ResponseWriter, r *http.Request) error {
	all, err := p.policy()
	if err != nil {
		return err
	}
	v, ok := all.current, true
	if id := r.PathValue("version"); id != "" {
		v, ok = all.versions.Find(id)
	}
	if !ok {
		return web.ErrNotFound
	}
	language := web.LanguageOf(r, policy.Japanese, policy.English)
	document := v.Documents[language]
	view := struct {
		*text.Document
		Words    privacyWords
		Path     string // the page's own, for the other language
		Old      bool
		Versions []past
	}{Document: document, Words: privacyWordsIn(language), Path: r.URL.Path, Old: v.ID != all.current.ID}
	for _, one := range all.versions {
		view.Versions = append(view.Versions, past{ID: one.ID, Date: one.Documents[language].Date, Current: one.ID == all.current.ID, Shown: one.ID == v.ID})
	}
	title := document.Title
	if document.Provisional {
		title += view.Words.ProvisionalTitle
	}
	return p.show(w, language, title, "privacy.html", view)
}

// show sends a page that may be cached, one per language.
func (p *pages) show(w http.ResponseWriter, language policy.Language, title, name string, view any) error {
	var content bytes.Buffer
	if err := templates().ExecuteTemplate(&content, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Cache-Control", cacheable)
	w.Header().Set("Vary", "Accept-Language, Cookie")
	err := p.site.Write(w, http.StatusOK, web.Page{Language: language, Title: title, Indexed: true,
		Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
	if err != nil {
		w.Header().Set("Cache-Control", "no-store") // the error page that follows
	}
	return err
}
