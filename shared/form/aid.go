package form

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"madoguchi/shared/policy"
)

// Aid is a button below a field by which the form fills other fields in: the address that belongs to a postal code. It is a
// post like any other and needs no JavaScript; it stores nothing and spends nothing, and it never overwrites what was typed.
type Aid struct {
	Name  string // value of action: "lookup"
	Field string // the button stands below this field, and what was found is told there
	Label policy.Text
	// Suggest looks at the values as typed.
	Suggest func(typed map[string]string, l policy.Language) Suggestion
}

// Suggestion is what an aid has found. Values go into fields that are empty. Where the person must decide first, Choices are
// buttons, each with what it would fill in.
type Suggestion struct {
	Said    string // first of all, until a choice is made
	Values  map[string]string
	Choices []Choice
	Settled bool   // what was typed says already which of the choices it is: they are not shown
	Then    string // what is left to do where something was filled in
}

// Choice is one of several things that an aid has found. Its button sends its label: what is filled in is what was read on it,
// whatever else was changed on the page in between.
type Choice struct {
	Label  string // no two of them alike
	Values map[string]string
}

// aid finds the aid that an action asks for, and the label of the choice that was taken.
func (f *Form) aid(action string) (aid *Aid, choice string) {
	name, choice, _ := strings.Cut(action, ".")
	for i := range f.Aids {
		if f.Aids[i].Name == name {
			return &f.Aids[i], choice
		}
	}
	return nil, ""
}

// help answers an aid's button: the form again, with what was found in the fields that were empty.
func (e *Engine) help(w http.ResponseWriter, a *attempt, aid *Aid, choice string) error {
	found := aid.Suggest(a.post.Values, a.language)
	values := found.Values
	if i := slices.IndexFunc(found.Choices, func(c Choice) bool { return c.Label == choice }); i >= 0 {
		values = found.Choices[i].Values
		found = Suggestion{Then: found.Then}
	}
	var filled, kept []string
	for _, f := range a.fields {
		value, known := values[f.Name]
		switch typed := strings.TrimSpace(a.post.Values[f.Name]); {
		case !known || value == typed:
		case typed == "":
			a.post.Values[f.Name] = value
			filled = append(filled, f.Label.In(a.language))
		default:
			kept = append(kept, f.Label.In(a.language))
		}
	}
	said := []string{found.Said}
	if len(filled) > 0 {
		said = append(said, fmt.Sprintf(policy.Text{JA: "「%s」に入力しました。", EN: "Filled in: %s."}.In(a.language),
			strings.Join(filled, policy.Text{JA: "」「", EN: ", "}.In(a.language))))
	}
	if len(kept) > 0 {
		said = append(said, fmt.Sprintf(policy.Text{JA: "「%s」は、すでに入力されているため変更していません。", EN: "Left as you typed it: %s."}.In(a.language),
			strings.Join(kept, policy.Text{JA: "」「", EN: ", "}.In(a.language))))
	}
	if len(filled) > 0 {
		said = append(said, found.Then)
	}
	a.aided = &aided{field: aid.Field, said: strings.TrimSpace(strings.Join(said, policy.Text{EN: " "}.In(a.language)))}
	if !found.Settled {
		a.aided.choices = found.Choices
	}
	return e.input(w, a, http.StatusOK, nil)
}

// aided is what an aid has to say on the page that follows.
type aided struct {
	field, said string
	choices     []Choice
}

// aidView is an aid as the template of its field shows it.
type aidView struct {
	Name, Label, Said string
	Choices           []Choice
}

// aidOf is the aid below a field, nil where there is none.
func (a *attempt) aidOf(field string) *aidView {
	for _, aid := range a.form.Aids {
		if aid.Field != field {
			continue
		}
		v := &aidView{Name: aid.Name, Label: aid.Label.In(a.language)}
		if a.aided != nil && a.aided.field == field {
			v.Said, v.Choices = a.aided.said, a.aided.choices
		}
		return v
	}
	return nil
}
