package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// ReportKind is what SES reports of a mail.
type ReportKind string

// The kinds. Those of what came back are counted, under the same names, with the campaign.
const (
	Send       ReportKind = "send"       // SES has taken the mail
	Reject     ReportKind = "reject"     // SES took it and will not send it
	Rendering  ReportKind = "rendering"  // SES took it and cannot make it
	Bounced    ReportKind = "bounced"    // for good
	Soft       ReportKind = "soft"       // bounced, and may not the next time
	Suppressed ReportKind = "suppressed" // SES did not try: the address is on its suppression list
	Complained ReportKind = "complained"
	Delayed    ReportKind = "delayed"
)

// counted reports whether a campaign shows how many of its mails were reported so.
func (k ReportKind) counted() bool { return reported[string(k)] }

// Report is everything that SES reported of one recipient's mail: each kind once, the first of it (hard case 20: each event many
// times, in any order, before the message ID is stored). Times are Unix milliseconds.
type Report struct {
	MessageID  string `dynamodbav:"message_id" json:"message_id,omitempty"`
	Sent       int64  `dynamodbav:"send,omitempty" json:"sent,omitempty"`
	Rejected   int64  `dynamodbav:"reject,omitempty" json:"rejected,omitempty"`
	Rendering  int64  `dynamodbav:"rendering,omitempty" json:"rendering,omitempty"`
	Bounced    int64  `dynamodbav:"bounced,omitempty" json:"bounced,omitempty"`
	Soft       int64  `dynamodbav:"soft,omitempty" json:"soft,omitempty"`
	Suppressed int64  `dynamodbav:"suppressed,omitempty" json:"suppressed,omitempty"`
	Complained int64  `dynamodbav:"complained,omitempty" json:"complained,omitempty"`
	Delayed    int64  `dynamodbav:"delayed,omitempty" json:"delayed,omitempty"`
	Detail     string `dynamodbav:"detail,omitempty" json:"detail,omitempty"` // SES's own word on what came back last

	Counted []string `dynamodbav:"counted,stringset,omitempty" json:"-"` // kinds that the campaign's numbers hold
	Settled int64    `dynamodbav:"settled,omitempty" json:"-"`           // silence has decided: a report that comes later corrects it
}

// Outcome is what the report proves; "" for an empty one.
func (r Report) Outcome() Outcome {
	switch {
	case r.Rejected != 0:
		return Failed("rejected")
	case r.Rendering != 0:
		return Failed("rendering_failure")
	case r.MessageID != "":
		return Accepted(r.MessageID)
	}
	return ""
}

// Report stores what SES reported of a recipient and returns everything that was reported before: the zero Report where it is
// the first. It is one write, and one more for the first report of a kind that is counted. Reports of a kind that is there
// already change nothing.
func (s *Store) Report(ctx context.Context, ref Ref, messageID string, kind ReportKind, detail string, at time.Time) (before Report, err error) {
	update := fmt.Sprintf("SET message_id = if_not_exists(message_id, :message), #%[1]s = if_not_exists(#%[1]s, :at), expires_at = if_not_exists(expires_at, :expires)", kind)
	values := record.Values{"message": messageID, "at": millis(at), "expires": s.Now().Add(s.Keep).Unix()}
	if detail != "" {
		update += ", detail = :detail"
		values["detail"] = detail
	}
	if before, err = s.touch(ctx, ref, update, values, string(kind)); err != nil || !kind.counted() || slices.Contains(before.Counted, string(kind)) {
		return before, err
	}
	var tx record.Transaction
	tx.Update("report", s.Table, ref.eventKey(), "ADD counted :kinds", record.Values{"kinds": &types.AttributeValueMemberSS{Value: []string{string(kind)}}},
		record.Condition{Expression: "attribute_not_exists(counted) OR NOT contains(counted, :kind)", Values: record.Values{"kind": string(kind)}})
	tx.Update("campaign", s.Table, Key(ref.Campaign), "ADD #"+string(kind)+" :one", record.Values{"one": 1},
		record.Condition{Expression: "attribute_exists(pk)"}, string(kind))
	err = tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if err != nil && !errors.As(err, &cancelled) { // counted by the same event's other copy, or the campaign is gone
		return before, fmt.Errorf("count report: %w", err)
	}
	return before, nil
}

// touch updates the item of a recipient's reports and returns it as it was.
func (s *Store) touch(ctx context.Context, ref Ref, update string, values record.Values, names ...string) (before Report, err error) {
	if err := record.UpdateFrom(ctx, s.Client, s.Table, ref.eventKey(), update, values, &before, names...); err != nil {
		return Report{}, fmt.Errorf("store report: %w", err)
	}
	return before, nil
}

// ReportOf reads what SES reported of a recipient; the zero Report where it reported nothing.
func (s *Store) ReportOf(ctx context.Context, ref Ref) (Report, error) {
	var r Report
	_, err := record.Get(ctx, s.Client, s.Table, ref.eventKey(), s.Now(), &r)
	return r, err
}

// reports reads what SES reported of all recipients of a chunk, by their places in it.
func (s *Store) reports(ctx context.Context, ref Ref) (map[int]Report, error) {
	type row struct {
		SK string `dynamodbav:"sk"`
		Report
	}
	rows, _, err := record.Query[row](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: ref.eventPartition()}}}, s.Now(), nil)
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	all := make(map[int]Report, len(rows))
	for _, r := range rows {
		var n int
		if _, err := fmt.Sscanf(r.SK, "%d", &n); err == nil {
			all[n] = r.Report
		}
	}
	return all, nil
}

// Settle settles the unknown outcomes of a chunk: by what SES reported, and where it reported nothing until wait after the call,
// as failed(no_answer). Nobody is sent to again (design: "list mail becomes failed(no_answer)"). It returns how many are unknown
// still.
func (s *Store) Settle(ctx context.Context, c *Chunk, shard string, wait time.Duration) (left int, err error) {
	if tally(c.List())[ClassUnknown] == 0 {
		return 0, nil
	}
	known, err := s.reports(ctx, c.Ref(0))
	if err != nil {
		return 0, err
	}
	late := c.CalledAt+wait.Milliseconds() <= millis(s.Now())
	if late {
		for i, o := range c.List() {
			if o != Unknown || known[i].Outcome() != "" {
				continue
			}
			// The report's own item says that silence has decided, before the chunk does: a report that comes from now on finds it.
			before, err := s.decideBySilence(ctx, c.Ref(i))
			if err != nil {
				return 0, err
			}
			if before.Outcome() != "" {
				known[i] = before
			}
		}
	}
	err = s.Apply(ctx, c, shard, func(outcomes []Outcome) {
		left = 0
		for i, o := range outcomes {
			switch proven := known[i].Outcome(); {
			case o != Unknown:
			case proven != "":
				outcomes[i] = proven
			case late:
				outcomes[i] = Failed(NoAnswer)
			default:
				left++
			}
		}
	})
	return left, err
}

// NoAnswer is the reason of a mail that SES neither answered nor reported.
const NoAnswer = "no_answer"

func (s *Store) decideBySilence(ctx context.Context, ref Ref) (before Report, err error) {
	return s.touch(ctx, ref, "SET settled = :now, expires_at = if_not_exists(expires_at, :expires)",
		record.Values{"now": millis(s.Now()), "expires": s.Now().Add(s.Keep).Unix()})
}

// Correct brings a recipient's outcome up to what SES reported after it was settled: a Send after a failed(no_answer), a Reject
// after an acceptance or before its answer is stored. key is the record's key, so that whoever asked need not read the chunk again; "" where there is no such
// recipient any more.
func (s *Store) Correct(ctx context.Context, ref Ref, report Report, shard string) (key string, err error) {
	c, found, err := s.chunk(ctx, ref)
	if err != nil || !found || ref.Index >= len(c.Keys()) {
		return "", err
	}
	proven := report.Outcome()
	err = s.Apply(ctx, &c, shard, func(outcomes []Outcome) {
		was := outcomes[ref.Index]
		if proven == "" || was == InCall && proven.Class() != ClassFailed {
			return // the answer of the call is on its way, or its lease ends: Settle finds the report
		}
		// A rejection does not wait for the call's answer, which says "accepted" and would hide it: Answer leaves it alone.
		if proven.Class() == ClassFailed && (was == InCall || was.Class() == ClassAccepted) || was.Class() == ClassUnknown || was == Failed(NoAnswer) {
			outcomes[ref.Index] = proven
		}
	})
	return c.Keys()[ref.Index], err
}

// KeyOf returns the key of the record that a recipient is; "" where there is none any more.
func (s *Store) KeyOf(ctx context.Context, ref Ref) (string, error) {
	c, found, err := s.chunk(ctx, ref)
	if err != nil || !found || ref.Index >= len(c.Keys()) {
		return "", err
	}
	return c.Keys()[ref.Index], nil
}

func (s *Store) chunk(ctx context.Context, ref Ref) (c Chunk, found bool, err error) {
	found, err = record.Get(ctx, s.Client, s.Table, record.Key(partition(ref.Campaign), chunkPrefix+string(ref.Language)+"#"+ref.Chunk), s.Now(), &c)
	return c, found, err
}
