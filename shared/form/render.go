package form

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

//go:embed *.html
var sources embed.FS

// templates are parsed at the first page, not at start: a cold start for a post needs none.
var templates = sync.OnceValue(func() *template.Template {
	// A link is shown as people read it, not as browsers do.
	address := template.FuncMap{"address": func(link string) string { return strings.TrimPrefix(link, "mailto:") }}
	return template.Must(template.New("form").Funcs(address).ParseFS(sources, "*.html"))
})

// view is what the templates of a form see.
type view struct {
	Form     *Form
	Language policy.Language
	Words    words
	Token    string
	ReturnTo string
	Honeypot string
	Trapped  string // what a program put into the honeypot
	Notice   *policy.Notice
	Message  string
	Errors   []web.FieldError // of fields that are on the page
	Fields   []fieldView
	Groups   []group
	Failed   bool
	Steps    []step
}

type step struct {
	Word    string
	Current bool
}

// steps are the steps of a form with the present one marked, from 1. last replaces the word for the last one.
func (w words) steps(present int, last string) []step {
	steps := make([]step, len(w.Steps))
	for i, word := range w.Steps {
		steps[i] = step{word, i == present-1}
	}
	if last != "" {
		steps[len(steps)-1].Word = last
	}
	return steps
}

// group is a run of fields under one heading, or without one.
type group struct {
	Title, Aid string
	Name       string // id of the fieldset, where errors may be about all fields together
	Error      string
	Mark       *fieldView // its mark stands beside the title
	Fields     []*fieldView
}

// grouped puts fields in a row that have the same group together.
func grouped(fields []fieldView) []group {
	var groups []group
	for i := range fields {
		f := &fields[i]
		title := f.Group.In(f.Language)
		if len(groups) == 0 || groups[len(groups)-1].Title != title {
			groups = append(groups, group{Title: title, Aid: f.Aid.In(f.Language)})
			if f.Offer != nil {
				last := &groups[len(groups)-1]
				last.Name = f.Offer.Name
				last.Mark = &fieldView{Field: Field{Field: policy.Field{Required: f.Offer.Required}}, Words: f.Words}
			}
		}
		last := &groups[len(groups)-1]
		last.Fields = append(last.Fields, f)
	}
	return groups
}

type fieldView struct {
	Field
	Label, Support, Value, Shown, Error string
	Values                              []string // of a field with several choices
	Language                            policy.Language
	Words                               words
	Help                                *aidView // a button below the field
}

// Sent are the values that the check page sends on.
func (f fieldView) Sent() []string {
	if f.Type == policy.TypeChoices {
		return Chosen(f.Value)
	}
	return []string{f.Value}
}

// Has tells whether an option is chosen.
func (f fieldView) Has(value string) bool {
	if f.Type == policy.TypeChoices {
		return slices.Contains(f.Values, value)
	}
	return f.Value == value
}

// Control is the kind of input that the field gets.
func (f fieldView) Control() string {
	switch {
	case f.Type == policy.TypeChoices:
		return "checkboxes"
	case f.Type == policy.TypeBoolean && !f.Required:
		return "box"
	case f.Buttons, f.Type == policy.TypeRating, f.Type == policy.TypeBoolean:
		return "radios"
	case f.Options != nil:
		return "select"
	case f.Type == policy.TypeTextArea:
		return "textarea"
	}
	return "input"
}

// Choices are the options as buttons show them; those of a question to be answered with yes or no are words of the engine.
func (f fieldView) Choices() []Option {
	if f.Type == policy.TypeBoolean {
		return yesOrNo
	}
	return f.Options
}

// InputType is date for a date: its calendar helps, and the value is what we store. All else is text, which no browser
// rewrites; so is a date that is typed wrong, which an input for dates would not show.
func (f fieldView) InputType() string {
	if _, err := time.Parse(time.DateOnly, f.Value); f.Type == policy.TypeDate && (f.Value == "" || err == nil) {
		return "date"
	}
	return "text"
}

// DescribedBy lists the ids of the texts that belong to the input.
func (f fieldView) DescribedBy() string {
	var ids []string
	if f.Support != "" {
		ids = append(ids, f.Name+"-support")
	}
	if f.Help != nil && f.Help.Said != "" {
		ids = append(ids, f.Name+"-told")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+"-error")
	}
	return strings.Join(ids, " ")
}

// InputMode is the keyboard that a phone shows. An address is not type=email: browsers rewrite what people type there
// (Punycode, spaces).
func (f fieldView) InputMode() string {
	switch f.Type {
	case policy.TypeEmail:
		return "email"
	case policy.TypePhone:
		return "tel"
	case policy.TypePostalCode, policy.TypeNumber:
		return "numeric"
	}
	return ""
}

// Plain tells fields in which spelling help and capital letters only disturb.
func (f fieldView) Plain() bool { return f.InputMode() != "" }

// Text is the label of an option in the page's language.
func (f fieldView) Text(o Option) string { return o.Label.In(f.Language) }

func (e *Engine) view(a *attempt) view {
	v := view{Form: a.form, Language: a.language, Words: wordsIn(a.language), Token: a.token.seal(e.Keys),
		ReturnTo: a.post.Values["return_to"], Honeypot: honeypot, Trapped: a.post.Values[honeypot]}
	for _, f := range a.fields {
		if !f.shows(a.post.Values[f.Name]) {
			continue
		}
		typed := a.post.Repeated[f.Name]
		if typed == nil {
			typed = []string{a.post.Values[f.Name]}
		}
		v.Fields = append(v.Fields, fieldView{Field: f, Label: f.Label.In(a.language), Support: f.Support.In(a.language),
			Value: a.post.Values[f.Name], Values: typed, Shown: f.label(a.values[f.Name], a.language), Language: a.language, Words: v.Words,
			Help: a.aidOf(f.Name)})
	}
	return v
}

type anchor struct{ Path, Label string }

// Inputs renders fields with values and errors, for a page that is not a form of the engine's (preferences).
func Inputs(fields []Field, values map[string]string, wrong []web.FieldError, l policy.Language) template.HTML {
	var out bytes.Buffer
	views := make([]fieldView, 0, len(fields))
	for _, f := range fields {
		v := fieldView{Field: f, Label: f.Label.In(l), Support: f.Support.In(l), Value: values[f.Name], Values: Chosen(values[f.Name]),
			Language: l, Words: wordsIn(l)}
		for _, e := range wrong {
			if e.Field == f.Name {
				v.Error = e.Message
			}
		}
		views = append(views, v)
	}
	if err := templates().ExecuteTemplate(&out, "fields", grouped(views)); err != nil {
		panic(err) // the template prints strings only
	}
	return template.HTML(out.String()) //nolint:gosec // rendered by html/template just above
}

// input shows the input page, with an error where the post could not be accepted.
func (e *Engine) input(w http.ResponseWriter, a *attempt, status int, failure *web.Error) error {
	v := e.view(a)
	v.Steps, v.Failed = v.Words.steps(1, a.form.Words.LastStep.In(a.language)), failure != nil
	if !a.form.Direct {
		notice := a.form.notice(e.Site.Organization, a.language)
		v.Notice = &notice
	}
	v.Groups = grouped(v.Fields)
	if failure != nil {
		v.Message = failure.Message.In(a.language)
		v.Errors = v.blame(failure.Fields)
	}
	return e.page(w, a, status, "input.html", a.form.Words.Title.In(a.language), failure != nil, v)
}

// blame puts errors beside their fields, or beside the group that they are about, and returns those that have a place.
func (v *view) blame(all []web.FieldError) (placed []web.FieldError) {
	for _, wrong := range all {
		for i := range v.Fields {
			if v.Fields[i].Name == wrong.Field {
				v.Fields[i].Error = wrong.Message
				placed = append(placed, wrong)
			}
		}
		if i := slices.IndexFunc(v.Groups, func(g group) bool { return g.Name != "" && g.Name == wrong.Field }); i >= 0 {
			v.Groups[i].Error = wrong.Message
			placed = append(placed, wrong)
		}
	}
	return placed
}

// again shows the form once more with the values kept, or a problem body for JSON with a token to go on with.
func (e *Engine) again(w http.ResponseWriter, a *attempt, failure *web.Error) error {
	web.Note(a.r.Context(), failure)
	shown := *failure // a Submit may return one value to many visitors at once
	failure = &shown
	if a.post.JSON || web.WantsJSON(a.r) {
		if failure.Message == (policy.Text{}) {
			failure.Message = policy.Text{JA: "入力内容に誤りがあります。", EN: "Some fields need a correction."}
		}
		members := map[string]any{"form_token": a.token.seal(e.Keys)}
		for name, value := range failure.Members {
			members[name] = value
		}
		failure.Members = members
		return e.Site.WriteProblem(w, a.r, a.language, failure)
	}
	failure.WriteHeaders(w.Header())
	return e.input(w, a, failure.Kind.Status(), failure)
}

// check shows the check page.
func (e *Engine) check(w http.ResponseWriter, a *attempt) error {
	v := e.view(a)
	v.Steps = v.Words.steps(2, a.form.Words.LastStep.In(a.language))
	for i := range v.Fields {
		v.Fields[i].Value = a.values[v.Fields[i].Name] // what is confirmed is what is stored
	}
	v.Fields = slices.DeleteFunc(v.Fields, func(f fieldView) bool { return f.Offer != nil && !taken(f.Value) })
	v.Groups = grouped(v.Fields)
	return e.page(w, a, http.StatusOK, "check.html", v.Words.CheckTitle, false, v)
}

// done answers GET Path/done?ref=: the thanks and the data receipt, without personal values.
func (e *Engine) done(w http.ResponseWriter, r *http.Request, f *Form) error {
	reference := r.URL.Query().Get("ref")
	day, ok := referenceDay(f.Prefix, reference)
	if !ok {
		return web.ErrNotFound
	}
	language := web.LanguageOf(r, f.languages()...)
	v := struct {
		Words     words
		Done      string
		Reference string
		Steps     []step
		Receipt   *policy.Receipt
		Next      *anchor
		Help      []anchor
	}{Words: wordsIn(language), Done: f.Words.Done.In(language), Reference: reference, Steps: wordsIn(language).steps(3, f.Words.LastStep.In(language))}
	// Whether the ticket is a good one is for the page to say that it opens.
	if ticket := r.URL.Query().Get("t"); f.Ticket != nil && ticket != "" {
		v.Next = &anchor{f.Words.Next.Path + "?t=" + url.QueryEscape(ticket), f.Words.Next.Label.In(language)}
	}
	for _, h := range f.Words.Help {
		v.Help = append(v.Help, anchor{h.Path, h.Label.In(language)})
	}
	if !f.Direct {
		if !f.From.IsZero() {
			day = f.From
		}
		receipt := f.Service.Receipt(e.Site.Organization, f.Periods, language, f.State, day, f.extra(language)...)
		v.Receipt = &receipt
	}
	return e.page(w, &attempt{form: f, r: r, language: language}, http.StatusOK, "done.html", f.Words.DoneTitle.In(language), false, v)
}

// notice is the notice above the form.
func (f *Form) notice(org policy.Organization, l policy.Language) policy.Notice {
	return f.Service.Notice(org, f.Periods, l, f.extra(l)...)
}

// closed answers GET while the form takes nothing: a page that says why, or a problem for JSON.
func (e *Engine) closed(w http.ResponseWriter, r *http.Request, f *Form, l policy.Language) error {
	if web.WantsJSON(r) {
		return f.Closed
	}
	a := &attempt{form: f, r: r, language: l}
	return e.page(w, a, http.StatusOK, "closed.html", f.Words.Title.In(l), false, view{Form: f, Language: l, Message: f.Closed.Message.In(l)})
}

func (e *Engine) page(w http.ResponseWriter, a *attempt, status int, name, title string, wrong bool, data any) error {
	var content bytes.Buffer
	if err := templates().ExecuteTemplate(&content, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	sentence := ""
	if web.WantsEnglish(a.r) && !slices.Contains(a.form.languages(), policy.English) {
		sentence = policy.OnlyInJapanese
	}
	return e.Site.Write(w, status, web.Page{Language: a.language, Title: title, Service: a.form.Service.Name.In(a.language), Wrong: wrong,
		Sentence: sentence, Content: template.HTML(content.String())}) //nolint:gosec // rendered by html/template just above
}

// Description is the JSON form of a form (contract).
type Description struct {
	Service   policy.Code        `json:"service"`
	Version   int                `json:"version"`
	Language  policy.Language    `json:"language"`
	Notice    string             `json:"notice"`
	FormToken string             `json:"form_token"`
	Fields    []FieldDescription `json:"fields"`
}

// FieldDescription is one field of a Description.
type FieldDescription struct {
	Name         string              `json:"name"`
	Label        string              `json:"label"`
	Support      string              `json:"support,omitempty"`
	Type         policy.FieldType    `json:"type"`
	Required     bool                `json:"required"`
	MaxLength    int                 `json:"maxlength,omitempty"`
	Options      []OptionDescription `json:"options,omitempty"`
	Autocomplete string              `json:"autocomplete,omitempty"`
	Group        string              `json:"group,omitempty"` // heading that fields in a row stand under
	Min          *int                `json:"min,omitempty"`   // of a number
	Max          *int                `json:"max,omitempty"`
}

// OptionDescription is one choice; there is no placeholder among them.
type OptionDescription struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

func (e *Engine) describe(w http.ResponseWriter, a *attempt) error {
	d := Description{Service: a.form.Service.Code, Version: a.form.version(), Language: a.language,
		Notice: a.form.notice(e.Site.Organization, a.language).Text(), FormToken: a.token.seal(e.Keys)}
	for _, f := range a.fields {
		if !f.shows("") {
			continue
		}
		field := FieldDescription{Name: f.Name, Label: f.Label.In(a.language), Support: f.Support.In(a.language), Type: f.Type,
			Required: f.Required, MaxLength: f.MaxLength, Autocomplete: f.Autocomplete, Group: f.Group.In(a.language)}
		if f.Type == policy.TypeNumber && (f.Min != 0 || f.Max != 0) {
			field.Min, field.Max = &f.Min, &f.Max
		}
		for _, o := range f.Options {
			field.Options = append(field.Options, OptionDescription{o.Value, o.Label.In(a.language)})
		}
		d.Fields = append(d.Fields, field)
	}
	w.Header().Set("Content-Language", string(a.language))
	return web.WriteJSON(w, http.StatusOK, "application/json", d)
}
