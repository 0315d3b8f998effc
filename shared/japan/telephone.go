package japan

import (
	"strings"

	"madoguchi/shared/text"
)

// What can be wrong with a typed telephone number, besides the problems of any text.
const (
	PhoneCharacter text.Problem = "phone_character" // something that no telephone number holds
	PhonePrefix    text.Problem = "phone_prefix"    // begins with neither 0 nor +: the area code is missing
	PhoneLength    text.Problem = "phone_length"    // too few or too many digits
	PhoneExtension text.Problem = "phone_extension" // an extension that is no number of 1 to 8 digits
)

// Number is a telephone number that Telephone accepted.
type Number struct {
	// Display is what is stored and shown: a Japanese number as it is dialled in Japan, with the person's own hyphens
	// ("03-1234-5678 内線12"); another one with + and the person's own spaces or hyphens ("+66 2 123 4567 ext. 12").
	// Telephone of it gives the same Number.
	Display string
	// E164 is the number for keys and for dialling by machine, "+81312345678", without the extension. Numbers that
	// cannot be dialled from abroad (0120, 0570) have one too, so that every number has a key.
	E164 string
	// Extension holds the digits of the extension (内線), mostly "".
	Extension string
}

// Telephone reads a telephone number as a person types it (hard case 7). A Japanese number has 10 digits with its 0, or 11
// where it begins 050-090 (mobile, IP) or 0800; how long an area code is, is left to the person, because only the
// ministry's table knows it and digits alone reach the line. Abroad is everything that begins with + (or 00, 010) and
// another country's code: 8 to 15 digits (ITU-T E.164). +81 and 0081 are Japan, with or without the 0 that "(0)" repeats.
// Every error is a text.Problem.
func Telephone(typed string) (Number, error) {
	s, err := text.Line(typed)
	if err != nil {
		return Number{}, err
	}
	if s == "" {
		return Number{}, text.Empty
	}
	s = text.FoldHyphens(text.FoldWidth(s))
	main, extension, word, err := cutExtension(s)
	if err != nil {
		return Number{}, err
	}
	groups, international, err := split(main)
	if err != nil {
		return Number{}, err
	}
	var n Number
	if international && !groups.cutPrefix("81") {
		n, err = abroad(groups)
	} else {
		if international {
			groups.cutPrefix("0")
			groups.prepend("0")
		}
		n, err = domestic(groups)
	}
	if err != nil {
		return Number{}, err
	}
	if extension != "" {
		n.Extension = extension
		n.Display += word + extension
	}
	return n, nil
}

// groups are the digits of a number as the person grouped them.
type groups struct {
	digits []string
	// between holds what stood before each group but the first, '-' or ' '.
	between []byte
}

// all returns the digits alone.
func (g *groups) all() string { return strings.Join(g.digits, "") }

// cutPrefix drops the digits at the start and tells whether they were there. A group that is used up goes with the
// separator after it.
func (g *groups) cutPrefix(prefix string) bool {
	if !strings.HasPrefix(g.all(), prefix) {
		return false
	}
	for prefix != "" && len(g.digits) > 0 {
		n := min(len(prefix), len(g.digits[0]))
		prefix, g.digits[0] = prefix[n:], g.digits[0][n:]
		if g.digits[0] == "" {
			g.digits = g.digits[1:]
			g.between = g.between[min(1, len(g.between)):]
		}
	}
	return true
}

// prepend puts digits before the first group.
func (g *groups) prepend(digits string) {
	if len(g.digits) == 0 {
		g.digits = []string{""}
	}
	g.digits[0] = digits + g.digits[0]
}

// split reads the digits of s and what stands between them. international tells that s began with + or with a prefix for
// calls abroad (00, or 010 as from Japan), which is dropped; no Japanese number begins so.
func split(s string) (g groups, international bool, err error) {
	s = strings.TrimLeft(s, "( ")
	if strings.HasPrefix(s, "+") {
		international, s = true, s[1:]
	}
	if international || strings.HasPrefix(s, "00") || strings.HasPrefix(s, "010") {
		s = strings.ReplaceAll(s, "(0)", " ") // the 0 that is dialled only inside a country: +81(0)3
	}
	separator := byte(0)
	open := true // the next digit begins a group
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			if open {
				if len(g.digits) > 0 {
					g.between = append(g.between, separator)
				}
				g.digits = append(g.digits, "")
				open, separator = false, ' '
			}
			g.digits[len(g.digits)-1] += string(r)
		case r == '-':
			open, separator = true, '-'
		case r == ' ' || r == '.' || r == '(' || r == ')':
			open = true
		default:
			return groups{}, false, PhoneCharacter
		}
	}
	if international {
		return g, true, nil
	}
	// Eleven digits from 010 on are a Korean mobile number without its country far more often than a call abroad.
	abroad := len(g.all()) > 11 && g.cutPrefix("010") || g.cutPrefix("00")
	return g, abroad, nil
}

// domestic returns the Japanese number of the digits, which begin with the 0 of the area code.
func domestic(g groups) (Number, error) {
	digits := g.all()
	if !strings.HasPrefix(digits, "0") {
		return Number{}, PhonePrefix
	}
	want := 10
	if len(digits) > 2 && digits[1] >= '5' && digits[2] == '0' {
		want = 11 // 050, 060, 070, 080 with 0800, 090
	}
	if len(digits) != want || digits[1] == '0' {
		return Number{}, PhoneLength
	}
	display := strings.Join(g.digits, "-")
	if len(g.digits) == 1 || len(g.digits) > 4 || len(g.digits[0]) < 2 {
		display = hyphenated(digits) // no groups, or not those of area, exchange and line
	}
	return Number{Display: display, E164: "+81" + digits[1:]}, nil
}

// hyphenated puts hyphens into a Japanese number where they are certain. Elsewhere the length of the area code is unknown
// (0422, 042) and the digits stay together.
func hyphenated(digits string) string {
	first, second := 0, 0
	switch {
	case strings.HasPrefix(digits, "0120"), strings.HasPrefix(digits, "0570"), strings.HasPrefix(digits, "0800"):
		first, second = 4, 7
	case len(digits) == 11:
		first, second = 3, 7
	case strings.HasPrefix(digits, "03"), strings.HasPrefix(digits, "06"):
		first, second = 2, 6
	default:
		return digits
	}
	return digits[:first] + "-" + digits[first:second] + "-" + digits[second:]
}

// abroad returns the number of another country; the digits begin with its code.
func abroad(g groups) (Number, error) {
	digits := g.all()
	if len(digits) < 8 || len(digits) > 15 {
		return Number{}, PhoneLength
	}
	if digits[0] == '0' {
		return Number{}, PhonePrefix // no country's code begins with 0
	}
	var display strings.Builder
	display.WriteString("+" + g.digits[0])
	for i, group := range g.digits[1:] {
		display.WriteByte(g.between[i])
		display.WriteString(group)
	}
	return Number{Display: display.String(), E164: "+" + digits}, nil
}

// cutExtension takes the extension off the end: 内線12, (内線 12), ext. 12, x12, #12. word is what Display shows before it, in
// the language in which it was typed.
func cutExtension(s string) (main, extension, word string, err error) {
	lower := strings.Map(func(r rune) rune { // of ASCII only, so that places in it are places in s
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
	for _, marker := range [...]string{"内線", "内", "extension", "ext", "x", "#"} {
		at := strings.Index(lower, marker)
		if at < 0 {
			continue
		}
		word = " ext. "
		if strings.HasPrefix(marker, "内") {
			word = " 内線"
		}
		extension = strings.TrimLeft(s[at+len(marker):], " ).:番号")
		extension = strings.TrimRight(extension, " )番")
		if !isDigits(extension) || extension == "" || len(extension) > 8 {
			return "", "", "", PhoneExtension
		}
		return strings.TrimRight(s[:at], " (,;、"), extension, word, nil
	}
	return s, "", "", nil
}
