package questionnaire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const (
	// most is how many counters one item of counts is asked to change in one expression, which DynamoDB bounds at 4 kB.
	most = 100
	// widest is how many different numbers are counted one by one; of a wider range the mean is kept.
	widest = 21
	// total is the counter of all answers.
	total = "n"
)

// count adds one answer to the counts of its event: n, how many answered each question, and each choice. A counter is an
// attribute of an item, by a short hash of question and value, because a name of a question may be anything.
func (s Store) count(tx *record.Transaction, q Questionnaire, values map[string]string) {
	added := []string{total + " :one"}
	extra := record.Values{}
	for _, f := range q.Questions {
		value := values[f.Name]
		if value == "" {
			continue
		}
		added = append(added, counter(f, "")+" :one")
		for _, v := range chosen(f, value) {
			added = append(added, counter(f, v)+" :one")
		}
		if n, err := strconv.Atoi(value); err == nil && summed(f) {
			name := fmt.Sprintf("n%d", len(extra))
			extra[name] = n
			added = append(added, sum(f)+" :"+name)
		}
	}
	for part := 0; len(added) > 0; part++ {
		n := min(most, len(added))
		values := record.Values{"expires": q.Expires.Unix()}
		for _, a := range added[:n] {
			name := a[strings.IndexByte(a, ':')+1:]
			if values[name] = 1; name != "one" {
				values[name] = extra[name]
			}
		}
		tx.Update(actCounts, s.Answers, record.Key(counts(q.Event), current+strconv.Itoa(part)),
			"SET expires_at = :expires ADD "+strings.Join(added[:n], ", "), values, record.Condition{})
		added = added[n:]
	}
}

// The sort keys of the counts: as they are, in parts, and as they were last shown.
const (
	current = "current#"
	shown   = "shown"
)

// choices are the values of a question that are counted one by one, with their labels; none of a question whose answer is a text,
// a day or a number of a wide range.
func choices(f form.Field) []form.Option {
	switch {
	case f.Type == policy.TypeBoolean:
		return []form.Option{{Value: "true", Label: policy.Text{JA: "はい", EN: "Yes"}}, {Value: "false", Label: policy.Text{JA: "いいえ", EN: "No"}}}
	case f.Type == policy.TypeNumber && !summed(f):
		var all []form.Option
		for n := f.Min; n <= f.Max; n++ {
			text := strconv.Itoa(n)
			all = append(all, form.Option{Value: text, Label: policy.Text{JA: text, EN: text}})
		}
		return all
	}
	return f.Options
}

// chosen are the values of an answer that are counted.
func chosen(f form.Field, value string) []string {
	switch {
	case f.Type == policy.TypeChoices:
		return form.Chosen(value)
	case len(choices(f)) > 0:
		return []string{value}
	}
	return nil
}

// summed tells a number of which the mean is kept.
func summed(f form.Field) bool {
	return f.Type == policy.TypeNumber && (f.Min == 0 && f.Max == 0 || f.Max-f.Min >= widest)
}

func counter(f form.Field, value string) string { return "c" + short(f.Name, value) }
func sum(f form.Field) string                   { return "s" + short(f.Name, "") }

func short(name, value string) string {
	h := sha256.Sum256([]byte(name + "\x00" + value))
	return hex.EncodeToString(h[:8])
}
