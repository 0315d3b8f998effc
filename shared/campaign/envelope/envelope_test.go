package envelope_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	local "madoguchi/infra/local/ses"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/policy"
	"madoguchi/shared/ses"
)

// The largest letter that may be written, with the largest attachments and fifty recipients, is a call that SES takes, whether it goes
// out by one call or by one for each.
func TestLargestCall(t *testing.T) {
	server, err := local.New(local.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server.API())
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		api.Close()
	})
	t.Setenv("AWS_ENDPOINT_URL_SESV2", api.URL)
	t.Setenv("AWS_REGION", "ap-northeast-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	client, err := ses.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	settings := envelope.Settings{ConfigurationSet: "list", Sender: "info@forms.example.jp", Organization: policy.DefaultOrganization()}
	settings.Organization.PublicURL = "https://forms.example.jp"
	c := &campaign.Campaign{ID: "abcdefghij234567", Kind: policy.PressRelease}
	content := campaign.Content{Language: policy.Japanese, Subject: strings.Repeat("題", 60), Body: strings.Repeat("長い本文です。", 2500) + "\n\n{{name|ご担当者}} 様"}
	files := []types.Attachment{envelope.Attachment(campaign.File{Name: "資料.pdf", Type: "application/pdf"}, bytes.Repeat([]byte{'x'}, envelope.LargestFiles))}
	editions, err := bulletin.Editions(bulletin.Settings{Organization: settings.Organization}, c, []campaign.Content{content}, nil)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := envelope.New(settings, c, &editions[0], files)
	if err != nil {
		t.Fatal(err)
	}
	entries := make([]envelope.Entry, campaign.ChunkSize)
	for i := range entries {
		entries[i] = envelope.Entry{Ref: fmt.Sprintf("c-abcdefghij234567-ja-%032x-%02d", i, i), Addressee: campaign.Addressee{To: fmt.Sprintf("r%d@example.jp", i),
			Values: map[string]string{"name": strings.Repeat("名", 100), "organization": strings.Repeat("所", 200)}, Unsubscribe: "/press/unsubscribe?t=" + strings.Repeat("t", 150),
			Preferences: "/press/preferences?t=" + strings.Repeat("t", 150)}}
	}
	for name, singly := range map[string]bool{"one call": false, "one for each": true} {
		t.Run(name, func(t *testing.T) {
			call, err := letter.Prepare(entries, singly)
			if err != nil {
				t.Fatal(err)
			}
			call.Do(t.Context(), client, func(i int, r envelope.Result) {
				if r.Err != nil || r.Status != types.BulkEmailStatusSuccess || r.MessageID == "" {
					t.Errorf("recipient %d: %+v", i, r)
				}
			})
		})
	}
	n := 0
	for m, err := range server.Mails() {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if len(m.Attachments) != 1 || m.Headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" || !strings.HasPrefix(m.Headers["X-Madoguchi-Ref"], "c-") ||
			m.Headers["List-Id"] != "<press.forms.example.jp>" {
			t.Fatalf("%+v", m.Headers)
		}
	}
	if n != 2*campaign.ChunkSize {
		t.Errorf("%d mails", n)
	}
}
