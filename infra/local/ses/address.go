package ses

import "strings"

// mailbox is one address of a call: `a@example.jp`, `"a..b"@docomo.ne.jp` or `Name <a@example.jp>`.
type mailbox struct {
	bare  string // without name and quotes: a..b@docomo.ne.jp
	local string // unquoted
}

// words are an error in the words of SES, which are sentences.
type words string

func (w words) Error() string { return string(w) }

// parseMailbox accepts what SES accepts (requirements.md, facts; hard case 8): an ASCII local part, quoted where RFC 5321 asks for it, and a
// domain in ASCII (Punycode).
func parseMailbox(s string) (mailbox, error) {
	spec := strings.TrimSpace(s)
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return mailbox{}, words("Local address contains control or whitespace")
		}
	}
	if strings.HasSuffix(spec, ">") {
		open := strings.LastIndexByte(spec, '<')
		if open < 0 {
			return mailbox{}, words("Missing '<'")
		}
		if !isASCII(spec[:open]) {
			return mailbox{}, words("Non-ASCII characters are not allowed in the display name: encode them (RFC 2047)")
		}
		spec = spec[open+1 : len(spec)-1]
	}
	at := strings.LastIndexByte(spec, '@')
	if at < 0 {
		return mailbox{}, words("Missing final '@domain'")
	}
	local, err := parseLocal(spec[:at])
	if err != nil {
		return mailbox{}, err
	}
	domain := spec[at+1:]
	if err := checkDomain(domain); err != nil {
		return mailbox{}, err
	}
	if len(spec) > 320 {
		return mailbox{}, words("Address is too long")
	}
	return mailbox{bare: local + "@" + domain, local: local}, nil
}

func parseLocal(s string) (string, error) {
	switch {
	case s == "":
		return "", words("Missing local name")
	case !isASCII(s):
		return "", words("Local address contains non-ASCII characters")
	case s[0] == '"':
		return unquote(s)
	case s[0] == '.':
		return "", words("Local address starts with dot")
	case strings.HasSuffix(s, "."):
		return "", words("Local address ends with dot")
	case strings.Contains(s, ".."):
		return "", words("Local address contains dot-dot")
	case strings.ContainsAny(s, " \t"):
		return "", words("Local address contains control or whitespace")
	case strings.ContainsAny(s, `"(),:;<>@[\]`):
		return "", words("Local address contains illegal character")
	}
	return s, nil
}

// unquote reads a quoted-string of RFC 5321.
func unquote(s string) (string, error) {
	if len(s) < 3 || s[len(s)-1] != '"' {
		return "", words("Unterminated quoted local address")
	}
	var b strings.Builder
	inner := s[1 : len(s)-1]
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' {
			i++
			if i == len(inner) {
				return "", words("Unterminated quoted local address")
			}
		} else if inner[i] == '"' {
			return "", words("Quote not escaped in local address")
		}
		b.WriteByte(inner[i])
	}
	return b.String(), nil
}

func checkDomain(s string) error {
	switch {
	case s == "" || len(s) > 255:
		return words("Missing final '@domain'")
	case !isASCII(s):
		return words("Domain contains illegal character: write it in Punycode")
	case !strings.Contains(s, "."):
		return words("Domain has no top-level domain")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return words("Domain contains dot-dot, or a label that is too long")
		}
		if strings.Trim(label, "-") != label {
			return words("Domain label starts or ends with a hyphen")
		}
		for i := range len(label) {
			if c := label[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
				return words("Domain contains illegal character")
			}
		}
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// simulated is the behaviour of a mailbox simulator address (`bounce@simulator.amazonses.com`, also with +label), or "".
func (m mailbox) simulated() string {
	local, domain := m.local, strings.ToLower(m.bare[strings.LastIndexByte(m.bare, '@')+1:])
	if domain != "simulator.amazonses.com" {
		return ""
	}
	local, _, _ = strings.Cut(strings.ToLower(local), "+")
	switch local {
	case "bounce", "complaint", "suppressionlist", "success", "ooto":
		return local
	}
	return "success"
}
