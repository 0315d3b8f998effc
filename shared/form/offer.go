package form

import (
	"fmt"
	"html/template"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// Offer is what a field has that is one of many on offer, of which a person takes some: publications with their numbers of
// copies. All of them stand in a row and in one Group. The check page shows those that were filled in.
type Offer struct {
	Name     string        // of them all: an error about all of them together names it, and so does their fieldset's id
	Required bool          // the person must take at least one
	Unit     policy.Text   // after the number: 部
	Figure   template.HTML // a picture and facts beside the label
	Gone     bool          // not on offer any more: taken from pages that were opened before, and shown only where it was filled in
}

// taken tells whether a value takes something of an offer.
func taken(value string) bool { return value != "" && value != "0" }

// lastOffer tells whether none of the fields that follow is on the same offer.
func (f Field) lastOffer(following []Field) bool {
	return len(following) == 0 || following[0].Offer == nil || following[0].Offer.Name != f.Offer.Name
}

// untaken is the error of a person who took nothing of what f is one of. What was filled in wrongly is no such error.
func (f Field) untaken(fields []Field, values map[string]string, l policy.Language) []web.FieldError {
	if !f.Offer.Required {
		return nil
	}
	for _, other := range fields {
		if value, right := values[other.Name]; other.Offer != nil && other.Offer.Name == f.Offer.Name && (!right || taken(value)) {
			return nil
		}
	}
	return []web.FieldError{{Field: f.Offer.Name, Code: codeRequired,
		Message: fmt.Sprintf(policy.Text{JA: "「%s」を1つ以上入力してください", EN: "%s: enter at least one"}.In(l), f.Group.In(l))}}
}

// shows tells whether the input page shows a field that holds a value.
func (f Field) shows(value string) bool { return f.Offer == nil || !f.Offer.Gone || taken(value) }

// Figured tells whether a picture stands beside the field.
func (f fieldView) Figured() bool { return f.Offer != nil && f.Offer.Figure != "" }

// Unit stands after a number.
func (f fieldView) Unit() string {
	if f.Offer == nil {
		return ""
	}
	return f.Offer.Unit.In(f.Language)
}
