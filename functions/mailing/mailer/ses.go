package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"madoguchi/shared/mail"
	"madoguchi/shared/suppression"
)

// amazonSES hands mail to SES.
type amazonSES struct {
	client           *sesv2.Client
	transport        *http.Transport
	configurationSet string
}

func newSES(ctx context.Context, cfg settings) (*amazonSES, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	transport := awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) { d.Timeout = 3 * time.Second }).GetTransport()
	return &amazonSES{
		transport: transport, configurationSet: cfg.ConfigurationSet,
		client: sesv2.NewFromConfig(loaded, func(o *sesv2.Options) {
			// The SDK would try time-outs and server errors again, and SES knows no idempotency token: each such try may be
			// another mail. What is safe to try again is decided in Send and by the outbox.
			o.Retryer = aws.NopRetryer{}
			o.HTTPClient = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		}),
	}, nil
}

// Fresh implements sender.
func (s *amazonSES) Fresh() { s.transport.CloseIdleConnections() }

// Alive implements sender. Any answer will do, also a refusal.
func (s *amazonSES) Alive(ctx context.Context) bool {
	_, err := s.client.GetAccount(ctx, &sesv2.GetAccountInput{})
	status, answered := statusOf(err)
	return err == nil || answered && status < http.StatusInternalServerError
}

// Quota implements sender. A quota of -1 is none, and 0 none of the account's own: no share can be told.
func (s *amazonSES) Quota(ctx context.Context) (percent, perSecond float64, ok bool) {
	account, err := s.client.GetAccount(ctx, &sesv2.GetAccountInput{})
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
	return suppression.Account{Client: s.client}.Remove(ctx, address)
}

// statusOf returns the HTTP status of an error of SES; false where there was no answer at all.
func statusOf(err error) (status int, answered bool) {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return 0, false
	}
	status = response.HTTPStatusCode()
	return status, status != 0 // the SDK makes a ResponseError of a closed connection too
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
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	out, err := s.client.SendEmail(ctx, &sesv2.SendEmailInput{
		Content:              &types.EmailContent{Raw: &types.RawMessage{Data: m.source}},
		Destination:          &types.Destination{ToAddresses: []string{m.to}},
		ConfigurationSetName: &s.configurationSet,
		EmailTags:            []types.MessageTag{{Name: aws.String("ref"), Value: &m.ref}, {Name: aws.String("kind"), Value: &m.kind}},
	})
	if err != nil {
		return judge(err, connected.Load())
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

// unreachable is the reason of a call that never had a connection: nothing has left.
const unreachable = "ses_unreachable"

// throttling are the codes of "not now".
var throttling = map[string]bool{"TooManyRequestsException": true, "LimitExceededException": true, "ThrottlingException": true,
	"Throttling": true, "RequestLimitExceeded": true}

// judge decides what an error of SES means for a mail.
//
//   - Throttling, and everything whose cause lies in the deployment rather than in the mail (an identity not verified,
//     sending paused, a permission or a configuration set missing): later. Staff can mend it, and the mail is still wanted.
//   - Any other answer of the 4xx kind: failed. The next try would be answered alike.
//   - An answer of the 5xx kind, and no answer: unknown. SES may have accepted the mail all the same.
//   - No connection: later. No byte has left.
func judge(err error, connected bool) answer {
	var api smithy.APIError
	status, answered := statusOf(err)
	if !answered || !errors.As(err, &api) {
		if !connected {
			return answer{outcome: mail.Queued, reason: unreachable}
		}
		return answer{outcome: mail.Unknown, reason: mail.NoAnswer}
	}
	code := api.ErrorCode()
	switch {
	case throttling[code] || status == http.StatusTooManyRequests:
		return answer{outcome: mail.Queued, reason: code, throttled: true}
	case status >= http.StatusInternalServerError:
		return answer{outcome: mail.Unknown, reason: code}
	case ofDeployment(code, status, api.ErrorMessage()):
		return answer{outcome: mail.Queued, reason: code}
	}
	return answer{outcome: mail.Failed, reason: code}
}

// ofDeployment tells refusals whose cause is the deployment: the codes that speak of the account, the identity or the
// caller. MessageRejected is said of the mail and of an identity that is not verified alike; only its text tells which.
func ofDeployment(code string, status int, text string) bool {
	switch code {
	case "SendingPausedException", "AccountSuspendedException", "MailFromDomainNotVerifiedException", "NotFoundException":
		return true
	case "MessageRejected":
		return strings.Contains(strings.ToLower(text), "not verified")
	case "BadRequestException":
		return false
	}
	// Anything unnamed that is no statement about the message: signatures, tokens, permissions, a proxy in between.
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound || code == "UnknownError"
}
