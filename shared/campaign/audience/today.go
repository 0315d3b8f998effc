package audience

import (
	"context"
	"fmt"
	"slices"

	"madoguchi/shared/campaign"
)

// What Today says beside the reasons of campaign.Left....
const (
	TodayReached = ""          // would be written to
	NoRecord     = "no_record" // there is no such record, or it has expired
	OutOfSegment = "segment"   // is not among those whom the campaign is narrowed to
)

// Today tells what a campaign would do with one record now: TodayReached, or why it would leave it out. Who was left out when a campaign
// was frozen is not kept person by person, only counted (R57); the same checks say what they would say now. Nothing is written. The
// errors are those of Open and of reading.
func Today(ctx context.Context, s Sources, c *campaign.Campaign, key string) (string, error) {
	s.Preview = true
	a, err := Open(ctx, s, c)
	if err != nil {
		return "", err
	}
	if f, ok := a.(*followers); ok {
		before, found, err := f.campaigns.Find(ctx, f.earlier, key)
		if err != nil {
			return "", fmt.Errorf("look into the earlier campaign: %w", err)
		}
		if !found || !f.wants(before.Outcome) || f.picked != nil && !slices.Contains(f.picked, key) {
			return OutOfSegment, nil
		}
		a = f.inner
	}
	if g, ok := a.(*registrants); ok {
		found, err := g.fetch(ctx, []string{key})
		if err != nil {
			return "", err
		}
		if len(found) > 0 && !g.matches(found[0]) {
			return OutOfSegment, nil
		}
	}
	now, err := a.Read(ctx, []string{key})
	if err != nil {
		return "", err
	}
	one, found := now[key]
	switch l, ok := a.(*list); {
	case !found:
		return NoRecord, nil
	case one.Left == "" && ok && l.outside(key, one):
		return OutOfSegment, nil
	}
	return one.Left, nil
}

// outside tells whether a subscriber is not part of the segment, by the values that the mail would have.
func (l *list) outside(key string, a campaign.Addressee) bool {
	names := make([]string, len(l.segment.Prefecture))
	for i, code := range l.segment.Prefecture {
		names[i] = prefectureName(code)
	}
	within := func(wanted []string, value string) bool { return len(wanted) == 0 || slices.Contains(wanted, value) }
	return !within(names, a.Values["prefecture"]) || !within(l.segment.BusinessCategory, a.Values["business_category"]) || !within(l.segment.People, key)
}
