// Package questionnaire keeps what people answer after an event: the answers, their counts, and the invitations that
// allow one answer each (R29; decisions: "Questionnaire").
//
// # Why nobody can tell who gave an anonymous answer
//
// Two tables take part, and one transaction writes to both. The invitations table knows a person by the keyed hash of the
// address (an erasure must find the link) and whether the link is spent. The answers table knows what was said. Somebody who
// has both in hand, and the registrations beside them, finds nothing to join them by:
//
//   - Key. An answer's key is the event and a fresh random value. It holds neither the invitation nor the reference that the
//     person saw on the last page, nor anything made from them, keyed or not.
//   - Time. Of an anonymous answer the day in Japan is kept and lost again when it is released; of a spent invitation no time
//     at all. All answers and invitations of an event expire at the same second. DynamoDB keeps no time of writing, and the
//     table has no stream, no point-in-time copies and no contributor insights, which would (infra/deployment holds that).
//   - Order. Both keys are random, so that no listing is in the order of writing. What staff read was moved, five or more at
//     a time, under new random keys.
//   - Language, channel and versions. Of these, an answer keeps the version of the questions alone, without which it cannot be
//     read. The only English answer would be that of the only English registrant; so there are no counts by language either.
//
// The guard's mark of the spent form token tells for 48 hours that somebody answered at some second, and holds a keyed hash of
// the values: without the key, which is in no table, it belongs to no answer, and it names no person in any case. The logs tell
// the seconds too; no line holds a link, an invitation or anything of an answer.
//
// What remains is somebody with a live view of both tables who reads them again after every single answer, or an account in
// which CloudTrail's data events are switched on for these tables (docs/operate.md says: never). Staff have no such view: counts
// and answers reach them in steps of at least five (Results, Release), so that two looks never differ by one person.
//
// Counts are kept in one item for each event and not in shards: a shard that two people have met is no sum. A few hundred people who
// answer within days do not make it hot, and a conflict is tried again.
//
// A named questionnaire says so on its first page; its answers hold the registration's reference and the person's hash, by
// which an erasure finds them.
package questionnaire

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
)

// Questionnaire is the questionnaire of one event.
type Questionnaire struct {
	Event     string
	Version   int // of the event's definition, and so of the questions
	Anonymous bool
	Title     policy.Text // of the event
	Languages []policy.Language
	Questions []form.Field // a matrix is a group of fields, one for each line
	Ends      time.Time    // of the event
	Opens     time.Time    // the end and the hours after it
	Expires   time.Time    // of answers and invitations: the end and the retention
}

// Store keeps answers, counts and invitations. The functions that take answers and those that invite each hold the rights on
// what they touch and no more.
type Store struct {
	Client      *dynamodb.Client
	Answers     string // table
	Invitations string // table
	Key         config.Key
	Links       link.Signer
}

// Answer is one person's answers. What only a named one has stands below the line.
type Answer struct {
	PK        string            `dynamodbav:"pk"` // where it stands: held#, released#, named#, and the event
	SK        string            `dynamodbav:"sk"` // random
	Version   int               `dynamodbav:"version"`
	Day       string            `dynamodbav:"day,omitempty"` // 2026-11-30, in Japan; not of a released one
	Values    map[string]string `dynamodbav:"values"`        // by the question's name; questions left out are not there
	ExpiresAt int64             `dynamodbav:"expires_at"`

	Person     string          `dynamodbav:"person,omitempty"` // keyed hash of the address, key of the index "person"
	Ref        string          `dynamodbav:"ref,omitempty"`    // of the registration
	Answered   string          `dynamodbav:"answered_at,omitempty"`
	Submission string          `dynamodbav:"submission,omitempty"` // reference of the answer
	Policy     string          `dynamodbav:"policy,omitempty"`
	Language   policy.Language `dynamodbav:"lang,omitempty"`
	Channel    string          `dynamodbav:"channel,omitempty"`
}

// The partitions of an event in the answers table.
func held(event string) string     { return "held#" + event }
func released(event string) string { return "released#" + event }
func named(event string) string    { return "named#" + event }
func counts(event string) string   { return "counts#" + event }
