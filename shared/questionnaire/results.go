package questionnaire

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Results are the counts of one questionnaire as they may be shown.
type Results struct {
	Answers   *int // nil: fewer than five, and then nothing else is shown
	Questions []Result
}

// Result is the counts of one question.
type Result struct {
	Question form.Field
	Answers  *int // how many answered it; nil where that is not shown
	Cells    []Cell
	Mean     *float64 // of a number of a wide range
}

// Cell is one choice. Count is nil where it is under five, or would tell another that is (R64).
type Cell struct {
	Choice form.Option
	Count  *int
}

// Results returns the counts, which are kept as answers come: nothing is read but the counts. They move in steps of at
// least five answers, so that what somebody just answered cannot be told from two looks (hard case 32); the last few, under five,
// are never told apart from the rest and go with the answers. A cell under five is not shown, and with it one more where the total
// would reveal it. The counts that were shown stay when the answers are gone (decisions: "aggregates stay").
//
// These are figures for staff. What is to be made public goes through statistics.Protect as well, which also hides what follows
// from a small sum of hidden cells, and with few answers leaves little.
func (s Store) Results(ctx context.Context, q Questionnaire, now time.Time) (Results, error) {
	count, err := s.step(ctx, q, now)
	if err != nil {
		return Results{}, fmt.Errorf("results of a questionnaire: %w", err)
	}
	r := Results{Answers: enough(count[total])}
	if r.Answers == nil {
		return r, nil
	}
	for _, f := range q.Questions {
		n := count[counter(f, "")]
		result := Result{Question: f}
		for _, o := range choices(f) {
			result.Cells = append(result.Cells, Cell{o, aws.Int(count[counter(f, o.Value)])})
		}
		if f.Type == policy.TypeChoices {
			hideShares(result.Cells, *r.Answers)
		} else {
			result.Cells = hideCells(result.Cells, *r.Answers-n)
		}
		if result.Answers = enough(n); *r.Answers-n > 0 && *r.Answers-n < policy.SmallestCell {
			result.Answers = nil
		}
		if summed(f) && enough(n) != nil {
			result.Mean = aws.Float64(float64(count[sum(f)]) / float64(n))
		}
		r.Questions = append(r.Questions, result)
	}
	return r, nil
}

// step returns the counts that may be shown now: new ones where five more have answered since the last, else the last.
func (s Store) step(ctx context.Context, q Questionnaire, now time.Time) (map[string]int, error) {
	type item = map[string]any
	values, err := attributevalue.MarshalMap(map[string]any{":pk": counts(q.Event)})
	if err != nil {
		return nil, err
	}
	items, _, err := record.Query[item](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Answers, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: values}, now, nil)
	if err != nil {
		return nil, err
	}
	last, sum := map[string]int{}, map[string]int{}
	for _, i := range items {
		into := sum
		if i["sk"] == shown {
			into = last
		}
		for name, value := range i {
			if n, ok := value.(float64); ok && name != "expires_at" {
				into[name] += int(n)
			}
		}
	}
	if sum[total] < last[total]+policy.SmallestCell {
		return last, nil
	}
	next := map[string]any{"pk": counts(q.Event), "sk": shown}
	for name, n := range sum {
		next[name] = n
	}
	ok, err := record.Put(ctx, s.Client, s.Answers, next, record.Condition{Expression: "attribute_not_exists(pk) OR n <= :before",
		Values: record.Values{"before": sum[total] - policy.SmallestCell}})
	switch {
	case err != nil:
		return nil, err
	case !ok: // somebody else has shown a newer step in between
		return s.step(ctx, q, now)
	}
	return sum, nil
}

// enough is a count that may be shown.
func enough(n int) *int {
	if n < policy.SmallestCell {
		return nil
	}
	return &n
}

// hideCells hides the cells under five of a question with one choice. Together with those who gave no answer, the cells are
// everybody: where exactly one is hidden, the smallest of the others goes too.
func hideCells(cells []Cell, none int) []Cell {
	if len(cells) == 0 {
		return nil
	}
	hidden := 0
	if none > 0 && none < policy.SmallestCell {
		hidden++
	}
	for i := range cells {
		if cells[i].Count = enough(*cells[i].Count); cells[i].Count == nil {
			hidden++
		}
	}
	if hidden != 1 {
		return cells
	}
	least := -1
	for i, c := range cells {
		if c.Count != nil && (least < 0 || *c.Count < *cells[least].Count) {
			least = i
		}
	}
	if least >= 0 {
		cells[least].Count = nil
	}
	return cells
}

// hideShares hides the cells under five of a question with several choices, and those that fewer than five left out.
func hideShares(cells []Cell, answers int) {
	for i := range cells {
		n := *cells[i].Count
		if cells[i].Count = enough(n); answers-n > 0 && answers-n < policy.SmallestCell {
			cells[i].Count = nil
		}
	}
}

// Text is a count in words, for tables: the number, or that it is not shown.
func (c Cell) Text(l policy.Language) string {
	if c.Count == nil {
		return policy.Text{JA: "非表示", EN: "not shown"}.In(l)
	}
	return strings.TrimSpace(fmt.Sprint(*c.Count))
}
