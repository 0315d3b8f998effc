// Package ses is how functions call SES: each call once, and what its answer means. SES knows no idempotency token, so that a call
// that is made again may be another mail; whether it is made again is decided by who keeps the mail, never by the SDK.
package ses

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/aws/smithy-go"
)

// Client is SES's client without retries, and its connections.
type Client struct {
	*sesv2.Client
	transport *http.Transport
}

// New returns a client for the process's region and endpoint.
func New(ctx context.Context) (*Client, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	transport := awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) { d.Timeout = 3 * time.Second }).GetTransport()
	transport.MaxIdleConnsPerHost = 64
	return &Client{transport: transport, Client: sesv2.NewFromConfig(loaded, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{}
		o.HTTPClient = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	})}, nil
}

// Fresh drops connections from before: the process may have been frozen since, and a call into a dead connection cannot be told
// from one that was accepted.
func (c *Client) Fresh() { c.transport.CloseIdleConnections() }

// Alive asks a harmless question; false means that SES cannot be reached or does not answer. Any answer will do, also a refusal.
func (c *Client) Alive(ctx context.Context) bool {
	_, err := c.GetAccount(ctx, &sesv2.GetAccountInput{})
	status, answered := statusOf(err)
	return err == nil || answered && status < http.StatusInternalServerError
}

// Watch returns a context for one call, and a function that tells afterwards whether the call had a connection.
func Watch(ctx context.Context) (context.Context, func() bool) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	return ctx, connected.Load
}

// Verdict is what an error of a call means for the mails in it.
type Verdict struct {
	Sent       Sent
	Reason     string // a code of SES or of ours
	Throttled  bool   // too fast: the same call may succeed in a moment
	Quota      bool   // the quota of 24 hours is used up
	Deployment bool   // the cause lies in the account, the identity or the permissions: staff can mend it
}

// Sent says whether SES has the mails of a call.
type Sent int

// The three answers.
const (
	Not   Sent = iota // certainly not: they may be sent later
	Maybe             // there was no answer, or one that says nothing
	Never             // certainly not, and the next try would be answered alike
)

// The reasons of ours.
const (
	Unreachable = "ses_unreachable" // there never was a connection: nothing has left
	NoAnswer    = "no_answer"
)

// throttling are the codes of "not now".
var throttling = map[string]bool{"TooManyRequestsException": true, "LimitExceededException": true, "ThrottlingException": true,
	"Throttling": true, "RequestLimitExceeded": true}

// Judge decides what an error of SES means for a mail.
//
//   - Throttling, and everything whose cause lies in the deployment rather than in the mail (an identity not verified,
//     sending paused, a permission or a configuration set missing): not sent. Staff can mend it, and the mail is still wanted.
//   - Any other answer of the 4xx kind: never.
//   - An answer of the 5xx kind, and no answer: maybe. SES may have accepted the mail all the same.
//   - No connection: not sent. No byte has left.
func Judge(err error, connected bool) Verdict {
	var api smithy.APIError
	status, answered := statusOf(err)
	if !answered || !errors.As(err, &api) {
		if !connected {
			return Verdict{Sent: Not, Reason: Unreachable}
		}
		return Verdict{Sent: Maybe, Reason: NoAnswer}
	}
	code := api.ErrorCode()
	switch {
	case throttling[code] || status == http.StatusTooManyRequests:
		return Verdict{Sent: Not, Reason: code, Throttled: true, Quota: strings.Contains(strings.ToLower(api.ErrorMessage()), "quota")}
	case status >= http.StatusInternalServerError:
		return Verdict{Sent: Maybe, Reason: code}
	case ofDeployment(code, status, api.ErrorMessage()):
		return Verdict{Sent: Not, Reason: code, Deployment: true}
	}
	return Verdict{Sent: Never, Reason: code}
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

// Account is what SES says of the account.
type Account struct {
	PerSecond float64 // recipients
	Daily     float64 // recipients in 24 hours; negative: no limit
	Sent      float64 // in the last 24 hours
	Enabled   bool
	Healthy   bool // no enforcement against the account
}

// Ask reads the account.
func (c *Client) Ask(ctx context.Context) (Account, error) {
	out, err := c.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return Account{}, fmt.Errorf("ask SES for the account: %w", err)
	}
	if out.SendQuota == nil || out.SendQuota.MaxSendRate <= 0 {
		return Account{}, errors.New("ask SES for the account: it says no sending rate")
	}
	status := aws.ToString(out.EnforcementStatus)
	return Account{PerSecond: out.SendQuota.MaxSendRate, Daily: out.SendQuota.Max24HourSend, Sent: out.SendQuota.SentLast24Hours,
		Enabled: out.SendingEnabled, Healthy: status == "HEALTHY" || status == ""}, nil
}
