package event

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

// Limits of a definition. The form engine takes 200 parameters; the rest is what a page can show.
const (
	mostSeats      = 10_000
	mostPartners   = 10
	mostFields     = 30
	mostInputs     = 150 // of a questionnaire, each row of a matrix counted
	mostOptions    = 50
	mostDays       = 1095
	mostAfterHours = 24 * 90
)

// checker collects what is wrong.
type checker struct {
	problems Problems
	event    *Event
}

func (c *checker) wrong(place, reason string, args ...any) {
	c.problems = append(c.problems, Problem{place, fmt.Sprintf(reason, args...)})
}

// check tells everything that is wrong with a definition by itself. What depends on the version before is the store's.
func (e *Event) check() Problems {
	c := &checker{event: e}
	c.id(".id", e.ID, 64)
	if !slices.Contains([]State{Draft, Published, Cancelled, Postponed}, e.State) {
		c.wrong(".state", "must be draft, published, cancelled or postponed")
	}
	c.line(".title.ja", e.Title.JA, 200, true)
	c.line(".title.en", e.Title.EN, 200, false)
	c.lines(".description.ja", e.Description.JA, 5000)
	c.lines(".description.en", e.Description.EN, 5000)
	if !slices.Contains([]Kind{Venue, Online, Hybrid}, e.Kind) {
		c.wrong(".kind", "must be venue, online or hybrid")
	}
	c.times()
	c.line(".place.ja", e.Place.JA, 300, e.Place.EN != "")
	c.line(".place.en", e.Place.EN, 300, false)
	c.link(".online_url", e.OnlineURL)
	c.capacity()
	c.line(".contact", e.Contact, 300, false)
	c.lines(".notice_text", e.NoticeText, 2000)
	c.partners()
	c.fields()
	c.questionnaire()
	return c.problems
}

// namePattern are the names of fields: they stand in forms, JSON and keys.
const namePattern = `^[a-z][a-z0-9_]{0,39}$`

func (c *checker) id(place, id string, most int) {
	if !safeID(id, most) {
		c.wrong(place, "1 to %d of a-z, 0-9 and - are allowed, with a letter or digit at both ends", most)
	}
}

func safeID(id string, most int) bool {
	if id == "" || len(id) > most || id[0] == '-' || id[len(id)-1] == '-' {
		return false
	}
	for i := range len(id) {
		if b := id[i]; b != '-' && (b < '0' || b > '9') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return true
}

func (c *checker) line(place, value string, most int, needed bool) {
	if value == "" && !needed {
		return
	}
	if cleaned, err := text.Line(value); err != nil || cleaned == "" || text.TooLong(cleaned, most, most*25) {
		c.wrong(place, "one line of 1 to %d characters is needed", most)
	}
}

func (c *checker) lines(place, value string, most int) {
	if value == "" {
		return
	}
	if cleaned, err := text.Lines(value); err != nil || text.TooLong(cleaned, most, most*25) {
		c.wrong(place, "a text of at most %d characters, without control characters, is needed", most)
	}
}

func (c *checker) link(place, link string) {
	if link == "" {
		return
	}
	target, err := url.Parse(link)
	if err != nil || target.Scheme != "https" || target.Host == "" || target.User != nil || len(link) > 1000 || text.HasInvisible(link) {
		c.wrong(place, "must be an https address")
	}
	if c.event.Kind == Venue {
		c.wrong(place, "an event at a venue has no online link: its kind is online or hybrid")
	}
}

func (c *checker) times() {
	e := c.event
	if e.StartsAt.IsZero() || e.EndsAt.IsZero() || e.ClosesAt.IsZero() {
		return // told already
	}
	for _, at := range []struct {
		place string
		time  time.Time
	}{{".starts_at", e.StartsAt}, {".ends_at", e.EndsAt}, {".closes_at", e.ClosesAt}, {".opens_at", e.OpensAt}} {
		if y := at.time.Year(); !at.time.IsZero() && (y < 2000 || y > 2100) {
			c.wrong(at.place, "must lie between 2000 and 2100")
		}
	}
	if !e.EndsAt.After(e.StartsAt) {
		c.wrong(".ends_at", "must be after starts_at")
	}
	if e.EndsAt.Sub(e.StartsAt) > 31*24*time.Hour {
		c.wrong(".ends_at", "an event lasts at most 31 days")
	}
	if e.ClosesAt.After(e.EndsAt) {
		c.wrong(".closes_at", "must not be after ends_at")
	}
	if !e.OpensAt.IsZero() && !e.OpensAt.Before(e.ClosesAt) {
		c.wrong(".opens_at", "must be before closes_at")
	}
}

func (c *checker) capacity() {
	of := c.event.Capacity
	switch {
	case !of.given:
		c.wrong(".capacity", "must be a whole number, or {venue, online}")
		return
	case of.PerMode && c.event.Kind != Hybrid:
		c.wrong(".capacity", "seats at the venue and online apart need the kind hybrid")
	}
	for _, mode := range of.Modes() {
		place := ".capacity"
		if of.PerMode {
			place += "." + mode
		}
		// No seats yet: who comes waits, and is offered a seat when staff add some. Without a waiting list nobody could come at all.
		switch n := of.Of(mode); {
		case n == 0 && c.event.WaitingList:
		case n < 1 || n > mostSeats:
			c.wrong(place, "must be 1 to %d, or 0 with a waiting list", mostSeats)
		}
	}
}

// items are the names of the event's form, as partners may receive them.
func (c *checker) items() []string {
	var names []string
	for _, f := range policy.Get(policy.Events).Fields {
		if !slices.Contains(c.event.Omit, f.Name) || !slices.Contains(policy.Get(policy.Events).Omittable, f.Name) {
			names = append(names, f.Name)
		}
	}
	if c.event.Capacity.PerMode {
		names = append(names, Attendance)
	}
	for _, f := range c.event.Fields {
		names = append(names, f.Name)
	}
	return names
}

func (c *checker) partners() {
	if len(c.event.Partners) > mostPartners {
		c.wrong(".partners", "at most %d", mostPartners)
		return
	}
	items, seen := c.items(), map[string]bool{}
	for i, p := range c.event.Partners {
		place := fmt.Sprintf(".partners[%d]", i)
		c.id(place+".id", p.ID, 40)
		if seen[p.ID] {
			c.wrong(place+".id", "occurs twice")
		}
		seen[p.ID] = true
		c.line(place+".name.ja", p.Name.JA, 200, true)
		c.line(place+".name.en", p.Name.EN, 200, false)
		if p.Role != policy.CoOrganiser && p.Role != policy.Contractor {
			c.wrong(place+".role", "must be co_organiser or contractor")
		} else if !slices.Contains(legalForms(p.Role), p.LegalForm) {
			c.wrong(place+".legal_form", "must be entrustment, joint_use or consented_provision")
		}
		if _, known := form.Country(p.Country); !known {
			c.wrong(place+".country", "must be a country's two letters (ISO 3166-1), such as ID")
		}
		if p.LegalForm == policy.ConsentedProvision && len(p.Receives) == 0 {
			c.wrong(place+".receives", "a consent to a provision needs items that are provided")
		}
		received := map[string]bool{}
		for j, item := range p.Receives {
			at := fmt.Sprintf("%s.receives[%d]", place, j)
			if !slices.Contains(items, item) {
				c.wrong(at, "is no item of this event's form")
			}
			if received[item] {
				c.wrong(at, "occurs twice")
			}
			received[item] = true
		}
	}
}

// legalForms are those that the policy allows for a role.
func legalForms(role string) []policy.LegalForm {
	for _, p := range policy.Get(policy.Events).Provisions {
		if p.To == role && p.Access {
			return p.Forms
		}
	}
	return nil
}

// fields checks what differs from the standard form: allowed only with a partner (R32).
func (c *checker) fields() {
	e := c.event
	if len(e.Partners) == 0 {
		if len(e.Fields) > 0 {
			c.wrong(".fields", "items may be added only where a co-organiser or contractor takes part (policy 3(4))")
		}
		if len(e.Omit) > 0 {
			c.wrong(".omit", "items may be left out only where a co-organiser or contractor takes part (policy 3(4))")
		}
	}
	for i, name := range e.Omit {
		if !slices.Contains(policy.Get(policy.Events).Omittable, name) || slices.Contains(e.Omit[:i], name) {
			c.wrong(fmt.Sprintf(".omit[%d]", i), "must be phone, organization or title, each once")
		}
	}
	if len(e.Fields) > mostFields {
		c.wrong(".fields", "at most %d", mostFields)
		return
	}
	seen := map[string]bool{Attendance: true}
	for _, f := range policy.Get(policy.Events).Fields {
		seen[f.Name] = true
	}
	for i, f := range e.Fields {
		place := fmt.Sprintf(".fields[%d]", i)
		c.field(place, f, policy.ItemTypes(), seen)
		for j, id := range f.For {
			if _, known := e.Partner(id); !known {
				c.wrong(fmt.Sprintf("%s.for[%d]", place, j), "is no partner of this event")
			}
		}
		if f.SpecialCare && f.Required {
			c.wrong(place+".required", "an item that needs special care is never required (APPI art. 20(2))")
		}
		if f.ExpiresAfterDays < 0 || f.ExpiresAfterDays > mostDays {
			c.wrong(place+".expires_after_days", "must be 1 to %d", mostDays)
		}
	}
}

// reserved are parameters of forms and links that no field may take.
var reserved = []string{"form_token", "action", "return_to", "homepage", "lang", "ref", "consent", "status"}

// field checks one item or question.
func (c *checker) field(place string, f Field, types []policy.FieldType, seen map[string]bool) {
	switch {
	case !regexp.MustCompile(namePattern).MatchString(f.Name):
		c.wrong(place+".name", "a small letter, then at most 39 of a-z, 0-9 and _ are allowed")
	case slices.Contains(reserved, f.Name) || seen[f.Name]:
		c.wrong(place+".name", "is taken already")
	}
	seen[f.Name] = true
	c.line(place+".label.ja", f.Label.JA, 300, true)
	c.line(place+".label.en", f.Label.EN, 300, false)
	if policy.AsksForIdentityNumber(f.Label.JA) || policy.AsksForIdentityNumber(f.Label.EN) {
		c.wrong(place+".label", "asks for the number of an identity document, which no form may (R10)")
	}
	if !slices.Contains(types, f.Type) {
		c.wrong(place+".type", "must be one of %v", types)
		return
	}
	chooses := f.Type == policy.TypeChoice || f.Type == policy.TypeChoices || f.Type == policy.TypeMatrix
	switch {
	case chooses && len(f.Options) == 0:
		c.wrong(place+".options", "a field to choose from needs options")
	case f.Type == policy.TypeRating && len(f.Options) == 1:
		c.wrong(place+".options", "a scale has at least two steps")
	case !chooses && f.Type != policy.TypeRating && len(f.Options) > 0:
		c.wrong(place+".options", "a field of type %s has no options", f.Type)
	}
	c.options(place+".options", f.Options)
	switch {
	case f.Type == policy.TypeMatrix && len(f.Rows) == 0:
		c.wrong(place+".rows", "a matrix needs rows")
	case f.Type != policy.TypeMatrix && len(f.Rows) > 0:
		c.wrong(place+".rows", "only a matrix has rows")
	}
	c.options(place+".rows", f.Rows)
}

func (c *checker) options(place string, options []Option) {
	if len(options) > mostOptions {
		c.wrong(place, "at most %d", mostOptions)
		return
	}
	seen := map[string]bool{}
	for i, o := range options {
		at := fmt.Sprintf("%s[%d]", place, i)
		if cleaned, err := text.Line(o.Value); err != nil || cleaned != o.Value || o.Value == "" || text.TooLong(o.Value, 100, 600) {
			c.wrong(at, "a text, or {value, label}, of one line and at most 100 characters is needed")
			continue
		}
		if seen[o.Value] {
			c.wrong(at, "occurs twice")
		}
		seen[o.Value] = true
		c.line(at+".label.ja", o.Label.JA, 200, true)
		c.line(at+".label.en", o.Label.EN, 200, false)
	}
}

func (c *checker) questionnaire() {
	q := c.event.Questionnaire
	if q == nil {
		return
	}
	const place = ".questionnaire"
	if q.OpensAfterHours < 0 || q.OpensAfterHours > mostAfterHours {
		c.wrong(place+".opens_after_hours", "must be 0 to %d", mostAfterHours)
	}
	if len(q.Questions) == 0 {
		c.wrong(place+".questions", "at least one question is needed")
	}
	inputs, seen := 0, map[string]bool{}
	for i, f := range q.Questions {
		at := fmt.Sprintf("%s.questions[%d]", place, i)
		c.field(at, f, policy.QuestionTypes(), seen)
		if len(f.For) > 0 {
			c.wrong(at+".for", "a question is asked for the organisers; items for partners belong to the registration")
		}
		if f.ExpiresAfterDays != 0 {
			c.wrong(at+".expires_after_days", "answers are kept together")
		}
		inputs += max(1, len(f.Rows))
	}
	if inputs > mostInputs {
		c.wrong(place+".questions", "at most %d questions, each row of a matrix counted", mostInputs)
	}
}
