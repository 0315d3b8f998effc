package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

//go:embed *.html
var sources embed.FS

// templates are parsed at the first page: a page view needs none.
var templates = sync.OnceValue(func() *template.Template { return template.Must(template.New("access").ParseFS(sources, "*.html")) })

// cookies shows which cookies there are, what the visitor has chosen, and the switch (R98-R103). It stands here and not with
// the other pages (functions/forms/site) because setting and reading cookies then stays with one function.
func (a *access) cookies(w http.ResponseWriter, r *http.Request) error {
	language := web.LanguageOf(r, policy.Japanese, policy.English)
	chosen := web.PreferenceOf(r)
	words := cookieWordsIn(language)
	words.RecordedText = fmt.Sprintf(words.RecordedText, policy.Words(a.periods.Of("recorded"), language))
	view := struct {
		Words             cookieWords
		Language          policy.Language
		Chosen            web.Preference
		Signal            bool // the browser says by itself that it does not want to be counted
		Saved             bool
		Counting, Display string // the cookies' names
		Staff, Attempt    string
	}{words, language, chosen, r.Header.Get("Sec-GPC") == "1" || r.Header.Get("DNT") == "1", r.URL.Query().Get("saved") == "1",
		countingName(a.site.Secure()), chosen.Cookie(a.site.Secure()).Name, web.StaffCookie, web.AttemptCookie}
	w.Header().Set("Vary", "Accept-Language, Cookie, DNT, Sec-GPC")
	return a.show(w, language, words.Title, "cookies.html", view)
}

// choose takes the switch of the page: a plain form, without a token because it holds no data of anybody, but from our own
// page only.
func (a *access) choose(w http.ResponseWriter, r *http.Request) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return &web.Error{Kind: web.BadRequest, Cause: err, Message: policy.Text{
			JA: "この設定は、このサイトのページからだけ変更できます。", EN: "This can only be changed from the page of this site."}}
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	if media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded") {
		return &web.Error{Kind: web.UnsupportedMedia, Message: unreadable}
	}
	if err := r.ParseForm(); err != nil {
		return &web.Error{Kind: web.BadRequest, Message: unreadable}
	}
	var p web.Preference
	switch value := r.PostForm.Get("counting"); value {
	case "off":
		p.Uncounted = true
	case "on":
	default:
		return wrongField("counting", policy.Text{JA: "「数える」か「数えない」をお選びください。", EN: "Choose whether your visits are counted."})
	}
	switch value := policy.Language(r.PostForm.Get("language")); value {
	case policy.Japanese, policy.English:
		p.Language = value
	case "", "auto":
	default:
		return wrongField("language", policy.Text{JA: "表示言語をお選びください。", EN: "Choose a language."})
	}
	http.SetCookie(w, p.Cookie(a.site.Secure()))
	if p.Uncounted {
		http.SetCookie(w, a.countingCookie("", -1))
	}
	target := "/cookies?saved=1"
	if l := r.URL.Query().Get("lang"); p.Language == "" && (l == "ja" || l == "en") {
		target += "&lang=" + l
	}
	http.Redirect(w, r, target, http.StatusSeeOther) //nolint:gosec // our own path, with one of two languages
	return nil
}

// show sends a page.
func (a *access) show(w http.ResponseWriter, language policy.Language, title, name string, view any) error {
	var content bytes.Buffer
	if err := templates().ExecuteTemplate(&content, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return a.site.Write(w, http.StatusOK, web.Page{Language: language, Title: title, Indexed: true,
		Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
}
