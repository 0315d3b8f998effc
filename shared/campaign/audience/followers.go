package audience

import (
	"context"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
)

// followers are recipients of an earlier campaign, by what became of them: exactly those, as far as they may still be written to.
type followers struct {
	inner     campaign.Audience
	campaigns *campaign.Store
	earlier   string
	whom      string
	picked    []string
}

// chunksAtOnce is how many chunks of the earlier campaign a page looks at.
const chunksAtOnce = 20

// Page implements campaign.Audience. A cursor is the sort key of the last chunk that was looked at.
func (f *followers) Page(ctx context.Context, l policy.Language, cursor string) ([]campaign.Candidate, string, error) {
	chunks, next, err := f.campaigns.Chunks(ctx, f.earlier, cursor, chunksAtOnce)
	if err != nil {
		return nil, "", err
	}
	var page []campaign.Candidate
	for _, c := range chunks {
		if c.Language() != l {
			continue
		}
		keys := c.Keys()
		var wanted []string
		for i, o := range c.List() {
			if f.wants(o) && (f.picked == nil || slices.Contains(f.picked, keys[i])) {
				wanted = append(wanted, keys[i])
			}
		}
		if len(wanted) == 0 {
			continue
		}
		now, err := f.inner.Read(ctx, wanted)
		if err != nil {
			return nil, "", err
		}
		for _, key := range wanted {
			left := campaign.LeftGone
			if a, found := now[key]; found {
				left = a.Left
			}
			page = append(page, campaign.Candidate{Key: key, Left: left})
		}
	}
	return page, next, nil
}

func (f *followers) wants(o campaign.Outcome) bool {
	switch f.whom {
	case campaign.ToFailed:
		return o.Class() == campaign.ClassFailed
	case campaign.ToUnsent:
		return o.Class() == campaign.ClassPending
	}
	return o.Class() == campaign.ClassAccepted
}

// Read implements campaign.Audience.
func (f *followers) Read(ctx context.Context, keys []string) (map[string]campaign.Addressee, error) {
	return f.inner.Read(ctx, keys)
}
