package roster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
)

// Mailings tells to whom of an import an issue of the list has gone. Who has had a mail has seen that they are subscribed, and by whom:
// the record stays, with the evidence and the way to leave, and an undo takes back the others.
type Mailings struct{ Campaigns *campaign.Store }

// Why somebody is left by an undo.
const (
	keptMailed  = "mailed"  // an issue has gone to them, or may have
	keptChanged = "changed" // they, or staff, have changed something since
)

// since returns the campaigns to the list that have begun since an import was applied, and whether one of them is being fixed or sent
// at this moment.
func (m Mailings) since(ctx context.Context, i Import) (begun []campaign.Campaign, running bool, err error) {
	began, err := time.Parse(time.RFC3339, i.Began)
	if err != nil {
		return nil, false, fmt.Errorf("read when the import was applied: %w", err)
	}
	for _, kind := range campaign.Kinds() {
		if campaign.Service(kind).Code != i.List {
			continue
		}
		for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
			all, next, err := m.Campaigns.List(ctx, kind, 50, cursor)
			if err != nil {
				return nil, false, fmt.Errorf("read campaigns: %w", err)
			}
			for _, c := range all {
				before := c.StartedAt != 0 && c.StartedAt < began.UnixMilli() // its recipients were fixed before the import
				running = running || !before && (c.State == campaign.Freezing || c.State == campaign.Sending)
				if !before && c.StartedAt != 0 {
					begun = append(begun, c)
				}
			}
			cursor = next
		}
	}
	return begun, running, nil
}

// reached tells to whom of some people one of the campaigns has gone, or may have. Where a campaign does not keep its recipients any
// more, that is everybody.
func (m Mailings) reached(ctx context.Context, begun []campaign.Campaign, people []string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, c := range begun {
		outcomes, err := m.Campaigns.Outcomes(ctx, c.ID, policy.Japanese, people) // the lists are in Japanese (R15, R20)
		if err != nil {
			return nil, err
		}
		if len(outcomes) == 0 && c.Frozen > 0 {
			chunks, _, err := m.Campaigns.Chunks(ctx, c.ID, "", 1)
			if err != nil {
				return nil, err
			}
			if len(chunks) == 0 {
				for _, person := range people {
					all[person] = true
				}
			}
		}
		for person, o := range outcomes {
			if mayHaveGone(o) {
				all[person] = true
			}
		}
	}
	return all, nil
}

// mayHaveGone: a mail that SES took, one of which nobody knows, one in a call at this moment, and one that was given up by silence alone.
func mayHaveGone(o campaign.Outcome) bool {
	switch o.Class() {
	case campaign.ClassAccepted, campaign.ClassUnknown:
		return true
	case campaign.ClassPending:
		return o == campaign.InCall
	case campaign.ClassFailed:
		return o == campaign.Failed(campaign.NoAnswer)
	}
	return false
}

// Undoable is whether an import can be undone.
type Undoable string

// What stands in the way.
const (
	CanUndo    Undoable = ""
	IsMailing  Undoable = "mailing"    // a campaign to the list is under way: whom it reaches is not known yet
	AllReached Undoable = "all_mailed" // an issue has gone to everybody whom the import brought
)

// partsLooked is how many parts Undoable looks into for somebody to whom no mail has gone: beyond, the undo itself finds out.
const partsLooked = 20

// Undoable tells whether an import can be undone: person by person, as long as no mail has gone to them (contract). Old opt-outs always
// can: nobody is mailed because of them.
func (m Mailings) Undoable(ctx context.Context, s *Store, i Import) (Undoable, error) {
	if i.What == OptOuts {
		return CanUndo, nil
	}
	begun, running, err := m.since(ctx, i)
	switch {
	case err != nil:
		return CanUndo, err
	case running:
		return IsMailing, nil
	case len(begun) == 0:
		return CanUndo, nil
	}
	answer, looked := AllReached, 0
	err = rows(ctx, s, i.ID, partPrefix, "", partsLooked, func(p part) (bool, error) {
		people := strings.Fields(p.People)
		reached, err := m.reached(ctx, begun, people)
		if looked++; err != nil || len(reached) < len(people) || looked > partsLooked {
			answer = CanUndo
			return false, err
		}
		return true, nil
	})
	return answer, err
}
