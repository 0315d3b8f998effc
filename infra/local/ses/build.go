package ses

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"
)

// message is one mail, ready to be written out.
type message struct {
	id      string
	at      time.Time
	region  string
	call    *call
	entry   entry
	content templateContent // subject and bodies of a simple or templated mail
}

// messageOf fills in an entry. It fails with the words of a rendering failure.
func (c *call) messageOf(id string, at time.Time, region string, n int) (*message, error) {
	m := &message{id: id, at: at, region: region, call: c, entry: c.entries[n]}
	switch {
	case c.template != nil:
		var err error
		if m.content, err = c.content(m.entry); err != nil {
			return nil, err
		}
	case c.simple != nil:
		m.content.Subject = c.simple.Subject.Data
		if t := c.simple.Body.Text; t != nil {
			m.content.Text = t.Data
		}
		if h := c.simple.Body.Html; h != nil {
			m.content.Html = h.Data
		}
	}
	return m, nil
}

// overwritten are the headers of a raw message that SES writes itself or takes out.
var overwritten = map[string]bool{
	"Message-Id": true, "Date": true, "Bcc": true, "Return-Path": true, "X-Ses-Configuration-Set": true, "X-Ses-Message-Tags": true,
}

// headers are those of the delivered mail, in order, without those that describe the body of a simple or templated mail.
// Values are as they stand in the source, unfolded except for a long subject.
func (m *message) headers() []messageHeader {
	out := []messageHeader{
		{"Message-ID", "<" + m.id + "@" + m.region + ".amazonses.com>"},
		{"Date", m.at.Format("Mon, 02 Jan 2006 15:04:05 -0700")},
	}
	if m.call.raw != nil {
		head, _, _ := bytes.Cut(m.call.raw, []byte("\r\n\r\n"))
		for _, f := range fields(head) {
			if !overwritten[textproto.CanonicalMIMEHeaderKey(f.Name)] {
				out = append(out, f)
			}
		}
		return out
	}
	add := func(name string, values ...string) {
		if v := strings.Join(values, ", "); v != "" {
			out = append(out, messageHeader{name, v})
		}
	}
	add("From", m.call.from)
	add("Reply-To", m.call.replyTo...)
	add("To", m.entry.to...)
	add("Cc", m.entry.cc...)
	add("Subject", encodeWords(m.content.Subject))
	add("MIME-Version", "1.0")
	return append(out, mergeHeaders(m.call.headers, m.entry.headers)...)
}

// source is the whole message as a mail server would receive it: CRLF line ends, 7-bit except for what a raw message holds.
func (m *message) source() []byte {
	var b bytes.Buffer
	if m.call.raw != nil {
		m.rawHeader(&b)
		_, body, _ := bytes.Cut(m.call.raw, []byte("\r\n\r\n"))
		b.WriteString("\r\n")
		b.Write(body)
		return b.Bytes()
	}
	for _, h := range m.headers() {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, fold(h))
	}
	m.writeBody(&b)
	return b.Bytes()
}

// rawHeader keeps the folding of the caller's own header lines.
func (m *message) rawHeader(b *bytes.Buffer) {
	for _, h := range m.headers()[:2] {
		fmt.Fprintf(b, "%s: %s\r\n", h.Name, h.Value)
	}
	head, _, _ := bytes.Cut(m.call.raw, []byte("\r\n\r\n"))
	skip := false
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if line == "" || line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			skip = overwritten[textproto.CanonicalMIMEHeaderKey(name)]
		}
		if !skip {
			b.WriteString(line + "\r\n")
		}
	}
}

// fold breaks address lists and encoded words, which may grow long; other values are at most one line long already.
func fold(h messageHeader) string {
	switch h.Name {
	case "To", "Cc", "Reply-To":
		return strings.ReplaceAll(h.Value, ", ", ",\r\n ")
	case "Subject":
		return strings.ReplaceAll(h.Value, "?= =?", "?=\r\n =?")
	}
	return h.Value
}

// encodeWords writes a subject in encoded words of at most 75 characters (RFC 2047); short ASCII stays as it is. mime.BEncoding
// does not fold, so the cutting is done here, never within a character.
func encodeWords(s string) string {
	if isASCII(s) && len(s) <= 900 && !strings.Contains(s, "=?") {
		return s
	}
	var encoded []string
	for len(s) > 0 {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > 42 { // 42 bytes are 56 characters of base64
				break
			}
			n += size
		}
		encoded = append(encoded, "=?UTF-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(encoded, " ")
}

// writeBody writes the content type and the parts: text and HTML as alternatives, attachments beside them.
func (m *message) writeBody(b *bytes.Buffer) {
	boundary := "----=_Part_" + m.id[:min(16, len(m.id))]
	if len(m.call.attachments) == 0 {
		m.writeAlternatives(b, boundary)
		return
	}
	fmt.Fprintf(b, "Content-Type: multipart/mixed; boundary=\"%s_mixed\"\r\n\r\n--%s_mixed\r\n", boundary, boundary)
	m.writeAlternatives(b, boundary)
	for _, a := range m.call.attachments {
		fmt.Fprintf(b, "\r\n--%s_mixed\r\n", boundary)
		writeAttachment(b, a)
	}
	fmt.Fprintf(b, "\r\n--%s_mixed--\r\n", boundary)
}

func (m *message) writeAlternatives(b *bytes.Buffer, boundary string) {
	switch {
	case m.content.Html == "":
		writeText(b, "text/plain", m.content.Text)
	case m.content.Text == "":
		writeText(b, "text/html", m.content.Html)
	default:
		fmt.Fprintf(b, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary)
		writeText(b, "text/plain", m.content.Text)
		fmt.Fprintf(b, "\r\n--%s\r\n", boundary)
		writeText(b, "text/html", m.content.Html)
		fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
	}
}

// Writing to a bytes.Buffer cannot fail, so the errors of the encoders over one are left aside.

func writeText(b *bytes.Buffer, mediaType, text string) {
	fmt.Fprintf(b, "Content-Type: %s; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", mediaType)
	w := quotedprintable.NewWriter(b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
}

func writeAttachment(b *bytes.Buffer, a attachment) {
	mediaType, disposition := a.ContentType, "attachment"
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	if strings.EqualFold(a.ContentDisposition, "INLINE") {
		disposition = "inline"
	}
	fmt.Fprintf(b, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n", mediaType)
	fmt.Fprintf(b, "Content-Disposition: %s\r\n", mime.FormatMediaType(disposition, map[string]string{"filename": a.FileName}))
	if a.ContentId != "" {
		fmt.Fprintf(b, "Content-ID: <%s>\r\n", strings.Trim(a.ContentId, "<>"))
	}
	if a.ContentDescription != "" {
		fmt.Fprintf(b, "Content-Description: %s\r\n", encodeWords(a.ContentDescription))
	}
	b.WriteString("\r\n")
	for data := base64.StdEncoding.EncodeToString(a.RawContent); data != ""; {
		n := min(76, len(data))
		b.WriteString(data[:n] + "\r\n")
		data = data[n:]
	}
}
