package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/policy"
)

// size is how many people a campaign would reach.
type size struct {
	Reached int            `json:"reached"`
	About   bool           `json:"about"` // an estimate, from the beginning of the audience
	Left    map[string]int `json:"left_out,omitempty"`
	PerLang map[policy.Language]int
}

// exactUpTo is how many candidates are walked to be counted one by one.
const exactUpTo = 2000

// measure counts the audience as it would be at a time. Up to exactUpTo candidates of each language it is exact; of more it is what
// the beginning lets expect, as keys are hashes and spread evenly.
func (e *editor) measure(ctx context.Context, c *campaign.Campaign, at time.Time) (*size, error) {
	sources := e.sources
	sources.Now = func() time.Time { return at }
	a, err := audience.Open(ctx, sources, c)
	if err != nil {
		return nil, fmt.Errorf("open audience: %w", err)
	}
	all := &size{Left: map[string]int{}, PerLang: map[policy.Language]int{}}
	for _, l := range c.Langs {
		reached, seen, last, next, left := 0, 0, "", "", map[string]int{}
		for {
			page, after, err := a.Page(ctx, l, next)
			if err != nil {
				return nil, fmt.Errorf("count audience: %w", err)
			}
			for _, candidate := range page {
				seen, last = seen+1, candidate.Key
				if candidate.Left == "" {
					reached++
				} else {
					left[candidate.Left]++
				}
			}
			if next = after; next == "" || seen >= exactUpTo {
				break
			}
		}
		factor := 1.0
		if next != "" {
			all.About, factor = true, 1/share(last)
		}
		all.PerLang[l] = scaled(reached, factor)
		all.Reached += all.PerLang[l]
		for reason, n := range left {
			all.Left[reason] += n
		}
	}
	if all.About { // those who are left out are few: what some of them let expect would be far from the truth. Freezing counts them
		all.Left = nil
	}
	return all, nil
}

// share is the part of all keys that stand before one: keyed hashes begin with evenly spread digits. What is no hash tells nothing:
// then the whole is taken for what was seen, at least.
func share(key string) float64 {
	if len(key) >= 8 {
		if n, err := strconv.ParseUint(key[:8], 16, 32); err == nil && n > 0 {
			return float64(n) / (1 << 32)
		}
	}
	return 1
}

// scaled is an estimate, to two digits.
func scaled(n int, factor float64) int {
	if factor == 1 || n == 0 {
		return n
	}
	estimate, step := float64(n)*factor, 1.0
	for estimate/step >= 100 {
		step *= 10
	}
	return int(estimate/step+0.5) * int(step)
}
