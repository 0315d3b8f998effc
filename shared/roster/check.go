package roster

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"madoguchi/shared/record"
	"madoguchi/shared/roster/sheet"
	"madoguchi/shared/subscription"
)

// seen are the people of the rows so far: sixteen bytes each, of at most 200,000 rows.
type seen map[[16]byte]struct{}

// has reports whether a person was seen.
func (s seen) has(person string) bool {
	var key [16]byte
	if _, err := hex.Decode(key[:], []byte(person)); err != nil {
		return false
	}
	_, before := s[key]
	return before
}

// first reports whether a person was not seen before.
func (s seen) first(person string) bool {
	var key [16]byte
	if _, err := hex.Decode(key[:], []byte(person)); err != nil {
		return true // it is no keyed hash
	}
	if _, before := s[key]; before {
		return false
	}
	s[key] = struct{}{}
	return true
}

// check is the dry run: it tells of each row what would happen, and changes nothing of anybody. A run that goes on after another
// reads the rows before its place again, without looking anybody up: so it knows who was there.
func (w *Worker) check(ctx context.Context, j *judge, rows *sheet.Sheet, end time.Time) error {
	i, known := j.imp, seen{}
	var some []judged
	for {
		row, err := rows.Next()
		over := errors.Is(err, io.EOF)
		if err != nil && !over {
			return w.refuse(ctx, i, err)
		}
		if !over {
			c, v := j.row(row)
			if v == IsNew && !known.first(c.person) {
				v = IsDuplicate
			}
			if row.Number <= i.Place {
				continue // dealt with before
			}
			some = append(some, judged{row.Number, c, v})
		}
		if len(some) == pageRows || over {
			if err := w.checkStep(ctx, j, rows, some, over); err != nil || over {
				return err
			}
			some = some[:0]
			if !w.Now().Before(end) {
				return nil
			}
		}
	}
}

// judged is a row with its verdict.
type judged struct {
	number  int
	who     candidate
	verdict Verdict
}

// checkStep looks people up, and stores what would happen to their rows with the place and the numbers.
func (w *Worker) checkStep(ctx context.Context, j *judge, file *sheet.Sheet, some []judged, over bool) error {
	i := j.imp
	if err := w.lookUp(ctx, j, some); err != nil {
		return err
	}
	numbers, verdicts := make([]int, len(some)), make([]Verdict, len(some))
	for n, one := range some {
		numbers[n], verdicts[n] = one.number, one.verdict
	}
	return w.Store.change(ctx, i, func(to *Import) {
		to.Format = file.Format
		if to.Done == 0 { // once, with the first step
			for _, code := range file.Notes {
				to.note(Problem{Code: code})
			}
			if len(j.out) > 0 {
				to.note(Problem{Code: codeOutRows})
			}
		}
		for _, one := range some {
			to.Counts.add(one.verdict, 1)
			to.Place = one.number
			if one.verdict.Class() == "i" {
				field, code := one.verdict.Detail()
				to.note(Problem{one.number, field, code})
			} else if one.who.undated {
				to.note(Problem{one.number, colDate, codeUndated})
			}
		}
		to.Done += len(some)
		to.Rows = to.Done
		if over {
			to.Status = Checked
			if to.Rows == 0 {
				to.Status = Refused
				to.note(Problem{Code: sheet.Empty})
			}
		}
	}, func(tx *record.Transaction) {
		if len(some) > 0 {
			p := newPage(i, numbers, verdicts)
			tx.Put("page", w.Store.Table, p, record.Condition{})
		}
		if over {
			w.closed(i)(tx)
		}
	})
}

// lookUp asks for everybody whose row can be used, in as few calls as there can be.
func (w *Worker) lookUp(ctx context.Context, j *judge, some []judged) error {
	var batch []int
	ask := func() error {
		people := make([]string, len(batch))
		for n, k := range batch {
			people[n] = some[k].who.person
		}
		here, err := j.list.Look(ctx, people)
		if err != nil {
			return err
		}
		for _, k := range batch {
			some[k].verdict = j.verdict(some[k].who, here[some[k].who.person])
		}
		batch = batch[:0]
		return nil
	}
	for k := range some {
		if some[k].verdict == IsNew {
			batch = append(batch, k)
		}
		if len(batch) == subscription.HereLimit {
			if err := ask(); err != nil {
				return err
			}
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return ask()
}
