package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
)

var errStore = errors.New("store unavailable")

func TestCauseHoldsNoValueFromOutside(t *testing.T) { // hard case 33
	secret := "taro.yamada@example.jp"
	_, number := strconv.Atoi(secret)
	var decoded struct{ N int }
	syntax := json.Unmarshal([]byte(`{"N":"`+secret+`"}`), &decoded)
	api := &smithy.GenericAPIError{Code: "ValidationException", Message: "wrong value " + secret}
	operation := &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "PutItem", Err: fmt.Errorf("serialize: %w", api)}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"wrapped number":     {fmt.Errorf("read setting: %w", number), "read setting: strconv.NumError: invalid syntax"},
		"json":               {fmt.Errorf("decode: %w", syntax), "decode: json.UnmarshalTypeError"},
		"sdk":                {fmt.Errorf("commit a+b: %w: %w", errStore, operation), "commit a+b: store unavailable: DynamoDB.PutItem: serialize: ValidationException"},
		"network":            {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "network dial: connection refused"},
		"deadline":           {fmt.Errorf("send: %w", context.DeadlineExceeded), "send: context deadline exceeded"},
		"library text":       {fmt.Errorf("store: %w", fmt.Errorf("bad value %q", secret)), "store: errors.errorString"},
		"library wrapping":   {fmt.Errorf("store: %w", fmt.Errorf("bad value %q: %w", secret, syscall.ECONNRESET)), "store: fmt.wrapError: connection reset by peer"},
		"a name":             {fmt.Errorf("store: %w", errors.New("no such person: 山田")), "store: errors.errorString"},
		"unknown type":       {personal{secret}, "logging.personal"},
		"unknown type inner": {wrapping{secret, number}, "logging.wrapping: strconv.NumError: invalid syntax"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Cause(c.err)
			if strings.Contains(got, "taro") || strings.Contains(got, "山田") {
				t.Errorf("personal data in %q", got)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLoggerReducesErrors(t *testing.T) {
	var out bytes.Buffer
	New(&out, "NewsletterFunction", "INFO").Error("request failed", "error", personal{"taro@example.jp"})
	if strings.Contains(out.String(), "taro") || !strings.Contains(out.String(), `"error":"logging.personal"`) {
		t.Error(out.String())
	}
	if !strings.Contains(out.String(), `"timestamp":`) || !strings.Contains(out.String(), `"function":"NewsletterFunction"`) {
		t.Error(out.String())
	}
}

type personal struct{ value string }

func (p personal) Error() string { return "no such person: " + p.value }

type wrapping struct {
	value string
	inner error
}

func (w wrapping) Error() string { return w.value + w.inner.Error() }
func (w wrapping) Unwrap() error { return w.inner }
