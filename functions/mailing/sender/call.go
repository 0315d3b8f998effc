package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/ses"
)

// chunk sends what is pending of one chunk, in as many calls as the account's rate asks for. The error is the store's: what the
// store does not know is left to the chunk's lease.
func (m *mailing) chunk(ctx context.Context, c *campaign.Chunk) error {
	if c.Until > m.now().UnixMilli() {
		m.note(c, true)
		return nil
	}
	if _, err := m.settle(ctx, c); err != nil {
		return err
	}
	for m.stopped() == "" {
		who := pending(c, m.perCall())
		if len(who) == 0 {
			break
		}
		ours, err := m.some(ctx, c, who)
		if err != nil {
			return err
		}
		if !ours {
			m.note(c, true)
			return nil
		}
	}
	m.note(c, false)
	return nil
}

// settle moves on what earlier calls left: those whose lease is over become unknown, unknown ones get what SES reported, or are
// given up in the end.
func (m *mailing) settle(ctx context.Context, c *campaign.Chunk) (unknown int, err error) {
	if lapsed, err := m.store.Lapse(ctx, c, m.shard); err != nil {
		return 0, err
	} else if lapsed {
		slog.WarnContext(ctx, "call without an answer", "campaign", m.c.ID, "chunk", c.Ref(0).String())
	}
	return m.store.Settle(ctx, c, m.shard, m.cfg.Settle)
}

// pending are the places of up to n recipients who have not been sent to.
func pending(c *campaign.Chunk, n int) []int {
	var who []int
	for i, o := range c.List() {
		if o == campaign.Pending && len(who) < n {
			who = append(who, i)
		}
	}
	return who
}

// some sends to some recipients of a chunk, in one call. It reports false where the chunk is not as it was read: somebody else has
// it. Between the look at the records and the call there is nothing but the mark: who unsubscribes while the campaign is being
// sent gets nothing from then on (hard cases 19, 28).
func (m *mailing) some(ctx context.Context, c *campaign.Chunk, who []int) (ours bool, err error) {
	if may, err := m.turn(ctx, len(who)); err != nil || !may {
		return true, err
	}
	if most := m.perCall(); most < len(who) { // the rate was lowered while this call waited for its turn
		m.bucket.Return(len(who) - most)
		who = who[:most]
	}
	keys := c.Keys()
	asked := make([]string, len(who))
	for i, n := range who {
		asked[i] = keys[n]
	}
	people, err := m.from.Read(ctx, asked)
	if err != nil {
		m.bucket.Return(len(who))
		return true, fmt.Errorf("read recipients: %w", err)
	}
	excluded := map[int]campaign.Outcome{}
	var entries []envelope.Entry
	var called []int
	for _, n := range who {
		a, found := people[keys[n]]
		switch {
		case !found:
			excluded[n] = campaign.Excluded(campaign.LeftGone)
		case a.Left != "":
			excluded[n] = campaign.Excluded(a.Left)
		default:
			entries, called = append(entries, envelope.Entry{Ref: c.Ref(n).String(), Addressee: a}), append(called, n)
		}
	}
	m.bucket.Return(len(excluded))
	if len(called) == 0 {
		return true, m.store.Apply(ctx, c, m.shard, func(outcomes []campaign.Outcome) { exclude(outcomes, excluded) })
	}
	letter := m.letters[c.Language()]
	if letter == nil {
		return true, fmt.Errorf("campaign %s says nothing in %s", m.c.ID, c.Language())
	}
	call, err := letter.Prepare(entries, m.cfg.Singly)
	if err != nil {
		return true, fmt.Errorf("prepare call: %w", err)
	}
	answers, ours, err := m.marked(ctx, c, called, call)
	if answers == nil {
		m.bucket.Return(len(called))
		return ours, err
	}
	return true, m.store.Apply(ctx, c, m.shard, func(outcomes []campaign.Outcome) {
		exclude(outcomes, excluded)
		for i, n := range called {
			campaign.Answer(outcomes, n, answers[i])
		}
	})
}

// marked marks a call and makes it, once one of the places for calls is free. It returns no answers where nothing has left.
func (m *mailing) marked(ctx context.Context, c *campaign.Chunk, called []int, call envelope.Call) (answers []campaign.Outcome, ours bool, err error) {
	m.places <- struct{}{}
	defer func() { <-m.places }()
	if err := m.space(ctx, len(called)); err != nil {
		return nil, true, nil // the time is over, and nothing is marked
	}
	until := m.now().Add(m.cfg.Lease)
	if ours, err := m.store.Begin(ctx, c, called, until); err != nil || !ours {
		return nil, ours, err
	}
	return m.call(ctx, call, len(called), until), true, nil
}

// space keeps calls apart, before the mark: a marked call is made at once.
func (m *mailing) space(ctx context.Context, n int) error {
	timed, cancel := context.WithTimeout(ctx, max(0, m.end.Sub(m.now()))+time.Second)
	defer cancel()
	return m.bucket.Space(timed, n)
}

func exclude(outcomes []campaign.Outcome, excluded map[int]campaign.Outcome) {
	for n, o := range excluded {
		if outcomes[n] == campaign.Pending {
			outcomes[n] = o
		}
	}
}

// call makes one call, or where the parameter asks for it one call for each recipient at the same time, and returns an outcome for
// each. It comes back before the lease is over.
func (m *mailing) call(ctx context.Context, call envelope.Call, n int, until time.Time) []campaign.Outcome {
	left := until.Sub(m.now()) - min(reserve, m.cfg.Lease/3)
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	answers := make([]campaign.Outcome, n)
	if err := m.bucket.Depart(ctx, n); err != nil {
		for i := range answers {
			answers[i] = campaign.Pending // nothing has left
		}
		return answers
	}
	call.Do(ctx, m.ses, func(i int, r envelope.Result) { answers[i] = m.judge(r) })
	m.learn(answers)
	return answers
}

// judge turns what SES said of one recipient into an outcome. What SES certainly does not have and may have later stays pending.
func (m *mailing) judge(r envelope.Result) campaign.Outcome {
	if r.Err != nil {
		return m.judgeCall(r)
	}
	switch r.Status {
	case types.BulkEmailStatusSuccess:
		if r.MessageID == "" { // not SES's own answer: an event may tell
			return campaign.Unknown
		}
		return campaign.Accepted(r.MessageID)
	case types.BulkEmailStatusAccountThrottled:
		m.slow()
		return campaign.Pending
	case types.BulkEmailStatusTransientFailure:
		return campaign.Pending
	case types.BulkEmailStatusAccountDailyQuotaExceeded:
		m.give(context.Background(), stopQuota, nil)
		return campaign.Pending
	case types.BulkEmailStatusAccountSuspended, types.BulkEmailStatusAccountSendingPaused, types.BulkEmailStatusConfigurationSetSendingPaused,
		types.BulkEmailStatusConfigurationSetNotFound, types.BulkEmailStatusInvalidSendingPoolName, types.BulkEmailStatusMailFromDomainNotVerified,
		types.BulkEmailStatusTemplateNotFound: // nothing is wrong with the recipient
		m.give(context.Background(), code(string(r.Status)), nil)
		return campaign.Pending
	}
	return campaign.Failed(code(string(r.Status))) // REJECTED, INVALID_PARAMETER, FAILED: this one only (hard case 23)
}

// judgeCall is judge where the whole call failed.
func (m *mailing) judgeCall(r envelope.Result) campaign.Outcome {
	v := ses.Judge(r.Err, r.Connected)
	switch {
	case v.Sent == ses.Maybe:
		m.mu.Lock()
		m.silent = true
		m.mu.Unlock()
		return campaign.Unknown
	case v.Quota:
		m.give(context.Background(), stopQuota, nil)
	case v.Throttled:
		m.slow()
	case v.Reason == ses.Unreachable:
		m.slow()
	default: // refused as a whole: so would be every other call. Staff look at it before anybody is lost
		m.give(context.Background(), code(v.Reason), nil)
	}
	return campaign.Pending
}

// code is a code of SES as outcomes and reasons hold it: lower case, no spaces.
func code(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch ch := s[i]; {
		case ch >= 'A' && ch <= 'Z':
			out = append(out, ch+'a'-'A')
		case ch >= 'a' && ch <= 'z' || ch >= '0' && ch <= '9' || ch == '_':
			out = append(out, ch)
		}
	}
	return string(out)
}

// learn takes note of a call that succeeded.
func (m *mailing) learn(answers []campaign.Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range answers {
		if o.Class() == campaign.ClassAccepted {
			m.sent++
			m.slowed, m.silent = 0, false
		}
	}
}

// slow makes all calls wait: SES asked for less. The waits grow, with jitter, until a call succeeds.
func (m *mailing) slow() {
	const first, most = 200 * time.Millisecond, 20 * time.Second
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now().Before(m.until) {
		return // another entry or call of the same moment
	}
	wait := min(most, first<<min(m.slowed, 10))
	wait = wait/2 + rand.N(wait/2) //nolint:gosec // jitter needs no secrecy
	m.slowed++
	m.doubt.Store(true)
	m.until = m.now().Add(wait)
}

// turn waits until n recipients may be sent to, and looks once more whether they still shall be. It reports false where not, and
// ends the run then.
func (m *mailing) turn(ctx context.Context, n int) (may bool, err error) {
	for waits := true; waits; {
		if m.stopped() != "" {
			return false, nil
		}
		if waits, err = m.held(ctx); err != nil {
			return false, nil // the time is over
		}
	}
	a, err := m.quota(ctx, n)
	if err != nil || a == nil {
		return false, err
	}
	defer func() {
		if !may {
			a.used.Add(int64(-n))
		}
	}()
	timed, cancel := context.WithTimeout(ctx, m.end.Sub(m.now()))
	defer cancel()
	if err := m.bucket.Wait(timed, n); err != nil {
		if timed.Err() != nil {
			m.give(ctx, stopTime, nil)
			return false, nil
		}
		return false, err
	}
	if err := m.look(ctx); err != nil {
		return false, err
	}
	stop := m.stopped()
	return stop == "" || stop == stopQuota, nil // what the quota had room for is sent, whoever came too late for it
}

// held waits where SES asked for less or did not answer, and reports whether to look again.
func (m *mailing) held(ctx context.Context) (again bool, err error) {
	m.mu.Lock()
	wait, silent := m.until.Sub(m.now()), m.silent
	m.mu.Unlock()
	switch {
	case wait > 0:
		return true, m.sleep(ctx, min(wait, max(0, m.end.Sub(m.now()))))
	case silent:
		return true, m.wakeSES(ctx)
	}
	return false, nil
}

// wakeSES asks SES whether it is there, so that an outage does not make one call after the other unknown.
func (m *mailing) wakeSES(ctx context.Context) error {
	timed, cancel := context.WithTimeout(ctx, 3*time.Second)
	alive := m.ses.Alive(timed)
	cancel()
	m.mu.Lock()
	m.silent = !alive
	m.mu.Unlock()
	if alive {
		return nil
	}
	m.slow()
	return ctx.Err()
}

// fresh is how long a look at the campaign serves all calls that begin: a call every 50 ms is a thousand recipients a second, so that
// up to there each call has a look of its own.
const fresh = 50 * time.Millisecond

// look reads the campaign: whoever paused or cancelled it waits for no more than the calls that are being made (hard case 18), and
// what comes back stops it.
func (m *mailing) look(ctx context.Context) error {
	m.looking.Lock()
	defer m.looking.Unlock()
	now := m.now()
	if age := now.Sub(m.looked); age >= 0 && age < fresh {
		return nil
	}
	c, err := m.store.Standing(ctx, m.c.ID)
	if err != nil {
		return err
	}
	m.looked = now
	if c.State != campaign.Sending {
		m.give(ctx, stopState, nil)
		return nil
	}
	halted, err := m.halt(ctx, &c)
	if halted {
		m.give(ctx, stopState, nil)
	}
	return err
}
