package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"madoguchi/infra/local/template"
)

// reader is the event source mapping of one stream and one function. Shards are read one after the other, in order.
type reader struct {
	triggers *Triggers
	source   template.Stream
	filters  []pattern
	position position
	failing  bool // the last look at the stream failed: say so once
}

// position is how far a stream has been read; it is kept in a file.
type position struct {
	StreamARN string            `json:"stream_arn"`
	Shards    map[string]string `json:"shards"` // shard id -> sequence number of the last record that is done with
}

func newReader(t *Triggers, s template.Stream) (*reader, error) {
	r := &reader{triggers: t, source: s}
	for _, text := range s.Filters {
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		r.filters = append(r.filters, p)
	}
	return r, r.load()
}

func (r *reader) file() string {
	return filepath.Join(r.triggers.options.PositionIn, r.source.Function+"-"+r.source.Event+".json")
}

func (r *reader) load() error {
	r.position = position{Shards: map[string]string{}}
	if r.triggers.options.PositionIn == "" {
		return nil
	}
	data, err := os.ReadFile(r.file())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("position in the stream: %w", err)
	}
	if err := json.Unmarshal(data, &r.position); err != nil || r.position.Shards == nil {
		return fmt.Errorf("position in the stream: %s is damaged; without it the stream is read from its beginning", r.file())
	}
	return nil
}

// done notes that everything up to a record needs no second delivery.
func (r *reader) done(shard, sequence string) {
	r.position.Shards[shard] = sequence
	if err := r.save(); err != nil {
		r.triggers.options.Log.Error("cannot keep the position in the stream", "function", r.source.Function, "error", err.Error())
	}
}

func (r *reader) save() error {
	if r.triggers.options.PositionIn == "" {
		return nil
	}
	data, err := json.Marshal(r.position)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.triggers.options.PositionIn, 0o755); err != nil {
		return err
	}
	// By way of a second file: a torn one would stop the next start.
	if err := os.WriteFile(r.file()+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(r.file()+".new", r.file())
}

func (r *reader) run(ctx context.Context) {
	iterators := map[string]*string{}
	tick := time.NewTicker(r.triggers.options.Poll)
	defer tick.Stop()
	for {
		more, err := r.round(ctx, iterators)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if !r.failing {
				r.triggers.options.Log.Warn("stream cannot be read, trying on", "function", r.source.Function, "error", err.Error())
			}
			clear(iterators)
		}
		r.failing = err != nil
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round reads every shard once; more says that there may be more to read at once.
func (r *reader) round(ctx context.Context, iterators map[string]*string) (more bool, err error) {
	if len(iterators) == 0 {
		if err := r.open(ctx, iterators); err != nil {
			return false, err
		}
	}
	for shard, iterator := range iterators {
		out, err := r.triggers.options.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
		if err != nil {
			return false, fmt.Errorf("GetRecords: %w", err)
		}
		if out.NextShardIterator == nil {
			delete(iterators, shard) // closed; the next look at the stream finds its children
		} else {
			iterators[shard] = out.NextShardIterator
		}
		if len(out.Records) > 0 {
			more = true
			if !r.deliver(ctx, shard, out.Records) {
				return false, ctx.Err()
			}
		}
	}
	return more, nil
}

// open finds the stream and an iterator for each of its shards.
func (r *reader) open(ctx context.Context, iterators map[string]*string) error {
	client := r.triggers.options.Streams
	streams, err := client.ListStreams(ctx, &dynamodbstreams.ListStreamsInput{TableName: &r.source.Table})
	if err != nil {
		return fmt.Errorf("ListStreams: %w", err)
	}
	if len(streams.Streams) == 0 {
		return fmt.Errorf("table %s has no stream", r.source.Table)
	}
	arn := aws.ToString(streams.Streams[len(streams.Streams)-1].StreamArn)
	if r.position.StreamARN != arn {
		r.position = position{StreamARN: arn, Shards: map[string]string{}} // another stream: the table was made anew
	}
	described, err := client.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		return fmt.Errorf("DescribeStream: %w", err)
	}
	for _, shard := range described.StreamDescription.Shards {
		in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &arn, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeLatest}
		if last := r.position.Shards[aws.ToString(shard.ShardId)]; last != "" {
			in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &last
		} else if r.source.FromBeginning {
			in.ShardIteratorType = types.ShardIteratorTypeTrimHorizon
		}
		out, err := client.GetShardIterator(ctx, in)
		if err != nil {
			return fmt.Errorf("GetShardIterator: %w", err)
		}
		iterators[aws.ToString(shard.ShardId)] = out.ShardIterator
	}
	return nil
}
