package roster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

// undo takes back what an import has added, part by part, but for people of whom anything has changed since: they keep what they
// have.
func (w *Worker) undo(ctx context.Context, i *Import, list *subscription.List, end time.Time) error {
	after := ""
	if i.Place > 0 {
		after = rowSort(partPrefix, i.Place)
	}
	over := true
	err := rows(ctx, w.Store, i.ID, partPrefix, after, 25, func(p part) (bool, error) {
		if err := w.undoStep(ctx, i, list, p); err != nil {
			return false, err
		}
		over = w.Now().Before(end)
		return over, nil
	})
	if err != nil || !over {
		return err
	}
	return w.Store.change(ctx, i, func(to *Import) {
		to.Status, to.Undoing, to.Ended = Undone, false, w.Now().UTC().Format(time.RFC3339)
	}, w.closed(i))
}

func (w *Worker) undoStep(ctx context.Context, i *Import, list *subscription.List, p part) error {
	var at int
	if _, err := fmt.Sscanf(strings.TrimPrefix(p.SK, partPrefix), "%d", &at); err != nil {
		return fmt.Errorf("read place of a part: %w", err)
	}
	people := strings.Fields(p.People)
	for range rounds {
		here, err := list.Look(ctx, people)
		if err != nil {
			return err
		}
		var actions record.Transaction
		undone := 0
		for _, person := range people {
			h := here[person]
			if i.What == OptOuts && list.Return(&actions, h, person, i.ID) || i.What == Subscribers && h.Found && list.Remove(&actions, h.Subscriber, i.ID) {
				undone++
			}
		}
		err = w.Store.change(ctx, i, func(to *Import) {
			to.Place = at
			to.Undone += undone
			to.Kept += len(people) - undone
			to.Done += len(people)
		}, func(tx *record.Transaction) { tx.Join(&actions) })
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
	}
	return fmt.Errorf("undo: %w: people changed under every attempt", record.ErrUnavailable)
}
