package ses

import (
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// call is a checked request: what its mails share, and what each has of its own. The same code reads a call when it is accepted
// and when one of its mails is looked at.
type call struct {
	from             string
	replyTo          []string
	configurationSet string
	headers          []messageHeader
	attachments      []attachment

	// One of the three.
	raw      []byte
	simple   *simpleMessage
	template *compiledTemplate
	defaults map[string]string // of the template

	entries []entry
}

// entry is one mail of a call; SendEmail has exactly one.
type entry struct {
	to, cc, bcc []string // as given
	tags        []messageTag
	headers     []messageHeader
	data        string // ReplacementTemplateData
}

func (e entry) recipients() int { return len(e.to) + len(e.cc) + len(e.bcc) }

// lookup finds a stored template.
type lookup func(name string) (templateContent, bool)

// parseEmail reads and checks a SendEmail request. The sender is checked apart.
func parseEmail(body []byte, stored lookup) (*call, error) {
	var in sendEmailRequest
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	c := &call{from: in.FromEmailAddress, replyTo: in.ReplyToAddresses, configurationSet: in.ConfigurationSetName}
	e := entry{tags: in.EmailTags}
	if d := in.Destination; d != nil {
		e.to, e.cc, e.bcc = d.ToAddresses, d.CcAddresses, d.BccAddresses
	}
	var err error
	switch content := in.Content; {
	case content.Raw != nil && content.Simple == nil && content.Template == nil:
		err = c.useRaw(content.Raw.Data, &e)
	case content.Simple != nil && content.Raw == nil && content.Template == nil:
		c.simple, c.headers, c.attachments = content.Simple, content.Simple.Headers, content.Simple.Attachments
		err = checkSimple(content.Simple)
	case content.Template != nil && content.Raw == nil && content.Simple == nil:
		err = c.useTemplate(content.Template, len(body), stored)
	default:
		err = badRequest("Exactly one of Content.Raw, Content.Simple and Content.Template must be given.")
	}
	if err != nil {
		return nil, err
	}
	c.entries = []entry{e}
	if err := checkReplyTo(c.replyTo); err != nil {
		return nil, err
	}
	return c, checkTags(e.tags)
}

// parseBulk reads and checks a SendBulkEmail request. Addresses and data of an entry are that entry's own affair and are not
// checked here: one bad address never fails its batch (hard case 23).
func parseBulk(body []byte, stored lookup) (*call, error) {
	var in sendBulkEmailRequest
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	c := &call{from: in.FromEmailAddress, replyTo: in.ReplyToAddresses, configurationSet: in.ConfigurationSetName}
	if in.DefaultContent.Template == nil {
		return nil, badRequest("Missing required parameter: DefaultContent.Template.")
	}
	if err := c.useTemplate(in.DefaultContent.Template, len(body), stored); err != nil {
		return nil, err
	}
	if n := len(in.BulkEmailEntries); n == 0 || n > maxRecipients {
		return nil, badRequest("BulkEmailEntries must have 1 to %d members, not %d.", maxRecipients, n)
	}
	if err := checkTags(in.DefaultEmailTags); err != nil {
		return nil, err
	}
	for _, b := range in.BulkEmailEntries {
		e := entry{tags: mergeTags(in.DefaultEmailTags, b.ReplacementTags), headers: b.ReplacementHeaders, data: b.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData}
		if d := b.Destination; d != nil {
			e.to, e.cc, e.bcc = d.ToAddresses, d.CcAddresses, d.BccAddresses
		}
		if err := checkTags(b.ReplacementTags); err != nil {
			return nil, err
		}
		if err := checkHeaders(b.ReplacementHeaders); err != nil {
			return nil, err
		}
		c.entries = append(c.entries, e)
	}
	return c, checkReplyTo(c.replyTo)
}

// useRaw takes sender, recipients, configuration set and tags from the message where the call does not give them.
func (c *call) useRaw(source []byte, e *entry) error {
	header, err := checkRaw(source)
	if err != nil {
		return err
	}
	c.raw = source
	if c.from == "" {
		c.from = header.Get("From")
	}
	if e.recipients() == 0 {
		for name, into := range map[string]*[]string{"To": &e.to, "Cc": &e.cc, "Bcc": &e.bcc} {
			if v := header.Get(name); v != "" {
				*into = splitAddresses(v)
			}
		}
	}
	if c.configurationSet == "" {
		c.configurationSet = header.Get("X-Ses-Configuration-Set")
	}
	if len(e.tags) == 0 {
		for pair := range strings.SplitSeq(header.Get("X-Ses-Message-Tags"), ",") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				e.tags = append(e.tags, messageTag{strings.TrimSpace(name), strings.TrimSpace(value)})
			}
		}
	}
	return nil
}

func (c *call) useTemplate(t *messageTemplate, size int, stored lookup) error {
	content := t.TemplateContent
	if content != nil && size > maxInline {
		return badRequest("The request with its inline template is larger than %d bytes.", maxInline)
	}
	if content == nil {
		name := t.TemplateName
		if name == "" {
			name = t.TemplateArn[strings.LastIndexByte(t.TemplateArn, '/')+1:]
		}
		found, ok := stored(name)
		if !ok {
			return notFound("Template %s does not exist.", name)
		}
		content, t.TemplateName = &found, name
	}
	compiled, err := compileTemplate(t.TemplateName, *content)
	if err != nil {
		return err
	}
	if c.defaults, err = templateData(t.TemplateData); err != nil {
		return badRequest("%v", err)
	}
	c.template, c.headers, c.attachments = &compiled, t.Headers, t.Attachments
	if err := checkHeaders(c.headers); err != nil {
		return err
	}
	return checkAttachments(c.attachments)
}

func (c *call) recipients() int {
	n := 0
	for _, e := range c.entries {
		n += e.recipients()
	}
	return n
}

// content fills the template for an entry. Data of an entry replace the default data as a whole and are not merged with them:
// AWS documents the default data as the fallback of an entry that has none.
func (c *call) content(e entry) (templateContent, error) {
	data := c.defaults
	if own, err := templateData(e.data); err != nil {
		return templateContent{}, err
	} else if len(own) > 0 {
		data = own
	}
	return c.template.render(data)
}

// mergeTags overrides default tags by name.
func mergeTags(defaults, own []messageTag) []messageTag {
	return override(defaults, own, func(t messageTag) string { return t.Name })
}

// mergeHeaders overrides a template's headers by name.
func mergeHeaders(defaults, own []messageHeader) []messageHeader {
	return override(defaults, own, func(h messageHeader) string { return textproto.CanonicalMIMEHeaderKey(h.Name) })
}

func override[T any](defaults, own []T, key func(T) string) []T {
	replaced := map[string]bool{}
	for _, v := range own {
		replaced[key(v)] = true
	}
	var out []T
	for _, v := range defaults {
		if !replaced[key(v)] {
			out = append(out, v)
		}
	}
	return append(out, own...)
}

// splitAddresses cuts an address list at its commas, leaving those within quotes, brackets and comments.
func splitAddresses(s string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

// readCall makes the call of a stored record again.
func readCall(meta callMeta, body []byte) (*call, error) {
	stored := func(string) (templateContent, bool) {
		if meta.Template == nil {
			return templateContent{}, false
		}
		return *meta.Template, true
	}
	if meta.Operation == "bulk" {
		return parseBulk(body, stored)
	}
	return parseEmail(body, stored)
}

// caller is who called, from where, as the signature says it, and when.
type caller struct {
	accessKey, region string
	at                time.Time
}

// callerOf reads `AWS4-HMAC-SHA256 Credential=AKID/date/region/ses/aws4_request, …`.
func callerOf(r *http.Request) caller {
	c := caller{region: "ap-northeast-1"}
	_, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return c
	}
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	c.accessKey = parts[0]
	if len(parts) > 2 && parts[2] != "" {
		c.region = parts[2]
	}
	return c
}
