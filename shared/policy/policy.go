// Package policy is the organisation's published privacy policy as code: each service is declared once - which fields
// its form may collect and why, in which languages it exists, which kinds of mail it may cause, how long its records
// live and what may be handed out - and forms, notices, receipts, mail gates, retention and the data inventory are
// derived from that declaration (design: "the policy is code"; R4-R7, R57-R58).
//
// The package imports nothing but the standard library.
package policy

import (
	"fmt"
	"strings"
	"time"
)

// Version identifies the published policy that the declarations follow (R1). It is stored with every submission.
const Version = "2022-09-08"

// Language is a BCP 47 primary language subtag of the public pages: "ja" or "en".
type Language string

// The languages of the public pages.
const (
	Japanese Language = "ja"
	English  Language = "en"
)

// Text is a text in the languages of the public pages. EN is empty where a text exists in Japanese only.
type Text struct{ JA, EN string }

// In returns the text in the language asked for, or in Japanese where it has none.
func (t Text) In(l Language) string {
	if l == English && t.EN != "" {
		return t.EN
	}
	return t.JA
}

// Code names a service of the policy (R5). It is stored with records and never shown.
type Code string

// The services of the policy, section 3. Adding one needs a new purpose entry and a new policy version (R5).
const (
	Newsletter    Code = "newsletter"    // 3(2)
	Press         Code = "press"         // 3(3)
	Events        Code = "events"        // 3(4)
	Questionnaire Code = "questionnaire" // 3(4), the post-event questionnaire
	Photos        Code = "photos"        // 3(5)
	Inquiry       Code = "inquiry"       // 3(6)
	Publications  Code = "publications"  // 3(7)
	Access        Code = "access"        // 3(1)
)

// Classification says how near a value comes to naming a person (R9); it drives masking.
type Classification string

// The classes of R9. No form asks for individual identification codes (R10), so there is no class for them.
const (
	Identifying      Classification = "identifying"       // a name, an address, a number that reaches one person
	QuasiIdentifying Classification = "quasi-identifying" // identifies together with others: organisation, prefecture
	Neutral          Classification = "neutral"           // says nothing of a person by itself
)

// FieldType is the kind of value that a field takes; the form engine knows how to clean, check and show each.
type FieldType string

// The kinds of field.
const (
	TypeText       FieldType = "text"        // one line
	TypeTextArea   FieldType = "textarea"    // several lines
	TypeEmail      FieldType = "email"       // one mail address
	TypePhone      FieldType = "phone"       // Japanese or E.164 number
	TypePostalCode FieldType = "postal_code" // Japanese postal code
	TypePrefecture FieldType = "prefecture"  // JIS X 0401 code 01-47, or 99 overseas (R17)
	TypeChoice     FieldType = "choice"      // one of a list
	TypeQuantities FieldType = "quantities"  // a number per publication (quantity.<publication>)
	TypeQuestions  FieldType = "questions"   // the questions that an event declares
	TypeChoices    FieldType = "choices"     // any of a list
	TypeBoolean    FieldType = "boolean"     // yes or no
	TypeNumber     FieldType = "number"      // a whole number
	TypeDate       FieldType = "date"        // a calendar day
	TypeCountry    FieldType = "country"     // ISO 3166-1 alpha-2
	TypeRating     FieldType = "rating"      // a question: a step on a scale
	TypeMatrix     FieldType = "matrix"      // a question: one choice per line of a table
)

// Field is one item of personal information that a form may collect. A form holds no field that its service does not
// declare (R6).
type Field struct {
	Name         string         // name in forms, JSON and records
	Label        Text           // what the visitor sees
	Support      Text           // help text under the label, may be empty
	Type         FieldType      //
	Required     bool           //
	MaxLength    int            // graphemes; 0 where the type sets the limit
	Autocomplete string         // HTML autocomplete token, empty for none
	Class        Classification // R9
	Options      OptionList     // for TypeChoice: the list it is chosen from
	Why          Text           // what it is needed for, in the inventory
	Domestic     bool           // of a prefecture: overseas stands in the list, and the form says why it cannot be taken
}

// OptionList names a list of choices that is kept outside the declaration.
type OptionList string

// BusinessCategories is the list of categories of business, kept by staff and versioned (R18).
const BusinessCategories OptionList = "business_categories"

// Purpose is one purpose of use in the words of the policy, section 3.
type Purpose struct {
	Code  string
	Text  Text
	Mails []MailKind // the kinds of mail that serve it
}

// Retention is how long records in one state live. It is a parameter of the deployment within limits.
type Retention struct {
	State     string        // state of the record that it applies to
	From      Moment        // what it counts from
	Text      Text          // as notices and the inventory show it; %s stands for the period
	Deleted   Text          // as receipts say it; %s stands for the day; empty for the ordinary sentence
	Default   time.Duration //
	Min, Max  time.Duration // a setting outside is refused at start (hard case 25)
	Parameter string        // name of the environment variable, in the unit that its name ends with
}

// Export is a file that staff may take out of a service's records. What no export names cannot leave (R45, R57).
type Export struct {
	Code   string
	Text   Text
	Fields []string
	Roles  []string // roles of staff that may ask for it
	// Partner says that the file is meant for a co-organiser or contractor: it holds no more than that partner's
	// agreement names, and each hand-over leaves a provision record (R54, R56).
	Partner bool
}

// Channel tells how a record came in (R3). It is stored with every submission.
type Channel string

// The channels. A letter is a privacy request (R80), never a sign-up.
const (
	ChannelForm   Channel = "form"
	ChannelMail   Channel = "inbound_mail"
	ChannelStaff  Channel = "staff"
	ChannelLetter Channel = "letter"
	ChannelImport Channel = "import"
)

// Statistic is a count that may be made public after it was released (R62-R64). By names what it is counted by: fields
// of the service and plain words such as day; never an identifying field and never an organisation's name.
type Statistic struct {
	Code string
	Text Text
	By   []string
}

// SmallestCell is the least count that a published table shows (R64; decisions: "cells under 5 are suppressed").
const SmallestCell = 5

// Service is one service of the policy.
type Service struct {
	Code       Code
	Section    string // section of the policy, "3(2)"
	Path       string // path of its form, empty where it has none
	Name       Text
	Languages  []Language // languages of its form (R15, R25)
	Fields     []Field
	Recorded   []Field // items that arrive without a form: automatic collection (3(1)), inbound mail (3(6))
	Channels   []Channel
	Purposes   []Purpose
	Retention  []Retention
	Provisions []Provision // empty: to nobody (R58)
	Exports    []Export
	Statistics []Statistic
	Table      string // logical table in the template that holds its records, empty while there is none
	// EventBound says that a record belongs to one event and causes mail about that event only (R28).
	EventBound bool
	// PartnerItems tells whether the items may change where a co-organiser or contractor takes part (R32).
	PartnerItems bool
	// Omittable names the fields that an event with a partner may leave out (R32).
	Omittable []string
	// FormVersion grows whenever the form or its notice changes; it is stored with every submission (R1).
	FormVersion int
}

// Get returns the declaration of a service. It panics for a code that is not in the policy: that is a defect of the
// program, never input.
func Get(code Code) *Service {
	for i := range services {
		if services[i].Code == code {
			return &services[i]
		}
	}
	panic(fmt.Sprintf("policy: no service %q", code))
}

// Services returns all services in the order of the policy.
func Services() []Service { return append([]Service(nil), services...) }

// Field returns the service's field of that name.
func (s *Service) Field(name string) (Field, bool) {
	for _, f := range s.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// WithoutForm returns the service as it is where nothing was filled in: its items are those that arrive by themselves,
// so that notice and receipt of an inbound mail or an access record name the right ones (R11-R13, R38).
func (s *Service) WithoutForm() *Service {
	c := *s
	c.Fields = s.Recorded
	return &c
}

// Delivered is what a mailing list delivers, in Japanese: プレスリリース where the service is called プレスリリース配信, so that no text
// says "the delivery of the delivery".
func (s *Service) Delivered() string { return strings.TrimSuffix(s.Name.JA, "配信") }

// In reports whether the service's form exists in the language.
func (s *Service) In(l Language) bool {
	for _, have := range s.Languages {
		if have == l {
			return true
		}
	}
	return false
}

// RetentionOf returns the retention of records in a state. It panics for a state that is not declared.
func (s *Service) RetentionOf(state string) Retention {
	for _, r := range s.Retention {
		if r.State == state {
			return r
		}
	}
	panic(fmt.Sprintf("policy: service %s has no retention for state %q", s.Code, state))
}
