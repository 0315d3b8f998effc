package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/policy"
	"madoguchi/shared/ses"
	"madoguchi/shared/web"
)

// test sends a campaign to one address, as the sender would: the same call of SES with an invented person's values.
func (e *editor) test(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx := r.Context()
	p, err := read(r)
	if err != nil {
		return err
	}
	var order trial
	var wrong problems
	if p.json != nil {
		wrong, err = decode(p.json, &order)
	} else {
		order.To = p.form.Get("to")
	}
	if err != nil {
		return err
	}
	if c.StartedAt != 0 || c.State == campaign.Freezing || c.State == campaign.Sending || c.State.Over() {
		return e.conflict(c, "test")
	}
	to, more, err := e.tester(ctx, order.To)
	if err != nil {
		return err
	}
	if wrong = append(wrong, more...); len(wrong) == 0 {
		if wrong, err = e.sendTest(ctx, c, to); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return wrong.invalid(language(r))
	}
	return e.answer(w, r, http.StatusAccepted, c, "test")
}

// tester is the address that a test goes to: the caller's own, or one that the deployment lists.
func (e *editor) tester(ctx context.Context, typed string) (address.Address, problems, error) {
	var wrong problems
	self, err := e.staff.Self(ctx)
	if err != nil {
		return address.Address{}, nil, err
	}
	if strings.TrimSpace(typed) == "" {
		if typed = self.Email; typed == "" {
			wrong.add("to", "required", "テストの宛先を指定してください。", "Please say where the test goes.")
			return address.Address{}, wrong, nil
		}
	}
	to, err := address.Parse(typed)
	if err != nil {
		wrong.add("to", "email", "メールアドレスの形をご確認ください。", "Please check the mail address.")
		return to, wrong, nil //nolint:nilerr // the problem says so
	}
	same := func(listed string) bool {
		a, err := address.Parse(listed)
		return err == nil && a.Normal() == to.Normal()
	}
	if !same(self.Email) && !slices.Contains(e.testers, "*") && !slices.ContainsFunc(e.testers, same) {
		wrong.add("to", "not_listed", "テストは、ご自身のアドレスか、設定（TEST_RECIPIENTS）にあるアドレスにだけ送れます。",
			"A test goes to your own address or to one that TEST_RECIPIENTS lists.")
	}
	return to, wrong, nil
}

// sendTest sends each language. The ledger has it before anything leaves; the address is not in it.
func (e *editor) sendTest(ctx context.Context, c *campaign.Campaign, to address.Address) (problems, error) {
	contents, err := e.store.Contents(ctx, *c, c.Version)
	if err != nil {
		return nil, err
	}
	files, wrong, err := e.attached(ctx, c)
	if err != nil || len(wrong) > 0 {
		return wrong, err
	}
	var calls []envelope.Call
	for _, content := range contents {
		content.Subject = policy.Text{JA: "【テスト】", EN: "[Test] "}.In(content.Language) + content.Subject
		letter, wrong, err := e.letter(ctx, c, content, files)
		if err != nil || len(wrong) > 0 {
			return wrong, err
		}
		a := e.sample(c, content.Language)
		a.To = to.ASCII()
		call, err := letter.Test().Prepare([]envelope.Entry{{Ref: "test-" + rand.Text(), Addressee: a}}, false)
		if err != nil {
			return nil, fmt.Errorf("prepare test: %w", err)
		}
		calls = append(calls, call)
	}
	if err := e.staff.Audit(ctx, "campaign.test", object(c)); err != nil {
		return nil, err
	}
	e.ses.Fresh()
	e.debit(ctx, len(calls))
	for _, call := range calls {
		var result envelope.Result
		call.Do(ctx, e.ses, func(_ int, r envelope.Result) { result = r })
		if wrong, err := outcome(result); err != nil || len(wrong) > 0 {
			return wrong, err
		}
	}
	return nil, nil
}

// debitLimit bounds what a test may wait for its debit: a person waits.
const debitLimit = 2 * time.Second

// debit takes tests of the rate that all senders share, without waiting for a turn: a campaign that is being sent waits the longer, and
// SES refuses none of its calls for the test's sake. Where the rate cannot be had, the test is sent all the same.
func (e *editor) debit(ctx context.Context, recipients int) {
	timed, cancel := context.WithTimeout(ctx, debitLimit)
	defer cancel()
	account, err := e.ses.Ask(timed)
	if err == nil {
		err = e.store.Debit(timed, recipients, account.PerSecond)
	}
	if err != nil {
		slog.WarnContext(ctx, "rate not debited", "request_id", web.RequestID(ctx), "error", err)
	}
}

// outcome tells what SES's answer to a test means for the person who waits for it.
func outcome(r envelope.Result) (problems, error) {
	var wrong problems
	if r.Err == nil {
		if r.Status != types.BulkEmailStatusSuccess {
			wrong.add("to", "refused", "メールサービスがこの宛先または内容を受け付けませんでした（"+string(r.Status)+"）。", "The mail service did not take it ("+string(r.Status)+").")
		}
		return wrong, nil
	}
	verdict := ses.Judge(r.Err, r.Connected)
	if verdict.Sent == ses.Never {
		wrong.add("to", "refused", "メールサービスがこのメールを受け付けませんでした（"+verdict.Reason+"）。", "The mail service did not take it ("+verdict.Reason+").")
		return wrong, nil
	}
	message := policy.Text{JA: "メールサービスがいま受け付けていません（" + verdict.Reason + "）。少し待ってから、もう一度お試しください。",
		EN: "The mail service does not take mail at the moment (" + verdict.Reason + "). Please try again soon."}
	if verdict.Sent == ses.Maybe {
		message = policy.Text{JA: "メールサービスから返事がありません。テストメールは届いているかもしれません。受信箱をご確認ください。",
			EN: "The mail service did not answer. The test may have arrived all the same: please look."}
	}
	return nil, &web.Error{Kind: web.Unavailable, RetryAfter: time.Minute, Message: message, Cause: r.Err}
}

// attached reads the attachments of a campaign.
func (e *editor) attached(ctx context.Context, c *campaign.Campaign) ([]types.Attachment, problems, error) {
	all, err := envelope.Files(ctx, e.files, c)
	if errors.Is(err, envelope.ErrFiles) {
		var wrong problems
		wrong.add("attachments", "gone", "添付ファイルの保管期間が過ぎています。もう一度添付してください。", "An attachment is no longer kept. Please attach it again.")
		return nil, wrong, nil
	}
	return all, nil, err
}
