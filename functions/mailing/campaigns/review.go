package main

import (
	"context"
	"fmt"
	"log/slog"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// mostAsked is how many colleagues are written to.
const mostAsked = 20

// askColleagues writes to those who may approve a campaign that was handed in. The mail says nothing of what the campaign says.
func (e *editor) askColleagues(ctx context.Context, c *campaign.Campaign) error {
	people, err := e.staff.Colleagues(ctx, roleOf(c.Kind))
	if err != nil {
		return err
	}
	var tx record.Transaction
	asked := 0
	for _, p := range people {
		to, err := address.Parse(p.Email)
		if err != nil || asked == mostAsked || e.mayApprove(p, c) != nil || p.ID == submitter(c) {
			continue
		}
		mail.Enqueue(&tx, e.outbox, mail.Mail{Service: campaign.Service(c.Kind).Code, Kind: policy.CampaignReview, Language: policy.Japanese, To: to.ASCII(),
			Person: to.Key(e.addressKey), Data: map[string]string{"kind": kindName(c.Kind).JA, "link": base + "/" + c.ID}}, e.now())
		asked++
	}
	if asked == 0 {
		slog.InfoContext(ctx, "nobody to ask for a review", "request_id", web.RequestID(ctx), "campaign", c.ID)
		return nil
	}
	if err := tx.Commit(ctx, e.store.Client); err != nil {
		return fmt.Errorf("ask colleagues: %w", err)
	}
	return nil
}
