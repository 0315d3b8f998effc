package address

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"madoguchi/shared/text"
)

// Parse reads one address as a person types it. Full-width characters are folded and 。 is a dot, white space around is
// dropped. Every error is a text.Problem.
func Parse(typed string) (Address, error) {
	s, err := text.Line(typed)
	if err != nil {
		return Address{}, err
	}
	if !isASCII(s) { // a campaign reads every address again: most have nothing to fold
		s = strings.TrimSpace(text.FoldWidth(s))
		s = strings.NewReplacer("。", ".", "｡", ".").Replace(s)
		// Marks and joiners that other texts may hold cannot be seen in an address either.
		if text.HasInvisible(s) {
			return Address{}, text.InvisibleCharacter
		}
	}
	if s == "" {
		return Address{}, text.Empty
	}
	local, domain, err := split(s)
	if err != nil {
		return Address{}, err
	}
	a := Address{local: local}
	if a.domain, a.shown, err = parseDomain(domain); err != nil {
		return Address{}, err
	}
	if len(wireLocal(local)) > maxLocal {
		return Address{}, LocalTooLong
	}
	if len(a.ASCII()) > maxAddress {
		return Address{}, text.LengthExceeded
	}
	return a, nil
}

// split separates the local part, without its quotes, from the domain, and refuses what is not one bare address.
func split(s string) (local, domain string, err error) {
	rest := s
	if strings.HasPrefix(s, `"`) {
		if local, rest, err = unquote(s); err != nil {
			return "", "", err
		}
	}
	switch {
	case strings.ContainsAny(rest, "<>"):
		return "", "", DisplayName
	case strings.ContainsAny(rest, ",;、，"):
		return "", "", Several
	case strings.ContainsAny(rest, "()"):
		return "", "", Comment
	case strings.ContainsFunc(rest, unicode.IsSpace):
		return "", "", Space
	}
	before, domain, found := strings.Cut(rest, "@")
	switch {
	case !found:
		return "", "", NoAt
	case strings.Contains(domain, "@"):
		return "", "", SeveralAt
	case local != "" && before != "":
		return "", "", LocalBad // something between the closing quote and the @
	case local == "":
		local = before
	}
	return local, domain, checkLocal(local, rest == s)
}

// checkLocal refuses a local part that no mail system takes. Dots may stand anywhere, at any domain: with quotes on the
// wire such an address is within the RFC, and carriers have issued them for decades.
func checkLocal(local string, bare bool) error {
	if strings.Trim(local, ".") == "" {
		return LocalEmpty
	}
	for _, r := range local {
		switch {
		case r > '~':
			return LocalNotASCII
		case r == ' ':
			return Space
		case bare && r != '.' && !isAtext(byte(r)): //nolint:gosec // ASCII: other runes were refused above
			return LocalBad
		}
	}
	return nil
}

// unquote reads the quoted string that s begins with. rest is what follows the closing quote.
func unquote(s string) (local, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			if b.Len() == 0 {
				return "", "", LocalEmpty
			}
			return b.String(), s[i+1:], nil
		case '\\':
			if i++; i == len(s) {
				return "", "", LocalBad
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", LocalBad
}

// parseDomain returns the domain in lower-case ASCII and as it is shown.
func parseDomain(typed string) (ascii, shown string, err error) {
	if strings.HasPrefix(typed, "[") {
		return "", "", DomainIP
	}
	ascii, shown = strings.ToLower(typed), typed
	if !isASCII(ascii) || strings.HasPrefix(ascii, "xn--") || strings.Contains(ascii, ".xn--") {
		// The profile for lookup, not for registration: it folds case and width, as browsers do with what people type.
		// Made here because a profile is cheap and a package variable would cost every start.
		profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))
		if ascii, err = profile.ToASCII(typed); err != nil {
			return "", "", DomainBad
		}
		// An ASCII form that does not lead back to itself, or that shows nothing, is shown as it is.
		shown = ascii
		if u, err := profile.ToUnicode(ascii); err == nil && !text.HasInvisible(u) {
			if again, err := profile.ToASCII(u); err == nil && again == ascii {
				shown = u
			}
		}
	}
	if err := checkDomain(ascii); err != nil {
		return "", "", err
	}
	return ascii, shown, nil
}

// checkDomain holds an ASCII domain to RFC 1123: at least two labels of letters, digits and inner hyphens, and a top
// level that is not a number.
func checkDomain(domain string) error {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return DomainNoDot
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return DomainBad
		}
		if strings.ContainsFunc(label, func(r rune) bool { return r != '-' && !isAlnum(r) }) {
			return DomainBad
		}
	}
	top := labels[len(labels)-1]
	if !strings.ContainsFunc(top, func(r rune) bool { return r < '0' || r > '9' }) {
		return DomainIP // RFC 3696: no top-level domain is a number, so it is the tail of an IP address
	}
	if len(top) < 2 {
		return DomainBad
	}
	return nil
}

// wireLocal returns the local part as it stands in SMTP and in headers.
func wireLocal(local string) string {
	if isPlain(local) && local[0] != '.' && local[len(local)-1] != '.' && !strings.Contains(local, "..") {
		return local
	}
	return quote(local)
}

// isPlain tells whether local can be typed without quotes: dots and RFC 5322 atext.
func isPlain(local string) bool {
	for i := range len(local) {
		if local[i] != '.' && !isAtext(local[i]) {
			return false
		}
	}
	return true
}

func quote(local string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
}

func isAtext(c byte) bool {
	return isAlnum(rune(c)) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isAlnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
