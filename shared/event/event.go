// Package event is the events of the organisation: what staff say about one (contract: "An event"), the checks that every
// definition passes whoever loads it, where an event stands at a moment, its form and its questionnaire, and the store of
// definitions. It holds nothing of persons: those who register are in shared/registration.
package event

import (
	"encoding/json"
	"slices"
	"time"

	"madoguchi/shared/policy"
)

// Text is a text in the languages of the public pages. English may be missing.
type Text struct {
	JA string `json:"ja"`
	EN string `json:"en,omitempty"`
}

// Policy returns the text as the policy and the forms hold it.
func (t Text) Policy() policy.Text { return policy.Text{JA: t.JA, EN: t.EN} }

// In returns the text in a language, or in Japanese where it has none.
func (t Text) In(l policy.Language) string { return t.Policy().In(l) }

// State is what staff decide about an event; where it stands at a moment is its Status.
type State string

// The states. An event without one is published.
const (
	Draft     State = "draft"
	Published State = "published"
	Cancelled State = "cancelled"
	Postponed State = "postponed" // no longer at the time that it names; a new one follows
)

// Kind tells where an event takes place (R24).
type Kind string

// The kinds of event.
const (
	Venue  Kind = "venue"
	Online Kind = "online"
	Hybrid Kind = "hybrid"
)

// Event is the definition of one event.
type Event struct {
	ID            string         `json:"id"`
	State         State          `json:"state,omitempty"`
	Title         Text           `json:"title"` // the form exists in the languages that have one (R25)
	Description   Text           `json:"description,omitzero"`
	Kind          Kind           `json:"kind"`
	StartsAt      time.Time      `json:"starts_at"`
	EndsAt        time.Time      `json:"ends_at"`
	OpensAt       time.Time      `json:"opens_at,omitzero"` // of the registration; zero: at once
	ClosesAt      time.Time      `json:"closes_at"`
	Place         Text           `json:"place,omitzero"`
	OnlineURL     string         `json:"online_url,omitempty"` // for registrants only
	Capacity      Capacity       `json:"capacity"`
	WaitingList   bool           `json:"waiting_list"`
	Contact       string         `json:"contact,omitempty"`
	NoticeText    string         `json:"notice_text,omitempty"`
	Partners      []Partner      `json:"partners,omitempty"`
	Fields        []Field        `json:"fields,omitempty"` // added for partners (R32)
	Omit          []string       `json:"omit,omitempty"`   // standard items left out (R32)
	Questionnaire *Questionnaire `json:"questionnaire,omitempty"`

	// What the store adds.

	Version  int       `json:"-"` // from 1; each registration keeps the one that it was made under
	Sequence int       `json:"-"` // grows with each change that a calendar must follow: time, place, link, cancellation
	SavedAt  time.Time `json:"-"`
}

// Partner is a co-organiser or contractor of an event, and what it receives (R30-R33, R53-R54).
type Partner struct {
	ID        string           `json:"id"`
	Name      Text             `json:"name"`
	Role      string           `json:"role"`    // policy.CoOrganiser, policy.Contractor
	Country   string           `json:"country"` // ISO 3166-1 alpha-2
	LegalForm policy.LegalForm `json:"legal_form"`
	Receives  []string         `json:"receives"` // items of the form
}

// Field is an item that the event asks for beside the standard ones, or a question of its questionnaire.
type Field struct {
	Name             string           `json:"name"`
	Label            Text             `json:"label"`
	Type             policy.FieldType `json:"type"`
	Required         bool             `json:"required,omitempty"`
	Options          []Option         `json:"options,omitempty"` // of a choice; the steps of a rating; the columns of a matrix
	Rows             []Option         `json:"rows,omitempty"`    // of a matrix: one answer for each
	For              []string         `json:"for,omitempty"`     // partners that it was added for; none: all of the event's
	SpecialCare      bool             `json:"special_care,omitempty"`
	ExpiresAfterDays int              `json:"expires_after_days,omitempty"` // from the end of the event; 0: with the registration
}

// Option is one choice. In JSON a text alone stands for a value that is its own label.
type Option struct {
	Value string
	Label Text
}

// Questionnaire is asked after the end of the event (R29).
type Questionnaire struct {
	Anonymous       bool    `json:"anonymous"` // decided: true where nothing is said
	OpensAfterHours int     `json:"opens_after_hours"`
	Questions       []Field `json:"questions"`
}

// Capacity is how many seats there are: for everybody, or at the venue and online apart.
type Capacity struct {
	Everybody     int
	Venue, Online int
	PerMode       bool

	given bool // it was said, and can be read
}

// The modes in which seats are counted.
const (
	ModeAll    = "all"
	ModeVenue  = "venue"
	ModeOnline = "online"
)

// Modes returns the modes that an event counts seats in.
func (c Capacity) Modes() []string {
	if c.PerMode {
		return []string{ModeVenue, ModeOnline}
	}
	return []string{ModeAll}
}

// Of returns the seats of a mode.
func (c Capacity) Of(mode string) int {
	switch {
	case c.PerMode && mode == ModeVenue:
		return c.Venue
	case c.PerMode && mode == ModeOnline:
		return c.Online
	case !c.PerMode && mode == ModeAll:
		return c.Everybody
	}
	return 0
}

type perMode struct {
	Venue  *int `json:"venue"`
	Online *int `json:"online"`
}

// MarshalJSON writes N or {venue, online}.
func (c Capacity) MarshalJSON() ([]byte, error) {
	if c.PerMode {
		return json.Marshal(perMode{&c.Venue, &c.Online})
	}
	return json.Marshal(c.Everybody)
}

// UnmarshalJSON reads them. What is neither is told by Check, with its place.
func (c *Capacity) UnmarshalJSON(data []byte) error {
	var modes perMode
	var number *int // null is no number
	switch {
	case json.Unmarshal(data, &number) == nil && number != nil:
		*c = Capacity{Everybody: *number, given: true}
	case strict(data, &modes) == nil && modes.Venue != nil && modes.Online != nil:
		*c = Capacity{Venue: *modes.Venue, Online: *modes.Online, PerMode: true, given: true}
	default:
		*c = Capacity{}
	}
	return nil
}

// MarshalJSON writes {value, label}.
func (o Option) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"value": o.Value, "label": o.Label})
}

// UnmarshalJSON reads a text or {value, label}. What is neither has no value, which Check tells.
func (o *Option) UnmarshalJSON(data []byte) error {
	var both struct {
		Value string `json:"value"`
		Label Text   `json:"label"`
	}
	switch {
	case json.Unmarshal(data, &o.Value) == nil:
		o.Label = Text{JA: o.Value}
	case strict(data, &both) == nil:
		o.Value, o.Label = both.Value, both.Label
	}
	return nil
}

// UnmarshalJSON reads a questionnaire; one that does not say so is anonymous.
func (q *Questionnaire) UnmarshalJSON(data []byte) error {
	type plain Questionnaire
	read := plain{Anonymous: true}
	err := strict(data, &read)
	*q = Questionnaire(read)
	return err
}

// Languages are those in which the event has a title: in these its pages exist.
func (e *Event) Languages() []policy.Language {
	if e.Title.EN != "" {
		return []policy.Language{policy.Japanese, policy.English}
	}
	return []policy.Language{policy.Japanese}
}

// Partner returns the partner of that id.
func (e *Event) Partner(id string) (Partner, bool) {
	i := slices.IndexFunc(e.Partners, func(p Partner) bool { return p.ID == id })
	if i < 0 {
		return Partner{}, false
	}
	return e.Partners[i], true
}

// Mode returns the mode in which a registration counts that asks to attend in a way ("" where the form does not ask).
func (e *Event) Mode(attendance string) string {
	if e.Capacity.PerMode {
		return attendance
	}
	return ModeAll
}
