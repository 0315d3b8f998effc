// Package record keeps items with an expiry in DynamoDB: transactions that say which action failed, reads that never
// return an expired item (DynamoDB deletes late), and a client that retries what the SDK does not.
package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

const (
	// attemptTimeout bounds one call. DynamoDB answers within tens of milliseconds; an answer that has not come by now
	// is lost, and asking again with the same ClientRequestToken tells whether the first call was carried out.
	attemptTimeout = 1500 * time.Millisecond
	// maxAttempts and maxBackoff leave a lost answer on a lost answer on ... room to be asked again within the time that
	// a visitor waits: about 3 seconds of waiting at most.
	maxAttempts = 12
	maxBackoff  = 400 * time.Millisecond
	minBackoff  = 20 * time.Millisecond
	// idleConnections are kept open. A sender has more calls in flight than the SDK's ten, and each connection beyond would be
	// closed after its call and opened again, with a handshake, for the next.
	idleConnections = 64
)

// NewClient returns a DynamoDB client for the process's region and endpoint.
func NewClient(ctx context.Context) (*dynamodb.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = newRetryer()
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTimeout).WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = idleConnections
		})
	}), nil
}

// newRetryer is the SDK's standard retryer, with three differences: transactions cancelled by nothing but conflicts or
// throttling are tried again (the SDK does not), the waits are short and fully jittered (a visitor waits), and retries
// are not rationed: giving up costs a visitor's post. A call whose answer was lost is made again with the same effect; only a
// counter outside a transaction may count it twice, which makes a limit stricter by one and harms nobody.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			ceiling := min(maxBackoff, minBackoff<<min(attempt, 8))
			return rand.N(ceiling) + time.Millisecond, nil //nolint:gosec // jitter needs no secrecy
		})
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(isTransientCancellation), retry.IsErrorRetryableFunc(isCutShort)}, o.Retryables...)
	})
}

// isCutShort reports whether an answer ended in its middle: as good as one that was lost.
func isCutShort(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// isTransientCancellation reports whether a transaction was cancelled by conflicts or throttling only.
func isTransientCancellation(err error) aws.Ternary {
	var conflict *types.TransactionConflictException
	if errors.As(err, &conflict) {
		return aws.TrueTernary
	}
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return aws.UnknownTernary
	}
	transient := false
	for _, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			transient = true
		default:
			return aws.FalseTernary
		}
	}
	return aws.BoolTernary(transient)
}

// ErrUnavailable says that the store could not be reached or did not answer in time. What was asked for may or may not
// have been done; asking again is safe.
var ErrUnavailable error = unavailable{}

type unavailable struct{}

func (unavailable) Error() string { return "store unavailable" }

// Unavailable lets shared/web tell this error from a defect without knowing DynamoDB.
func (unavailable) Unavailable() bool { return true }

// wrap names the operation, and marks as ErrUnavailable what may pass by itself. A call that DynamoDB understands and
// refuses (malformed, not allowed, no such table) is a defect of ours and stays one.
func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		switch refused.ErrorCode() {
		case "ValidationException", "AccessDeniedException", "ResourceNotFoundException", "SerializationException", "IdempotentParameterMismatchException":
			return fmt.Errorf("%s: %w", operation, err)
		}
	}
	return fmt.Errorf("%s: %w: %w", operation, ErrUnavailable, err)
}
