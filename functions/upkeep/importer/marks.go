package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"madoguchi/shared/ledger"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

// marks adds to the lists by what an older version of the program has stored nothing: staff find nobody by a mark that is missing. The
// clock goes on with it until both lists are done, once for each version; the ledger says when.
type marks struct {
	lists  map[policy.Code]*subscription.List
	ledger *ledger.Store
	done   atomic.Bool // for as long as the process lives nobody asks again
}

func (m *marks) work(ctx context.Context, end time.Time) error {
	if m.done.Load() {
		return nil
	}
	var failed []error
	all := true
	for code, l := range m.lists {
		entered := *l
		entered.Commit = func(ctx context.Context, tx *record.Transaction) error {
			return m.ledger.Commit(ctx, tx, ledger.Entry{Who: "importer", What: "list.marks", Object: string(code), Outcome: ledger.Done})
		}
		changed, done, err := entered.Remark(ctx, end)
		if err == nil && changed > 0 {
			slog.InfoContext(ctx, "marks", "list", string(code), "changed", changed, "done", done)
		}
		all = all && done
		failed = append(failed, err)
	}
	m.done.Store(all)
	return errors.Join(failed...)
}
