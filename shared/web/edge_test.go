package web_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/logging"
	"madoguchi/shared/web"
)

const (
	newSecret = "NewEdgeSecretOfThePayloads0123456789"
	oldSecret = "OldEdgeSecretOfThePayloads0123456789"
)

// Each payload in events/edge, as it comes to the API, where an edge is expected and where none is: who gets in, and whom the rate
// is counted for (R45). Only the edge is believed; a visitor can write anything in front.
func TestEdge(t *testing.T) {
	type outcome struct {
		Status  int
		Network string // of the rate bucket; empty: the handler was not called
	}
	const edge, visitor = "203.0.113.7", "198.51.100.20"
	refused := outcome{http.StatusForbidden, ""}
	cases := map[string]outcome{
		"health":               {http.StatusOK, visitor},
		"previous-secret":      {http.StatusOK, visitor},
		"ipv6":                 {http.StatusOK, "2001:db8:1:2::/64"},
		"invented-address":     {http.StatusOK, visitor},
		"address-that-is-none": {http.StatusOK, edge},
		"other-last-hop":       {http.StatusOK, edge},
		"round-the-edge":       refused,
		"wrong-secret":         refused,
		"wrong-secret-head":    refused,
	}
	var log bytes.Buffer
	was := slog.Default()
	slog.SetDefault(logging.New(&log, "SiteFunction", "INFO"))
	t.Cleanup(func() { slog.SetDefault(was) })
	for name, want := range cases {
		for expected, secrets := range map[string][]config.Key{"edge": {config.Key(newSecret), config.Key(oldSecret)}, "no edge": nil} {
			t.Run(name+"/"+expected, func(t *testing.T) {
				want := want
				if secrets == nil {
					want = outcome{http.StatusOK, edge}
				}
				payload, err := os.ReadFile(filepath.Join("../../events/edge", name+".json"))
				if err != nil {
					t.Fatal(err)
				}
				var network string
				out, err := web.Lambda(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					network = guard.Network(r.RemoteAddr)
					if secrets != nil && r.Header.Get("X-Origin-Secret") != "" {
						t.Error("the handler sees the secret")
					}
					w.WriteHeader(http.StatusOK)
				}), secrets...).Invoke(t.Context(), payload)
				if err != nil {
					t.Fatal(err)
				}
				var answer events.APIGatewayV2HTTPResponse
				if err := json.Unmarshal(out, &answer); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, outcome{answer.StatusCode, network}); diff != "" {
					t.Error(diff)
				}
				if want == refused {
					head := strings.HasSuffix(name, "-head")
					if answer.Headers["x-request-id"] != "JKJaXmPLvHcESHA=" || answer.Headers["cache-control"] != "no-store" || head != (answer.Body == "") {
						t.Errorf("the refusal %+v", answer)
					}
				}
			})
		}
	}
	if text := log.String(); !strings.Contains(text, "not through the edge") || strings.Count(text, "does not tell the visitor's address") != 2 || strings.Contains(text, "Secret") || strings.Contains(text, visitor) {
		t.Errorf("the log: %s", text)
	}
	if files, err := filepath.Glob("../../events/edge/*.json"); err != nil || len(files) != len(cases) {
		t.Errorf("%d payloads (%v), %d are tested", len(files), err, len(cases))
	}
}
