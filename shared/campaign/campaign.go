// Package campaign is mail that staff write for many: newsletters, press releases, media invitations, information on an event
// and invitations to its questionnaire (design: "Life of a campaign"). It keeps what a campaign is, whom it was frozen for and
// what became of it for each of them; staff's pages (functions/mailing/campaigns), the sender and the feedback function meet
// here. What a campaign says is in campaign/bulletin, where recipients come from in campaign/audience.
//
// One table holds it all, in items whose keys begin with the campaign's ID:
//
//	c#ID  campaign            state, decisions, totals of what SES reported: small, because it is written often
//	c#ID  content#V#LANG      one version of what it says in one language
//	c#ID  remark#TIME         what a colleague wrote to a change of state
//	c#ID  k#LANG#NAME         a chunk: up to 50 recipients, by key, and their outcomes
//	c#ID  n#MINUTE#SHARD      changes of the outcomes' numbers within a minute: their sum is the count, their row the timeline
//	e#ID#LANG#NAME  NN        what SES reported of one recipient
//	rate  rate                the bucket that all who send share
//
// No item holds an address or a name: chunks name records by their keys, so that a record that is erased is gone from here too
// (hard case 26).
package campaign

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/policy"
)

// State is where a campaign stands.
type State string

// The states.
//
//	draft -> in_review -> approved -> scheduled -> freezing -> sending <-> paused
//	in_review -> draft            returned
//	draft -> scheduled            where no review is asked for
//	approved -> draft             the content was changed
//	scheduled -> approved         recalled in time
//	scheduled -> missed           the time passed while the system was down: it asks (hard case 22)
//	missed -> scheduled
//	sending -> sent               pending and unknown are 0
//	sending -> halted             too much came back
//	any before the end -> cancelled
const (
	Draft     State = "draft"
	InReview  State = "in_review"
	Approved  State = "approved"
	Scheduled State = "scheduled"
	Freezing  State = "freezing"
	Sending   State = "sending"
	Paused    State = "paused"
	Missed    State = "missed"
	Sent      State = "sent"
	Halted    State = "halted"
	Cancelled State = "cancelled"
)

// Over reports whether nothing more will be sent.
func (s State) Over() bool { return s == Sent || s == Halted || s == Cancelled }

// next are the states that each state leads to.
var next = map[State][]State{
	Draft:     {InReview, Scheduled, Cancelled},
	InReview:  {Draft, Approved, Cancelled},
	Approved:  {Draft, Scheduled, Cancelled},
	Scheduled: {Approved, Draft, Freezing, Missed, Cancelled},
	Missed:    {Scheduled, Draft, Cancelled},
	Freezing:  {Sending, Paused, Cancelled, Approved},
	Sending:   {Paused, Sent, Halted, Cancelled},
	Paused:    {Sending, Freezing, Sent, Halted, Cancelled},
}

// Leads reports whether a campaign may go from one state to another.
func (s State) Leads(to State) bool { return slices.Contains(next[s], to) }

// Kinds are the kinds of campaign.
func Kinds() []policy.MailKind {
	return []policy.MailKind{policy.NewsletterIssue, policy.PressRelease, policy.MediaInvitation, policy.EventInformation, policy.QuestionnaireInvite}
}

// Campaign is the item that all decisions are made on.
type Campaign struct {
	PK       string            `dynamodbav:"pk"`
	SK       string            `dynamodbav:"sk"`
	ID       string            `dynamodbav:"id"`
	Kind     policy.MailKind   `dynamodbav:"kind"` // key of the index "kind"
	State    State             `dynamodbav:"state"`
	Revision int               `dynamodbav:"revision"` // grows with every decision: what was read is what is decided on
	Title    string            `dynamodbav:"title"`    // subject of the first language, for lists of campaigns
	Langs    []policy.Language `dynamodbav:"langs"`
	Version  int               `dynamodbav:"version"` // of the content
	Event    string            `dynamodbav:"event,omitempty"`
	Segment  Segment           `dynamodbav:"segment"`
	Follows  *Follows          `dynamodbav:"follows,omitempty"`
	ReplyTo  string            `dynamodbav:"reply,omitempty"`

	// Correction says what was wrong in the campaign that this one follows, where it corrects it (お詫びと訂正).
	Correction string `dynamodbav:"correction,omitempty"`

	Files []File `dynamodbav:"files,omitempty"`

	EmbargoUntil int64 `dynamodbav:"embargo,omitempty"` // Unix seconds

	CreatedAt string `dynamodbav:"created_at"` // RFC 3339 in UTC, range of the index "kind"
	Author    string `dynamodbav:"author"`     // who wrote the version: subject of the account
	Approver  string `dynamodbav:"approver,omitempty"`

	// Active is the key of the sparse index "active", set while the clock has something to do with the campaign; ActiveAt is
	// when (Unix milliseconds).
	Active   string `dynamodbav:"active,omitempty"`
	ActiveAt int64  `dynamodbav:"active_at,omitempty"`

	ScheduledAt int64  `dynamodbav:"scheduled_at,omitempty"` // Unix milliseconds
	StartedAt   int64  `dynamodbav:"started_at,omitempty"`   // sending began
	EndedAt     int64  `dynamodbav:"ended_at,omitempty"`     // nothing more is sent
	Reason      string `dynamodbav:"reason,omitempty"`       // why it is paused or halted: a code

	Freeze Freeze         `dynamodbav:"freeze"`
	Frozen int            `dynamodbav:"frozen"`             // recipients in chunks
	Left   map[string]int `dynamodbav:"left_out,omitempty"` // reason -> people who were left out while freezing

	CanaryUntil int64 `dynamodbav:"canary_until,omitempty"` // Unix milliseconds: the pause after the first recipients ends
	CanaryOver  bool  `dynamodbav:"canary_over,omitempty"`
	WaitsUntil  int64 `dynamodbav:"waits_until,omitempty"` // Unix milliseconds: the daily quota is used up until then

	// What SES reported, each recipient once.
	Bounced    int `dynamodbav:"bounced,omitempty"`    // permanent bounces that a mailbox's server answered
	Soft       int `dynamodbav:"soft,omitempty"`       // passing ones
	Suppressed int `dynamodbav:"suppressed,omitempty"` // SES did not try: the address is on its suppression list
	Complained int `dynamodbav:"complained,omitempty"`
	Delayed    int `dynamodbav:"delayed,omitempty"`

	History []Step `dynamodbav:"history,omitempty"`
}

// Segment narrows an audience. Empty lists narrow nothing.
type Segment struct {
	Prefecture       []string `dynamodbav:"prefecture,omitempty" json:"prefecture,omitempty"`
	BusinessCategory []string `dynamodbav:"business_category,omitempty" json:"business_category,omitempty"`
	Attendance       []string `dynamodbav:"attendance,omitempty" json:"attendance,omitempty"` // of an event: venue, online
	Status           []string `dynamodbav:"status,omitempty" json:"status,omitempty"`         // of an event: registered, waiting, offered, cancelled
	Language         []string `dynamodbav:"language,omitempty" json:"language,omitempty"`
	People           []string `dynamodbav:"people,omitempty" json:"people,omitempty"` // hand-picked, by record key
}

// Follows makes a campaign go to recipients of an earlier one: a correction to those who got it, a second try to those who
// did not.
type Follows struct {
	Campaign string `dynamodbav:"campaign" json:"campaign"`
	Whom     string `dynamodbav:"whom" json:"whom"` // ToAccepted, ToFailed or ToUnsent
}

// Whom a campaign follows to.
const (
	ToAccepted = "accepted" // SES took the mail: a correction (お詫びと訂正)
	ToFailed   = "failed"   // SES did not
	ToUnsent   = "unsent"   // the earlier campaign ended before their turn
)

// File is an attachment; its bytes lie in the bucket of the campaigns.
type File struct {
	Name string `dynamodbav:"name" json:"name"`
	Type string `dynamodbav:"type" json:"type"`
	Size int    `dynamodbav:"size" json:"size"`
	Key  string `dynamodbav:"key" json:"-"`
}

// Freeze is how far the audience has been frozen.
type Freeze struct {
	Steps    int    `dynamodbav:"steps"`
	Language int    `dynamodbav:"language"` // index into Langs: each language is a pass of its own
	Cursor   string `dynamodbav:"cursor"`   // of the page of the audience that holds the first recipient not yet in a chunk
	Last     string `dynamodbav:"last"`     // key of the last one that is, or is left out
	Done     bool   `dynamodbav:"done"`
}

// Step is one change of state, for the campaign's own page.
type Step struct {
	At     int64  `dynamodbav:"at" json:"-"` // Unix milliseconds
	To     State  `dynamodbav:"to" json:"state"`
	By     string `dynamodbav:"by" json:"by"` // subject of the account; ByClock for the program
	Reason string `dynamodbav:"reason,omitempty" json:"reason,omitempty"`
}

// ByClock is who decided where the program did.
const ByClock = "clock"

// Content is what one version says in one language, as staff wrote it.
type Content struct {
	PK       string          `dynamodbav:"pk" json:"-"`
	SK       string          `dynamodbav:"sk" json:"-"`
	Version  int             `dynamodbav:"version" json:"-"`
	Language policy.Language `dynamodbav:"lang" json:"-"`

	Subject   string `dynamodbav:"subject" json:"subject"`
	Body      string `dynamodbav:"body" json:"body_markdown"`
	Preheader string `dynamodbav:"preheader,omitempty" json:"preheader,omitempty"`
	Text      string `dynamodbav:"text,omitempty" json:"text,omitempty"` // the text part, where staff wrote it themselves

	Author  string `dynamodbav:"author" json:"-"`
	SavedAt string `dynamodbav:"saved_at" json:"-"`
}

// Errors of decisions.
var (
	ErrNotFound = errors.New("no such campaign")
	ErrState    = errors.New("the campaign's state does not allow this")
	ErrStale    = errors.New("somebody else decided in between")
)

// NewID makes the ID of a campaign: 80 random bits, in an alphabet that SES's tags, keys and addresses all take.
func NewID() string { return strings.ToLower(rand.Text()[:16]) }

// IsID tells whether s is of the form of a campaign's ID.
func IsID(s string) bool {
	return len(s) == 16 && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '2' || r > '7') })
}

// Service is the service whose records a kind of campaign is sent to, nil for what is no kind of campaign (R7, R57): the policy
// names the kinds that each service's records may cause, and each kind of campaign belongs to exactly one.
func Service(kind policy.MailKind) *policy.Service {
	if !slices.Contains(Kinds(), kind) {
		return nil
	}
	for _, s := range policy.Services() {
		if s.MayMail(kind) {
			return &s
		}
	}
	return nil
}

func millis(t time.Time) int64 { return t.UnixMilli() }
