package record

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

func TestRetriesTransactionsThatOnlyConflicted(t *testing.T) {
	cancelled := func(codes ...string) error {
		e := &types.TransactionCanceledException{}
		for _, code := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
		}
		return e
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"conflict":                   {cancelled("None", "TransactionConflict"), true},
		"throttled":                  {cancelled("ThrottlingError", "None"), true},
		"condition":                  {cancelled("ConditionalCheckFailed", "None"), false},
		"condition beside conflict":  {cancelled("ConditionalCheckFailed", "TransactionConflict"), false},
		"validation beside conflict": {cancelled("ValidationError", "TransactionConflict"), false},
		"single write conflict":      {&types.TransactionConflictException{}, true},
		"throughput":                 {&types.ProvisionedThroughputExceededException{}, true},
		"condition of a single put":  {&types.ConditionalCheckFailedException{}, false},
		"answer cut short":           {fmt.Errorf("deserialization failed: %w", io.ErrUnexpectedEOF), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newRetryer().IsErrorRetryable(c.err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRetriesWaitShortlyAndAreNotRationed(t *testing.T) {
	r := newRetryer()
	if got := r.MaxAttempts(); got != maxAttempts {
		t.Errorf("attempts: got %d, want %d", got, maxAttempts)
	}
	for attempt := range maxAttempts {
		delay, err := r.RetryDelay(attempt, errors.New("x"))
		if err != nil || delay <= 0 || delay > maxBackoff+time.Millisecond {
			t.Errorf("attempt %d: delay %v, error %v", attempt, delay, err)
		}
	}
	for range 5000 { // the SDK's own bucket would be empty after 100
		if _, err := r.GetRetryToken(t.Context(), errors.New("x")); err != nil {
			t.Fatalf("retries are rationed: %v", err)
		}
	}
}

func TestOnlyWhatMayPassIsUnavailable(t *testing.T) {
	for code, want := range map[string]bool{
		"ValidationException": false, "AccessDeniedException": false, "ResourceNotFoundException": false,
		"ThrottlingException": true, "InternalServerError": true, "TransactionCanceledException": true,
	} {
		if got := errors.Is(wrap("get", &smithy.GenericAPIError{Code: code}), ErrUnavailable); got != want {
			t.Errorf("%s: unavailable %v, want %v", code, got, want)
		}
	}
	if !errors.Is(wrap("get", errors.New("connection reset")), ErrUnavailable) {
		t.Error("a lost connection is not unavailable")
	}
}
