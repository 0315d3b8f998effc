package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// desk is what staff do with imports.
type desk struct {
	staff    *staff.Desk
	store    *roster.Store
	files    objects.Bucket
	mailings roster.Mailings
	now      func() time.Time
	wait     time.Duration // how long a page waits for the importer before it shows that the work goes on
}

// patience lets the page of a small file show its result at once.
const patience = 4 * time.Second

// answer is an import as JSON.
type answer struct {
	ID       string        `json:"id"`
	List     policy.Code   `json:"list"`
	What     roster.What   `json:"what"`
	Status   roster.Status `json:"status"`
	Waiting  bool          `json:"waiting_for_columns,omitempty"`
	Undoing  bool          `json:"undoing,omitempty"`
	Rows     int           `json:"rows"`
	Done     int           `json:"done"`
	Counts   roster.Counts `json:"counts"`
	Undone   int           `json:"undone,omitempty"`
	Kept     int           `json:"kept,omitempty"`
	Mailed   int           `json:"kept_mailed,omitempty"` // of those kept: a mail has gone to them
	Problems []problem     `json:"problems"`
	Created  string        `json:"created_at"`
	FileEnds string        `json:"file_until,omitempty"`
}

// problem is one of them with its sentence.
type problem struct {
	roster.Problem
	Message string `json:"message"`
}

func describe(i roster.Import, l policy.Language) answer {
	a := answer{ID: i.ID, List: i.List, What: i.What, Status: i.Status, Waiting: i.Waiting, Undoing: i.Undoing, Rows: i.Rows, Done: i.Done, Counts: i.Counts,
		Undone: i.Undone, Kept: i.Kept, Mailed: i.Mailed, Problems: []problem{}, Created: i.Created}
	if i.Undoing { // at work: who waits for the end of an undo must not take what was before for it
		a.Status = roster.Applying
	}
	for _, p := range i.Problems {
		a.Problems = append(a.Problems, problem{p, roster.Say(p.Code, l)})
	}
	if i.FileEnds != 0 {
		a.FileEnds = time.Unix(i.FileEnds, 0).In(policy.JapanTime).Format(time.RFC3339)
	}
	return a
}

// language is that of an answer: of a page as the person chose it, of JSON as the caller asks.
func language(r *http.Request) policy.Language {
	if web.WantsJSON(r) {
		return web.LanguageOf(r, policy.Japanese, policy.English)
	}
	return staff.Language(r)
}

// with reads the import of the path and holds the caller to its list: somebody else's is refused and recorded.
func (d *desk) with(h func(http.ResponseWriter, *http.Request, roster.Import) error) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		i, err := d.store.Get(r.Context(), r.PathValue("id"))
		if errors.Is(err, roster.ErrNotFound) {
			return web.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		if err := d.allow(r.Context(), i.List, object(i.ID)); err != nil {
			return err
		}
		return h(w, r, i)
	}
}

// object is what the ledger calls an import.
func object(id string) string { return "import/" + id }

// allow holds the caller's roles to a list.
func (d *desk) allow(ctx context.Context, list policy.Code, object string) error {
	if role, known := roleOf[list]; known && staff.Of(ctx).May(role) {
		return nil
	}
	return errors.Join(&web.Error{Kind: web.Forbidden, Message: policy.Text{
		JA: "この名簿は、別の担当のものです。", EN: "This list belongs to another role."}}, d.staff.Refused(ctx, "import", object, "role"))
}

// lists are those that the caller may bring lists for.
func lists(p staff.Person) []policy.Code {
	var all []policy.Code
	for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
		if p.May(roleOf[code]) {
			all = append(all, code)
		}
	}
	return all
}

// conflict says that the status does not allow it (contract: wrong state 409).
func conflict(i roster.Import, why policy.Text) error {
	return &web.Error{Kind: web.Conflict, Members: map[string]any{"state": i.Status}, Message: why}
}

var wrongState = policy.Text{
	JA: "取り込みの状態が変わったため、この操作はできません。取り込みのページを開き直してください。",
	EN: "This is not possible in the import's present state. Please open its page again."}

// apply begins the work that the dry run has shown. What cannot be recorded does not happen: the ledger comes first (R47).
func (d *desk) apply(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	if i.Status != roster.Checked {
		return conflict(i, wrongState)
	}
	return d.decide(w, r, i, "apply", d.store.Apply)
}

// undo begins to take an import back, person by person, as long as no mail has gone to them. Old opt-outs can be taken back at any
// time: nobody is mailed because of them.
func (d *desk) undo(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	if i.Status != roster.Applied || i.Undoing {
		return conflict(i, wrongState)
	}
	can, err := d.mailings.Undoable(r.Context(), d.store, i)
	switch {
	case err != nil:
		return fmt.Errorf("see whether mail has gone: %w", err)
	case can == roster.IsMailing:
		return conflict(i, policy.Text{
			JA: "この名簿への配信が始まっています。どなたに届くかがまだ分からないため、配信が終わるか、配信を一時停止してから取り消してください。",
			EN: "A campaign to this list is under way, and it is not known yet whom it reaches. Please wait until it has ended, or pause it, and then undo the import."})
	case can == roster.AllReached:
		return conflict(i, policy.Text{
			JA: "取り込みで追加した方の全員に、すでにメールが送られています。取り消せる方はいません。配信停止の申し出には、一人ずつ対応してください。",
			EN: "A mail has gone to everybody whom the import has added: there is nobody to be taken back. Please act on each wish to leave by itself."})
	}
	return d.decide(w, r, i, "undo", d.store.Undo)
}

func (d *desk) decide(w http.ResponseWriter, r *http.Request, i roster.Import, what string, act func(context.Context, string) (roster.Import, error)) error {
	if err := d.staff.Audit(r.Context(), "import."+what, object(i.ID)); err != nil {
		return err
	}
	changed, err := act(r.Context(), i.ID)
	if errors.Is(err, roster.ErrState) {
		return conflict(i, wrongState)
	}
	if err != nil {
		return fmt.Errorf("%s import: %w", what, err)
	}
	return d.accepted(w, r, changed)
}

// accepted answers what the importer will do: 202, or the way to the import's page.
func (d *desk) accepted(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	w.Header().Set("Location", base+"/"+i.ID)
	if web.WantsJSON(r) {
		return web.WriteJSON(w, http.StatusAccepted, "application/json", describe(i, language(r)))
	}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// report hands the result over row by row.
func (d *desk) report(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	if i.Rows == 0 {
		return conflict(i, policy.Text{JA: "まだ1行も確認していません。", EN: "No row has been checked yet."})
	}
	if err := d.staff.Audit(r.Context(), "import.report", object(i.ID)); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := d.store.Report(r.Context(), i, language(r), &text); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="import-`+i.ID+`.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(text.Bytes())
	return err
}

// preview reads what the importer has put aside of a file whose columns are awaited.
func (d *desk) preview(ctx context.Context, i roster.Import) (roster.Preview, error) {
	var p roster.Preview
	o, err := d.files.Get(ctx, roster.PreviewKey(i.ID), roster.MaxFile)
	if err != nil {
		return p, fmt.Errorf("read preview: %w", err)
	}
	if err := json.Unmarshal(o.Content, &p); err != nil {
		return p, errors.New("decode preview") // the cause may quote a cell
	}
	return p, nil
}
