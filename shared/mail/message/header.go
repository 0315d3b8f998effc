package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	lineLimit = 76  // RFC 2047: a line that holds an encoded word
	wordLimit = 75  // RFC 2047: an encoded word
	hardLimit = 998 // RFC 5322: any line, without its end
)

// headers writes header lines and keeps the first error.
type headers struct {
	source bytes.Buffer
	err    error
}

func (h *headers) fail(name, reason string) {
	if h.err == nil {
		h.err = fmt.Errorf("header %s: %s", name, reason)
	}
}

// ascii writes a header whose value is ASCII already.
func (h *headers) ascii(name, value string) {
	if strings.ContainsFunc(value, func(r rune) bool { return r > '~' }) {
		h.fail(name, "not ASCII")
	}
	h.write(name, strings.Split(value, " "))
}

// text writes an unstructured header: as it is where it is printable ASCII that can be folded, else in encoded words.
func (h *headers) text(name, value string) {
	words := strings.Split(value, " ")
	if !isPlain(value) || longest(words) > lineLimit-len(name)-2 {
		words = encodedWords(value, len(name)+2)
	}
	h.refuse(name, value)
	h.write(name, words)
}

// mailbox writes an address header: the display name, if any, and the address in angle brackets.
func (h *headers) mailbox(name, display, address string) {
	h.refuse(name, display)
	// ParseAddress takes more than a bare address; what it made of it must be what was given.
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || !isPlain(address) || strings.ContainsAny(address, "<> ") ||
		parsed.Address != address && !strings.HasPrefix(address, `"`) {
		h.fail(name, "not one bare ASCII address")
		return
	}
	switch {
	case display == "":
		h.write(name, []string{address})
	case isPlain(display) && len(display) < lineLimit/2:
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(display) + `"`
		h.write(name, append(strings.Split(quoted, " "), "<"+address+">"))
	default:
		h.write(name, append(encodedWords(display, len(name)+2), "<"+address+">"))
	}
}

// refuse fails where a value holds what could end a header or cannot be shown in one line (hard case 4).
func (h *headers) refuse(name, value string) {
	if !utf8.ValidString(value) {
		h.fail(name, "not UTF-8")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		h.fail(name, "a control character")
	}
}

// write writes a header, folded before words so that no line is longer than lineLimit unless a single word is. The
// first word stays on the first line: some mail systems lose a header whose first line is empty.
func (h *headers) write(name string, words []string) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }) {
		h.fail("name", "not a header name")
		return
	}
	line := name + ":"
	for i, word := range words {
		h.refuse(name, word)
		if i > 0 && len(line)+1+len(word) > lineLimit {
			h.line(name, line)
			line = ""
		}
		line += " " + word
	}
	h.line(name, line)
}

func (h *headers) line(name, line string) {
	if len(line) > hardLimit {
		h.fail(name, "a line over 998 bytes")
	}
	h.source.WriteString(line + "\r\n")
}

// encodedWords encodes a value as RFC 2047 encoded words of at most wordLimit bytes, each of whole characters. used is
// how much of the first line the header's name takes. Readers drop the space between two encoded words.
func encodedWords(value string, used int) []string {
	const prefix, suffix = "=?utf-8?B?", "?="
	room := func(limit int) int { return (limit - len(prefix) - len(suffix)) / 4 * 3 }
	limit := room(min(wordLimit, lineLimit-used))
	var words []string
	start := 0
	add := func(end int) {
		words = append(words, prefix+base64.StdEncoding.EncodeToString([]byte(value[start:end]))+suffix)
		start, limit = end, room(wordLimit)
	}
	for i, r := range value {
		if i+utf8.RuneLen(r)-start > limit {
			add(i)
		}
	}
	add(len(value))
	return words
}

// isPlain tells whether a value can stand in a header as it is: printable ASCII without the beginning of an encoded word,
// and without spaces that folding would lose.
func isPlain(value string) bool {
	return value == strings.Join(strings.Fields(value), " ") && !strings.Contains(value, "=?") && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

func longest(words []string) int {
	n := 0
	for _, word := range words {
		n = max(n, len(word))
	}
	return n
}

// Mailbox returns a display name and an address as an address header holds them, in one line of ASCII: for SES, which makes the
// header itself. The errors are those of Source.
func Mailbox(display, address string) (string, error) {
	var h headers
	h.mailbox("From", display, address)
	if h.err != nil {
		return "", h.err
	}
	line := strings.TrimPrefix(h.source.String(), "From:")
	return strings.TrimSpace(strings.ReplaceAll(line, "\r\n", "")), nil
}
