package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"madoguchi/infra/local/runtime"
)

// bulkFolder is the loop's.
const bulkFolder = "infra/bench/bulk"

// looped is what the loop took for a campaign's calls.
type looped struct {
	recipients int
	took, cpu  time.Duration
	inFlight   int
}

// inPairs is up to which size a campaign and its loop take turns several times; a larger one is long enough by itself.
const inPairs = 10_000

// loops are what the two loops took: one makes the calls of SES alone, one those of DynamoDB too.
type loops struct{ alone, whole []looped }

// Names of the loops in the runtime.
const (
	loopAlone = "Loop"
	loopWhole = "LoopWithDynamoDB"
)

// compareSending sends to everybody of a list, in turns with the loops. The second loop is for small lists: it holds all calls.
func (b *bench) compareSending(ctx context.Context, book *addressBook) (all []sending, beside loops, err error) {
	office, err := b.openOffice(unbound, answersIn, nil)
	if err != nil {
		return nil, beside, err
	}
	defer func() { _ = office.Close() }()
	office.keep = keptBodies
	s, err := b.sender(ctx, "Sender", book, office)
	if err != nil {
		return nil, beside, err
	}
	binary, err := b.host(ctx, bulkFolder)
	if err != nil {
		return nil, beside, err
	}
	bodies, calls := filepath.Join(b.dir, "bodies.jsonl"), filepath.Join(b.dir, "calls.json")
	alone, whole := s.function, s.function
	alone.Name, alone.Binary, alone.Environment = loopAlone, binary, map[string]string{"AWS_ENDPOINT_URL_SESV2": office.endpoint, "BENCH_BODIES": bodies}
	whole.Name, whole.Binary, whole.Environment = loopWhole, binary, maps.Clone(alone.Environment)
	whole.Environment["BENCH_CALLS"] = calls
	if s.runtime, err = b.runWith(ctx, []runtime.Function{s.function, alone, whole}, 1); err != nil {
		return nil, beside, err
	}
	defer s.runtime.Close()
	pairs, small := 1, book.loaded <= inPairs
	if small {
		pairs = b.effort.campaignPairs
	}
	for i := range pairs {
		var one sending
		send := func() (err error) {
			one, err = s.send(ctx)
			return err
		}
		if i == 0 && small {
			err = b.keepCalls(ctx, book, calls, send)
		} else {
			err = send()
		}
		if err == nil && i == 0 {
			err = office.writeBodies(bodies)
		}
		if err != nil {
			return nil, beside, err
		}
		all = append(all, one)
		l, err := b.loop(ctx, s, loopAlone, len(one.counter.arrivals), one.counter.inFlight)
		if err != nil {
			return nil, beside, fmt.Errorf("loop: %w", err)
		}
		beside.alone = append(beside.alone, l)
		if !small {
			continue
		}
		if l, err = b.loop(ctx, s, loopWhole, len(one.counter.arrivals), one.counter.inFlight); err != nil {
			return nil, beside, fmt.Errorf("loop with DynamoDB: %w", err)
		}
		beside.whole = append(beside.whole, l)
	}
	return all, beside, nil
}

// keepCalls writes the calls of DynamoDB that a campaign made into a file, for a loop that makes them again: in a table of its own, where
// they bring no campaign back to life.
func (b *bench) keepCalls(ctx context.Context, book *addressBook, path string, send func() error) error {
	recorded, err := b.database.recorder.record(send)
	if err != nil {
		return err
	}
	again, err := b.addressBook(ctx, "again")
	if err != nil {
		return err
	}
	const table = "CAMPAIGNS_TABLE"
	for i := range recorded {
		recorded[i].Body = bytes.ReplaceAll(recorded[i].Body, []byte(book.settings[table]), []byte(again.settings[table]))
	}
	text, err := json.Marshal(recorded)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// inOrder is how many calls the loop makes in one invocation.
const inOrder = 2000

// loop makes so many calls of SES, so many at a time.
func (b *bench) loop(ctx context.Context, s *sender, name string, calls, inFlight int) (looped, error) {
	out, of := looped{inFlight: inFlight}, calls
	for began := false; calls > 0; began = true {
		n := min(inOrder, calls)
		if !began {
			n = min(inFlight, calls) // the process starts: not counted, and made once more
		}
		order, err := json.Marshal(map[string]int{"calls": n, "in_flight": inFlight, "of": of})
		if err != nil {
			return out, err
		}
		s.office.closeDay()
		before, err := cpuOf(s.runtime, name)
		if err != nil {
			return out, err
		}
		if _, err := s.runtime.Invoke(ctx, name, order); err != nil {
			return out, err
		}
		after, err := cpuOf(s.runtime, name)
		if err != nil {
			return out, err
		}
		if !began {
			continue
		}
		c := s.office.closeDay()
		out.recipients += c.recipients()
		out.took += time.Duration(float64(c.recipients()) / c.rate(0) * float64(time.Second))
		out.cpu += after - before
		calls -= n
	}
	return out, nil
}

// sum adds turns of a loop up.
func sum(turns []looped) (all looped) {
	for _, l := range turns {
		all.recipients, all.took, all.cpu, all.inFlight = all.recipients+l.recipients, all.took+l.took, all.cpu+l.cpu, l.inFlight
	}
	return all
}
