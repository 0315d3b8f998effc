package staff

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"sync"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// StaffPage is one page of the staff pages: the content is what stands in <main> under the title.
type StaffPage struct {
	Title   policy.Text
	Content template.HTML
	Wrong   bool // the page reports an error
}

// Language is the language of a staff page: Japanese, or English by ?lang=en, which is remembered for the session.
func Language(r *http.Request) policy.Language {
	chosen := policy.Language(r.URL.Query().Get("lang"))
	if s := visitOf(r.Context()).session; s != nil && chosen != policy.English && chosen != policy.Japanese {
		chosen = policy.Language(s.Language)
	}
	if chosen == policy.English {
		return policy.English
	}
	return policy.Japanese
}

//go:embed header.html
var headerSource string

var headerTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("header").Parse(headerSource)) })

// header is what header.html shows above every staff page.
type header struct {
	Person   Person
	Sections []section
	Words    headerWords
	Other    policy.Language // the language in which the page can be had instead
	Switch   string          // its address; empty on the answer to a form
}

type section struct {
	Path, Name string
	Here       bool
}

type headerWords struct{ Menu, Front, Other, SignedIn, SignOut, SignIn string }

func headerWordsIn(l policy.Language) headerWords {
	if l == policy.English {
		return headerWords{"Staff menu", "Staff", "日本語", "Signed in: ", "Sign out", "Sign in"}
	}
	return headerWords{"職員用メニュー", "職員用トップ", "English", "サインイン中：", "サインアウト", "サインイン"}
}

// Write sends a page in the layout of the staff pages: the menu of what the person may do, who is signed in, the button to sign
// out. It is in the language of Language(r).
func (d *Desk) Write(w http.ResponseWriter, r *http.Request, status int, page StaffPage) error {
	language := Language(r)
	h := header{Person: Of(r.Context()), Words: headerWordsIn(language), Other: policy.English}
	if language == policy.English {
		h.Other = policy.Japanese
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		q := r.URL.Query()
		q.Set("lang", string(h.Other))
		h.Switch = "?" + q.Encode()
	}
	for _, s := range SectionsFor(h.Person) {
		h.Sections = append(h.Sections, section{s.Path, s.Name.In(language), isUnder(r.URL.Path, s.Path)})
	}
	var above bytes.Buffer
	if err := headerTemplate().Execute(&above, h); err != nil {
		return err
	}
	return d.Site.Write(w, status, web.Page{Language: language, Title: page.Title.In(language), Wrong: page.Wrong, Content: page.Content,
		Service: policy.Text{JA: "職員用", EN: "Staff"}.In(language),
		Above:   template.HTML(above.String())}) //nolint:gosec // rendered by html/template just above
}

var errorTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("error").Parse(`<p>{{.Message}}</p>{{range .Fields}}{{with .Message}}<p>{{.}}</p>{{end}}{{end}}` +
		`<p><a href="{{.Way}}">{{.WayText}}</a></p>`))
})

// errorPage is the page for an error, with the way on.
func (d *Desk) errorPage(r *http.Request, e *web.Error) StaffPage {
	language := Language(r)
	way, text := "/staff/", policy.Text{JA: "職員用トップへ", EN: "To the front page of the staff pages"}
	if e.Kind == web.Unauthorized {
		way, text = SignInPath, policy.Text{JA: "サインインする", EN: "Sign in"}
	}
	var content bytes.Buffer
	if err := errorTemplate().Execute(&content, struct {
		Message      string
		Fields       []web.FieldError
		Way, WayText string
	}{e.Message.In(language), e.Fields, way, text.In(language)}); err != nil {
		panic(err) // the template is a constant, and it prints strings only
	}
	return StaffPage{Title: e.Kind.Title(), Wrong: true, Content: template.HTML(content.String())} //nolint:gosec // rendered just above
}
