// Package journey holds the way of a visitor through the whole product as test bodies: over HTTP and mail alone, so that one
// body runs against the local stack, against sam local start-api, and against anything else that keeps the contract.
package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Target is what a journey goes through.
type Target struct {
	URL   string // base address of the forms, without a slash at the end
	Inbox Inbox
	// Patience bounds the wait for one mail; 0 is a minute. Nothing is measured with it: a mail that is there is read at once.
	Patience time.Duration
}

// Inbox is where the visitor reads mail.
type Inbox interface {
	// Mail returns what was delivered to a bare address, the oldest first. An error is the reader's own and ends the test.
	Mail(ctx context.Context, to string) ([]Mail, error)
}

// Mail is a mail as /_local/mail.json shows it (contract, "Local tools").
type Mail struct {
	ID      string            `json:"id"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Headers map[string]string `json:"headers"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Tags    map[string]string `json:"tags"`

	Attachments []Attachment `json:"attachments"`
}

// Attachment is a file that came with a mail.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
}

// Kind is the kind of mail in the words of the policy: newsletter_confirm.
func (m Mail) Kind() string { return m.Tags["kind"] }

// InboxAt reads the inbox of a local stack; base is the address under which /_local/ is found.
func InboxAt(base string) Inbox { return localInbox{base} }

type localInbox struct{ base string }

// Mail implements Inbox.
func (i localInbox) Mail(ctx context.Context, to string) (mails []Mail, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.base+"/_local/mail.json?to="+url.QueryEscape(to), nil)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read inbox: %s", answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(&mails); err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return mails, nil
}

// Links returns the links of the mail that stand in both of its parts, in order: path and query, so that they lead to the
// target whatever address the mail names.
func (m Mail) Links() (links []string) {
	for _, word := range strings.Fields(m.Text) {
		if u, err := url.Parse(word); err == nil && u.Host != "" && u.Query().Has("t") {
			links = append(links, u.RequestURI())
		}
	}
	return links
}

// Link returns the one link of the mail to a page; page is its path.
func (m Mail) Link(t testing.TB, page string) string {
	t.Helper()
	var found []string
	for _, link := range m.Links() {
		if strings.HasPrefix(link, page+"?") {
			found = append(found, link)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d links to %s: %s", m.Kind(), len(found), page, m.Text)
	}
	return found[0]
}

// OneClick returns path and query of the mail's List-Unsubscribe header (RFC 8058), and fails where the headers are not as
// RFC 2369 and RFC 8058 want them.
func (m Mail) OneClick(t testing.TB) string {
	t.Helper()
	address, closed := strings.CutSuffix(strings.TrimPrefix(m.Headers["List-Unsubscribe"], "<"), ">")
	u, err := url.Parse(address)
	if err != nil || !closed || u.Host == "" || m.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
		t.Fatalf("%s: List-Unsubscribe %q, List-Unsubscribe-Post %q", m.Kind(), m.Headers["List-Unsubscribe"], m.Headers["List-Unsubscribe-Post"])
	}
	return u.RequestURI()
}

// Wait returns the n-th mail (from 1) of a kind to an address, as soon as it is there.
func (target Target) Wait(t testing.TB, to, kind string, n int) Mail {
	t.Helper()
	patience := target.Patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		mails := target.Mails(t, to)
		seen := 0
		for _, m := range mails {
			if m.Kind() == kind {
				if seen++; seen == n {
					return m
				}
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no mail %s number %d to %s; there are %v", kind, n, to, kinds(mails))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Mails returns what has come to an address so far.
func (target Target) Mails(t testing.TB, to string) []Mail {
	t.Helper()
	mails, err := target.Inbox.Mail(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

func kinds(mails []Mail) []string {
	all := make([]string, len(mails))
	for i, m := range mails {
		all[i] = m.Kind()
	}
	return all
}
