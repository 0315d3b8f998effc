package form

import (
	"html/template"

	"madoguchi/shared/policy"
)

// Offer is what a field has that is one of many on offer, of which a person takes some: publications with their numbers of
// copies. All of them stand in a row and in one Group. The check page shows those that were filled in.
type Offer struct {
	Name     string        // of them all: an error about all of them together names it, and so does their fieldset's id
	Required bool          // the person must take at least one; Form.Check holds it
	Unit     policy.Text   // after the number: 部
	Figure   template.HTML // a picture and facts beside the label
	Gone     bool          // not on offer any more: taken from pages that were opened before, and shown only where it was filled in
}

// taken tells whether a value takes something of an offer.
func taken(value string) bool { return value != "" && value != "0" }

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
