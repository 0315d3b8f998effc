package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"sync"

	"madoguchi/shared/policy"
)

//go:embed layout.html
var layoutSource string

// layout is parsed at the first page, not at start: a cold start for a post needs no page.
var layout = sync.OnceValue(func() *template.Template { return template.Must(template.New("layout").Parse(layoutSource)) })

type layoutWords struct{ Skip, Contact, Privacy, Cookies, Accessibility, Error string }

func wordsIn(l policy.Language) layoutWords {
	if l == policy.English {
		return layoutWords{"Skip to the main content", "Contact: ", "Privacy policy", "Cookies", "Accessibility", "Error: "}
	}
	return layoutWords{"本文へ移動", "お問い合わせ先：", "プライバシーポリシー", "Cookie（クッキー）", "アクセシビリティ", "エラー："}
}

var errorTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("error").Parse(`<p>{{.Message}}</p>{{range .Fields}}{{with .Message}}<p>{{.}}</p>{{end}}{{end}}<p><a href="{{.Front}}">{{.FrontText}}</a></p>`))
})

// ErrorPage is the page for an error.
func (s *Site) ErrorPage(language policy.Language, e *Error) Page {
	var content bytes.Buffer
	if err := errorTemplate().Execute(&content, struct {
		Message          string
		Fields           []FieldError
		Front, FrontText string
	}{e.Message.In(language), e.Fields, s.Organization.PublicURL + "/", policy.Text{JA: "フォームの一覧へ", EN: "To the list of forms"}.In(language)}); err != nil {
		panic(err) // the template is a constant, and it prints strings only
	}
	return Page{Language: language, Title: e.Kind.Title().In(language), Wrong: true,
		Content: template.HTML(content.String())} //nolint:gosec // rendered by html/template just above
}
