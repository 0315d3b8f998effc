package calendar

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/policy"
)

// property is one content line, read by the grammar of RFC 5545, section 3.1.
type property struct {
	name, value string
	params      map[string]string
}

// read is a reader of its own, beside the library that writes: it refuses whatever the grammar does not allow.
func read(source string) ([]property, error) {
	if !strings.HasSuffix(source, "\r\n") {
		return nil, fmt.Errorf("the last line has no end")
	}
	var logical []string
	for n, line := range strings.Split(strings.TrimSuffix(source, "\r\n"), "\r\n") {
		switch {
		case line == "":
			return nil, fmt.Errorf("line %d is empty", n)
		case len(line) > 75:
			return nil, fmt.Errorf("line %d has %d octets", n, len(line))
		case !utf8.ValidString(line):
			return nil, fmt.Errorf("line %d is cut within a letter: %q", n, line)
		case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return nil, fmt.Errorf("line %d holds a control character: %q", n, line)
		case line[0] != ' ':
			logical = append(logical, line)
		case n == 0:
			return nil, fmt.Errorf("the first line continues none")
		default:
			logical[len(logical)-1] += line[1:]
		}
	}
	var all []property
	for _, line := range logical {
		p, err := contentLine(line)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", err, line)
		}
		all = append(all, p)
	}
	return all, nil
}

func contentLine(line string) (property, error) {
	p := property{params: map[string]string{}}
	end := strings.IndexAny(line, ";:")
	if end < 1 {
		return p, fmt.Errorf("no name")
	}
	p.name = line[:end]
	rest := line[end:]
	for rest[0] == ';' {
		name, after, found := strings.Cut(rest[1:], "=")
		if !found {
			return p, fmt.Errorf("a parameter without a value")
		}
		var value string
		if quoted, isQuoted := strings.CutPrefix(after, `"`); isQuoted {
			if value, rest, found = strings.Cut(quoted, `"`); !found {
				return p, fmt.Errorf("a quotation without end")
			}
		} else {
			stop := strings.IndexAny(after, ";:,")
			if stop < 0 {
				return p, fmt.Errorf("no value")
			}
			if value, rest = after[:stop], after[stop:]; strings.ContainsAny(value, `"\\'`) {
				return p, fmt.Errorf("the parameter %s holds %q without quotation marks", name, value)
			}
		}
		p.params[name] = value
		if rest == "" || rest[0] != ';' && rest[0] != ':' {
			return p, fmt.Errorf("something stands behind the parameter %s", name)
		}
	}
	p.value = rest[1:]
	return p, nil
}

// text takes the escapes out of a value of type TEXT (section 3.3.11), and refuses others, and what should be escaped and is not.
func text(value string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == ',' || c == ';':
			return "", fmt.Errorf("a bare %q", c)
		case c != '\\':
			b.WriteByte(c)
		case i+1 < len(value) && strings.IndexByte(`\;,`, value[i+1]) >= 0:
			i++
			b.WriteByte(value[i])
		default:
			return "", fmt.Errorf("an escape that is none at %q", value[i:])
		}
	}
	return b.String(), nil
}

// rules are what RFC 5545 and 5546 ask for and Google, Outlook and Apple are known to insist on. It returns what is wrong.
func rules(source string, e Entry, organizer, name, attendee string) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	all, err := read(source)
	if err != nil {
		return []string{err.Error()}
	}
	var names []string
	got := map[string]property{}
	for _, p := range all {
		if _, twice := got[p.name]; twice && p.name != "BEGIN" && p.name != "END" {
			say("%s stands twice", p.name)
		}
		got[p.name] = p
		switch p.name {
		case "BEGIN", "END":
			names = append(names, p.name+":"+p.value)
		}
	}
	if diff := cmp.Diff([]string{"BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR"}, names); diff != "" {
		say("components %s", diff)
	}
	if all[0].value != "VCALENDAR" || all[len(all)-1].value != "VCALENDAR" {
		say("something stands outside the calendar")
	}
	status := map[string]string{Request: "CONFIRMED", Cancel: "CANCELLED"}[e.Method]
	for name, want := range map[string]string{"VERSION": "2.0", "METHOD": e.Method, "CALSCALE": "GREGORIAN", "UID": e.Ref + "@forms.example.jp",
		"SEQUENCE": fmt.Sprint(e.Sequence), "STATUS": status, "TRANSP": "OPAQUE", "DTSTAMP": "20261124T000000Z",
		"DTSTART": e.Starts.UTC().Format("20060102T150405Z"), "DTEND": e.Ends.UTC().Format("20060102T150405Z"), // UTC: no VTIMEZONE is needed
		"ORGANIZER": organizer, "ATTENDEE": attendee} {
		if got[name].value != want {
			say("%s is %q, want %q", name, got[name].value, want)
		}
	}
	if got["PRODID"].value == "" || len(got["DTSTART"].params)+len(got["DTEND"].params)+len(got["UID"].params) > 0 {
		say("no PRODID, or a parameter where none belongs")
	}
	_, params, err := mime.ParseMediaType(e.Type())
	if err != nil || params["method"] != got["METHOD"].value || params["charset"] != "utf-8" {
		say("the media type %s does not say the method of the file: %v", e.Type(), err)
	}
	if got := got["ORGANIZER"].params["CN"]; got != name {
		say("the organiser is called %q, want %q", got, name)
	}
	if diff := cmp.Diff(map[string]string{"CUTYPE": "INDIVIDUAL", "PARTSTAT": "ACCEPTED", "ROLE": "REQ-PARTICIPANT", "RSVP": "FALSE"}, got["ATTENDEE"].params); diff != "" {
		say("attendee %s", diff)
	}
	location := e.Place
	if location == "" {
		location = e.Link
	}
	for name, want := range map[string]string{"SUMMARY": e.Title, "LOCATION": location} {
		if value, err := text(got[name].value); err != nil || value != want {
			say("%s reads %q, %v; want %q", name, value, err, want)
		}
	}
	if value, err := text(got["DESCRIPTION"].value); err != nil || strings.HasSuffix(value, e.Link) != true {
		say("DESCRIPTION reads %q, %v", value, err)
	}
	return wrong
}

// R27: the file keeps each rule, whatever stands in it.
func TestRules(t *testing.T) {
	org := policy.DefaultOrganization()
	org.PublicURL = "https://forms.example.jp"
	written := func(e Entry, name, attendee string) string {
		org.ShortName = policy.Text{JA: name, EN: name}
		return string(e.File(org, policy.Japanese, "info@forms.example.jp", attendee, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)))
	}
	const organizer = "mailto:info@forms.example.jp"
	for _, test := range []struct{ name, organization, attendee, uri, called string }{
		{"as usual", "日本アセアンセンター", "hanako@example.jp", "mailto:hanako@example.jp", "日本アセアンセンター"},
		{"a comma and an apostrophe in the name", "Int'l Centre for Trade, Tourism; Japan: HQ", "hanako@example.jp", "mailto:hanako@example.jp", "Int'l Centre for Trade, Tourism; Japan: HQ"},
		{"a quotation mark in the name", `The "Centre" \o/`, "hanako@example.jp", "mailto:hanako@example.jp", `The 'Centre' \o/`},
		{"a line break in the name (hard case 4)", "センター\r\nATTACH:x", "hanako@example.jp", "mailto:hanako@example.jp", "センター  ATTACH:x"},
		{"an address of docomo (hard case 8)", "センター", `"a..b"@docomo.ne.jp`, "mailto:%22a..b%22@docomo.ne.jp", "センター"},
		{"an address with signs", "センター", `a+b%c?d&e=f/g#h@example.jp`, "mailto:a+b%25c%3Fd%26e%3Df%2Fg%23h@example.jp", "センター"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, method := range []string{Request, Cancel} {
				e := entry
				e.Method = method
				source := written(e, test.organization, test.attendee)
				if wrong := rules(source, e, organizer, test.called, test.uri); wrong != nil {
					t.Errorf("%s: %s\n%s", method, strings.Join(wrong, "\n"), source)
				}
			}
		})
	}
	// Whatever staff write into a title, a place, a name.
	letters := []rune(` aZ09,;:\"'=.<>&%^` + "\u3000、；：\u00a0é\u0301神葛󠄀𠮷髙ก้ع🧑‍🤝‍🧑")
	word := rapid.StringOfN(rapid.SampledFrom(letters), 1, 200, -1)
	rapid.Check(t, func(r *rapid.T) {
		e := Entry{Ref: "E261124-ABCDEFGHJ", Sequence: rapid.IntRange(0, 1000).Draw(r, "sequence"), Method: rapid.SampledFrom([]string{Request, Cancel}).Draw(r, "method"),
			Title: word.Draw(r, "title"), Place: rapid.OneOf(rapid.Just(""), word).Draw(r, "place"),
			Link:   "https://meet.example.jp/" + rapid.StringMatching(`[a-z0-9,;?=&%-]{0,200}`).Draw(r, "link"),
			Starts: entry.Starts.In(policy.JapanTime), Ends: entry.Ends}
		name := word.Draw(r, "organization")
		source := written(e, name, "hanako@example.jp")
		if wrong := rules(source, e, organizer, strings.ReplaceAll(name, `"`, "'"), "mailto:hanako@example.jp"); wrong != nil {
			r.Fatalf("%s\n%s", strings.Join(wrong, "\n"), source)
		}
	})
}

// The reader finds what it is there for.
func TestReaderRefuses(t *testing.T) {
	good := file(entry)
	if _, err := read(good); err != nil {
		t.Fatal(err)
	}
	long := "SUMMARY:" + strings.Repeat("神", 30)
	for name, broken := range map[string]string{
		"bare line feeds":       strings.ReplaceAll(good, "\r\n", "\n"),
		"an empty line":         strings.Replace(good, "METHOD", "\r\nMETHOD", 1),
		"a long line":           strings.Replace(good, "METHOD", long+"\r\nMETHOD", 1),
		"a letter in two":       strings.Replace(good, "METHOD", long[:40]+"\r\n "+long[40:]+"\r\nMETHOD", 1),
		"a bare apostrophe":     strings.Replace(good, `CN="`, `CN=a\'`, 1),
		"no last line end":      strings.TrimSuffix(good, "\r\n"),
		"a line without a name": strings.Replace(good, "METHOD", "nothing\r\nMETHOD", 1),
		"a tab":                 strings.Replace(good, "METHOD:", "METHOD:\t", 1),
	} {
		if _, err := read(broken); err == nil || broken == good {
			t.Errorf("%s is taken", name)
		}
	}
	for _, value := range []string{"a,b", "a;b", `a\x`, `a\`} {
		if got, err := text(value); err == nil {
			t.Errorf("%q reads %q", value, got)
		}
	}
	other := entry
	other.Method = Cancel
	if wrong := rules(good, other, "mailto:info@forms.example.jp", "", ""); !slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, "media type") }) {
		t.Errorf("a method of the file that is not the media type's: %v", wrong)
	}
}
