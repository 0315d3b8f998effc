package ses

import (
	"container/heap"
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// eventStep is the pause before the first event of a mail and between two of them: long enough for the answer to the call to
// be ahead usually, short enough not to be waited for.
const eventStep = 20 * time.Millisecond

// eventQueue publishes events after a while, from one goroutine, and spoils them as the faults say.
type eventQueue struct {
	receive func(string, json.RawMessage)

	mu      sync.Mutex
	faults  EventFaults
	waiting eventHeap
	number  int
	busy    bool
	idle    []chan struct{} // closed when nothing is left
	wake    chan struct{}
	stop    chan struct{}
	done    chan struct{}
}

type waitingEvent struct {
	event
	due    time.Time
	number int // keeps equal times in order
}

func newEventQueue(receive func(string, json.RawMessage)) *eventQueue {
	q := &eventQueue{receive: receive, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go q.run()
	return q
}

func (q *eventQueue) setFaults(f EventFaults) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.faults = f
}

func (q *eventQueue) state() EventFaults {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.faults
}

// publish queues the events of one mail.
func (q *eventQueue) publish(group []event) {
	if len(group) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.faults.Reorder {
		group = slices.Clone(group)
		slices.Reverse(group)
	}
	due := time.Now().Add(time.Duration(q.faults.DelayMS) * time.Millisecond)
	for _, e := range group {
		due = due.Add(eventStep)
		if spend(&q.faults.Drop) || rand.Float64()*100 < q.faults.DropPercent { //nolint:gosec // a fault for tests needs no secrecy
			continue
		}
		q.add(e, due)
		if spend(&q.faults.Duplicate) || rand.Float64()*100 < q.faults.DuplicatePercent { //nolint:gosec // a fault for tests needs no secrecy
			q.add(e, due.Add(eventStep))
		}
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func spend(count *int) bool {
	if *count == 0 {
		return false
	}
	*count--
	return true
}

func (q *eventQueue) add(e event, due time.Time) {
	q.number++
	heap.Push(&q.waiting, waitingEvent{e, due, q.number})
}

func (q *eventQueue) run() {
	defer close(q.done)
	for {
		e, pause, ok := q.next()
		if ok {
			q.receive(e.detailType, e.detail)
			continue
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-q.wake:
		case <-q.stop:
			t.Stop()
			return
		}
		t.Stop()
	}
}

// next takes a due event, or says how long there is nothing to do.
func (q *eventQueue) next() (waitingEvent, time.Duration, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	if len(q.waiting) == 0 {
		for _, c := range q.idle {
			close(c)
		}
		q.idle = nil
		return waitingEvent{}, time.Hour, false
	}
	select {
	case <-q.stop:
		return waitingEvent{}, time.Hour, false
	default:
	}
	if pause := time.Until(q.waiting[0].due); pause > 0 {
		return waitingEvent{}, pause, false
	}
	q.busy = true
	return heap.Pop(&q.waiting).(waitingEvent), 0, true //nolint:errcheck // the heap holds nothing else
}

func (q *eventQueue) wait(ctx context.Context) error {
	q.mu.Lock()
	if len(q.waiting) == 0 && !q.busy {
		q.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	q.idle = append(q.idle, c)
	q.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-q.stop:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close drops what waits and returns when a running receiver has returned.
func (q *eventQueue) close() {
	close(q.stop)
	<-q.done
}

// eventHeap orders by due time.
type eventHeap []waitingEvent

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].number < h[j].number
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(waitingEvent)) } //nolint:errcheck // the heap holds nothing else
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = waitingEvent{}
	*h = old[:len(old)-1]
	return last
}
