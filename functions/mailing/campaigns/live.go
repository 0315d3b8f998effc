package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// live is how far a campaign is, as staff.LiveScript asks for it.
type live struct {
	Status    campaign.State  `json:"status"`
	Counts    campaign.Counts `json:"counts"`
	Total     int             `json:"total"`
	Finished  int             `json:"finished"` // recipients of whom it is known what became of them
	Percent   int             `json:"percent"`
	PerMinute int             `json:"per_minute"`
	EndsAt    string          `json:"ends_at,omitempty"` // as the rate lets expect
	Text      string          `json:"text"`
	Moving    bool            `json:"moving"` // it changes by itself
}

// live reads the numbers of a campaign that has recipients; nil for one that has none yet.
func (e *editor) live(ctx context.Context, c *campaign.Campaign, l policy.Language) (*live, error) {
	moving := c.State == campaign.Freezing || c.State == campaign.Sending
	if c.Frozen == 0 && !moving {
		return nil, nil
	}
	counts, minutes, err := e.store.Counts(ctx, c)
	if err != nil {
		return nil, err
	}
	v := &live{Status: c.State, Counts: counts, Total: c.Frozen, Finished: c.Frozen - counts.Pending - counts.Unknown, Moving: moving}
	if c.Frozen > 0 {
		v.Percent = 100 * v.Finished / c.Frozen
	}
	v.PerMinute = perMinute(minutes, e.now())
	var left time.Duration
	if c.State == campaign.Sending && v.PerMinute > 0 && counts.Pending > 0 {
		left = time.Duration(float64(counts.Pending) / float64(v.PerMinute) * float64(time.Minute))
		v.EndsAt = stamp(e.now().Add(left).UnixMilli())
	}
	stands := *c
	if c.WaitsUntil <= e.now().UnixMilli() { // it waited once, and goes on
		stands.WaitsUntil = 0
	}
	v.Text = liveText(&stands, v, left).In(l)
	return v, nil
}

// perMinute is the rate of the last two minutes that are whole; of this one where it is the first.
func perMinute(minutes []campaign.Minute, now time.Time) int {
	this := now.Truncate(time.Minute)
	sum, of, first := 0, 0, true
	for _, m := range slices.Backward(minutes) {
		n := m.Tally[campaign.ClassAccepted] + m.Tally[campaign.ClassFailed] + m.Tally[campaign.ClassExcluded]
		switch {
		case m.At.Equal(this) && len(minutes) == 1:
			return n
		case m.At.Equal(this):
		case m.At.Before(this.Add(-2 * time.Minute)):
			first = false
		default:
			sum, of = sum+n, of+1
		}
		if !first {
			break
		}
	}
	if of == 0 {
		return 0
	}
	return sum / of
}

func liveText(c *campaign.Campaign, v *live, left time.Duration) policy.Text {
	if c.State == campaign.Freezing {
		return policy.Text{JA: fmt.Sprintf("宛先を確定しています（これまでに%d件）。", c.Frozen), EN: fmt.Sprintf("Recipients are being fixed: %d so far.", c.Frozen)}
	}
	t := policy.Text{JA: fmt.Sprintf("%d件のうち%d件が終わりました（%d%%）。", v.Total, v.Finished, v.Percent),
		EN: fmt.Sprintf("%d of %d are done (%d %%).", v.Finished, v.Total, v.Percent)}
	switch {
	case c.State == campaign.Sending && c.WaitsUntil > 0:
		t.JA += "1日の送信上限に達したため、" + japanese(timeOf(c.WaitsUntil)) + "に続きを送ります。"
		t.EN += " The daily quota is used up; it goes on at " + stamp(c.WaitsUntil) + "."
	case c.State == campaign.Sending && !c.CanaryOver && c.CanaryUntil > 0:
		t.JA += "最初の500件を送り、戻ってくるメールを確かめています。"
		t.EN += " The first 500 are out; what comes back is being looked at."
	case left > 0:
		minutes := int(left.Minutes()) + 1
		t.JA += fmt.Sprintf("残りはおよそ%d分です。", minutes)
		t.EN += fmt.Sprintf(" About %d minutes to go.", minutes)
	case v.Counts.Unknown > 0:
		t.JA += fmt.Sprintf("%d件は、送られたかどうかを確かめています。", v.Counts.Unknown)
		t.EN += fmt.Sprintf(" Of %d it is being found out whether they were sent.", v.Counts.Unknown)
	}
	return t
}

func timeOf(millis int64) time.Time { return time.UnixMilli(millis) }

// progress is what the live page asks for.
func (e *editor) progress(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	v, err := e.live(r.Context(), c, staff.Language(r))
	if err != nil {
		return err
	}
	if v == nil {
		v = &live{Status: c.State}
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", v)
}
