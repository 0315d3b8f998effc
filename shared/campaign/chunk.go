package campaign

import (
	"fmt"
	"slices"
	"strings"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// ChunkSize is how many recipients a chunk holds at most: as many as SendBulkEmail takes.
const ChunkSize = 50

// Outcome is what became of one recipient: a letter, and for some a colon and a detail.
type Outcome string

// The outcomes.
const (
	Pending Outcome = "-" // not sent yet
	InCall  Outcome = "c" // a call is being made for it: counts as pending until the call's lease is over
	Unknown Outcome = "u" // a call was made and never answered
)

// Accepted is the outcome of a mail that SES took, by SES's message ID.
func Accepted(messageID string) Outcome { return Outcome("a:" + messageID) }

// Failed is the outcome of a mail that SES did not take; reason is a code.
func Failed(reason string) Outcome { return Outcome("f:" + reason) }

// Excluded is the outcome of a recipient who must not be written to any more; reason is a code.
func Excluded(reason string) Outcome { return Outcome("x:" + reason) }

// Detail is the message ID or the reason.
func (o Outcome) Detail() string {
	_, detail, _ := strings.Cut(string(o), ":")
	return detail
}

// Class is the kind of an outcome, as counts know it.
type Class string

// The five classes: they add up to what was frozen, at all times.
const (
	ClassPending  Class = "pending"
	ClassAccepted Class = "accepted"
	ClassFailed   Class = "failed"
	ClassExcluded Class = "excluded"
	ClassUnknown  Class = "unknown"
)

// Class returns the class of an outcome.
func (o Outcome) Class() Class {
	switch o[:min(1, len(o))] {
	case "a":
		return ClassAccepted
	case "f":
		return ClassFailed
	case "x":
		return ClassExcluded
	case "u":
		return ClassUnknown
	}
	return ClassPending
}

// Chunk is up to fifty recipients of one language and what became of each. Who holds it for a call is said by Until and Holder:
// the mark of the call is the lease. Times are Unix milliseconds, expires_at is Unix seconds.
type Chunk struct {
	PK       string `dynamodbav:"pk"`
	SK       string `dynamodbav:"sk"`
	People   string `dynamodbav:"people"`             // record keys, separated by spaces, in order
	Outcomes string `dynamodbav:"outcomes,omitempty"` // one for each; empty: all pending
	Revision int    `dynamodbav:"revision"`           // grows with every change
	Open     bool   `dynamodbav:"open"`               // something is pending, being called or unknown
	Until    int64  `dynamodbav:"lease,omitempty"`    // the call that is being made must have ended by then
	CalledAt int64  `dynamodbav:"called_at,omitempty"`
	Proven   int    `dynamodbav:"proven,omitempty"` // recipients who were unknown, or given up by silence, until SES told
	Expires  int64  `dynamodbav:"expires_at"`
}

// NewChunk makes a chunk of recipients that have not been sent to.
func NewChunk(campaign string, l policy.Language, keys []string, expires int64) Chunk {
	return Chunk{PK: partition(campaign), SK: chunkSort(l, keys[0]), People: strings.Join(keys, " "), Open: true, Expires: expires}
}

// Campaign is the ID of the chunk's campaign.
func (c *Chunk) Campaign() string { return strings.TrimPrefix(c.PK, "c#") }

// Language is the language of all the chunk's recipients.
func (c *Chunk) Language() policy.Language {
	l, _, _ := strings.Cut(strings.TrimPrefix(c.SK, chunkPrefix), "#")
	return policy.Language(l)
}

// Ref names the n-th recipient to SES.
func (c *Chunk) Ref(n int) Ref {
	_, chunk, _ := strings.Cut(strings.TrimPrefix(c.SK, chunkPrefix), "#")
	return Ref{Campaign: c.Campaign(), Language: c.Language(), Chunk: chunk, Index: n}
}

// Keys are the recipients' record keys.
func (c *Chunk) Keys() []string { return strings.Fields(c.People) }

// List returns the outcome of each recipient.
func (c *Chunk) List() []Outcome {
	n := strings.Count(c.People, " ") + 1
	if c.Outcomes == "" {
		return slices.Repeat([]Outcome{Pending}, n)
	}
	out := make([]Outcome, 0, n)
	for o := range strings.SplitSeq(c.Outcomes, " ") {
		out = append(out, Outcome(o))
	}
	return out
}

// set stores the outcomes. They are as many as the recipients: fewer or more would make somebody disappear from the counts.
func (c *Chunk) set(outcomes []Outcome) error {
	if n := strings.Count(c.People, " ") + 1; len(outcomes) != n {
		return fmt.Errorf("chunk of %d recipients given %d outcomes", n, len(outcomes))
	}
	var b strings.Builder
	c.Open = false
	calling := false
	for i, o := range outcomes {
		if i > 0 {
			b.WriteByte(' ')
		}
		if o == "" || strings.ContainsAny(string(o), " \t\r\n") {
			return fmt.Errorf("outcome %d is empty or holds a space", i)
		}
		b.WriteString(string(o))
		calling = calling || o == InCall
		if class := o.Class(); class == ClassPending || class == ClassUnknown {
			c.Open = true
		}
	}
	if !calling {
		c.Until = 0
	}
	c.Outcomes = b.String()
	return nil
}

// key is the chunk's key.
func (c *Chunk) key() record.Item { return record.Key(c.PK, c.SK) }
