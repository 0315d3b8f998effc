// Package form is the engine of all forms: it renders, decodes, cleans, validates and describes any form that the policy
// declares, and carries it from the input page over the check page to exactly one stored submission (contract: "Public
// forms"). No cookie is needed: state travels in hidden fields, the form token is signed and spent once.
package form

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
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
	// known; where a submission can fare in several ways that are no secret (a seat, or the waiting list), Submit says which
	// in the Submission.
	Status string
	// State is the state that a submission enters: the done page tells its expiry.
	State string
	Words Words
	// Fields are the fields as they are now: declared ones with their choices. The error is record.ErrUnavailable.
	Fields func(ctx context.Context) ([]Field, error)
	// Refresh, where it is set, returns the fields as they are this very moment. It is asked where a post names a field that Fields
	// does not know: the page may be newer than what this process has read, and what was filled in must not be dropped. It is asked, too,
	// where Submit met a conflict, so that the page which follows is of the moment.
	Refresh func(ctx context.Context) ([]Field, error)
	// Check looks at all values together and tells what is wrong with them; nil for nothing.
	Check func(values map[string]string, l policy.Language) []web.FieldError
	// Submit stores a submission in one transaction, which s.Spend joins. It returns a *record.Cancelled in which the
	// token stood in the way, record.ErrUnavailable, or a *web.Error (Conflict) for the person.
	Submit func(ctx context.Context, s *Submission) error
	// Aids are buttons that help to fill the form in.
	Aids []Aid
	// Ticket, where a submission opens something at once, returns the signed token for it. The done page hands it on to Words.Next as
	// t. It is made from what was posted alone, so that the same post leads to the same place again.
	Ticket func(values map[string]string, reference string) string
	// Direct leaves out notice and check page: a help within a service, such as sending a confirmation again.
	Direct bool

	// What a form has that is one of many (RegisterEach). The zero values stand for what the service declares.

	Version   int               // of this form, where it changes more often than the service's (an event)
	Languages []policy.Language // in which this one exists
	Query     string            // of its address: "t=..." of a signed link; it goes along with every post
	From      time.Time         // what the retention counts from, where it is not the submission: the end of an event
	// Extra are more points of the notice and of the receipt: the partners of an event (R33).
	Extra func(l policy.Language) []policy.NoticeItem
	// Intro stands above the lead: what an event is about.
	Intro func(l policy.Language) template.HTML
	// Closed is why the form takes nothing now: it is told in place of the fields, and a post is answered with it.
	Closed *web.Error
}

// Words are the words of a form's own pages; everything else is derived.
type Words struct {
	Title, Lead, Button, DoneTitle, Done policy.Text
	LastStep                             policy.Text // the third step, where it is not "done"
	Next                                 Help        // where a submission leads at once (Ticket), a button on the done page
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
	e.RegisterEach(mux, f.Path, func(*http.Request) (*Form, error) { return f, nil })
}

// RegisterEach adds the routes of a family of forms, of which there is one for each event: path is a pattern of ServeMux
// ("/events/{event}"), find returns the form that a request is about, for all three routes (form, post, path + "/done").
// Its error is what the visitor gets: web.ErrNotFound, a *web.Error, record.ErrUnavailable.
func (e *Engine) RegisterEach(mux *web.Mux, path string, find func(*http.Request) (*Form, error)) {
	for route, answer := range map[string]func(http.ResponseWriter, *http.Request, *Form) error{
		"GET " + path: e.open, "POST " + path: e.post, "GET " + path + "/done": e.done,
	} {
		mux.Handle(route, func(w http.ResponseWriter, r *http.Request) error {
			f, err := find(r)
			if err != nil {
				return err
			}
			return answer(w, r, f)
		})
	}
}

// languages are those in which the form exists.
func (f *Form) languages() []policy.Language {
	if f.Languages != nil {
		return f.Languages
	}
	return f.Service.Languages
}

func (f *Form) version() int {
	if f.Version != 0 {
		return f.Version
	}
	return f.Service.FormVersion
}

func (f *Form) extra(l policy.Language) []policy.NoticeItem {
	if f.Extra == nil {
		return nil
	}
	return f.Extra(l)
}

// Action is the address that the form is sent to.
func (f *Form) Action() string {
	if f.Query == "" {
		return f.Path
	}
	return f.Path + "?" + f.Query
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
	Status    string // the form's; Submit may change it before Spend. Another one goes to the done page as status=

	nonce string
	hash  string
	guard guard.Store
}

// Spend adds the spending of the form token to the submission's transaction.
func (s *Submission) Spend(tx *record.Transaction) {
	s.guard.SpendToken(tx, s.nonce, s.Reference, s.hash, s.Status, s.At)
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
