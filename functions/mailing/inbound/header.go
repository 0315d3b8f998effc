package main

import (
	"bytes"
	"strings"

	"madoguchi/shared/inquiries"
)

const (
	maxFields = 2000     // of a mail; what comes after is not looked at
	maxValue  = 16 << 10 // bytes of one field that are looked at
)

// field is one field of a header, unfolded, its value as it came: bytes in whatever charset.
type field struct{ name, value string }

// header are the fields of a mail, from the top. The order matters: what stands above was added later, and only what SES
// added last can be believed.
type header []field

// split cuts a mail into its header and its body.
func split(source []byte) (header, []byte) {
	var h header
	for len(source) > 0 {
		line, rest, _ := bytes.Cut(source, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		source = rest
		if len(line) == 0 {
			return h, rest
		}
		if line[0] == ' ' || line[0] == '\t' {
			if n := len(h) - 1; n >= 0 && len(h[n].value) < maxValue {
				h[n].value += " " + strings.TrimLeft(string(line), " \t")
			}
			continue
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || len(h) == maxFields {
			continue // "From " of an mbox, or rubbish
		}
		h = append(h, field{strings.TrimRight(string(name), " \t"), strings.TrimSpace(string(value[:min(len(value), maxValue)]))})
	}
	return h, nil
}

// get is the topmost field of a name, "" where there is none.
func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// all are the fields of a name, from the top.
func (h header) all(name string) (values []string) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

// added are the names of the fields that SES puts on top of what it receives.
var added = map[string]bool{"return-path": true, "received": true, "received-spf": true, "authentication-results": true, "x-ses-spam-verdict": true,
	"x-ses-virus-verdict": true, "x-ses-receipt": true, "x-ses-dkim-signature": true}

// bySES returns the fields that SES itself has added: from the top on, each name once, with its own trace line among them. Where the
// sender wrote fields of the same names they come after, as the second of a name or after another field, and are left out (R39).
// Without SES's trace line nothing is believed.
func (h header) bySES() (top header, rest header) {
	seen := map[string]bool{}
	n := 0
	for _, f := range h {
		name := strings.ToLower(f.name)
		if !added[name] || seen[name] {
			break
		}
		if name == "received" && !isOfSES(f.value) || seen["x-ses-receipt"] && name != "x-ses-dkim-signature" {
			break // SES ends with these two
		}
		seen[name] = true
		n++
	}
	if !seen["received"] {
		return nil, h
	}
	return h[:n], h[n:]
}

// isOfSES knows SES's trace line: "from mx.example.jp (...) by inbound-smtp.ap-northeast-1.amazonaws.com with SMTP id ...".
func isOfSES(received string) bool { return sesTrace().MatchString(received) }

var (
	sesTrace = lazily(`\sby inbound-smtp\.[a-z0-9-]+\.amazonaws\.com(\.cn)? with `)
	sesFor   = lazily(`\sfor <?([^\s<>;]+)>?;`)
	result   = lazily(`^ ?(spf|dkim|dmarc)=([a-z]+)\b`)
)

// verdict reads what SES found out. A list of results that holds a quotation mark or a result twice could have been led astray by the
// sender's address in it, and says nothing.
func (h header) verdict() inquiries.Verdict {
	top, _ := h.bySES()
	v := inquiries.Verdict{Spam: word(top.get("X-SES-Spam-Verdict")), Virus: word(top.get("X-SES-Virus-Verdict"))}
	results := strings.Split(top.get("Authentication-Results"), ";")
	if strings.TrimSpace(results[0]) != "amazonses.com" || strings.Contains(top.get("Authentication-Results"), `"`) {
		return v
	}
	found := map[string]string{}
	for _, part := range results[1:] {
		match := result().FindStringSubmatch(part)
		if match == nil || !strings.HasPrefix(part, " ") {
			continue
		}
		method, is := match[1], match[2]
		switch old, twice := found[method]; {
		case !twice, method == "dkim" && is == "pass": // of several signatures one is enough
			found[method] = is
		case method != "dkim" && old != is:
			return v
		}
	}
	v.SPF, v.DKIM, v.DMARC = found["spf"], found["dkim"], found["dmarc"]
	return v
}

// word is a verdict as SES writes it, "" for anything else.
func word(s string) string {
	switch s {
	case "PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED":
		return s
	}
	return ""
}

// recipients are the addresses that the mail was sent to: the one that SES received it for, and those that the sender names. A
// thread's address is signed, so that it does not matter who wrote it there.
func (m mail) recipients() []string {
	var all []string
	top, _ := m.header.bySES()
	if match := sesFor().FindStringSubmatch(top.get("Received")); match != nil {
		all = append(all, match[1])
	}
	for _, name := range []string{"To", "Cc", "Delivered-To", "X-Original-To"} {
		for _, value := range m.header.all(name) {
			all = append(all, mailboxes(value)...)
		}
	}
	return all
}

// answers are the Message-IDs of the mails that this one answers, the nearest first, some at most.
func (m mail) answers() []string {
	const most = 10
	ids := messageIDs(m.header.get("In-Reply-To"))
	references := messageIDs(m.header.get("References"))
	for i := len(references) - 1; i >= 0; i-- {
		ids = append(ids, references[i])
	}
	var once []string
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] && len(once) < most {
			seen[id] = true
			once = append(once, id)
		}
	}
	return once
}

var messageID = lazily(`<[^<>\s]{3,250}>`)

// messageIDs finds the Message-IDs in a field.
func messageIDs(value string) []string { return messageID().FindAllString(value, 200) }

// mailboxes finds the bare addresses in an address field. Names, comments and what stands in quotation marks are passed over:
// "victim@example.jp" <other@example.jp> is the other's.
func mailboxes(value string) []string {
	var all []string
	var bare, angle strings.Builder
	quoted, comment, inAngle, hasAngle := false, 0, false, false
	end := func() {
		address := strings.TrimSpace(bare.String())
		if hasAngle {
			address = strings.TrimSpace(angle.String())
		}
		if i := strings.LastIndexByte(address, ':'); i >= 0 && !hasAngle {
			address = strings.TrimSpace(address[i+1:]) // the name of a group
		}
		if strings.Contains(address, "@") && len(all) < 100 {
			all = append(all, address)
		}
		bare.Reset()
		angle.Reset()
		inAngle, hasAngle = false, false
	}
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\' && (quoted || comment > 0):
			i++
			continue
		case c == '"' && comment == 0:
			quoted = !quoted
			if !inAngle && !hasAngle { // a quoted local part stands in the address itself
				bare.WriteByte(c)
				continue
			}
		case quoted:
		case c == '(' && !inAngle:
			comment++
			continue
		case c == ')' && comment > 0:
			comment--
			continue
		case comment > 0:
			continue
		case c == '<':
			angle.Reset()
			inAngle, hasAngle = true, true
			continue
		case c == '>':
			inAngle = false
			continue
		case c == ',' || c == ';':
			end()
			continue
		}
		if inAngle {
			angle.WriteByte(c)
		} else if !hasAngle {
			bare.WriteByte(c)
		}
	}
	end()
	return all
}
