package mail

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// life is one mail, its mailers and an SES, moved step by step in any order that rapid thinks of. A mailer that never
// takes its next step is one that was killed there.
type life struct {
	*outbox
	id     string
	claims []Row              // claims that some mailer still believes in
	marked map[string]bool    // lease -> the mark was written, the call not yet made
	calls  map[string]call    // lease -> the call was made, its answer not yet stored
	sent   []string           // message ids of mail that really left
	events []func(fatal) bool // events on their way
}

type call struct {
	message string // "" where SES did not take it
	answer  string // accepted, throttled, silent, silent but sent
}

func (l *life) step(t *rapid.T) {
	ctx := context.Background()
	switch rapid.SampledFrom([]string{"try", "claim", "mark", "call", "store", "kill", "event", "wait", "sweep"}).Draw(t, "step") {
	case "try": // a healthy mailer after a sweep, up to the answer of SES
		l.clock = l.clock.Add(l.times.Settle)
		l.settle(t, l.id)
		if row, ok, err := l.Claim(ctx, l.id); err != nil {
			t.Fatal(err)
		} else if ok {
			l.mark(t, row)
			l.call(t, row.Lease)
			l.store(t, row, l.calls[row.Lease])
		}
	case "claim":
		if row, ok, err := l.Claim(ctx, l.id); err != nil {
			t.Fatal(err)
		} else if ok {
			l.claims = append(l.claims, row)
		}
	case "mark":
		if len(l.claims) == 0 {
			return
		}
		row := rapid.SampledFrom(l.claims).Draw(t, "claim")
		if _, called := l.calls[row.Lease]; called || l.marked[row.Lease] {
			return
		}
		if _, ok, err := l.Mark(ctx, row); err != nil {
			t.Fatal(err)
		} else if ok {
			l.marked[row.Lease] = true
		}
	case "call":
		for _, row := range l.claims {
			if l.marked[row.Lease] {
				l.call(t, row.Lease)
				break
			}
		}
	case "store":
		for _, row := range l.claims {
			if c, ok := l.calls[row.Lease]; ok {
				l.store(t, row, c)
				break
			}
		}
	case "kill":
		l.kill()
	case "event": // any of those on their way: reordered
		if len(l.events) > 0 {
			i := rapid.IntRange(0, len(l.events)-1).Draw(t, "event")
			l.events[i](t)
			l.events = append(l.events[:i:i], l.events[i+1:]...)
		}
	case "wait":
		l.clock = l.clock.Add(time.Duration(rapid.IntRange(1, 1200).Draw(t, "seconds")) * time.Second)
	case "sweep":
		l.settle(t, l.id)
	}
	l.check(t)
}

func (l *life) call(t *rapid.T, lease string) {
	delete(l.marked, lease)
	c := call{answer: rapid.SampledFrom([]string{"accepted", "throttled", "silent", "silent but sent"}).Draw(t, "answer")}
	if c.answer == "accepted" || c.answer == "silent but sent" {
		c.message = fmt.Sprintf("ses-%d", len(l.sent)+1)
		l.sent = append(l.sent, c.message)
		at := l.clock
		send := func(t fatal) bool { return l.event(t, c.message, at) }
		for range rapid.IntRange(0, 3).Draw(t, "copies of the event") { // 0: SES's events are best effort
			l.events = append(l.events, send)
		}
	}
	l.calls[lease] = c
}

func (l *life) event(t fatal, message string, at time.Time) bool {
	changed, err := l.Accepted(context.Background(), l.id, message, at)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func (l *life) store(t *rapid.T, row Row, c call) {
	delete(l.calls, row.Lease)
	var err error
	switch c.answer {
	case "accepted":
		_, err = l.Accepted(context.Background(), l.id, c.message, l.clock)
	case "throttled":
		_, err = l.Postpone(context.Background(), row, "throttled", l.clock.Add(time.Minute))
	default:
		_, err = l.Silence(context.Background(), row)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// kill ends all mailers where they stand.
func (l *life) kill() { l.claims, l.marked, l.calls = nil, map[string]bool{}, map[string]call{} }

// check holds what must be true at all times.
func (l *life) check(t fatal) {
	row := l.row(t, l.id)
	if len(l.sent) > 2 {
		t.Fatalf("sent %d times", len(l.sent))
	}
	if len(l.sent) == 2 && row.Unknowns == 0 {
		t.Fatal("sent twice though every call was answered")
	}
	switch row.State {
	case Accepted:
		if len(l.sent) == 0 {
			t.Fatal("accepted, but never sent")
		}
		fallthrough
	case Failed:
		if row.To != "" || row.Data != nil || row.Due != "" || row.DueAt != 0 {
			t.Fatalf("settled mail keeps address, contents or its place in the index: %+v", row)
		}
	default:
		if row.To == "" || row.Data == nil || row.Due == "" || row.DueAt == 0 {
			t.Fatalf("unsettled mail has lost something: %+v", row)
		}
	}
}

// Hard case 16: whatever order mailers, deaths, answers, events and sweeps come in, no mail is lost and none leaves
// twice but by the one resend after a silence.
func TestLifeOfAMail(t *testing.T) {
	b := newOutbox(t)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		b.clock = start
		m := confirmation()
		m.ID = fmt.Sprintf("LIFE%d", number)
		l := &life{outbox: b, id: b.enqueue(t, m)}
		l.kill()
		for range rapid.IntRange(5, 40).Draw(t, "steps") {
			l.step(t)
		}
		l.finish(t)
	})
}

// finish kills everything and lets healthy mailers and sweeps work until the mail has an outcome.
func (l *life) finish(t *rapid.T) {
	l.kill()
	for range 10 {
		l.clock = l.clock.Add(16 * time.Minute)
		if row := l.row(t, l.id); row.State == Accepted || row.State == Failed {
			break
		}
		l.settle(t, l.id)
		row, ok, err := l.Claim(context.Background(), l.id)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		l.mark(t, row)
		message := fmt.Sprintf("ses-%d", len(l.sent)+1)
		l.sent = append(l.sent, message)
		l.event(t, message, l.clock)
	}
	l.check(t)
	row := l.row(t, l.id)
	if row.State != Accepted && (row.State != Failed || row.Reason != NoAnswer || row.Unknowns != 2) {
		t.Fatalf("the mail has no honest end: %+v", row)
	}
	for _, e := range l.events {
		e(t) // late events
	}
	if late := l.row(t, l.id); len(l.events) > 0 && late.State != Accepted {
		t.Fatalf("a late event did not correct the outcome: %+v", late)
	}
}
