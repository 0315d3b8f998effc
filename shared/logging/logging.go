// Package logging writes one JSON line per outcome, in which no personal data can appear: errors are reduced to what we
// wrote ourselves and to types and codes (hard case 33).
package logging

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
)

// New returns a logger of JSON lines in the form that Lambda's own log filters read ("timestamp", "level"). An unknown
// level means INFO: logging is no reason not to start.
func New(w io.Writer, function, level string) *slog.Logger {
	least := slog.LevelInfo
	_ = least.UnmarshalText([]byte(level))
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			a.Key = "timestamp"
		}
		if a.Value.Kind() == slog.KindAny {
			if err, ok := a.Value.Any().(error); ok {
				a.Value = slog.StringValue(Cause(err))
			}
		}
		return a
	}}
	return slog.New(slog.NewJSONHandler(w, options)).With("function", function)
}

// Cause describes an error without any value that came from outside. What our own code wrote around errors is kept (by
// house rule that text names operations, never values); of the error at the bottom only its kind is kept, because
// messages of libraries and services quote what they were given.
func Cause(err error) string {
	if err == nil {
		return ""
	}
	var joined interface{ Unwrap() []error }
	if inner := errors.Unwrap(err); inner != nil {
		if isOurs(err) {
			return strings.Replace(err.Error(), inner.Error(), Cause(inner), 1)
		}
		return kind(err, inner)
	}
	if asJoined(err, &joined) {
		text := err.Error()
		if !isOurs(err) {
			text = kindName(err)
		}
		for _, inner := range joined.Unwrap() {
			if isOurs(err) {
				text = strings.Replace(text, inner.Error(), Cause(inner), 1)
			} else {
				text += ": " + Cause(inner)
			}
		}
		return text
	}
	return kind(err, nil)
}

func asJoined(err error, into *interface{ Unwrap() []error }) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	*into = joined
	return ok
}

// isOurs reports whether an error is a text around others made by fmt.Errorf or errors.Join: our own wrapping. The SDK
// uses types of its own.
func isOurs(err error) bool {
	switch fmt.Sprintf("%T", err) {
	case "*fmt.wrapError", "*fmt.wrapErrors", "*errors.joinError":
		return true
	}
	return false
}

// kind names an error by its code or type, and goes on to what it wraps.
func kind(err, inner error) string {
	var text string
	var number syscall.Errno
	switch e := err.(type) { //nolint:errorlint // this very layer is meant
	case smithy.APIError:
		text = e.ErrorCode()
	case *smithy.OperationError:
		text = e.Service() + "." + e.Operation()
	case *net.OpError:
		text = "network " + e.Op
	default:
		switch {
		case errors.Is(err, context.DeadlineExceeded) && inner == nil, errors.Is(err, context.Canceled) && inner == nil:
			text = err.Error()
		case errors.As(err, &number) && inner == nil:
			text = number.Error()
		case fmt.Sprintf("%T", err) == "*errors.errorString" && inner == nil:
			// A constant of a package: errors.New with a value in it is against our rules.
			text = err.Error()
		default:
			text = kindName(err)
		}
	}
	if inner != nil {
		return text + ": " + Cause(inner)
	}
	return text
}

func kindName(err error) string { return strings.TrimPrefix(fmt.Sprintf("%T", err), "*") }
