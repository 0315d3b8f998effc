package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"madoguchi/infra/journey"
)

// signUp carries a real address through the form, the mail and the confirmation.
func (r *round) signUp(ctx context.Context) (string, error) {
	if r.mailbox == "" {
		return "nobody is signed up without -mailbox", errSkipped
	}
	before := 0
	if r.inbox != nil {
		mails, err := r.inbox.Mail(ctx, r.mailbox)
		if err != nil {
			return "", err
		}
		before = len(mails)
	}
	checked, err := r.check(ctx, r.mailbox)
	if err != nil {
		return "", err
	}
	a, err := r.site.send(ctx, checked, "submit", nil)
	if err != nil {
		return "", err
	}
	done := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(done, formPath+"/done?ref=") {
		return "", fmt.Errorf("submit: status %d: %.200s", a.status, journey.Readable(a.body))
	}
	if a, err = r.site.get(ctx, done); err != nil {
		return "", err
	}
	if err := expect(a, http.StatusOK, "text/html"); err != nil {
		return "", fmt.Errorf("done page: %w", err)
	}
	if r.inbox == nil {
		return r.askOperator(ctx)
	}
	return r.confirm(ctx, before)
}

// askOperator leaves reading and pressing to whoever owns the mailbox.
func (r *round) askOperator(ctx context.Context) (string, error) {
	_, _ = fmt.Fprintf(r.world.out, "A mail is on its way to %s. Open it, check that its sender is yours and that its link begins with\n"+
		"%s, follow the link and press the button. (A mailbox that is subscribed already gets a mail that says so: use another.)\n"+
		"Did the page then say 登録が完了しました? [y/N] ", r.mailbox, r.site.base)
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(r.world.in).ReadString('\n') // no answer is a no
		line <- text
	}()
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the operator: %w", ctx.Err())
	case text := <-line:
		if said := strings.ToLower(strings.TrimSpace(text)); said == "y" || said == "yes" {
			return "confirmed by the operator; unsubscribe by the link in the welcome mail", nil
		}
		return "", errors.New("the operator did not see the confirmation")
	}
}

// confirm reads the mails that came after the first ones, presses the button of the confirmation and leaves by the
// one-click link of the welcome mail (RFC 8058).
func (r *round) confirm(ctx context.Context, before int) (string, error) {
	mail, err := r.wait(ctx, before, "newsletter_confirm")
	if err != nil {
		return "", err
	}
	link, err := r.ours(mail.Text, formPath+"/confirm")
	if err != nil {
		return "", err
	}
	a, err := r.site.get(ctx, link)
	if err != nil {
		return "", err
	}
	p, err := readPage(a.body)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK || !slices.Contains(p.buttons, "confirm") {
		return "", fmt.Errorf("the link of the mail: status %d, buttons %v", a.status, p.buttons)
	}
	if a, err = r.site.send(ctx, p, "confirm", nil); err != nil {
		return "", err
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, "登録が完了しました") {
		return "", fmt.Errorf("confirm: status %d: %.200s", a.status, journey.Readable(a.body))
	}
	welcome, err := r.wait(ctx, before, "newsletter_welcome")
	if err != nil {
		return "", err
	}
	leave, err := r.ours(strings.Trim(welcome.Headers["List-Unsubscribe"], "<>"), formPath+"/unsubscribe")
	if err != nil {
		return "", err
	}
	a, err = r.site.do(ctx, ask{method: http.MethodPost, path: leave, contentType: "application/x-www-form-urlencoded", body: "List-Unsubscribe=One-Click"})
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", fmt.Errorf("one-click unsubscription: status %d", a.status)
	}
	return "signed up, confirmed, welcomed, unsubscribed", nil
}

// wait returns a mail of a kind that came after the first ones.
func (r *round) wait(ctx context.Context, before int, kind string) (journey.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	var seen []string
	for {
		mails, err := r.inbox.Mail(ctx, r.mailbox)
		if err != nil && ctx.Err() == nil {
			return journey.Mail{}, err
		}
		if err == nil {
			seen = nil
		}
		for _, m := range mails[min(before, len(mails)):] {
			if m.Kind() == kind {
				return m, nil
			}
			seen = append(seen, m.Kind())
		}
		select {
		case <-ctx.Done():
			return journey.Mail{}, fmt.Errorf("no mail %s within %s; there came %v", kind, r.patience, seen)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ours returns path and query of the one link of a text to a page, which must lead to this deployment: a wrong PublicUrl
// sends every reader elsewhere.
func (r *round) ours(text, page string) (string, error) {
	for _, word := range strings.Fields(text) {
		u, err := url.Parse(word)
		if err != nil || u.Path != page || !u.Query().Has("t") {
			continue
		}
		if u.Scheme != r.site.base.Scheme || u.Host != r.site.base.Host {
			return "", fmt.Errorf("the link of the mail leads to %s://%s: PublicUrl is wrong", u.Scheme, u.Host)
		}
		return u.RequestURI(), nil
	}
	return "", fmt.Errorf("the mail has no link to %s", page)
}
