package audience

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/form"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// list is the subscribers of the newsletter or of the press list. Its keys are keyed hashes, and its table is walked in their
// order: 256 partitions, one after the other (shared/subscription).
type list struct {
	Sources
	service *policy.Service
	table   string
	segment campaign.Segment
}

const (
	// least is how many candidates a page holds before the walk comes back: what a freezing step is worth.
	least = 2000
	// ahead is how many partitions of a list are read at a time.
	ahead = 8
)

// partitions is how many partitions a list has: the first two characters of the keyed hash.
const partitions = 256

// Page implements campaign.Audience. A cursor is the key after which the walk goes on; where a partition is done, its two
// characters and a letter that stands after every hash.
func (l *list) Page(ctx context.Context, lang policy.Language, cursor string) ([]campaign.Candidate, string, error) {
	if lang != policy.Japanese {
		return nil, "", nil // the lists are in Japanese (R15, R20)
	}
	if l.segment.People != nil {
		return l.pickedPage(ctx)
	}
	var page []campaign.Candidate
	for {
		candidates, next, err := l.walk(ctx, cursor)
		if err != nil {
			return nil, "", err
		}
		page = append(page, candidates...)
		if cursor = next; cursor == "" || len(page) >= least {
			break
		}
	}
	return page, cursor, l.leaveOut(ctx, page)
}

// after is the letter that ends the cursor of a partition that is done.
const after = "g"

// walk reads some partitions at a time, the first of them from the cursor on.
func (l *list) walk(ctx context.Context, cursor string) ([]campaign.Candidate, string, error) {
	first := 0
	if cursor != "" {
		if _, err := fmt.Sscanf(cursor[:2], "%02x", &first); err != nil {
			return nil, "", fmt.Errorf("cursor of the list: %w", err)
		}
		if strings.HasSuffix(cursor, after) {
			first++
			cursor = ""
		}
	}
	type read struct {
		candidates []campaign.Candidate
		next       string
		err        error
	}
	all := make([]read, min(ahead, partitions-first))
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			from := ""
			if i == 0 {
				from = cursor
			}
			r := &all[i]
			r.candidates, r.next, r.err = l.partition(ctx, fmt.Sprintf("%02x", first+i), from)
		})
	}
	group.Wait()
	var page []campaign.Candidate
	for i, r := range all {
		if r.err != nil {
			return nil, "", r.err
		}
		page = append(page, r.candidates...)
		if r.next != "" {
			return page, r.next, nil // what was read of later partitions is read again
		}
		cursor = fmt.Sprintf("%02x%s", first+i, after)
	}
	if first+len(all) == partitions {
		cursor = ""
	}
	return page, cursor, nil
}

// partition reads a page of a partition, and the key to go on from, "" where it is done.
func (l *list) partition(ctx context.Context, pk, from string) ([]campaign.Candidate, string, error) {
	input := &dynamodb.QueryInput{TableName: &l.table, KeyConditionExpression: aws.String("pk = :pk"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: pk}},
		ProjectionExpression:      aws.String("sk, #state, expires_at"), ExpressionAttributeNames: map[string]string{"#state": "state"}}
	if len(l.segment.Prefecture)+len(l.segment.BusinessCategory) > 0 {
		input.ProjectionExpression = aws.String("sk, #state, expires_at, #fields.prefecture, #fields.business_category")
		input.ExpressionAttributeNames["#fields"] = "fields"
	}
	var cursor record.Item
	if from != "" {
		cursor = record.Key(pk, from)
	}
	items, next, err := record.Items(ctx, l.Client, input, cursor)
	if err != nil {
		return nil, "", err
	}
	candidates, now := make([]campaign.Candidate, 0, len(items)), l.Now()
	for _, item := range items {
		if !l.matches(item) {
			continue
		}
		c := campaign.Candidate{Key: record.Text(item, "sk"), Left: leftBy(record.Text(item, "state"))}
		if record.Expired(item, now) { // and not deleted yet: left out like the others, and counted (hard case 24)
			c.Left = campaign.LeftExpired
		}
		candidates = append(candidates, c)
	}
	return candidates, record.Text(next, "sk"), nil
}

// matches tells whether a subscriber is part of the segment.
func (l *list) matches(item record.Item) bool {
	fields, _ := item["fields"].(*types.AttributeValueMemberM)
	value := func(name string) string {
		if fields == nil {
			return ""
		}
		return record.Text(fields.Value, name)
	}
	within := func(wanted []string, name string) bool {
		return len(wanted) == 0 || slices.Contains(wanted, value(name))
	}
	return within(l.segment.Prefecture, "prefecture") && within(l.segment.BusinessCategory, "business_category")
}

// states says why a subscriber in a state is left out; "" for those who receive mail. The names are shared/subscription's, which
// this package does without: it brings a form and its page.
var states = map[string]string{
	"confirmed": "", "unconfirmed": campaign.LeftUnconfirmed, "pending_approval": campaign.LeftPending,
	"unsubscribed": campaign.LeftUnsubscribed, "bounced": campaign.LeftBounced,
}

func leftBy(state string) string {
	left, known := states[state]
	if !known {
		return campaign.LeftGone
	}
	return left
}

// key is the key of a subscriber in the table of a list, as shared/subscription makes it.
func key(person string) record.Item { return record.Key(person[:2], person) }

// pickedPage returns the hand-picked recipients, all at once: they are few.
func (l *list) pickedPage(ctx context.Context) ([]campaign.Candidate, string, error) {
	var page []campaign.Candidate
	for keys := range slices.Chunk(picked(l.segment), campaign.ChunkSize) {
		now, err := l.Read(ctx, keys)
		if err != nil {
			return nil, "", err
		}
		for _, key := range keys {
			left := campaign.LeftGone
			if a, found := now[key]; found {
				left = a.Left
			}
			page = append(page, campaign.Candidate{Key: key, Left: left})
		}
	}
	return page, "", nil
}

// leaveOut asks the suppression list about those who would be written to.
func (l *list) leaveOut(ctx context.Context, page []campaign.Candidate) error {
	var asked []int
	for i, c := range page {
		if c.Left == "" {
			asked = append(asked, i)
		}
	}
	group, limit := sync.WaitGroup{}, make(chan struct{}, ahead)
	var mu sync.Mutex
	var failed error
	for some := range slices.Chunk(asked, 100) {
		limit <- struct{}{}
		group.Go(func() {
			defer func() { <-limit }()
			keys, at := make([]record.Item, len(some)), make(map[string]int, len(some))
			for k, i := range some {
				keys[k], at[page[i].Key] = l.suppressionKey(page[i].Key), i
			}
			err := record.GetAll(ctx, l.Client, map[string]record.Batch{l.Suppression: {Keys: keys, Projection: suppressionProjection}}, l.Now(),
				func(_ string, item record.Item) error {
					page[at[record.Text(item, "pk")]].Left = suppressedBy(record.Text(item, "reason"))
					return nil
				})
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return failed
}

const suppressionProjection = "pk, reason, expires_at"

func (l *list) suppressionKey(person string) record.Item {
	return record.Key(person, string(l.service.Code))
}

// suppressedBy is the reason of a suppression, as counts know it.
func suppressedBy(reason string) string {
	switch reason {
	case campaign.LeftUnsubscribed, campaign.LeftBounced, campaign.LeftComplained, campaign.LeftStopUse:
		return reason
	}
	return campaign.LeftSuppressed
}

// Read implements campaign.Audience: the records and what stands against them, in one call.
func (l *list) Read(ctx context.Context, keys []string) (map[string]campaign.Addressee, error) {
	records := record.Batch{Keys: make([]record.Item, len(keys)), Projection: "sk, #state, email, expires_at", Names: []string{"state"}}
	l.project(&records)
	suppressions := record.Batch{Keys: make([]record.Item, len(keys)), Projection: suppressionProjection}
	for i, person := range keys {
		if len(person) < 2 {
			return nil, fmt.Errorf("%q is no key of a list", person)
		}
		records.Keys[i], suppressions.Keys[i] = key(person), l.suppressionKey(person)
	}
	all, against := make(map[string]campaign.Addressee, len(keys)), map[string]string{}
	err := record.GetAll(ctx, l.Client, map[string]record.Batch{l.table: records, l.Suppression: suppressions}, l.Now(),
		func(table string, item record.Item) error {
			if table == l.Suppression {
				against[record.Text(item, "pk")] = suppressedBy(record.Text(item, "reason"))
				return nil
			}
			all[record.Text(item, "sk")] = l.addressee(item)
			return nil
		})
	for key, reason := range against {
		if a, found := all[key]; found && a.Left == "" {
			all[key] = campaign.Addressee{Left: reason}
		}
	}
	return all, err
}

// project adds the fields that the mail needs to what is read.
func (l *list) project(b *record.Batch) {
	if l.Fields == nil {
		b.Projection, b.Names = b.Projection+", #fields", append(b.Names, "fields")
		return
	}
	for _, f := range l.service.Fields {
		if f.Name != "email" && slices.Contains(l.Fields, f.Name) {
			if !slices.Contains(b.Names, "fields") {
				b.Names = append(b.Names, "fields")
			}
			b.Projection, b.Names = b.Projection+", #fields.#"+f.Name, append(b.Names, f.Name)
		}
	}
}

// addressee is a subscriber as the mail needs it.
func (l *list) addressee(item record.Item) campaign.Addressee {
	if left := leftBy(record.Text(item, "state")); left != "" {
		return campaign.Addressee{Left: left}
	}
	to, err := address.Parse(record.Text(item, "email"))
	if err != nil {
		return campaign.Addressee{Left: campaign.LeftBounced} // such a record is not written; were there one, no mail could reach it
	}
	person := record.Text(item, "sk")
	values := map[string]string{}
	if fields, ok := item["fields"].(*types.AttributeValueMemberM); ok {
		for name := range fields.Value {
			values[name] = record.Text(fields.Value, name)
		}
	}
	if code := values["prefecture"]; code != "" {
		values["prefecture"] = prefectureName(code)
	}
	return campaign.Addressee{To: to.ASCII(), Values: values,
		Unsubscribe: l.link("/unsubscribe", link.Unsubscribe, person), Preferences: l.link("/preferences", link.Preferences, person)}
}

func (l *list) link(path string, purpose link.Purpose, person string) string {
	return l.Links.Path(l.service.Path+path, link.Token{Service: string(l.service.Code), Purpose: purpose, Person: person, Issued: l.Now()})
}

var prefectures = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, o := range form.Prefectures() {
		names[o.Value] = o.Label.JA
	}
	return names
})

func prefectureName(code string) string { return prefectures()[code] }
