package roster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"madoguchi/shared/record"
	"madoguchi/shared/roster/sheet"
	"madoguchi/shared/subscription"
)

// A transaction holds a hundred actions; four of them are the import's own.
const (
	perAdd   = (100 - 4) / subscription.AddActions
	perLeave = (100 - 4) / subscription.OptOutActions
)

// rounds bounds how often a step is decided again because somebody else was faster.
const rounds = 8

// apply does what the dry run said of the rows that were new to it, and of no others. Each step adds people, and stores who they
// are and the place, in one transaction.
func (w *Worker) apply(ctx context.Context, j *judge, rows *sheet.Sheet, end time.Time) error {
	i := j.imp
	said := w.said(ctx, i)
	most := perAdd
	if i.What == OptOuts {
		most = perLeave
	}
	var some []judged
	passed := 0 // rows since the last step that need nothing
	for {
		row, err := rows.Next()
		over := errors.Is(err, io.EOF)
		if err != nil && !over {
			return w.refuse(ctx, i, err)
		}
		if !over && row.Number <= i.Place {
			continue
		}
		if !over {
			v, err := said(row.Number)
			if err != nil {
				return err
			}
			if v != IsNew {
				passed++
				continue
			}
			c, v := j.row(row)
			some = append(some, judged{row.Number, c, v})
		}
		if len(some) == most || over {
			if err := w.applyStep(ctx, j, some, passed, over); err != nil {
				return err
			}
			if over {
				return w.drop(ctx, i)
			}
			some, passed = some[:0], 0
			if !w.Now().Before(end) {
				return nil
			}
		}
	}
}

// said returns what the dry run said of a row, asked in order.
func (w *Worker) said(ctx context.Context, i *Import) func(int) (Verdict, error) {
	var numbers []int
	var verdicts []Verdict
	at, after := 0, ""
	return func(number int) (Verdict, error) {
		for {
			for at < len(numbers) && numbers[at] < number {
				at++
			}
			if at < len(numbers) {
				if numbers[at] == number {
					return verdicts[at], nil
				}
				return "", fmt.Errorf("row %d was not in the dry run", number)
			}
			found := false
			err := rows(ctx, w.Store, i.ID, pagePrefix, after, 1, func(p page) (bool, error) {
				found, after = true, p.SK
				numbers, verdicts = p.lines()
				at = 0
				return numbers[len(numbers)-1] < number, nil
			})
			if err != nil {
				return "", err
			}
			if !found {
				return "", fmt.Errorf("row %d was not in the dry run", number)
			}
		}
	}
}

// applyStep adds people. At first nobody is looked up: the conditions of the transaction say whether somebody is known by now, and
// only then all are read and decided again. An opt-out depends on what is there, and is always read first.
func (w *Worker) applyStep(ctx context.Context, j *judge, some []judged, passed int, over bool) error {
	i := j.imp
	for round := range rounds {
		here := map[string]subscription.Here{}
		if round > 0 || i.What == OptOuts {
			var err error
			if here, err = j.list.Look(ctx, peopleOf(some)); err != nil {
				return err
			}
		}
		err := w.tryStep(ctx, j, some, here, passed, over)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
	}
	return fmt.Errorf("apply: %w: people changed under every attempt", record.ErrUnavailable)
}

func peopleOf(some []judged) []string {
	var people []string
	for _, one := range some {
		if one.verdict == IsNew {
			people = append(people, one.who.person)
		}
	}
	return people
}

func (w *Worker) tryStep(ctx context.Context, j *judge, some []judged, here map[string]subscription.Here, passed int, over bool) error {
	i := j.imp
	var people, changed []string
	var actions record.Transaction
	verdicts := make([]Verdict, len(some))
	for n, one := range some {
		v := one.verdict
		h := here[one.who.person]
		if v == IsNew {
			v = j.verdict(one.who, h)
		}
		switch {
		case v != IsNew:
			changed = append(changed, fmt.Sprintf("%d %s", one.number, v))
		case i.What == OptOuts:
			j.list.Leave(&actions, one.who.optOut, h)
			people = append(people, one.who.person)
		default:
			j.list.Add(&actions, one.who.subscriber)
			people = append(people, one.who.person)
		}
		verdicts[n] = v
	}
	return w.Store.change(ctx, i, func(to *Import) {
		for _, v := range verdicts {
			if v != IsNew {
				to.Counts.add(IsNew, -1)
				to.Counts.add(v, 1)
			}
		}
		to.Done += len(some) + passed
		if len(some) > 0 {
			to.Place = some[len(some)-1].number
		}
		if over {
			to.Status, to.Ended = Applied, w.Now().UTC().Format(time.RFC3339)
		}
	}, func(tx *record.Transaction) {
		if len(some) > 0 {
			tx.Put("part", w.Store.Table, part{PK: partition(i.ID), SK: rowSort(partPrefix, some[0].number), Last: some[len(some)-1].number,
				People: strings.Join(people, " "), Changed: changed, Expires: i.Expires}, record.Condition{})
		}
		if over {
			w.closed(i)(tx)
		}
		tx.Join(&actions)
	})
}
