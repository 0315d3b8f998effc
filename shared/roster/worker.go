package roster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/roster/sheet"
	"madoguchi/shared/subscription"
)

// MaxFile is how large a file may be as it is sent: an invocation takes 6 MB, of which base64 leaves 4.5.
const MaxFile = 4_400_000

// mostPreview is how many rows the page for matching columns shows.
const mostPreview = 5

// Worker does the work of imports. What it knows is in the store and the bucket alone.
type Worker struct {
	Store *Store
	Files objects.Bucket
	Lists map[policy.Code]*subscription.List
	Now   func() time.Time

	Books    sheet.Books // reads XLSX
	Mailings Mailings    // to whom an undo does not reach any more
}

// Work goes on with every import that waits, until end, and deletes files whose day is over. One import's failure never fails
// another's.
func (w *Worker) Work(ctx context.Context, end time.Time) error {
	failed := []error{w.purge(ctx)}
	ids, err := w.Store.Open(ctx)
	failed = append(failed, err)
	for _, id := range ids {
		if !w.Now().Before(end) {
			break
		}
		i, err := w.Store.Get(ctx, id)
		if err == nil {
			err = w.tend(ctx, &i, end)
		}
		switch {
		case errors.Is(err, errStale):
			continue // another invocation goes on with it
		case err != nil:
			slog.ErrorContext(ctx, "import left to the next run", "import", id, "status", string(i.Status), "error", err)
			failed = append(failed, err)
		default:
			slog.InfoContext(ctx, "import", "import", id, "list", string(i.List), "status", string(i.Status), "rows", i.Rows, "done", i.Done,
				"new", i.Counts.New, "undone", i.Undone)
		}
	}
	return errors.Join(failed...)
}

// tend does what an import needs now.
func (w *Worker) tend(ctx context.Context, i *Import, end time.Time) error {
	list := w.Lists[i.List]
	if list == nil {
		return fmt.Errorf("no list %q", i.List)
	}
	switch {
	case i.Undoing:
		return w.undo(ctx, i, list, end)
	case i.Status != Checking && i.Status != Applying, i.Waiting:
		return w.Store.change(ctx, i, func(*Import) {}, w.closed(i))
	}
	file, err := w.Files.Get(ctx, FileKey(i.ID), MaxFile)
	if errors.Is(err, objects.ErrNotFound) || err == nil && i.FileEnds <= w.Now().Unix() {
		return w.gone(ctx, i)
	}
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	rows, err := sheet.Open(file.Content, w.Books)
	if err != nil {
		return w.refuse(ctx, i, err)
	}
	err = w.read(ctx, i, list, rows, file.Content, end)
	if closed := rows.Close(); closed != nil && err == nil {
		err = closed
	}
	return err
}

// closed adds to a transaction that an import waits for nothing any more.
func (w *Worker) closed(i *Import) func(*record.Transaction) {
	return func(tx *record.Transaction) {
		tx.Delete("open", w.Store.Table, record.Key(openPartition, i.ID), record.Condition{})
	}
}

// gone ends what needs a file that is there no more. What was applied stays, and can be undone.
func (w *Worker) gone(ctx context.Context, i *Import) error {
	return w.Store.change(ctx, i, func(i *Import) {
		i.note(Problem{Code: codeGone})
		i.Status, i.FileEnds = Refused, 0
		if i.Began != "" {
			i.Status = Applied
		}
	}, w.closed(i))
}

// refuse ends an import whose file cannot be used: nothing of it was done.
func (w *Worker) refuse(ctx context.Context, i *Import, cause error, more ...Problem) error {
	var refused *sheet.Refused
	if errors.As(cause, &refused) {
		more = append(more, Problem{Code: refused.Code})
	} else if cause != nil {
		return cause
	}
	if err := w.Store.change(ctx, i, func(i *Import) {
		i.Status, i.Problems = Refused, nil
		if i.Began != "" {
			i.Status = Applied // what was added stays, and can be undone; the dry run had read the same bytes
		}
		for _, p := range more {
			i.note(p)
		}
	}, w.closed(i)); err != nil {
		return err
	}
	return w.drop(ctx, i)
}

// read works through the rows of a file in the import's phase.
func (w *Worker) read(ctx context.Context, i *Import, list *subscription.List, rows *sheet.Sheet, content []byte, end time.Time) error {
	j := &judge{list: list, imp: i}
	var err error
	if j.fields, err = list.Fields(ctx); err != nil {
		return err
	}
	head, err := rows.Next()
	if errors.Is(err, io.EOF) {
		return w.refuse(ctx, i, &sheet.Refused{Code: sheet.Empty})
	}
	if err != nil {
		return w.refuse(ctx, i, err)
	}
	if head.Problem != "" {
		return w.refuse(ctx, i, nil, Problem{Row: head.Number, Code: head.Problem})
	}
	j.headings, j.csv = head.Cells, rows.Format == "csv"
	columns := columnsOf(i.What, j.fields)
	if i.Asking {
		return w.ask(ctx, i, rows, head, columns)
	}
	match := i.Columns
	if len(match) == 0 {
		match = guess(columns, head.Cells)
	}
	at, wrong := place(columns, match, head.Cells)
	j.at = at
	if slices.ContainsFunc(wrong, func(p Problem) bool { return p.Code == codeNoColumn }) {
		if n := below(columns, rows.Next); n > 0 {
			wrong = append(wrong, Problem{Row: n, Code: codeBelow})
		}
	}
	wrong = append(wrong, unproven(i, at)...)
	if len(wrong) > 0 {
		return w.refuse(ctx, i, nil, wrong...)
	}
	if _, says := at[colReason]; says && i.What == Subscribers {
		if j.out, err = j.leavers(content, w.Books); err != nil {
			return w.refuse(ctx, i, err)
		}
	}
	if i.Status == Applying {
		return w.apply(ctx, j, rows, end)
	}
	return w.check(ctx, j, rows, end)
}

// leavers reads a file of subscribers for those of whom any row says that they do not want mail: an opt-out wins, wherever it stands.
func (j *judge) leavers(content []byte, books sheet.Books) (out seen, err error) {
	rows, err := sheet.Open(content, books)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = seen{}
	for {
		row, err := rows.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		if j.state(row).Class() != "o" || j.again(row) {
			continue
		}
		if to, err := address.Parse(j.cell(row, "email")); err == nil {
			out.first(to.Key(j.list.AddressKey))
		}
	}
}

// unproven: subscribers come with evidence of their consent, for the whole file or row by row, or not at all (the anti-spam act's
// kept evidence; the policy's opt-in).
func unproven(i *Import, at map[string]int) []Problem {
	if i.What == OptOuts {
		return nil
	}
	for column, value := range map[string]string{colWhere: i.Evidence.Where, colWhen: i.Evidence.When, colWords: i.Evidence.Words} {
		if _, mapped := at[column]; !mapped && value == "" {
			return []Problem{{Code: codeNoEvidence}}
		}
	}
	return nil
}

// ask puts the beginning of a file where the page for matching columns finds it.
func (w *Worker) ask(ctx context.Context, i *Import, rows *sheet.Sheet, head sheet.Row, columns []Column) error {
	p := Preview{Headings: head.Cells, Guess: guess(columns, head.Cells), Fields: columns}
	for len(p.Rows) < mostPreview {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return w.refuse(ctx, i, err)
		}
		p.Rows = append(p.Rows, row.Cells)
		if match := guess(columns, row.Cells); p.Below == 0 && len(match) > len(p.Guess) {
			p.Below = row.Number
		}
	}
	if err := w.Files.Put(ctx, PreviewKey(i.ID), objects.Object{Content: p.encode(), ContentType: "application/json"}); err != nil {
		return fmt.Errorf("keep preview: %w", err)
	}
	return w.Store.change(ctx, i, func(i *Import) { i.Waiting, i.Format = true, rows.Format }, w.closed(i))
}

// drop deletes an import's objects before their day is over.
func (w *Worker) drop(ctx context.Context, i *Import) error {
	return errors.Join(w.Files.Delete(ctx, FileKey(i.ID)), w.Files.Delete(ctx, PreviewKey(i.ID)))
}

// purge deletes the files whose day is over. The bucket's lifecycle would, but only by midnight of the day after.
func (w *Worker) purge(ctx context.Context) error {
	over, err := w.Store.over(ctx)
	failed := []error{err}
	for _, entry := range over {
		err := errors.Join(w.Files.Delete(ctx, FileKey(entry.ID)), w.Files.Delete(ctx, PreviewKey(entry.ID)))
		if err == nil {
			var tx record.Transaction
			tx.Delete("file", w.Store.Table, record.Key(entry.PK, entry.SK), record.Condition{})
			err = tx.Commit(ctx, w.Store.Client)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
