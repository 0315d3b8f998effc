// Package archive is the public archive of newsletters and press releases: a list, each issue, and a feed. It shows what everybody on
// the list got, in nobody's name.
package archive

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// Archive serves the issues of one kind under a list's path.
type Archive struct {
	Store  *campaign.Store
	Site   *web.Site
	Kind   policy.MailKind
	Path   string   // of the list: /newsletter
	Images []string // origins of the organisation's own pictures
}

// Register adds the archive's routes.
func (a *Archive) Register(mux *web.Mux) {
	mux.Handle("GET "+a.Path+"/archive", a.list)
	mux.Handle("GET "+a.Path+"/archive.atom", a.feed)
	mux.Handle("GET "+a.Path+"/archive/{issue}", a.issue)
}

const (
	pageSize = 20
	feedSize = 20
	// cacheable: an issue does not change, but a new one should be seen soon.
	cacheable = "public, max-age=300"
)

//go:embed archive.html
var source string

var pages = sync.OnceValue(func() *template.Template { return template.Must(template.New("archive").Parse(source)) })

var tokyo = time.FixedZone("JST", 9*60*60)

type entry struct {
	campaign.Issue
	Day, Path, Sent string
}

func (a *Archive) entry(i campaign.Issue) entry {
	at := time.Unix(i.At, 0).In(tokyo)
	return entry{i, fmt.Sprintf("%d年%d月%d日", at.Year(), at.Month(), at.Day()), a.Path + "/archive/" + i.ID, at.Format(time.RFC3339)}
}

func (a *Archive) name() string {
	m, _ := policy.MailOf(a.Kind)
	return m.Text.JA
}

func (a *Archive) list(w http.ResponseWriter, r *http.Request) error {
	cursor, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("cursor"))
	if at, _, ok := strings.Cut(string(cursor), "#"); err != nil || len(cursor) > 0 && (!ok || !isTime(at)) {
		return &web.Error{Kind: web.BadRequest, Message: policy.Text{JA: "一覧の続きを示す値が正しくありません。一覧を最初から開いてください。",
			EN: "The cursor is not valid. Please begin with the first page of the list."}}
	}
	issues, next, err := a.Store.Archive(r.Context(), a.Kind, pageSize, string(cursor))
	if err != nil {
		return err
	}
	entries := make([]entry, len(issues))
	for i := range issues {
		entries[i] = a.entry(issues[i])
	}
	if next != "" {
		next = base64.RawURLEncoding.EncodeToString([]byte(next))
	}
	w.Header().Set("Cache-Control", cacheable)
	w.Header().Set("Vary", "Accept")
	if web.WantsJSON(r) {
		return a.json(w, entries, next)
	}
	return a.write(w, r, a.name()+"のバックナンバー", "list", map[string]any{"Entries": entries, "Next": next, "Path": a.Path})
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

// json lists the issues for programs.
func (a *Archive) json(w http.ResponseWriter, entries []entry, next string) error {
	items := make([]map[string]string, len(entries))
	for i, e := range entries {
		items[i] = map[string]string{"id": e.ID, "title": e.Title, "published_at": e.Sent, "page": e.Path}
	}
	answer := map[string]any{"items": items, "next": nil}
	if next != "" {
		answer["next"] = next
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", answer)
}

func (a *Archive) issue(w http.ResponseWriter, r *http.Request) error {
	found, there, err := a.Store.Issue(r.Context(), a.Kind, r.PathValue("issue"))
	if err != nil {
		return err
	}
	if !there {
		return web.ErrNotFound
	}
	w.Header().Set("Cache-Control", cacheable)
	return a.write(w, r, found.Title, "issue", map[string]any{"Entry": a.entry(found), "Path": a.Path, "Name": a.name(),
		"HTML": template.HTML(found.HTML)}) //nolint:gosec // written by bulletin.Public, which lets nothing through but its own elements
}

func (a *Archive) write(w http.ResponseWriter, r *http.Request, title, name string, v any) error {
	var content bytes.Buffer
	if err := pages().ExecuteTemplate(&content, name, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	sentence := ""
	if web.WantsEnglish(r) {
		sentence = "This service is available in Japanese only."
	}
	return a.Site.Write(w, http.StatusOK, web.Page{Language: policy.Japanese, Title: title, Service: a.name(), Sentence: sentence, Indexed: true, Images: a.Images,
		Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
}

// The feed (RFC 4287).
type feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []feedLink  `xml:"link"`
	Entries []feedEntry `xml:"entry"`
}

type feedLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type feedEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    feedLink `xml:"link"`
}

func (a *Archive) feed(w http.ResponseWriter, r *http.Request) error {
	issues, _, err := a.Store.Archive(r.Context(), a.Kind, feedSize, "")
	if err != nil {
		return err
	}
	org := a.Site.Organization
	f := feed{Lang: "ja", ID: org.PublicURL + a.Path + "/archive", Title: org.ShortName.JA + "　" + a.name(), Author: org.Name.JA, Updated: "2022-09-08T00:00:00+09:00",
		Links: []feedLink{{"self", org.PublicURL + a.Path + "/archive.atom"}, {"alternate", org.PublicURL + a.Path + "/archive"}}}
	for i, issue := range issues {
		e := a.entry(issue)
		if i == 0 {
			f.Updated = e.Sent
		}
		f.Entries = append(f.Entries, feedEntry{org.PublicURL + e.Path, e.Title, e.Sent, feedLink{"alternate", org.PublicURL + e.Path}})
	}
	body, err := xml.Marshal(f)
	if err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	w.Header().Set("Cache-Control", cacheable)
	w.Header().Set("Content-Type", "application/atom+xml; charset=utf-8")
	_, err = w.Write(append([]byte(xml.Header), body...))
	return err
}
