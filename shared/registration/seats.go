package registration

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/event"
	"madoguchi/shared/record"
)

// taken returns the seats of a mode that are taken, by number.
func (b *Book) taken(ctx context.Context, eventID, mode string) (map[int]string, error) {
	pk, _ := seatKey(eventID, mode, 0)
	numbers := map[int]string{}
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[seat](ctx, b.Client, &dynamodb.QueryInput{TableName: &b.Table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: pk}}},
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
