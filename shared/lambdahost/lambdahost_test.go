package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"madoguchi/shared/logging"
)

// What fails in an event function reaches neither our log nor the runtime's with a value in it (hard case 33).
func TestFailuresHoldNoValues(t *testing.T) {
	const secret = "taro.yamada@example.jp"
	var out bytes.Buffer
	was := slog.Default()
	slog.SetDefault(logging.New(&out, "MailerFunction", "INFO"))
	t.Cleanup(func() { slog.SetDefault(was) })
	for name, handler := range map[string]EventHandler{
		"error": func(context.Context, json.RawMessage) (any, error) {
			return nil, fmt.Errorf("claim mail: %w", errors.New("bad "+secret))
		},
		"panic":   func(context.Context, json.RawMessage) (any, error) { panic(secret) },
		"payload": func(_ context.Context, e json.RawMessage) (any, error) { var n int; return nil, json.Unmarshal(e, &n) },
	} {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			answer, err := handler.Invoke(t.Context(), []byte(`"`+secret+`"`))
			if err == nil || answer != nil {
				t.Fatalf("answered %q, %v", answer, err)
			}
			if strings.Contains(err.Error()+out.String(), "taro") {
				t.Errorf("a value in %q or the log %s", err, out.String())
			}
			if !strings.Contains(out.String(), `"msg":"event failed"`) {
				t.Errorf("no log line: %s", out.String())
			}
		})
	}
	good := EventHandler(func(context.Context, json.RawMessage) (any, error) { return map[string]int{"n": 1}, nil })
	if answer, err := good.Invoke(t.Context(), nil); err != nil || string(answer) != `{"n":1}` {
		t.Errorf("%s, %v", answer, err)
	}
}
