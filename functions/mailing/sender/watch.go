package main

import (
	"context"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/metric"
)

// What stops a campaign (design: "Warn at 3 % bounces, halt at 5 % (at least 10 ...), complaints at 0.3 % (at least 5)"). Bounces
// from SES's suppression list do not count: those mails never left.
const (
	warnBounces     = 0.03
	haltBounces     = 0.05
	leastBounces    = 10
	haltComplaints  = 0.003
	leastComplaints = 5
)

// tooMuch tells which rule is broken; "" for none.
func tooMuch(accepted, bounced, complained int) string {
	share := func(n int) float64 { return float64(n) / float64(max(1, accepted)) }
	switch {
	case bounced >= leastBounces && share(bounced) >= haltBounces:
		return "bounces"
	case complained >= leastComplaints && share(complained) >= haltComplaints:
		return "complaints"
	}
	return ""
}

// halt ends a campaign of which too much comes back (hard case 21).
func (m *mailing) halt(ctx context.Context, c *campaign.Campaign) (bool, error) {
	m.mu.Lock()
	accepted := m.accepted + m.sent
	m.mu.Unlock()
	if reason := tooMuch(accepted, c.Bounced, c.Complained); reason != "" {
		_, err := m.enter(ctx, c.ID, campaign.Halted, reason)
		return true, err
	}
	if c.Bounced >= leastBounces && float64(c.Bounced) >= warnBounces*float64(accepted) {
		m.metrics.Write(metric.CampaignWarning.Is(1))
	}
	return false, nil
}

// quota takes n recipients of the quota of 24 hours, and returns nil where it has no room for them beside what is kept for
// transactional mail: that ends the run.
func (m *mailing) quota(ctx context.Context, n int) (*account, error) {
	a, err := m.know(ctx)
	if err != nil {
		return nil, err
	}
	a.used.Add(int64(n))
	if a.room() >= 0 {
		return a, nil
	}
	a.used.Add(int64(-n))
	m.give(ctx, stopQuota, nil)
	return nil, nil
}

// used makes the next look at the quota a fresh one.
func (m *mailing) used() {
	if m.stopped() == stopQuota {
		m.account.Store(nil)
	}
}

// quotaAgain is how often a campaign that waits for the quota looks again: SES counts the last 24 hours, so that it comes back bit by
// bit.
const quotaAgain = time.Minute

func (m *mailing) waitForQuota(ctx context.Context) error {
	_, err := m.store.Change(ctx, m.c.ID, func(c *campaign.Campaign) error {
		at := m.now().Add(quotaAgain)
		c.WaitsUntil = at.UnixMilli()
		c.Wake(at)
		return nil
	})
	return err
}
