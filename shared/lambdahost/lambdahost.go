// Package lambdahost starts a function: it sets up the log, reads the environment, builds the handler once and hands it
// to the Lambda runtime. A function that cannot start says every reason in one log line and ends.
package lambdahost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"

	"madoguchi/shared/config"
	"madoguchi/shared/logging"
	"madoguchi/shared/web"
)

// door is what every function behind the API reads beside its own settings.
type door struct {
	Origin config.Keys `env:"ORIGIN_SECRETS,optional"` // of the edge in front of the API; empty: none is expected
}

// Start runs a function that API Gateway invokes.
func Start(run func(context.Context, config.Source) (http.Handler, error)) {
	start(func(ctx context.Context, env config.Source) (lambda.Handler, error) { return behindDoor(ctx, env, run) })
}

func behindDoor(ctx context.Context, env config.Source, run func(context.Context, config.Source) (http.Handler, error)) (lambda.Handler, error) {
	d, wrong := config.Load[door](env)
	handler, err := run(ctx, env)
	if err := errors.Join(wrong, err); err != nil {
		return nil, err
	}
	if routed, ok := handler.(interface{ Routes() []string }); ok && slices.Equal(os.Args[1:], []string{RoutesFlag}) {
		return nil, errors.Join(json.NewEncoder(os.Stdout).Encode(routed.Routes()), errListed)
	}
	if described, ok := handler.(interface{ Described() any }); ok && slices.Equal(os.Args[1:], []string{DescribeFlag}) {
		return nil, errors.Join(json.NewEncoder(os.Stdout).Encode(described.Described()), errListed)
	}
	return web.Lambda(handler, d.Origin...), nil
}

// RoutesFlag makes the program of a function behind the API print its routes, as a JSON list of ServeMux patterns, and end: a
// test holds /openapi.json to them.
const RoutesFlag = "-routes"

// DescribeFlag makes the program of a function for staff print what its routes take and answer: /staff/openapi.json is made of it.
const DescribeFlag = "-describe"

var errListed = errors.New("the routes are listed, nothing is served")

// EventHandler handles one event of a stream, a schedule or a rule. What it returns is the function's answer (nil for
// none); an error makes Lambda try the event again.
type EventHandler func(ctx context.Context, event json.RawMessage) (any, error)

// Invoke makes an EventHandler a lambda.Handler. The runtime logs the errors that it is given and the values of panics,
// which may hold personal data (hard case 33): it gets neither, only what our own log line says.
func (h EventHandler) Invoke(ctx context.Context, payload []byte) (answer []byte, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("panic at %s", logging.PanicPlace())
		}
		if err != nil {
			slog.ErrorContext(ctx, "event failed", "error", err)
			answer, err = nil, errors.New(logging.Cause(err))
		}
	}()
	result, err := h(ctx, payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// StartEvents runs a function that a stream, a schedule or a rule invokes.
func StartEvents(run func(context.Context, config.Source) (EventHandler, error)) {
	start(func(ctx context.Context, env config.Source) (lambda.Handler, error) { return run(ctx, env) })
}

func start(build func(context.Context, config.Source) (lambda.Handler, error)) {
	env := config.Environment()
	function, _ := env("AWS_LAMBDA_FUNCTION_NAME")
	level, _ := env("LOG_LEVEL")
	slog.SetDefault(logging.New(os.Stdout, function, level))
	tuneMemory(env)
	ctx := context.Background()
	handler, err := build(ctx, env)
	if errors.Is(err, errListed) {
		return
	}
	if err != nil {
		slog.ErrorContext(ctx, "cannot start", "error", err)
		os.Exit(1)
	}
	lambda.StartWithOptions(handler, lambda.WithContext(ctx))
}

// tuneMemory lets the heap grow to five times what is alive before it is collected: a function's live heap is some
// megabytes, so that Go's default would collect every few requests and cost a tenth of their CPU time. Where the heap is
// large after all, the limit of three quarters of the function's memory brings the collector back.
func tuneMemory(env config.Source) {
	debug.SetGCPercent(400)
	size, _ := env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
	if megabytes, err := strconv.ParseInt(size, 10, 64); err == nil && megabytes > 0 {
		debug.SetMemoryLimit(megabytes << 20 * 3 / 4)
	}
}
