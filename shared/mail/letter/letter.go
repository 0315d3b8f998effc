// Package letter holds what the mails say: one source file per kind of mail and language, rendered to a subject, a text
// part and an HTML part.
//
// A source is parsed into blocks before any value is filled in, so nothing that a person typed can become structure; the
// HTML layout escapes, the text layout takes values as they are. A value that a letter needs and that is missing is
// an error: no mail is better than one with a hole in it.
package letter

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

// Rendered is a letter ready to be put into a mail.
type Rendered struct {
	Subject string // one line
	Text    string // lines end with LF
	HTML    string
}

// Letters renders the letters of one organisation. It is safe for concurrent use.
type Letters struct {
	org    policy.Organization
	mu     sync.Mutex
	parsed map[string]*source // by file name; parsed when first needed, because a cold start needs one of them
}

// New returns the letters as the organisation sends them.
func New(org policy.Organization) *Letters { return &Letters{org: org, parsed: map[string]*source{}} }

//go:embed letters/*.txt
var sources embed.FS

// ErrNoLetter says that a kind of mail has no letter in a language.
var ErrNoLetter = errors.New("no such letter")

// Render fills a mail's letter. The error is ErrNoLetter, or says which block lacks which key; it holds no value.
func (l *Letters) Render(m mail.Mail) (Rendered, error) {
	operation := func(err error) error { return fmt.Errorf("render %s.%s: %w", m.Kind, m.Language, err) }
	src, err := l.source(m.Kind, m.Language)
	if err != nil {
		return Rendered{}, operation(err)
	}
	values, err := l.values(src, m)
	if err != nil {
		return Rendered{}, operation(err)
	}
	page, err := l.page(src, m, values)
	if err != nil {
		return Rendered{}, operation(err)
	}
	text, html, err := page.render()
	if err != nil {
		return Rendered{}, operation(err)
	}
	return Rendered{Subject: page.Subject, Text: text, HTML: html}, nil
}

func (l *Letters) source(kind policy.MailKind, language policy.Language) (*source, error) {
	name := string(kind) + "." + string(language)
	l.mu.Lock()
	defer l.mu.Unlock()
	if src, ok := l.parsed[name]; ok {
		return src, nil
	}
	text, err := sources.ReadFile("letters/" + name + ".txt")
	if step, isList := ofList(kind); err != nil && isList {
		text, err = sources.ReadFile("letters/list_" + step + "." + string(language) + ".txt")
	}
	if err != nil {
		return nil, ErrNoLetter
	}
	src, err := parse(string(text))
	if err != nil {
		return nil, err
	}
	l.parsed[name] = src
	return src, nil
}

// ofList returns what a mail of one of the two lists is about. Where a list has no letter of its own for it, both lists' letter
// serves ("list_welcome").
func ofList(kind policy.MailKind) (step string, ok bool) {
	list, step, found := strings.Cut(string(kind), "_")
	return step, found && (list == string(policy.Newsletter) || list == string(policy.Press))
}

// The keys of a mail's data that are not shown as they are.
var (
	linkKeys = map[string]bool{"link": true, "preferences": true, "unsubscribe": true, "again": true} // path and query
	timeKeys = map[string]bool{"expires": true, "deleted_on": true}                                   // RFC 3339
	// typedKeys hold what the sender of a form typed. A letter whose recipient is not proven to be that person never
	// sees them (contract: "Mail").
	typedKeys = map[string]bool{"name": true}
)

// values makes what the blocks see of the mail's data: whole links, times in words, nothing empty, nothing typed
// where it may not be.
func (l *Letters) values(src *source, m mail.Mail) (map[string]string, error) {
	values := make(map[string]string, len(m.Data)+2)
	for key, value := range m.Data {
		switch {
		case value == "" || src.unproven && typedKeys[key]:
			continue
		case !utf8.ValidString(value) || strings.ContainsFunc(value, isBreak):
			return nil, fmt.Errorf("value %s: a control character or a line break", key)
		case linkKeys[key]:
			if !strings.HasPrefix(value, "/") || strings.HasPrefix(value, "//") || strings.ContainsAny(value, " <>\"") {
				return nil, fmt.Errorf("value %s: not a path", key)
			}
			value = l.org.PublicURL + value
		case timeKeys[key]:
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return nil, fmt.Errorf("value %s: not a time", key)
			}
			value = moment(at, m.Language)
		}
		values[key] = value
	}
	// What every letter may name. No data key can take their place.
	values["office"] = l.org.ShortName.In(m.Language)
	values["service"] = policy.Get(m.Service).Name.In(m.Language)
	values["delivered"] = policy.Get(m.Service).Delivered()
	return values, nil
}

// isBreak tells the characters that end a line somewhere (hard case 4). They are refused at the edge already.
func isBreak(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// moment writes a time to the minute as it is in Japan: 2026年11月30日（月）18時30分. Seconds are cut, never rounded up: a
// deadline is not shown later than it is.
func moment(t time.Time, l policy.Language) string {
	t = t.In(policy.JapanTime)
	if l == policy.English {
		return t.Format("15:04 on Monday, 2 January 2006 (Japan time)")
	}
	weekday := string([]rune("日月火水木金土")[t.Weekday()])
	return t.Format("2006年1月2日（"+weekday+"）") + fmt.Sprintf("%d時%d分", t.Hour(), t.Minute())
}
