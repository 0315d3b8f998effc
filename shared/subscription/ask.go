package subscription

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Leads are how long before the end of a subscriber's period the letters go out that ask to stay.
type Leads struct{ First, Last time.Duration }

// Check refuses leads that a period has no room for: nobody is asked to stay who has just come.
func (d Leads) Check(periods policy.Periods) error {
	period := periods.Of(string(Confirmed))
	switch {
	case d.Last <= 0 || d.First <= d.Last:
		return errors.New("the second letter that asks to stay must come after the first and before the end")
	case d.First > period/2:
		return fmt.Errorf("the letter that asks to stay would go out %s before the end of a period of %s: it must be in the second half", policy.Words(d.First, policy.English), policy.Words(period, policy.English))
	}
	return nil
}

// gap is the least time between two letters to a person: where the first was late, the second may be left out.
func (d Leads) gap() time.Duration { return d.Last / 2 }

// Letter is one of the two letters that ask to stay.
type Letter int

// The letters.
const (
	FirstLetter Letter = iota
	LastLetter
)

// The index "ending" orders subscribers by the end of their period: key "first#" and a shard for those who have not been asked, "last"
// for those to whom a second letter goes, none for all others. Its range is expires_at, so that whatever prolongs or shortens a
// record moves it along.
const (
	indexEnding  = "ending"
	endingShards = 4 // an import writes faster than one partition takes
	endingFirst  = "first#"
	endingLast   = "last"
)

// ending is where a subscriber stands in that index, "" for nowhere.
func ending(s Subscriber) string {
	switch {
	case s.State != Confirmed:
		return ""
	case s.Asked == nil:
		return endingFirst + strconv.Itoa(strings.IndexByte(shards, s.Person[0])%endingShards)
	case s.Asked.Again:
		return endingLast
	}
	return ""
}

// Due is somebody whom a letter is due to.
type Due struct {
	Person    string `dynamodbav:"sk"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// DueFor returns up to limit people to whom a letter is due, those whose period ends first at the beginning of each shard. The error is
// record.ErrUnavailable.
func (l *List) DueFor(ctx context.Context, letter Letter, leads Leads, limit int) ([]Due, error) {
	keys, lead := []string{endingLast}, leads.Last
	if letter == FirstLetter {
		lead, keys = leads.First, nil
		for shard := range endingShards {
			keys = append(keys, endingFirst+strconv.Itoa(shard))
		}
	}
	now := l.Now()
	var all []Due
	for _, key := range keys {
		// Who has expired by now is left out by Query: nobody can be asked who has gone.
		page, _, err := record.Query[Due](ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, IndexName: aws.String(indexEnding),
			KeyConditionExpression: aws.String("ending = :key AND expires_at BETWEEN :now AND :until"), Limit: aws.Int32(int32(limit)), //nolint:gosec // a page
			ExpressionAttributeValues: record.Item{":key": &types.AttributeValueMemberS{Value: key}, ":now": number(now.Unix() + 1),
				":until": number(now.Add(lead).Unix())}}, now, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// Ask mails a person the letter that asks to stay, if it is due, once: whether it has been sent is decided where the record says so, in
// one transaction with the mail's promise and the lapse of the subscription. Who is suppressed is not written to (stop-use too), but
// lapses all the same. It reports whether a letter was promised. The error is record.ErrUnavailable, or a defect of the record.
func (l *List) Ask(ctx context.Context, person string, leads Leads) (mailed bool, err error) {
	suppressed := false
	for range rounds {
		s, found, err := l.at(ctx, person)
		if err != nil || !found {
			return false, err
		}
		letter, due := s.letter(l.Now(), leads)
		if !due {
			return false, nil
		}
		var tx record.Transaction
		if err := l.ask(&tx, s, letter, leads, suppressed); err != nil {
			return false, err
		}
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err == nil && !suppressed, err
		}
		if _, changed := cancelled.Failed[actSuppression]; changed {
			suppressed = !suppressed
		}
	}
	return false, errContended
}

// letter tells which letter is due to a subscriber now.
func (s Subscriber) letter(now time.Time, leads Leads) (Letter, bool) {
	left := time.Unix(s.ExpiresAt, 0).Sub(now)
	switch {
	case s.State != Confirmed || left <= 0:
		return 0, false
	case s.Asked == nil:
		return FirstLetter, left <= leads.First
	}
	return LastLetter, s.Asked.Again && left <= leads.Last
}

func (l *List) ask(tx *record.Transaction, s Subscriber, letter Letter, leads Leads, suppressed bool) error {
	now, asked := l.Now(), Asked{}
	if letter == FirstLetter {
		asked = Asked{Ref: renewalPrefix + rand.Text()[:12], Ends: s.ExpiresAt}
		asked.Again = !suppressed && time.Unix(s.ExpiresAt, 0).Add(-leads.Last).Sub(now) >= leads.gap()
	} else {
		asked = *s.Asked
		asked.Again = false
	}
	allowed := record.Condition{Expression: "attribute_not_exists(pk)"}
	if suppressed {
		allowed.Expression = "attribute_exists(pk)"
	} else {
		asked.Letters++
		asked.At = stamp(now)
	}
	after := s
	after.Asked = &asked
	values := record.Values{"asked": asked}
	update := "SET asked = :asked REMOVE ending"
	if place := ending(after); place != "" {
		update, values["ending"] = "SET asked = :asked, ending = :ending", place
	}
	tx.Update(actSubscriber, l.Table, Key(s.Person), update, values, unchanged(s))
	if letter == FirstLetter {
		l.putLapse(tx, after)
	}
	tx.Check(actSuppression, l.Suppression, record.Key(s.Person, string(l.Service.Code)), allowed)
	if suppressed {
		return nil
	}
	to, err := address.Parse(s.Email)
	if err != nil {
		return errors.New("a stored address does not parse")
	}
	unsubscribe := l.UnsubscribeLink(s.Person)
	l.enqueue(tx, "stay", to, map[string]string{"name": s.Fields["name"], "expires": unixText(s.ExpiresAt), "unsubscribe": unsubscribe,
		"link": l.Links.Path(l.Service.Path+"/stay", link.Token{Service: string(l.Service.Code), Purpose: link.Stay, Person: s.Person, Ref: asked.Ref, Issued: now})}, unsubscribe)
	return nil
}

// renewalPrefix begins the references of consents that were given by staying.
const renewalPrefix = "Y"
