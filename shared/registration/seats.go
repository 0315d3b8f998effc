package registration

import (
	"context"
	"math/rand/v2"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/event"
	"madoguchi/shared/record"
)

// window is how many numbers are looked at first where a seat is wanted: few enough to read at the price of one item, many
// enough that one of them is free in all but the last moments, and that a crowd looks at different ones.
const window = 48

// taken returns the seats of a mode that are taken, by number.
func (b *Book) taken(ctx context.Context, eventID, mode string) (map[int]string, error) {
	return b.takenFrom(ctx, eventID, mode, 0, 99_999)
}

// takenFrom returns those of some numbers.
func (b *Book) takenFrom(ctx context.Context, eventID, mode string, from, to int) (map[int]string, error) {
	pk, first := seatKey(eventID, mode, from)
	_, last := seatKey(eventID, mode, to)
	numbers := map[int]string{}
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[seat](ctx, b.Client, &dynamodb.QueryInput{TableName: &b.Table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :first AND :last"), ExpressionAttributeValues: record.Item{
				":pk": &types.AttributeValueMemberS{Value: pk}, ":first": &types.AttributeValueMemberS{Value: first}, ":last": &types.AttributeValueMemberS{Value: last}}},
			b.Now(), cursor)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			n, err := strconv.Atoi(s.SK)
			if err != nil {
				return nil, err
			}
			numbers[n] = s.Ref
		}
		if cursor = next; cursor == nil {
			return numbers, nil
		}
	}
}

// some returns free numbers among those of a window that begins at random; none where all of them are taken.
func (b *Book) some(ctx context.Context, e *event.Event, mode string) ([]int, error) {
	capacity := e.Capacity.Of(mode)
	from := 1 + rand.N(max(1, capacity-window+1)) //nolint:gosec // a seat's number is no secret
	to := min(capacity, from+window-1)
	taken, err := b.takenFrom(ctx, e.ID, mode, from, to)
	if err != nil {
		return nil, err
	}
	var free []int
	for n := from; n <= to; n++ {
		if _, there := taken[n]; !there {
			free = append(free, n)
		}
	}
	if len(free)*2 > to-from+1 {
		contended.note(e.ID+"/"+mode, false) // plenty: the next may draw without asking
	}
	return free, nil
}

// free returns the numbers of the free seats of a mode. None is free as long as more are taken than there are: after the
// number was lowered, those who hold the seats beyond it stay.
func (b *Book) free(ctx context.Context, e *event.Event, mode string) ([]int, error) {
	taken, err := b.taken(ctx, e.ID, mode)
	if err != nil {
		return nil, err
	}
	left := e.Capacity.Of(mode) - len(taken)
	var free []int
	for n := 1; n <= e.Capacity.Of(mode) && left > 0; n++ {
		if _, there := taken[n]; !there {
			free = append(free, n)
		}
	}
	return free, nil
}

// Left returns how many seats are left in each mode, from the seats themselves: no process keeps it.
func (b *Book) Left(ctx context.Context, e *event.Event) (map[string]int, error) {
	left := map[string]int{}
	for _, mode := range e.Capacity.Modes() {
		free, err := b.free(ctx, e, mode)
		if err != nil {
			return nil, err
		}
		left[mode] = len(free)
	}
	return left, nil
}

// compact moves registrations from seats beyond the event's number to free ones below, after the number was lowered: the
// numbers up to it then tell the truth to those who draw without asking.
func (b *Book) compact(ctx context.Context, e *event.Event) error {
	for _, mode := range e.Capacity.Modes() {
		taken, err := b.taken(ctx, e.ID, mode)
		if err != nil {
			return err
		}
		below := 1
		for n, ref := range taken {
			if n <= e.Capacity.Of(mode) {
				continue
			}
			for taken[below] != "" {
				below++
			}
			if below > e.Capacity.Of(mode) {
				break
			}
			if err := b.moveSeat(ctx, e.ID, ref, below); err != nil {
				return err
			}
			below++
		}
	}
	return nil
}

// moveSeat gives a registration another seat. What changed in between is left to the next run.
func (b *Book) moveSeat(ctx context.Context, eventID, ref string, to int) error {
	r, found, err := b.Find(ctx, eventID, ref)
	if err != nil || !found || r.Seat == 0 {
		return err
	}
	var tx record.Transaction
	tx.Update(actRegistration, b.Table, record.Key(r.Event, r.Ref), "SET seat = :seat, revision = revision + :one",
		record.Values{"seat": to, "one": 1}, unchanged(r))
	pk, sk := seatKey(r.Event, r.Mode, to)
	tx.Put(actSeat, b.Table, seat{pk, sk, r.Ref, r.ExpiresAt}, record.IfAbsent(b.Now()))
	tx.Delete("old seat", b.Table, record.Key(seatKey(r.Event, r.Mode, r.Seat)), held(r.Ref))
	return ignoreCancelled(tx.Commit(ctx, b.Client))
}

// held is the condition that a seat or a mark is a registration's own.
func held(ref string) record.Condition {
	return record.Condition{Expression: "#ref = :ref", Values: record.Values{"ref": ref}, Names: []string{"ref"}}
}
