package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"madoguchi/infra/local/runtime"
)

// record is one change, as the function gets it.
type record struct {
	sequence string
	at       time.Time
	json     json.RawMessage
}

// deliver hands the records on in batches, and returns false when it was interrupted: what is left comes again later.
func (r *reader) deliver(ctx context.Context, shard string, from []types.Record) bool {
	var batch []record
	flush := func(upTo string) bool {
		if len(batch) > 0 && !r.process(ctx, shard, batch, 0) {
			return false
		}
		batch = nil
		r.done(shard, upTo)
		return true
	}
	last := ""
	for _, change := range from {
		rec, err := convert(change, r.position.StreamARN)
		if err != nil {
			r.triggers.options.Log.Error("record cannot be read", "function", r.source.Function, "error", err.Error())
			continue
		}
		last = rec.sequence
		if !r.passes(rec) {
			continue
		}
		batch = append(batch, rec)
		if len(batch) >= r.source.BatchSize && !flush(last) {
			return false
		}
	}
	return last == "" || flush(last)
}

func (r *reader) passes(rec record) bool {
	if len(r.filters) == 0 {
		return true
	}
	for _, p := range r.filters {
		if p.matches(rec.json) {
			return true
		}
	}
	return false
}

// process delivers a batch until it is done with: taken by the function, or given up after the retries or the age that the template
// allows. A failed batch is halved (bisect) without using up a retry; of a partly failed one the rest is tried again. It returns
// false only when ctx ended before.
func (r *reader) process(ctx context.Context, shard string, batch []record, attempts int) bool {
	for {
		batch = r.young(batch)
		if len(batch) == 0 {
			return true
		}
		failedFrom, err := r.invoke(batch, attempts+1)
		if ctx.Err() != nil {
			return false
		}
		if err == nil && failedFrom == len(batch) {
			return true
		}
		if err == nil && failedFrom > 0 {
			r.done(shard, batch[failedFrom-1].sequence)
			batch, attempts = batch[failedFrom:], 0
		}
		attempts++
		if err != nil && r.source.Bisect && len(batch) > 1 {
			half := len(batch) / 2
			if !r.process(ctx, shard, batch[:half], attempts-1) {
				return false
			}
			r.done(shard, batch[half-1].sequence)
			batch, attempts = batch[half:], attempts-1
			continue
		}
		if r.source.MaximumRetries >= 0 && attempts > r.source.MaximumRetries {
			r.giveUp(batch, "too many attempts", err)
			return true
		}
		if !wait(ctx, r.backoff(attempts)) {
			return false
		}
	}
}

func (r *reader) backoff(attempts int) time.Duration {
	return min(r.triggers.options.Backoff<<min(attempts-1, 10), 10*time.Second)
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// young leaves out the records that are too old to be tried again.
func (r *reader) young(batch []record) []record {
	if r.source.MaximumAge == 0 {
		return batch
	}
	var kept, old []record
	for _, rec := range batch {
		if time.Since(rec.at) > r.source.MaximumAge {
			old = append(old, rec)
		} else {
			kept = append(kept, rec)
		}
	}
	if len(old) > 0 {
		r.giveUp(old, "too old", nil)
	}
	return kept
}

func (r *reader) giveUp(batch []record, why string, err error) {
	attributes := []any{"function", r.source.Function, "event", r.source.Event, "records", len(batch), "why", why}
	if err != nil {
		attributes = append(attributes, "error", err.Error())
	}
	r.triggers.options.Log.Error("stream records given up", attributes...)
}

// invoke calls the function with a batch. It returns the index of the first record that failed, len(batch) if none did.
func (r *reader) invoke(batch []record, attempt int) (int, error) {
	event := struct{ Records []json.RawMessage }{}
	for _, rec := range batch {
		event.Records = append(event.Records, rec.json)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return 0, err
	}
	result, err := r.triggers.invoke(r.source.Function, r.source.Event, payload, len(batch), attempt)
	if errors.Is(err, runtime.ErrTooLarge) && len(batch) > 1 {
		return 0, fmt.Errorf("batch of %d: %w", len(batch), err)
	}
	if err != nil || !r.source.PartialAnswers {
		return len(batch), err
	}
	return firstFailed(result.Payload, batch)
}

// firstFailed reads the answer of a function that reports failed items. As in Lambda, an answer without any is success, and one that names an
// unknown record fails the whole batch.
func firstFailed(answer []byte, batch []record) (int, error) {
	var parsed struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(answer) == 0 || string(answer) == "null" {
		return len(batch), nil
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return 0, fmt.Errorf("answer with failed items: %w", err)
	}
	first := len(batch)
	for _, f := range parsed.BatchItemFailures {
		found := false
		for i, rec := range batch {
			if rec.sequence == f.ItemIdentifier {
				first, found = min(first, i), true
			}
		}
		if !found {
			return 0, fmt.Errorf("answer with failed items: %q is not in the batch", f.ItemIdentifier)
		}
	}
	return first, nil
}
