package main

import (
	"context"
	"fmt"
	"net/http"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/staff"
	"madoguchi/shared/text"
)

// mostReason is how long the reason of a return may be, in characters.
const mostReason = 1000

// returning is why a campaign goes back to whoever wrote it. A script may leave it out, a page asks for it: whoever wrote the campaign
// would have to telephone.
type returning struct {
	decision
	Reason string `json:"reason"`
}

func (p *post) returning() (returning, problems, error) {
	var d returning
	var wrong problems
	var err error
	if p.json != nil {
		wrong, err = decode(p.json, &d)
	} else {
		d.decision, wrong, err = p.decision()
		d.Reason = p.form.Get("reason")
	}
	if err != nil || len(wrong) > 0 {
		return d, wrong, err
	}
	reason, bad := text.Lines(d.Reason)
	switch {
	case bad != nil:
		wrong.add("reason", "character", "使えない文字（目に見えない制御文字など）が含まれています。", "It holds characters that cannot be used, such as invisible control characters.")
	case text.TooLong(reason, mostReason, 0):
		wrong.add("reason", string(text.LengthExceeded), tooLong(reason, mostReason).JA, tooLong(reason, mostReason).EN)
	case reason == "" && p.json == nil:
		wrong.add("reason", "required", "戻す理由を入力してください。書いた方に伝わります。", "Please say why. Whoever wrote it reads it.")
	}
	d.Reason = reason
	return d, wrong, nil
}

// returnPage asks why.
func (e *editor) returnPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	if _, ok := e.leads(c, actReturn); !ok {
		return e.conflict(c, actReturn)
	}
	return e.askReason(w, r, http.StatusOK, c, "", nil)
}

func (e *editor) askReason(w http.ResponseWriter, r *http.Request, status int, c *campaign.Campaign, reason string, wrong problems) error {
	v := struct {
		view
		C      *campaign.Campaign
		Reason string
		Most   int
	}{e.view(r), c, reason, mostReason}
	v.Wrong = wrong
	return e.write(w, r, status, policy.Text{JA: "下書きに戻す", EN: "Return to draft"}, "return", v)
}

// giveBack makes a draft of a campaign again, with the reason, and tells whoever wrote it.
func (e *editor) giveBack(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	p, err := read(r)
	if err != nil {
		return err
	}
	d, wrong, err := p.returning()
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		if p.json != nil {
			return wrong.invalid(language(r))
		}
		if _, ok := e.leads(c, actReturn); !ok {
			return e.conflict(c, actReturn)
		}
		return e.askReason(w, r, http.StatusUnprocessableEntity, c, p.form.Get("reason"), wrong)
	}
	changed, err := e.act(r.Context(), c, actReturn, order{decision: d.decision, remark: d.Reason})
	if err != nil {
		return err
	}
	if err := e.tellAuthor(r.Context(), &changed); err != nil {
		return err
	}
	return e.answer(w, r, http.StatusOK, &changed, string(actReturn))
}

// tellAuthor writes to whoever wrote a campaign that was returned, and to whoever handed it in. The mail says neither what the campaign
// says nor why it was returned.
func (e *editor) tellAuthor(ctx context.Context, c *campaign.Campaign) error {
	self := staff.Of(ctx).ID
	people, err := e.staff.Colleagues(ctx, roleOf(c.Kind))
	if err != nil {
		return err
	}
	var tx record.Transaction
	told := 0
	for _, p := range people {
		to, err := address.Parse(p.Email)
		if err != nil || p.ID == self || p.ID != c.Author && p.ID != submitter(c) {
			continue
		}
		mail.Enqueue(&tx, e.outbox, mail.Mail{Service: campaign.Service(c.Kind).Code, Kind: policy.CampaignReturned, Language: policy.Japanese, To: to.ASCII(),
			Person: to.Key(e.addressKey), Data: map[string]string{"kind": kindName(c.Kind).JA, "link": base + "/" + c.ID}}, e.now())
		told++
	}
	if told == 0 {
		return nil
	}
	if err := tx.Commit(ctx, e.store.Client); err != nil {
		return fmt.Errorf("tell the author: %w", err)
	}
	return nil
}
