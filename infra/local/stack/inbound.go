package stack

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"madoguchi/infra/local/template"
)

// maxInbound is what SES takes for a bucket, in bytes.
const maxInbound = 40 << 20

// inbound receives a mail as SES does (contract: "/_local/inbound"): it adds what SES adds on top, puts the mail where the receipt
// rule says, and the bucket tells of it. The sender of the envelope is the mail's own Return-Path, as a mail carries it that was
// delivered once, else its From. Parameters play the verdicts and the envelope: ?spam=FAIL&virus=FAIL&spf=fail&dkim=fail&dmarc=fail
// &from=ADDRESS&to=ADDRESS.
func (s *Stack) inbound(w http.ResponseWriter, r *http.Request) {
	source, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInbound))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "SES takes mails of at most 40 MB", http.StatusRequestEntityTooLarge)
		return
	case err != nil || len(bytes.TrimSpace(source)) == 0:
		http.Error(w, "post a mail: curl --data-binary @mail.eml -H 'Content-Type: message/rfc822'", http.StatusBadRequest)
		return
	}
	e, source := envelopeOf(source, r.URL.Query())
	rule, to, found := s.receiptRule(e.to)
	if !found {
		http.Error(w, "no receipt rule takes mail for this address (InboundAddress)", http.StatusUnprocessableEntity)
		return
	}
	id := strings.ToLower(rand.Text() + rand.Text()[:14]) // SES's have 40 letters and digits
	content := append(e.added(id, to, time.Now()), source...)
	if err := s.objects.Put(rule.Bucket, rule.Prefix+id, "application/octet-stream", content); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]string{"object": rule.Prefix + id, "to": to})
}

// envelope is what SES knows of a mail beside its source.
type envelope struct {
	from     string   // empty: <>
	to       []string // whom the mail names, or whom the caller said
	verdicts url.Values
}

// envelopeOf reads the envelope and takes the mail's own Return-Path away.
func envelopeOf(source []byte, verdicts url.Values) (envelope, []byte) {
	e := envelope{verdicts: verdicts}
	if message, err := mail.ReadMessage(bytes.NewReader(source)); err == nil {
		e.from = bare(message.Header.Get("From"))
		for _, name := range []string{"To", "Cc"} {
			for part := range strings.SplitSeq(message.Header.Get(name), ",") {
				e.to = append(e.to, bare(part))
			}
		}
	}
	if line, rest, found := bytes.Cut(source, []byte("\n")); found && len(line) >= 12 && strings.EqualFold(string(line[:12]), "Return-Path:") {
		e.from, source = strings.Trim(string(line[12:]), " <>\r"), rest
	}
	if verdicts.Has("from") {
		e.from = verdicts.Get("from")
	}
	if verdicts.Has("to") {
		e.to = []string{verdicts.Get("to")}
	}
	return e, source
}

// bare is the address in a mailbox.
func bare(mailbox string) string {
	if _, rest, found := strings.Cut(mailbox, "<"); found {
		mailbox, _, _ = strings.Cut(rest, ">")
	}
	return strings.Join(strings.Fields(mailbox), "")
}

// receiptRule finds the rule that takes mail for one of the addresses. A label after a plus sign does not matter to SES. A mail
// that names none of our addresses came as a blind copy: to the first that a rule names.
func (s *Stack) receiptRule(to []string) (template.ReceiptRule, string, bool) {
	for _, rule := range s.template.ReceiptRules {
		for _, address := range to {
			local, domain, _ := strings.Cut(address, "@")
			local, _, _ = strings.Cut(local, "+")
			for _, recipient := range rule.Recipients {
				if strings.EqualFold(recipient, local+"@"+domain) || strings.EqualFold(recipient, domain) {
					return rule, address, true
				}
			}
		}
	}
	for _, rule := range s.template.ReceiptRules {
		for _, recipient := range rule.Recipients {
			return rule, recipient, true
		}
	}
	return template.ReceiptRule{}, "", false
}

// verdict is one that the caller asked for, or the one of a good mail.
func (e envelope) verdict(name, good string) string {
	if v := e.verdicts.Get(name); v != "" && !strings.ContainsAny(v, " ;\r\n") {
		return v
	}
	return good
}

// added are the fields that SES puts on top, in its order.
func (e envelope) added(id, to string, now time.Time) []byte {
	_, domain, _ := strings.Cut(e.from, "@")
	if domain == "" {
		domain = "mail.example.jp"
	}
	spf, dkim, dmarc := e.verdict("spf", "pass"), e.verdict("dkim", "pass"), e.verdict("dmarc", "pass")
	var b bytes.Buffer
	for _, line := range []string{
		"Return-Path: <" + e.from + ">",
		"Received: from mail." + domain + " (mail." + domain + " [192.0.2.25])",
		" by inbound-smtp." + template.Region + ".amazonaws.com with SMTP id " + id,
		" for " + to + ";",
		" " + now.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700 (MST)"),
		"X-SES-Spam-Verdict: " + e.verdict("spam", "PASS"),
		"X-SES-Virus-Verdict: " + e.verdict("virus", "PASS"),
		"Received-SPF: " + spf + " (spfCheck: domain of " + domain + ") client-ip=192.0.2.25; envelope-from=" + e.from + "; helo=mail." + domain + ";",
		"Authentication-Results: amazonses.com;",
		" spf=" + spf + " (spfCheck: domain of " + domain + ") client-ip=192.0.2.25; envelope-from=" + e.from + "; helo=mail." + domain + ";",
		" dkim=" + dkim + " header.i=@" + domain + ";",
		" dmarc=" + dmarc + " header.from=" + domain + ";",
		"X-SES-RECEIPT: " + strings.ToUpper(id),
		"X-SES-DKIM-SIGNATURE: a=rsa-sha256; q=dns/txt; b=" + id + "; c=relaxed/simple; s=local; d=amazonses.com; v=1; bh=" + id + "; h=From;",
	} {
		b.WriteString(line + "\r\n")
	}
	return b.Bytes()
}
