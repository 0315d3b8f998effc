// Package message writes the MIME source of one mail: a text and an HTML part, headers folded and encoded as RFC 5322,
// 2045 and 2047 ask, and nothing in a header that could begin another one (hard case 4).
//
// It stands on the standard library. go-mail was tried: it encodes a line break in a subject instead of refusing it,
// leaves the first line of long headers empty, and brings an SMTP client that nobody here calls.
package message

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one mail. Addresses are ASCII addr-specs: Punycode domains, local parts quoted where their dots need it.
type Message struct {
	FromName string // shown sender, may be empty
	From     string
	To       string
	ReplyTo  string // may be empty
	Subject  string // one line of any UTF-8
	Date     time.Time
	Headers  []Header // further headers, in this order
	Text     string   // plain text part, lines end with LF
	HTML     string   // HTML part
	Attached []Attachment

	// Boundary separates the parts. Empty: a random one, which is what every sent mail has.
	Boundary string
}

// Attachment is a file that goes with a mail.
type Attachment struct {
	Name    string // ASCII
	Type    string // with its parameters: "text/calendar; charset=utf-8; method=REQUEST"
	Content []byte
}

// Header is a further header, of ASCII. A value is folded at its spaces.
type Header struct{ Name, Value string }

// Source returns the mail's source: CR LF line ends, no line over 998 bytes and none over 78 that can be folded. It
// fails where an address or a header holds what must not stand there; the error names the header, never the value.
// Message-ID is left to SES, which sets its own whatever it is given.
func (m Message) Source() ([]byte, error) {
	var h headers
	h.mailbox("From", m.FromName, m.From)
	h.mailbox("To", "", m.To)
	if m.ReplyTo != "" {
		h.mailbox("Reply-To", "", m.ReplyTo)
	}
	h.text("Subject", m.Subject)
	h.ascii("Date", m.Date.Format(time.RFC1123Z))
	for _, header := range m.Headers {
		h.ascii(header.Name, header.Value)
	}
	h.ascii("MIME-Version", "1.0")
	boundary := m.Boundary
	if boundary == "" {
		// "=_" occurs neither in base64 nor in quoted-printable, so no part can hold the boundary.
		boundary = "=_" + rand.Text()
	}
	outer := ""
	if len(m.Attached) > 0 {
		// The letter and its files: the parts of the letter stand together in a part of their own.
		outer = boundary + ".all"
		h.ascii("Content-Type", `multipart/mixed; boundary="`+outer+`"`)
	} else {
		h.ascii("Content-Type", `multipart/alternative; boundary="`+boundary+`"`)
	}
	if h.err != nil {
		return nil, h.err
	}
	b := &h.source
	if outer != "" {
		fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n", outer, boundary)
	}
	for _, part := range []struct{ kind, body string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, part.kind)
		if err := writeBody(b, part.body); err != nil {
			return nil, fmt.Errorf("%s part: %w", part.kind, err)
		}
	}
	fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
	for _, file := range m.Attached {
		if err := writeAttachment(b, outer, file); err != nil {
			return nil, err
		}
	}
	if outer != "" {
		fmt.Fprintf(b, "\r\n--%s--\r\n", outer)
	}
	return b.Bytes(), nil
}

// writeAttachment writes one file as base64.
func writeAttachment(b *bytes.Buffer, boundary string, file Attachment) error {
	for _, value := range []string{file.Name, file.Type} {
		if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || value == file.Name && strings.ContainsAny(value, `"\/`) {
			return fmt.Errorf("attachment: name or type is not printable ASCII")
		}
	}
	fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: %s;\r\n name=\"%s\"\r\nContent-Disposition: attachment; filename=\"%s\"\r\n", boundary, file.Type, file.Name, file.Name)
	b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	writeBase64(b, file.Content)
	return nil
}

func writeBase64(b *bytes.Buffer, content []byte) {
	encoded := base64.StdEncoding.EncodeToString(content)
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded)
}

// writeBody writes the transfer encoding, the empty line and the encoded text, without a line end behind it.
func writeBody(b *bytes.Buffer, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("not UTF-8")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return fmt.Errorf("a control character")
	}
	text = strings.ReplaceAll(text, "\n", "\r\n")
	wide := 0
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			wide++
		}
	}
	// Quoted-printable takes three bytes for each that is not ASCII, base64 four for each three: the shorter is taken.
	if wide*6 > len(text) {
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		writeBase64(b, []byte(text))
		return nil
	}
	b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(b)
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close()
}
