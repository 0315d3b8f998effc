//go:build samlocal

package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/infra/journey"
	"madoguchi/infra/tools"
)

// noEngine begins the reason for which the test is skipped; infra/check allows that reason.
const noEngine = "no Docker engine"

// TestSAMLocal is the journey of the newsletter through the SAM CLI's own emulation: the same body as through the local stack
// (functions/forms/newsletter), over other people's payloads, in containers. It needs minutes and an engine, so it is built with
// the tag samlocal only: go test -tags samlocal ./infra/samlocal
func TestSAMLocal(t *testing.T) {
	w, err := up(t.Context(), options{
		data: t.TempDir(), env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0"},
		log: t.Output(), progress: t.Output(),
	})
	var missing *tools.Missing
	if errors.As(err, &missing) {
		if missing.Tool == engineName {
			t.Skipf("%s: %v", noEngine, err)
		}
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Logf("sam local:\n%s", w.api.tail())
		}
		takeDown(t, w)
	}()
	t.Run("journey", func(t *testing.T) {
		journey.Newsletter(t, journey.Target{URL: w.url, Inbox: journey.InboxAt(w.services.URL())})
	})
	t.Run("calls are counted by function", func(t *testing.T) {
		if calls := w.services.Proxy().Calls()["local.NewsletterFunction.sam"]; len(calls) == 0 {
			t.Errorf("the functions in containers made no call to our DynamoDB: %v", w.services.Proxy().Calls())
		}
	})
	t.Run("invoke", w.invocations)
}

// invocations are events of /events by sam local invoke, one for each way in which a function is called.
func (w *world) invocations(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		function, event string
		status          int    // of an HTTP answer; 0: the function is not called over HTTP
		answer          string // a piece of the body, or the whole answer
	}{
		{"NewsletterFunction", "newsletter/get.json", http.StatusOK, "form_token"},
		{"NewsletterFunction", "newsletter/not-found.json", http.StatusNotFound, ""},
		{"PhotosFunction", "photos/catalogue.json", http.StatusOK, "ご利用の条件"},
		{"SiteFunction", "site/privacy-post.json", http.StatusMethodNotAllowed, ""},
		{"MailerFunction", "mailer/schedule.json", 0, "null"},
		{"MailerFunction", "mailer/stream.json", 0, `{"batchItemFailures": []}`},
		{"FeedbackFunction", "feedback/send.json", 0, "null"},
	} {
		t.Run(c.event, func(t *testing.T) {
			out, err := w.sam.run(t.Context(), root, w.invocation(c.function, filepath.Join(root, "events", filepath.FromSlash(c.event)))...)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(out), "errorType") {
				t.Fatalf("the function failed: %s", out)
			}
			got := strings.TrimSpace(string(out))
			t.Logf("%.300s", got)
			if c.status == 0 {
				if got != c.answer {
					t.Errorf("answer %q, want %q", got, c.answer)
				}
				return
			}
			var answer struct {
				StatusCode int    `json:"statusCode"`
				Body       string `json:"body"`
			}
			if err := json.Unmarshal([]byte(got), &answer); err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			if answer.StatusCode != c.status || !strings.Contains(answer.Body, c.answer) {
				t.Errorf("answer %s", got)
			}
		})
	}
}

// takeDown ends the world and looks for what is left: the address of the forms, containers, the engine, secrets on disk.
func takeDown(t *testing.T, w *world) {
	log := w.api.log
	if err := w.close(); err != nil {
		t.Error(err)
	}
	if w.engine.daemon != nil {
		if err := w.engine.answers(t.Context()); err == nil {
			t.Error("the engine that was started here still answers")
		}
	} else if err := noContainers(t, w); err != nil {
		t.Error(err)
	}
	if _, err := free(strings.TrimPrefix(w.url, "http://")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the template with the secrets: %v", err)
	}
	if _, err := os.Stat(log); err != nil {
		t.Errorf("the log shall stay: %v", err)
	}
}

func noContainers(t *testing.T, w *world) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.engine.client, "ps", "--all", "--format", "{{.Mounts}}", "--no-trunc")
	cmd.Env = append(os.Environ(), w.engine.environment()...)
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	if strings.Contains(string(out), w.folder) {
		return errors.New("containers of sam local are left: " + string(out))
	}
	return nil
}
