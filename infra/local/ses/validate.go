package ses

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	maxRecipients = 50 // of one call, and entries of a bulk call
	maxHeaders    = 15 // of one message, API reference "MessageHeader"
	maxTag        = 256
	maxLine       = 998 // bytes before CRLF, RFC 5321
)

// checkTags holds tags to the documented alphabet. The names ses:feedback-id-a and -b are AWS's own and are let through.
func checkTags(tags []messageTag) error {
	for _, t := range tags {
		for _, part := range []struct{ what, s string }{{"name", t.Name}, {"value", t.Value}} {
			if part.what == "name" && (part.s == "ses:feedback-id-a" || part.s == "ses:feedback-id-b") {
				continue
			}
			if part.s == "" || len(part.s) > maxTag {
				return badRequest("Invalid tag %s <%s>: it must have 1 to %d characters.", part.what, part.s, maxTag)
			}
			for i := range len(part.s) {
				if c := part.s[i]; !isAlphanumeric(c) && c != '_' && c != '-' {
					return badRequest("Invalid tag %s <%s>: only alphanumeric ASCII characters, '_', and '-' are allowed.", part.what, part.s)
				}
			}
		}
	}
	return nil
}

// ownHeaders are written by SES from other members of the call.
var ownHeaders = map[string]bool{
	"From": true, "To": true, "Cc": true, "Bcc": true, "Reply-To": true, "Subject": true, "Date": true, "Message-Id": true,
	"Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true, "Return-Path": true, "Sender": true, "Dkim-Signature": true,
}

func checkHeaders(headers []messageHeader) error {
	if len(headers) > maxHeaders {
		return badRequest("Headers must have length less than or equal to %d.", maxHeaders)
	}
	for _, h := range headers {
		switch {
		case h.Name == "" || len(h.Name) > 126 || strings.ContainsFunc(h.Name, func(r rune) bool { return r < 33 || r > 126 || r == ':' }):
			return badRequest("Invalid header name <%s>: only printable ASCII characters except ':' are allowed.", h.Name)
		case ownHeaders[textproto.CanonicalMIMEHeaderKey(h.Name)]:
			return badRequest("Header <%s> cannot be given among Headers.", h.Name)
		case strings.ContainsFunc(h.Value, func(r rune) bool { return r < 32 || r > 126 }):
			return badRequest("Invalid value of header <%s>: only printable ASCII characters are allowed.", h.Name)
		case len(h.Value) > 995 || len(h.Name)+len(h.Value) > 996:
			return badRequest("Header <%s> is too long.", h.Name)
		}
	}
	return nil
}

// checkFrom reads the sender and holds it to the verified identities.
func (s *Server) checkFrom(from string) error {
	if from == "" {
		return badRequest("Missing required parameter: FromEmailAddress.")
	}
	m, err := parseMailbox(from)
	if err != nil {
		return badRequest("FromEmailAddress: %v", err)
	}
	if len(s.opts.Identities) == 0 {
		return nil
	}
	bare := strings.ToLower(m.bare)
	for _, id := range s.opts.Identities {
		id = strings.ToLower(id)
		if bare == id || strings.HasSuffix(bare, "@"+id) || strings.HasSuffix(bare, "."+id) {
			return nil
		}
	}
	return apiErrorf(http.StatusBadRequest, "MailFromDomainNotVerifiedException",
		"Email address is not verified. The following identities failed the check: %s", m.bare)
}

func checkReplyTo(addresses []string) error {
	for _, a := range addresses {
		if _, err := parseMailbox(a); err != nil {
			return badRequest("ReplyToAddresses: %v", err)
		}
	}
	return nil
}

func checkContent(what string, c content) error {
	switch strings.ToUpper(c.Charset) {
	case "UTF-8", "US-ASCII":
	case "":
		// AWS takes the text for 7-bit ASCII and mangles the rest silently; a local failure is kinder.
		if !isASCII(c.Data) {
			return badRequest("%s holds non-ASCII characters and needs a Charset.", what)
		}
	default:
		return badRequest("The local SES writes UTF-8 only, not %s (%s).", c.Charset, what)
	}
	return nil
}

func checkSimple(m *simpleMessage) error {
	if m.Body.Text == nil && m.Body.Html == nil {
		return badRequest("Missing required parameter: Content.Simple.Body.")
	}
	parts := map[string]*content{"Subject": &m.Subject, "Body.Text": m.Body.Text, "Body.Html": m.Body.Html}
	for _, what := range []string{"Subject", "Body.Text", "Body.Html"} {
		if c := parts[what]; c != nil {
			if err := checkContent(what, *c); err != nil {
				return err
			}
		}
	}
	if strings.ContainsAny(m.Subject.Data, "\r\n\x00") {
		return badRequest("Subject contains control characters.")
	}
	if err := checkHeaders(m.Headers); err != nil {
		return err
	}
	return checkAttachments(m.Attachments)
}

func checkAttachments(list []attachment) error {
	for _, a := range list {
		if a.FileName == "" || strings.ContainsAny(a.FileName, "\r\n\x00") {
			return badRequest("Attachments: FileName is missing or contains control characters.")
		}
		if strings.ContainsAny(a.ContentType+a.ContentId+a.ContentDescription, "\r\n\x00") || !isASCII(a.ContentType+a.ContentId) {
			return badRequest("Attachment %s: illegal characters.", a.FileName)
		}
	}
	return nil
}

// checkRaw holds a MIME message to RFC 5321 and 5322 and returns its header. SES itself forgives a bare LF; a mail server on
// the way may not, so it is refused here.
func checkRaw(source []byte) (textproto.MIMEHeader, error) {
	if len(source) > maxMessage {
		return nil, badRequest("Message length is more than %d bytes long: '%d'.", maxMessage, len(source))
	}
	for i, line := range bytes.Split(source, []byte("\r\n")) {
		if bytes.ContainsAny(line, "\r\n") {
			return nil, badRequest("Raw message: line %d ends in a bare CR or LF, not in CRLF.", i+1)
		}
		if len(line) > maxLine {
			return nil, badRequest("Raw message: line %d is longer than %d bytes.", i+1, maxLine)
		}
	}
	head, body, found := bytes.Cut(source, []byte("\r\n\r\n"))
	if !found {
		return nil, badRequest("Raw message: no blank line between header and body.")
	}
	header := textproto.MIMEHeader{}
	for _, f := range fields(head) {
		if f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return r < 33 || r > 126 }) {
			return nil, badRequest("Raw message: malformed header line %q.", f.Name)
		}
		if strings.ContainsFunc(f.Value, func(r rune) bool { return r > 126 || r < 32 && r != '\t' }) {
			return nil, badRequest("Raw message: header %s holds characters that are not printable ASCII.", f.Name)
		}
		header.Add(f.Name, f.Value)
	}
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Message-Id", "Date"} {
		if len(header.Values(name)) > 1 {
			return nil, badRequest("Duplicate header '%s'.", name)
		}
	}
	if header.Get("From") == "" {
		return nil, badRequest("Missing required header 'From'.")
	}
	if err := checkPart(header, bytes.NewReader(body), 0); err != nil {
		return nil, badRequest("Raw message: %v", err)
	}
	return header, nil
}

// checkPart walks the MIME tree: boundaries, transfer encodings and nesting have to be right.
func checkPart(header textproto.MIMEHeader, body io.Reader, depth int) error {
	if depth > 20 {
		return fmt.Errorf("parts are nested too deeply")
	}
	mediaType, params := "text/plain", map[string]string{}
	if v := header.Get("Content-Type"); v != "" {
		var err error
		if mediaType, params, err = mime.ParseMediaType(v); err != nil {
			return fmt.Errorf("content type %q: %w", v, err)
		}
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for n := 0; ; n++ {
			part, err := parts.NextRawPart()
			if err == io.EOF && n > 0 {
				return nil
			}
			if err != nil {
				return fmt.Errorf("part %d of %s: %w", n+1, mediaType, err)
			}
			if err := checkPart(part.Header, part, depth+1); err != nil {
				return err
			}
		}
	}
	switch enc := strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))); enc {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "", "7bit", "8bit", "binary":
	default:
		return fmt.Errorf("transfer encoding %q", enc)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return fmt.Errorf("body of %s: %w", mediaType, err)
	}
	return nil
}

// fields reads a header section in order, with folded lines joined. A line without a colon gives a field with an empty name.
func fields(head []byte) []messageHeader {
	var out []messageHeader
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') && len(out) > 0 {
			out[len(out)-1].Value += line
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			name, value = "", line
		}
		out = append(out, messageHeader{name, strings.TrimPrefix(value, " ")})
	}
	return out
}
