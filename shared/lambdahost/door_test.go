package lambdahost

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"madoguchi/shared/config"
)

// The edge's secrets are a setting like any other: what is too short is named at start, together with what else is wrong; empty
// means that no edge is expected.
func TestDoor(t *testing.T) {
	payload, err := os.ReadFile("../../events/edge/round-the-edge.json")
	if err != nil {
		t.Fatal(err)
	}
	run := func(context.Context, config.Source) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }), nil
	}
	for name, c := range map[string]struct{ secrets, answer, wrong string }{
		"no edge":   {"", `"statusCode":200`, ""},
		"one":       {strings.Repeat("a", 32), `"statusCode":403`, ""},
		"two":       {strings.Repeat("a", 32) + "," + strings.Repeat("b", 32), `"statusCode":403`, ""},
		"too short": {"a", "", "ORIGIN_SECRETS"},
	} {
		t.Run(name, func(t *testing.T) {
			handler, err := behindDoor(t.Context(), config.Map(map[string]string{"ORIGIN_SECRETS": c.secrets}), run)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := handler.Invoke(t.Context(), payload); err != nil || !strings.Contains(string(answer), c.answer) {
				t.Errorf("%s, %v", answer, err)
			}
		})
	}
}
