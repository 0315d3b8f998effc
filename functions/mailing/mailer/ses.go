package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/mail"
	"madoguchi/shared/ses"
	"madoguchi/shared/suppression"
)

// amazonSES hands mail to SES.
type amazonSES struct {
	*ses.Client
	configurationSet string
}

func newSES(ctx context.Context, cfg settings) (*amazonSES, error) {
	client, err := ses.New(ctx)
	return &amazonSES{Client: client, configurationSet: cfg.ConfigurationSet}, err
}

// Quota implements sender. A quota of -1 is none, and 0 none of the account's own: no share can be told.
func (s *amazonSES) Quota(ctx context.Context) (percent, perSecond float64, ok bool) {
	account, err := s.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil || account.SendQuota == nil {
		return 0, 0, false
	}
	quota := account.SendQuota
	switch {
	case quota.Max24HourSend == -1:
		return 0, quota.MaxSendRate, true
	case quota.Max24HourSend <= 0:
		return 0, quota.MaxSendRate, false
	}
	return 100 * quota.SentLast24Hours / quota.Max24HourSend, quota.MaxSendRate, true
}

// Unsuppress implements sender.
func (s *amazonSES) Unsuppress(ctx context.Context, address string) error {
	return suppression.Account{Client: s.Client.Client}.Remove(ctx, address)
}

// quickTries is how often a throttled call is made again at once: a throttled call has certainly sent nothing, and the
// rate is per second, so that a short wait nearly always helps and the person need not wait for the sweep.
const quickTries = 3

// Send implements sender.
func (s *amazonSES) Send(ctx context.Context, m outgoing) answer {
	for try := 1; ; try++ {
		a := s.call(ctx, m)
		if !a.throttled || try == quickTries || !pause(ctx, time.Duration(try)*300*time.Millisecond) {
			return a
		}
	}
}

// pause waits between half and all of d. It reports false, without waiting, where the deadline leaves no time for
// another call after it.
func pause(ctx context.Context, d time.Duration) bool {
	d = d/2 + rand.N(d/2) //nolint:gosec // jitter needs no secrecy
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < 2*d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *amazonSES) call(ctx context.Context, m outgoing) answer {
	ctx, connected := ses.Watch(ctx)
	out, err := s.SendEmail(ctx, &sesv2.SendEmailInput{
		Content:              &types.EmailContent{Raw: &types.RawMessage{Data: m.source}},
		Destination:          &types.Destination{ToAddresses: []string{m.to}},
		ConfigurationSetName: &s.configurationSet,
		EmailTags:            []types.MessageTag{{Name: aws.String("ref"), Value: &m.ref}, {Name: aws.String("kind"), Value: &m.kind}},
	})
	if err != nil {
		return judge(err, connected())
	}
	if aws.ToString(out.MessageId) == "" { // not SES's own answer, and an index cannot hold an empty name: an event may tell
		return answer{outcome: mail.Unknown, reason: mail.NoAnswer}
	}
	return answer{outcome: mail.Accepted, messageID: aws.ToString(out.MessageId)}
}

// answer is what a call came to: accepted, failed, queued (certainly not sent: later) or unknown.
type answer struct {
	outcome   mail.State
	reason    string // a code of SES or of ours
	messageID string
	throttled bool
}

// judge says what an error of SES means for a mail (shared/ses).
func judge(err error, connected bool) answer {
	v := ses.Judge(err, connected)
	outcome := mail.Queued
	switch v.Sent {
	case ses.Maybe:
		outcome = mail.Unknown
	case ses.Never:
		outcome = mail.Failed
	case ses.Not:
	}
	return answer{outcome: outcome, reason: v.Reason, throttled: v.Throttled}
}
