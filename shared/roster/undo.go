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

// undo takes back what an import has added, part by part, but for people to whom an issue has gone and those of whom anything has
// changed since: they keep what they have. While a campaign to the list is under way it waits: then nobody knows to whom it has gone.
func (w *Worker) undo(ctx context.Context, i *Import, list *subscription.List, end time.Time) error {
	after := ""
	if i.Place > 0 {
		after = rowSort(partPrefix, i.Place)
	}
	over := true
	err := rows(ctx, w.Store, i.ID, partPrefix, after, 25, func(p part) (bool, error) {
		waits, err := w.undoStep(ctx, i, list, p)
		if err != nil || waits {
			over = false
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
		if to.Undone == 0 && to.Mailed > 0 { // nothing was taken back
			to.Status = Applied
		}
	}, w.closed(i))
}

func (w *Worker) undoStep(ctx context.Context, i *Import, list *subscription.List, p part) (waits bool, err error) {
	var at int
	if _, err := fmt.Sscanf(strings.TrimPrefix(p.SK, partPrefix), "%d", &at); err != nil {
		return false, fmt.Errorf("read place of a part: %w", err)
	}
	people, reached := strings.Fields(p.People), map[string]bool{}
	if i.What == Subscribers {
		begun, running, err := w.Mailings.since(ctx, *i)
		if err != nil || running {
			return running, err
		}
		if reached, err = w.Mailings.reached(ctx, begun, people); err != nil {
			return false, err
		}
	}
	for range rounds {
		here, err := list.Look(ctx, people)
		if err != nil {
			return false, err
		}
		var actions record.Transaction
		next := p
		next.Undone, next.Kept = true, nil
		mailed := 0
		for n, person := range people {
			h := here[person]
			switch {
			case reached[person]:
				mailed++
				next.Kept = append(next.Kept, fmt.Sprintf("%d %s", n, keptMailed))
			case i.What == OptOuts && list.Return(&actions, h, person, i.ID), i.What == Subscribers && h.Found && list.Remove(&actions, h.Subscriber, i.ID):
			default:
				next.Kept = append(next.Kept, fmt.Sprintf("%d %s", n, keptChanged))
			}
		}
		err = w.Store.change(ctx, i, func(to *Import) {
			to.Place = at
			to.Undone += len(people) - len(next.Kept)
			to.Kept += len(next.Kept)
			to.Mailed += mailed
			to.Done += len(people)
		}, func(tx *record.Transaction) {
			tx.Put("part", w.Store.Table, next, record.Condition{})
			tx.Join(&actions)
		})
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return false, err
		}
	}
	return false, fmt.Errorf("undo: %w: people changed under every attempt", record.ErrUnavailable)
}
