package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbucket/html2text"
	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"
	"golang.org/x/net/html"

	"madoguchi/shared/address"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/policy"
)

// Limits of what is recorded of a mail; the whole mail stays in the bucket. A record has at most 400 kB.
const (
	maxText    = 200 << 10 // bytes
	maxHTML    = 1 << 20   // bytes that are turned into text
	maxSubject = 1000      // letters
	maxNesting = 20        // multiparts in a mail
	maxParts   = 2000      // lines that look like a boundary
)

// Problems of a mail, as codes.
const (
	tooLarge   = "too_large"  // over maxParsed: only its header was read
	unreadable = "unreadable" // its parts cannot be taken apart
	cut        = "text_cut"   // its text is longer than maxText
)

// mail is what is read of a mail.
type mail struct {
	header        header
	from, replyTo string // bare addresses; empty where there is none that could be written to
	subject, text string
	id            string // Message-ID with its angle brackets, empty where there is none
	verdict       inquiries.Verdict
	files         []file
	size          int64
	problem       string

	content []byte // what the sender sent, without what SES added
}

// parse reads a mail. It never fails: what cannot be read is recorded with its problem, and nobody's mail is lost. size is that of
// the whole mail, of which source may be the beginning only.
func parse(source []byte, size int64) mail {
	h, body := split(source)
	m := mail{header: h, size: size, verdict: h.verdict(), content: source}
	_, sent := h.bySES()
	m.content = append(sent.bytes(), body...)
	m.from, m.replyTo = firstAddress(h.get("From")), firstAddress(h.get("Reply-To"))
	m.subject = line(words(h.get("Subject")), maxSubject)
	if ids := messageIDs(h.get("Message-Id")); len(ids) > 0 {
		m.id = ids[0]
	}
	switch {
	case size > int64(len(source)):
		m.problem = tooLarge
	case bytes.Count(body, []byte("\n--")) > maxParts:
		m.problem = unreadable
	default:
		if err := m.parts(source); err != nil {
			m.problem = unreadable
		}
	}
	return m
}

// bytes is a spelling of the fields, to tell two mails apart.
func (h header) bytes() []byte {
	var b bytes.Buffer
	for _, f := range h {
		b.WriteString(f.name + ":" + f.value + "\n")
	}
	return b.Bytes()
}

// identity is what makes two mails one: the Message-ID, or without one all that the sender sent.
func (m mail) identity() string {
	if m.id != "" {
		return m.id
	}
	sum := sha256.Sum256(m.content)
	return "content:" + hex.EncodeToString(sum[:])
}

// language is the language in which the sender is acknowledged and staff are told: Japanese where the mail holds any.
func (m mail) language() policy.Language {
	if hasJapanese(m.subject) || hasJapanese(m.text) {
		return policy.Japanese
	}
	return policy.English
}

// firstAddress is the first address of a field, cleaned; "" where there is none, or none that exists.
func firstAddress(value string) string {
	all := mailboxes(value)
	if len(all) == 0 {
		return ""
	}
	a, err := address.Parse(all[0])
	if err != nil {
		return ""
	}
	return a.Display()
}

var (
	errTooLong = errors.New("a content type that is too long")
	errPanic   = errors.New("a mail that the parser cannot bear")
)

// parser takes a mail apart and decodes transfer encodings. Text keeps its bytes: with the charset called UTF-8 and the detector
// off enmime hands them on as they are. Only maxNesting multiparts are taken apart, because enmime goes down without a limit.
func parser() *enmime.Parser {
	multiparts := 0
	return enmime.NewParser(enmime.SkipMalformedParts(true), enmime.MultipartWOBoundaryAsSinglePart(true), enmime.DisableTextConversion(true),
		enmime.DisableCharacterDetection(true), enmime.MaxStoredPartErrors(10),
		enmime.SetReadPartErrorPolicy(func(*enmime.Part, error) bool { return true }),
		enmime.SetCustomParseMediaType(func(value string) (string, map[string]string, []string, error) {
			if len(value) > maxValue {
				return "", nil, nil, errTooLong
			}
			kind, params, invalid, err := mediatype.Parse(value)
			if err != nil {
				return kind, params, invalid, err
			}
			if params == nil {
				params = map[string]string{}
			}
			if params["boundary"] != "" {
				if multiparts++; multiparts > maxNesting {
					delete(params, "boundary")
				}
			}
			params["charset"] = "utf-8"
			return kind, params, invalid, nil
		}))
}

// parts reads text and files of the mail. A mail that a library of ours cannot bear is recorded as unreadable: it must not end the
// function, which would try it again and then forget it.
func (m *mail) parts(source []byte) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	root, err := parser().ReadParts(bytes.NewReader(source))
	if err != nil {
		return err
	}
	var plain, pages []string
	root.DepthMatchAll(func(p *enmime.Part) bool {
		if p.FirstChild != nil {
			return false
		}
		kind := strings.ToLower(p.ContentType)
		switch {
		case strings.HasPrefix(kind, "multipart/") && len(bytes.TrimSpace(p.Content)) == 0:
		case p.FileName != "" || p.Disposition == "attachment" || kind != "" && kind != "text/plain" && kind != "text/html":
			m.files = append(m.files, file{name: fileName(p.FileName, kind), mediaType: kind, content: p.Content})
		case kind == "text/html":
			pages = append(pages, fromHTML(toText(p.Content[:min(len(p.Content), maxHTML)], declaredCharset(p))))
		default:
			plain = append(plain, toText(p.Content, declaredCharset(p)))
		}
		return false
	})
	text := plain
	if strings.TrimSpace(strings.Join(plain, "")) == "" {
		text = pages
	}
	m.text = lines(strings.Join(text, "\n"))
	if len(m.text) > maxText {
		m.text, m.problem = strings.ToValidUTF8(m.text[:maxText], ""), cut
	}
	return nil
}

// declaredCharset is the label of a part as the mail gives it.
func declaredCharset(p *enmime.Part) string {
	_, params, _, err := mediatype.Parse(p.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return params["charset"]
}

// fromHTML is the text of a page that came without one.
func fromHTML(page string) string {
	text, err := html2text.FromString(page, html2text.Options{})
	if err == nil {
		return text
	}
	// Too deep for a tree: what stands between the tags.
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			b.Write(z.Text())
		}
	}
}

// fileName is the last part of a file's name on one line; a file without one is called by its kind.
func fileName(name, kind string) string {
	name = line(words(name), maxFileName)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if strings.Trim(name, ". ") == "" {
		switch kind {
		case "message/rfc822":
			return "mail.eml"
		case "text/calendar":
			return "calendar.ics"
		}
		return "file"
	}
	return name
}

// line makes one line of at most that many letters, without control characters (hard case 4).
func line(s string, most int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most])
	}
	return s
}

// lines makes lines that end with LF, without other control characters.
func lines(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"), "\r", "\n")
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s), " \t\n")
}
