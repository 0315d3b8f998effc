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
	"runtime"
	"strconv"
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

// PanicPlace names the function and line that panicked, called from the deferred function that recovers; the panic's value
// may hold personal data and is not for the log.
func PanicPlace() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			return frame.Function + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return "unknown"
		}
	}
}

// Cause describes an error without values that came from outside. Types and codes are kept, and texts made by errors.New
// and fmt.Errorf, which by house rule name operations, never values; libraries do not know that rule, so a text that looks
// as if it quoted something (quotes, an @, anything that is not ASCII) is left out all the same.
func Cause(err error) string {
	if err == nil {
		return ""
	}
	var joined interface{ Unwrap() []error }
	if inner := errors.Unwrap(err); inner != nil {
		if own := strings.Replace(err.Error(), inner.Error(), "", 1); isOurs(err) && quotesNothing(own) {
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
		case fmt.Sprintf("%T", err) == "*errors.errorString" && inner == nil && quotesNothing(err.Error()):
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

// quotesNothing tells a text that may go into the log.
func quotesNothing(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r == '"' || r == '@' || r == '`' || r < ' ' && r != '\n' || r > '~' })
}

func kindName(err error) string { return strings.TrimPrefix(fmt.Sprintf("%T", err), "*") }
