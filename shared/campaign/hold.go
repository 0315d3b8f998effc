package campaign

import (
	"context"
	"fmt"
	"time"

	"madoguchi/shared/record"
)

// Slot is a place that one sender has at a campaign for a time.
type Slot string

// The slots. Nobody is written to twice without them: that is the chunks' matter. They keep senders from taking turns of the rate for
// chunks that another one has sent in between.
const (
	Holder Slot = "holder" // works on the campaign
	Heir   Slot = "heir"   // waits to go on when the holder's time is over
)

// Hold takes or keeps a slot for a time. It reports false where somebody else has it. A sender that is killed loses it by time.
func (s *Store) Hold(ctx context.Context, id string, slot Slot, me string, d time.Duration) (bool, error) {
	now := s.Now()
	until := string(slot) + "_until"
	ok, err := record.Update(ctx, s.Client, s.Table, Key(id), fmt.Sprintf("SET #%s = :me, #%s = :until", slot, until),
		record.Values{"me": me, "until": millis(now.Add(d))},
		record.Condition{Expression: fmt.Sprintf("attribute_exists(pk) AND (attribute_not_exists(#%[2]s) OR #%[2]s <= :now OR #%[1]s = :me)", slot, until),
			Values: record.Values{"now": millis(now)}}, nil, string(slot), until)
	if err != nil {
		return false, fmt.Errorf("hold campaign: %w", err)
	}
	return ok, nil
}

// Release gives a slot back before its time is over, so that the next sender goes on at once.
func (s *Store) Release(ctx context.Context, id string, slot Slot, me string) error {
	until := string(slot) + "_until"
	_, err := record.Update(ctx, s.Client, s.Table, Key(id), fmt.Sprintf("SET #%s = :none", until), record.Values{"none": 0},
		record.Condition{Expression: fmt.Sprintf("#%s = :me", slot), Values: record.Values{"me": me}}, nil, string(slot), until)
	if err != nil {
		return fmt.Errorf("release campaign: %w", err)
	}
	return nil
}
