// Package form is the engine of all forms: it renders, decodes, cleans, validates and describes any form that the policy
// declares, and carries it from the input page over the check page to exactly one stored submission (contract: "Public
// forms"). No cookie is needed: state travels in hidden fields, the form token is signed and spent once.
package form

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// Form is one form: a declaration of the policy, its words, and what to do with a submission.
type Form struct {
	ID      string // in tokens and spent marks: "newsletter", "events/seminar-1"
	Path    string // of the input page; the done page is Path/done
	Service *policy.Service
	Periods policy.Periods
	Prefix  string // capital letter before references
	// Status is what JSON callers read in the answer. It is one constant, so that it never tells whether an address was
	// known.
	Status string
	// State is the state that a submission enters: the done page tells its expiry.
	State string
	Words Words
	// Fields are the fields as they are now: declared ones with their choices. The error is record.ErrUnavailable.
	Fields func(ctx context.Context) ([]Field, error)
	// Submit stores a submission in one transaction, which s.Spend joins. It returns a *record.Cancelled in which the
	// token stood in the way, record.ErrUnavailable, or a *web.Error (Conflict) for the person.
	Submit func(ctx context.Context, s *Submission) error
	// Direct leaves out notice and check page: a help within a service, such as sending a confirmation again.
	Direct bool
}

// Words are the words of a form's own pages; everything else is derived.
type Words struct {
	Title, Lead, Button, DoneTitle, Done policy.Text
	LastStep                             policy.Text // the third step, where it is not "done"
	Help                                 []Help      // what to do if it did not work, on the done page
}

// Help is a way on, shown as a link.
type Help struct {
	Path  string
	Label policy.Text
}

// Engine serves forms.
type Engine struct {
	Site    *web.Site
	Guard   guard.Store
	Keys    config.Keys // of form tokens: the first signs, all verify
	Now     func() time.Time
	Minimum time.Duration // least time between opening and sending a form; 0 for none
	PerHour int           // submissions per network and hour; 0 for no limit
}

// Register adds the routes of a form.
func (e *Engine) Register(mux *web.Mux, f *Form) {
	mux.Handle("GET "+f.Path, func(w http.ResponseWriter, r *http.Request) error { return e.open(w, r, f) })
	mux.Handle("POST "+f.Path, func(w http.ResponseWriter, r *http.Request) error { return e.post(w, r, f) })
	mux.Handle("GET "+f.Path+"/done", func(w http.ResponseWriter, r *http.Request) error { return e.done(w, r, f) })
}

// Submission is one cleaned post that is to be stored.
type Submission struct {
	Reference string
	Values    map[string]string // cleaned, by field name
	Language  policy.Language
	Version   int       // version of the form that the person saw
	Opened    time.Time // when the form was opened
	At        time.Time
	Channel   string // "form" (a browser) or "json" (another website or a program)

	nonce string
	hash  string
	guard guard.Store
}

// Spend adds the spending of the form token to the submission's transaction.
func (s *Submission) Spend(tx *record.Transaction) {
	s.guard.SpendToken(tx, s.nonce, s.Reference, s.hash, s.At)
}

// hashValues is a keyed hash of the cleaned values, by which the same post is known again.
func (e *Engine) hashValues(f *Form, values map[string]string) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	h := hmac.New(sha256.New, e.Guard.Key)
	h.Write([]byte("values\x00" + f.ID))
	for _, name := range names {
		h.Write([]byte("\x00" + name + "\x00" + values[name]))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
