package campaign

import (
	"context"
	"fmt"
	"time"

	"madoguchi/shared/record"
)

// Debit takes recipients of the account's rate, of so many a second, without waiting for them: who answers a person sends at once,
// and those who send campaigns wait the longer. A rate that is not known debits nothing. The error is record.ErrUnavailable.
func (s *Store) Debit(ctx context.Context, recipients int, perSecond float64) error {
	if perSecond <= 0 {
		return nil
	}
	cost := time.Duration(float64(recipients) / perSecond * float64(time.Second))
	if _, err := record.Update(ctx, s.Client, s.Table, rateKey, "SET tat = if_not_exists(tat, :now) + :cost",
		record.Values{"now": s.Now().UnixMicro(), "cost": cost.Microseconds()}, record.Condition{}, nil); err != nil {
		return fmt.Errorf("debit the rate: %w", err)
	}
	return nil
}
