package event

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
)

// Attendance is the field by which a registrant of an event with seats at the venue and online says which.
const Attendance = "attendance"

// ConsentPrefix begins the names of the boxes by which a person agrees to a provision: consent.<partner id>.
const ConsentPrefix = "consent."

// Lengths of what is typed, in characters.
const (
	lineLength = 200
	textLength = 2000
)

// FormFields are the fields of the event's registration form, in the order of the policy (R26), then what the event adds,
// then the boxes of consent (R32-R33).
func (e *Event) FormFields() []form.Field {
	fields := e.itemFields()
	for _, p := range e.Partners {
		if p.LegalForm != policy.ConsentedProvision {
			continue
		}
		fields = append(fields, form.Field{Field: policy.Field{Name: ConsentPrefix + p.ID, Type: policy.TypeBoolean,
			Label:   policy.Text{JA: e.ConsentText(p, policy.Japanese), EN: e.ConsentText(p, policy.English)},
			Support: policy.Text{JA: "同意しない場合も登録できます。その場合、この相手には提供しません。", EN: "You can register without agreeing; then nothing is provided to them."},
			Class:   policy.Neutral}})
	}
	return fields
}

// itemFields are the form's items without the consents.
func (e *Event) itemFields() []form.Field {
	var fields []form.Field
	for _, f := range policy.Get(policy.Events).Fields {
		if !slices.Contains(e.Omit, f.Name) {
			fields = append(fields, form.Field{Field: f})
		}
	}
	if e.Capacity.PerMode {
		fields = append(fields, form.Field{Buttons: true, Options: []form.Option{
			{Value: ModeVenue, Label: policy.Text{JA: "会場で参加", EN: "At the venue"}},
			{Value: ModeOnline, Label: policy.Text{JA: "オンラインで参加", EN: "Online"}},
		}, Field: policy.Field{Name: Attendance, Label: policy.Text{JA: "参加方法", EN: "How you attend"}, Type: policy.TypeChoice, Required: true,
			Class: policy.Neutral, Why: policy.Text{JA: "座席の確保のため", EN: "To keep a seat for you"}}})
	}
	for _, f := range e.Fields {
		one := f.input(f.Name, f.Label)
		one.Support = e.support(f)
		fields = append(fields, one)
	}
	return fields
}

// Questions are the fields of the event's questionnaire; each row of a matrix is one, named question.row. Nil where the
// event has none.
func (e *Event) Questions() []form.Field {
	if e.Questionnaire == nil {
		return nil
	}
	var fields []form.Field
	for _, f := range e.Questionnaire.Questions {
		if f.Type != policy.TypeMatrix {
			fields = append(fields, f.input(f.Name, f.Label))
			continue
		}
		for i, row := range f.Rows {
			one := f.input(f.Name+"."+rowName(row.Value, i), row.Label)
			one.Type, one.Group = policy.TypeRating, f.Label.Policy()
			one.Aid = policy.Text{JA: "それぞれ1つ選んでください。", EN: "Choose one for each line."}
			fields = append(fields, one)
		}
	}
	return fields
}

var safeRow = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// rowName is how a row of a matrix is called in forms and results: its value, or its place where the value is a text.
func rowName(value string, i int) string {
	if safeRow.MatchString(value) {
		return value
	}
	return fmt.Sprintf("row%d", i+1)
}

// input is the field as the form engine knows it.
func (f Field) input(name string, label Text) form.Field {
	one := form.Field{Field: policy.Field{Name: name, Label: label.Policy(), Type: f.Type, Required: f.Required, Class: policy.QuasiIdentifying}}
	for _, o := range f.Options {
		one.Options = append(one.Options, form.Option{Value: o.Value, Label: o.Label.Policy()})
	}
	switch f.Type {
	case policy.TypeText:
		one.MaxLength = lineLength
	case policy.TypeTextArea:
		one.MaxLength = textLength
	case policy.TypePhone:
		one.Class = policy.Identifying
	case policy.TypeCountry:
		one.Options = form.Countries()
	case policy.TypeChoice:
		one.Buttons = len(f.Options) <= 6
	case policy.TypeRating:
		if len(f.Options) == 0 {
			one.Options = scale
		}
	}
	return one
}

// scale is the scale of a rating that names none.
var scale = []form.Option{
	{Value: "1", Label: policy.Text{JA: "1（低い）", EN: "1 (low)"}}, {Value: "2", Label: policy.Text{JA: "2", EN: "2"}},
	{Value: "3", Label: policy.Text{JA: "3", EN: "3"}}, {Value: "4", Label: policy.Text{JA: "4", EN: "4"}},
	{Value: "5", Label: policy.Text{JA: "5（高い）", EN: "5 (high)"}},
}

// support says under an added item for whom it was added, and what is special about it (R32-R33).
func (e *Event) support(f Field) policy.Text {
	partners := f.For
	if len(partners) == 0 {
		for _, p := range e.Partners {
			partners = append(partners, p.ID)
		}
	}
	var ja, en []string
	for _, id := range partners {
		if p, ok := e.Partner(id); ok {
			ja, en = append(ja, p.Name.JA), append(en, p.Name.In(policy.English))
		}
	}
	text := policy.Text{JA: strings.Join(ja, "、") + "のために伺う項目です。", EN: "Asked for " + strings.Join(en, ", ") + "."}
	if f.SpecialCare {
		text.JA += "配慮を要する個人情報にあたるため、ご記入は任意です。ご記入いただいた場合は、取得に同意されたものとして取り扱います。"
		text.EN += " This is sensitive information: answering is up to you, and if you do you agree that we collect it."
	}
	if f.ExpiresAfterDays > 0 {
		text.JA += fmt.Sprintf("イベントの終了から%d日後に削除します。", f.ExpiresAfterDays)
		text.EN += fmt.Sprintf(" Deleted %d days after the event.", f.ExpiresAfterDays)
	}
	return text
}

// Service is the declaration of the registration with the items that this event really asks for, so that notice and
// receipt name those (R6, R33).
func (e *Event) Service() *policy.Service {
	service := *policy.Get(policy.Events)
	service.Fields = nil
	for _, f := range e.itemFields() {
		service.Fields = append(service.Fields, f.Field)
	}
	service.Languages = e.Languages()
	return &service
}

// Items names items of the form in a language, in the order of the form.
func (e *Event) Items(names []string, l policy.Language) string {
	var labels []string
	for _, f := range e.itemFields() {
		if slices.Contains(names, f.Name) {
			labels = append(labels, f.Label.In(l))
		}
	}
	return strings.Join(labels, policy.Text{JA: "、", EN: "; "}.In(l))
}
