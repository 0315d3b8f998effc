// Package roster takes over lists that an office kept before: subscribers with the evidence of their consent, and old opt-outs and
// bounces. An import is a dry run that says row by row what would happen, then, when staff say so, the work itself, in steps that
// store what they did and the place reached in one transaction: killed at any moment, the next run goes on. What is stored of a
// person always wins over what a file says. The file itself lives in a bucket, for a day.
package roster

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

// Status is where an import stands.
type Status string

// The statuses (contract).
const (
	Checking Status = "checking"
	Checked  Status = "checked"
	Applying Status = "applying"
	Applied  Status = "applied"
	Undone   Status = "undone"
	Refused  Status = "refused"
)

// What an import brings.
type What string

// The kinds.
const (
	Subscribers What = "subscribers"
	OptOuts     What = "optouts"
)

// Counts are rows by what happens to them, or happened. They add up to the rows dealt with.
type Counts struct {
	New       int `dynamodbav:"new" json:"new"`             // added, or to be added; an opt-out that is new here
	Existing  int `dynamodbav:"existing" json:"existing"`   // known here: the row changes nothing
	OptedOut  int `dynamodbav:"opted_out" json:"opted_out"` // must not be written to: the row changes nothing
	Invalid   int `dynamodbav:"invalid" json:"invalid"`
	Duplicate int `dynamodbav:"duplicate" json:"duplicate"` // the same address stands further up in the file
}

// Total is the sum.
func (c Counts) Total() int { return c.New + c.Existing + c.OptedOut + c.Invalid + c.Duplicate }

func (c *Counts) add(v Verdict, n int) {
	switch v.Class() {
	case "n":
		c.New += n
	case "e":
		c.Existing += n
	case "o":
		c.OptedOut += n
	case "d":
		c.Duplicate += n
	default:
		c.Invalid += n
	}
}

// Verdict is what happens to one row: a letter, and for some a colon and a code.
type Verdict string

// The verdicts without a code.
const (
	IsNew       Verdict = "n"
	IsExisting  Verdict = "e"
	IsDuplicate Verdict = "d"
)

// What an undo has made of somebody whom the import brought.
const isUndone Verdict = "u"

func kept(why string) Verdict { return Verdict("k:" + why) }

// OptedOut is the verdict on somebody who must not be written to, with the reason.
func OptedOut(reason string) Verdict { return Verdict("o:" + reason) }

// Invalid is the verdict on a row that is wrong; field is the one, "" for all of it.
func Invalid(field, code string) Verdict { return Verdict("i:" + field + ":" + code) }

// Class is the letter of a verdict.
func (v Verdict) Class() string { return string(v[:min(1, len(v))]) }

// Detail is the field and the code of an invalid row, and the reason of an opt-out.
func (v Verdict) Detail() (field, code string) {
	_, rest, _ := strings.Cut(string(v), ":")
	if field, code, ok := strings.Cut(rest, ":"); ok {
		return field, code
	}
	return "", rest
}

// Problem is something that staff should look at: of the whole file (Row 0) or of a row. It holds no value of any cell.
type Problem struct {
	Row   int    `dynamodbav:"row" json:"row,omitempty"`
	Field string `dynamodbav:"field,omitempty" json:"field,omitempty"`
	Code  string `dynamodbav:"code" json:"code"`
}

// mostProblems is how many problems the import's own item shows; the report has all of them.
const mostProblems = 50

// Import is one file. It holds nothing of a person: of rows it knows numbers only.
type Import struct {
	PK       string                `dynamodbav:"pk"`
	SK       string                `dynamodbav:"sk"`
	ID       string                `dynamodbav:"id"`
	List     policy.Code           `dynamodbav:"list"`
	What     What                  `dynamodbav:"what"`
	Status   Status                `dynamodbav:"status"`
	Asking   bool                  `dynamodbav:"asking,omitempty"`  // staff match the columns on the page: first wait for them
	Waiting  bool                  `dynamodbav:"waiting,omitempty"` // the headings are known, the match is awaited
	Undoing  bool                  `dynamodbav:"undoing,omitempty"`
	Columns  map[string]string     `dynamodbav:"columns,omitempty"` // field -> heading; none: by the names of the headings
	Evidence subscription.Evidence `dynamodbav:"evidence_all"`      // for the whole file
	Format   string                `dynamodbav:"format,omitempty"`
	Size     int                   `dynamodbav:"size"` // bytes of the file
	By       string                `dynamodbav:"by"`   // subject of who sent it
	Created  string                `dynamodbav:"created_at"`
	Began    string                `dynamodbav:"applied_at,omitempty"` // when applying began
	Ended    string                `dynamodbav:"ended_at,omitempty"`
	Place    int                   `dynamodbav:"place"` // number of the row that the phase has dealt with last
	Rows     int                   `dynamodbav:"rows"`  // rows of the file that are not blank, headings apart
	Done     int                   `dynamodbav:"done"`  // of them dealt with in this phase
	Counts   Counts                `dynamodbav:"counts"`
	Undone   int                   `dynamodbav:"undone"` // people taken back by the undo
	Kept     int                   `dynamodbav:"kept"`   // people whom it left: something has changed since, or a mail has gone
	Mailed   int                   `dynamodbav:"mailed"` // of them those to whom one has gone
	Problems []Problem             `dynamodbav:"problems,omitempty"`
	Revision int                   `dynamodbav:"revision"`
	FileEnds int64                 `dynamodbav:"file_until"` // Unix seconds: then the file goes; 0: it has gone
	Expires  int64                 `dynamodbav:"expires_at"`
}

// keepFor is how long the record of an import is kept: by then mail has gone to its people, or it was undone.
const keepFor = 90 * 24 * time.Hour

// FileFor is how long the file is kept.
const FileFor = 24 * time.Hour

// NewID names an import. It tells nothing.
func NewID() string { return strings.ToLower(rand.Text()[:20]) }

// IsID reports whether a text has the form of an ID.
func IsID(s string) bool {
	return len(s) == 20 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// FileKey is the key of an import's file in the bucket.
func FileKey(id string) string { return "imports/" + id }

// PreviewKey is the key of its first rows.
func PreviewKey(id string) string { return "imports/" + id + ".preview" }

// Preview is the beginning of a file, for the page on which columns are matched. It is personal data, and lives as the file does.
type Preview struct {
	Headings []string          `json:"headings"`
	Rows     [][]string        `json:"rows"`
	Guess    map[string]string `json:"guess"` // field -> heading
	Fields   []Column          `json:"fields"`
	Below    int               `json:"below,omitempty"` // row that looks more like the headings than the first
}

// Column is a field that a column may hold.
type Column struct {
	Name     string      `json:"name"`
	Label    policy.Text `json:"label"`
	Required bool        `json:"required"`
}

func (p Preview) encode() []byte {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts can be written as JSON
	}
	return text
}

func partition(id string) string { return "i#" + id }

func importKey(id string) record.Item { return record.Key(partition(id), "import") }

// note keeps a problem, unless there are too many.
func (i *Import) note(p Problem) {
	if len(i.Problems) < mostProblems {
		i.Problems = append(slices.Clip(i.Problems), p)
	}
}
