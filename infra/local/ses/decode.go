package ses

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"os"
	"strings"
	"time"

	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/net/html/charset"
)

// Mail is a delivered mail as contract.md's /_local/mail.json shows it.
type Mail struct {
	ID      string            `json:"id"` // SES's message id
	Time    time.Time         `json:"time"`
	From    string            `json:"from"`    // decoded, with the name
	To      []string          `json:"to"`      // bare addresses that it was delivered to, Bcc included; as on the wire, without quotes
	Subject string            `json:"subject"` // decoded
	Headers map[string]string `json:"headers"` // decoded, unfolded, the first of each name, the name as written
	// Text and HTML are decoded, with \n line ends; empty where the mail has no such part.
	Text        string            `json:"text"`
	HTML        string            `json:"html"`
	Attachments []Attachment      `json:"attachments"`
	Tags        map[string]string `json:"tags"`
	// ConfigurationSet is the one that the call named.
	ConfigurationSet string `json:"configuration_set,omitempty"`

	message *message
}

// Attachment is a file of a mail, inline images included.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"` // media type without parameters
	Size int    `json:"size"` // bytes, decoded

	contentID string
	content   []byte
}

// Source is the mail as it would reach a mail server.
func (m Mail) Source() []byte { return m.message.source() }

// Content returns the bytes of the attachment.
func (a Attachment) Content() []byte { return a.content }

// Mails yields the delivered mails, oldest first, each decoded when its turn comes. A mail that is dropped meanwhile is left out.
func (s *Server) Mails() iter.Seq2[Mail, error] {
	refs, _ := s.spool.snapshot()
	return s.decodeAll(refs)
}

// Mail returns one mail. The error is os.ErrNotExist for an id that is unknown or dropped.
func (s *Server) Mail(id string) (Mail, error) {
	ref, ok := s.spool.find(id)
	if !ok {
		return Mail{}, fmt.Errorf("mail %s: %w", id, os.ErrNotExist)
	}
	for m, err := range s.decodeAll([]*mailRef{ref}) {
		return m, err
	}
	return Mail{}, fmt.Errorf("mail %s: %w", id, os.ErrNotExist)
}

// Clear empties the inbox.
func (s *Server) Clear() error { return s.spool.clear() }

// Count is the number of mails in the inbox.
func (s *Server) Count() int {
	refs, _ := s.spool.snapshot()
	return len(refs)
}

// decodeAll reads a bulk call once for the mails of it that follow each other.
func (s *Server) decodeAll(refs []*mailRef) iter.Seq2[Mail, error] {
	return func(yield func(Mail, error) bool) {
		var at *callRef
		var meta callMeta
		var c *call
		for _, ref := range refs {
			if at != ref.call {
				var body []byte
				var err error
				if meta, body, err = s.spool.read(ref.call); errors.Is(err, os.ErrClosed) {
					continue
				}
				if err == nil {
					c, err = readCall(meta, body)
				}
				if err != nil {
					yield(Mail{}, fmt.Errorf("mail %s: %w", ref.ID, err))
					return
				}
				at = ref.call
			}
			m, err := c.messageOf(ref.ID, meta.At, meta.Region, ref.Entry)
			var mail Mail
			if err == nil {
				mail, err = m.decode(ref.To)
			}
			if err != nil {
				err = fmt.Errorf("mail %s: %w", ref.ID, err)
			}
			if !yield(mail, err) || err != nil {
				return
			}
		}
	}
}

// decode makes the readable form. Simple and templated mails are read from the call; only raw ones have to be parsed.
func (m *message) decode(to []string) (Mail, error) {
	out := Mail{
		ID: m.id, Time: m.at, To: to, Headers: map[string]string{}, Attachments: []Attachment{}, Tags: map[string]string{},
		ConfigurationSet: m.call.configurationSet, message: m,
	}
	for _, t := range m.entry.tags {
		out.Tags[t.Name] = t.Value
	}
	seen := map[string]bool{}
	for _, h := range m.headers() {
		key := strings.ToLower(h.Name)
		if seen[key] {
			continue
		}
		seen[key] = true
		value := decodeWords(strings.TrimSpace(h.Value))
		out.Headers[h.Name] = value
		switch key {
		case "from":
			out.From = value
		case "subject":
			out.Subject = value
		}
	}
	if m.call.raw != nil {
		return out, out.parseRaw(m.call.raw)
	}
	out.Text, out.HTML = lines(m.content.Text), lines(m.content.Html)
	for _, a := range m.call.attachments {
		mediaType, _, _ := strings.Cut(a.ContentType, ";")
		if mediaType == "" {
			mediaType = "application/octet-stream"
		}
		out.Attachments = append(out.Attachments, Attachment{a.FileName, mediaType, len(a.RawContent), strings.Trim(a.ContentId, "<>"), a.RawContent})
	}
	return out, nil
}

// rawParser does not invent a text part for a mail that has only HTML: the inbox shows what was sent.
var rawParser = enmime.NewParser(enmime.DisableTextConversion(true))

func (m *Mail) parseRaw(source []byte) error {
	env, err := rawParser.ReadEnvelope(bytes.NewReader(source))
	if err != nil {
		return fmt.Errorf("parse message: %w", err)
	}
	m.Text, m.HTML = lines(env.Text), lines(env.HTML)
	for _, list := range [][]*enmime.Part{env.Attachments, env.Inlines, env.OtherParts} {
		for _, p := range list {
			m.Attachments = append(m.Attachments, Attachment{p.FileName, p.ContentType, len(p.Content), p.ContentID, p.Content})
		}
	}
	return nil
}

func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

var wordDecoder = mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
	return charset.NewReaderLabel(label, in)
}}

// decodeWords reads encoded words (RFC 2047); what cannot be decoded stays as it is.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	out, err := wordDecoder.DecodeHeader(s)
	if err != nil {
		return s
	}
	return out
}
