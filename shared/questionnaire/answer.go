package questionnaire

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// Submit stores a finished answer, counts it, and spends the form token and the invitation: one transaction. A draft is kept
// nowhere. An anonymous answer costs no read; a named one reads the registration's reference from its invitation. The error is
// Answered where the invitation is spent, Over where there is none any more, a *record.Cancelled in which the form token stood
// in the way, or record.ErrUnavailable.
func (s Store) Submit(ctx context.Context, q Questionnaire, invitation string, sub *form.Submission) error {
	a := Answer{PK: held(q.Event), SK: rand.Text(), Version: sub.Version, Day: sub.At.In(policy.JapanTime).Format(time.DateOnly),
		Values: answered(sub.Values), ExpiresAt: q.Expires.Unix()}
	if !q.Anonymous {
		i, found, err := s.Find(ctx, invitation, sub.At)
		switch {
		case err != nil:
			return err
		case !found || i.Event != q.Event || i.Ref == "":
			// An invitation that was sent while the questionnaire was anonymous stays anonymous, and cannot be answered by name.
			return Over()
		}
		a.PK, a.Person, a.Ref, a.Submission, a.Policy = named(q.Event), i.Person, i.Ref, sub.Reference, policy.Version
		a.Answered, a.Language, a.Channel = sub.At.UTC().Format(time.RFC3339), sub.Language, sub.Channel
	}
	var tx record.Transaction
	sub.Spend(&tx)
	s.spend(&tx, q.Event, invitation, sub.At)
	tx.Put(actAnswer, s.Answers, a, record.Condition{Expression: "attribute_not_exists(pk)"})
	s.count(&tx, q, sub.Values)
	err := tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if !errors.As(err, &cancelled) {
		return err
	}
	if _, spent := cancelled.Failed[guard.TokenAction]; spent {
		return err
	}
	var old Invitation
	switch failed, err := cancelled.Old(ActInvitation, &old); {
	case err != nil:
		return err
	case !failed:
		return cancelled
	case old.Spent && old.Event == q.Event:
		return Answered()
	}
	return Over()
}

// answered are the values without the questions that were left out.
func answered(values map[string]string) map[string]string {
	kept := map[string]string{}
	for name, value := range values {
		if value != "" {
			kept[name] = value
		}
	}
	return kept
}

// Answered tells somebody whose link is spent.
func Answered() *web.Error {
	return &web.Error{Kind: web.Conflict, Message: policy.Text{
		JA: "このリンクからは、すでにご回答をいただいています。ご協力ありがとうございました。ご回答はおひとり1回のため、あらためての送信や変更はできません。",
		EN: "This link has already been used to answer. Thank you for your help. Each person answers once, so an answer cannot be sent again or changed."}}
}

// Over tells somebody whose link leads nowhere any more.
func Over() *web.Error {
	return &web.Error{Kind: web.Gone, Message: policy.Text{
		JA: "このアンケートの受付は終了しました。ご意見は、お問い合わせフォームからいつでもお寄せください。",
		EN: "This questionnaire is closed. You are welcome to send us your opinion by the inquiry form at any time."}}
}

// Closed says why the questionnaire takes no answer at a time, nil where it does: before it opens, which is after the event
// (R29), and once answers would have no time left to be kept.
func (q Questionnaire) Closed(now time.Time) *web.Error {
	switch {
	case now.Before(q.Opens):
		return &web.Error{Kind: web.Conflict, Message: policy.Text{
			JA: "このアンケートは、イベントの終了後、" + policy.Date(q.Opens, policy.Japanese) + "から受け付けます。参加登録者の皆さまにはメールでご案内しますので、メールのリンクからお答えください。",
			EN: "This questionnaire opens after the event, on " + policy.Date(q.Opens, policy.English) + ". We will write to those who registered; please answer from the link in that mail."}}
	case !now.Before(q.Expires):
		return Over()
	}
	return nil
}
