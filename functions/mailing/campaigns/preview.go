package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// previewView is the page that shows what arrives.
type previewView struct {
	view
	C             *campaign.Campaign
	Version       int
	Lang          policy.Language
	Langs         []policy.Language
	Person        int
	People        []choice
	Frame         string // address of the HTML part
	Subject, Text string
	Size          string // over 102,400 bytes Gmail cuts the mail off
}

// preview shows what a recipient gets: an invented one, or one of the first of the audience. That somebody's mail was looked at is
// recorded before it is shown.
func (e *editor) preview(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx, query := r.Context(), r.URL.Query()
	version := c.Version
	if text := query.Get("version"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > c.Version {
			return web.ErrNotFound
		}
		version = n
	}
	contents, err := e.store.Contents(ctx, *c, version)
	if err != nil {
		return err
	}
	l := policy.Language(query.Get("language"))
	i := slices.IndexFunc(contents, func(one campaign.Content) bool { return one.Language == l })
	if i < 0 && l != "" || len(contents) == 0 {
		return web.ErrNotFound
	}
	content := contents[max(i, 0)]
	letter, wrong, err := e.letter(ctx, c, content, nil)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return wrong.invalid(language(r))
	}
	v := &previewView{view: e.view(r), C: c, Version: version, Lang: content.Language}
	audience, keys, err := e.samples(ctx, c, content.Language)
	if err != nil {
		return err
	}
	person := e.sample(c, content.Language)
	if v.Person, err = strconv.Atoi("0" + query.Get("person")); err != nil || v.Person > len(keys) {
		return web.ErrNotFound
	}
	if v.Person > 0 {
		if err := e.staff.Audit(ctx, "campaign.preview", object(c)); err != nil {
			return err
		}
		key := keys[v.Person-1]
		now, err := audience.Read(ctx, []string{key})
		if err != nil {
			return err
		}
		if person = now[key]; person.To == "" {
			return web.ErrNotFound // gone since
		}
	}
	subject, html, text, err := letter.Edition.Render(letter.Recipient(person))
	if err != nil {
		return err
	}
	switch query.Get("part") {
	case "html":
		return e.previewFrame(w, html)
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := w.Write([]byte(text)) //nolint:gosec // text/plain, which no browser takes for a page (nosniff)
		return err
	}
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusOK, "application/json", rendered{content.Language, version, subject, html, text})
	}
	for _, one := range contents {
		v.Langs = append(v.Langs, one.Language)
	}
	v.People = append(v.People, choice{"0", v.T("架空の方", "An invented person"), v.Person == 0})
	for n := range keys {
		v.People = append(v.People, choice{strconv.Itoa(n + 1), v.T("実際の宛先の見本 ", "Recipient ") + strconv.Itoa(n+1), v.Person == n+1})
	}
	part := url.Values{"part": {"html"}, "language": {string(content.Language)}, "person": {strconv.Itoa(v.Person)}, "version": {strconv.Itoa(version)}}
	v.Frame, v.Subject, v.Text, v.Size = base+"/"+c.ID+"/preview?"+part.Encode(), subject, text, fmt.Sprintf("%.1f KB", float64(letter.Edition.Size)/1024)
	return e.writeWith(w, r, http.StatusOK, staff.StaffPage{Title: policy.Text{JA: "届くメールの見本", EN: "What arrives"}, Frames: true}, "preview", v)
}

// previewFrame sends the HTML part as a document that can do nothing: no script, no form, and pictures only from where the mail may
// have them.
func (e *editor) previewFrame(w http.ResponseWriter, html string) error {
	images := append([]string{"data:"}, e.images...)
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src "+strings.Join(images, " ")+"; frame-ancestors 'self'; sandbox allow-popups")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write([]byte(html)) //nolint:gosec // made by bulletin, which escapes every value; and the policy above lets nothing run
	return err
}
