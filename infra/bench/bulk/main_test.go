package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"madoguchi/shared/ses"
)

const recorded = `{"FromEmailAddress":"a@example.jp","DefaultContent":{"Template":{"TemplateContent":{"Subject":"x","Text":"{{d0}}"},"TemplateData":"{}"}},` +
	`"BulkEmailEntries":[{"Destination":{"ToAddresses":["b@example.jp"]},"ReplacementHeaders":[{"Name":"X-A","Value":"1"}],` +
	`"ReplacementEmailContent":{"ReplacementTemplate":{"ReplacementTemplateData":"{\"d0\":\"y\"}"}}}]}`

// What was recorded is what goes out again, as often as ordered; an entry that SES does not take is an error.
func TestRepeat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bodies")
	if err := os.WriteFile(path, []byte(recorded+"\n"+recorded+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	calls, err := read(path)
	if err != nil || len(calls) != 2 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	var made atomic.Int64
	status := "SUCCESS"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		made.Add(1)
		var in sesv2.SendBulkEmailInput
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || *in.BulkEmailEntries[0].ReplacementHeaders[0].Value != "1" {
			t.Errorf("%+v, %v", in, err)
		}
		_, _ = w.Write([]byte(`{"BulkEmailEntryResults":[{"Status":"` + status + `","MessageId":"1"}]}`))
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SESV2": server.URL, "AWS_REGION": "ap-northeast-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"} {
		t.Setenv(name, value)
	}
	client, err := ses.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := (loop{ses: client, calls: calls}).repeat(t.Context(), order{Calls: 7, InFlight: 3}); err != nil || made.Load() != 7 {
		t.Errorf("%d calls, %v", made.Load(), err)
	}
	status = "FAILED"
	if err := (loop{ses: client, calls: calls}).repeat(t.Context(), order{Calls: 1, InFlight: 1}); err == nil {
		t.Error("an entry that failed was taken for sent")
	}
}

func TestNothingToRepeat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bodies")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(path); err == nil {
		t.Error("no calls were taken for some")
	}
}
