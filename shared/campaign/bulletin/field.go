package bulletin

import (
	"strings"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
)

// Field is a merge field that a kind of campaign may use.
type Field struct {
	Name    string
	Label   policy.Text
	MayMiss bool // whether a record may lack it, so that a fallback is wise
	IsLink  bool // the recipient's own address: the target of a link, or a line by itself
	longest int  // graphemes of a value
}

// The names of the links that a template may hold. Only link can be written by staff; the others belong to the footer.
const (
	link        = edition.Link
	unsubscribe = edition.Unsubscribe
	preferences = edition.Preferences
)

// usualLength is the limit of fields that the policy gives none: choices and numbers.
const usualLength = 100

// Fields returns the merge fields of a kind of campaign: the one-line fields of the service whose records cause it (R7), and the
// recipient's own link where mail of that kind has one. It returns none for a kind that is not a campaign's.
func Fields(kind policy.MailKind) []Field {
	service, ok := serviceOf(kind)
	if !ok {
		return nil
	}
	var out []Field
	for _, f := range service.Fields {
		switch f.Type {
		case policy.TypeText, policy.TypeEmail, policy.TypePhone, policy.TypePostalCode, policy.TypePrefecture, policy.TypeChoice:
		default:
			continue
		}
		field := Field{Name: f.Name, Label: f.Label, MayMiss: !f.Required, longest: f.MaxLength}
		if field.longest == 0 {
			field.longest = usualLength
		}
		for _, name := range service.Omittable {
			field.MayMiss = field.MayMiss || name == f.Name
		}
		out = append(out, field)
	}
	if service.EventBound {
		out = append(out, Field{Name: link, Label: linkLabel(kind), IsLink: true})
	}
	return out
}

// serviceOf returns the service whose records cause a kind of campaign mail.
func serviceOf(kind policy.MailKind) (policy.Service, bool) {
	mail, ok := policy.MailOf(kind)
	if !ok || mail.Class != policy.CampaignMail {
		return policy.Service{}, false
	}
	for _, s := range policy.Services() {
		if s.MayMail(kind) {
			return s, true
		}
	}
	return policy.Service{}, false
}

// isPress tells the kinds that go to the media, which alone can be asked to wait with a story.
func isPress(kind policy.MailKind) bool {
	service, ok := serviceOf(kind)
	return ok && service.Code == policy.Press
}

func fieldOf(kind policy.MailKind, name string) (Field, bool) {
	for _, f := range Fields(kind) {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// allowed lists the fields as staff write them.
func allowed(kind policy.MailKind, l policy.Language) string {
	var names []string
	for _, f := range Fields(kind) {
		names = append(names, "{{"+f.Name+"}}")
	}
	return strings.Join(names, policy.Text{JA: "、", EN: ", "}.In(l))
}
