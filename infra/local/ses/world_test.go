package ses

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

// world is a server behind HTTP, the real SDK client that does not retry, a clock that stands still and the events so far.
type world struct {
	*testing.T
	server *Server
	client *sesv2.Client
	inbox  *httptest.Server
	mu     sync.Mutex
	now    time.Time
	events []published
}

type published struct {
	detailType string
	detail     struct {
		EventType string `json:"eventType"`
		Mail      struct {
			MessageID     string              `json:"messageId"`
			Source        string              `json:"source"`
			SourceArn     string              `json:"sourceArn"`
			Destination   []string            `json:"destination"`
			Headers       []eventHeader       `json:"headers"`
			CommonHeaders eventCommon         `json:"commonHeaders"`
			Tags          map[string][]string `json:"tags"`
		} `json:"mail"`
		Bounce *struct {
			BounceType        string `json:"bounceType"`
			BounceSubType     string `json:"bounceSubType"`
			BouncedRecipients []struct {
				EmailAddress string `json:"emailAddress"`
			} `json:"bouncedRecipients"`
		} `json:"bounce"`
		Complaint *struct {
			ComplaintFeedbackType string `json:"complaintFeedbackType"`
		} `json:"complaint"`
		Failure *struct {
			ErrorMessage string `json:"errorMessage"`
		} `json:"failure"`
		Reject *struct {
			Reason string `json:"reason"`
		} `json:"reject"`
	}
}

const region = "ap-northeast-1"

func newWorld(t *testing.T, opts Options) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.FixedZone("JST", 9*3600))}
	opts.Clock = w.time
	opts.OnEvent = func(detailType string, detail json.RawMessage) {
		e := published{detailType: detailType}
		err := json.Unmarshal(detail, &e.detail)
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil {
			e.detailType = fmt.Sprintf("unreadable event: %v", err)
		}
		w.events = append(w.events, e)
	}
	server, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server.API())
	w.server, w.inbox = server, httptest.NewServer(server.Inbox())
	w.client = sesv2.New(sesv2.Options{
		Region: region, BaseEndpoint: aws.String(api.URL), Retryer: aws.NopRetryer{}, HTTPClient: api.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDMAILER", "secret", ""),
	})
	t.Cleanup(func() {
		w.inbox.Close()
		if err := server.Close(); err != nil { // before the listener, so that hanging calls end
			t.Errorf("close: %v", err)
		}
		api.Close()
	})
	return w
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// published waits for all events and returns them.
func (w *world) published() []published {
	w.Helper()
	if err := w.server.WaitEvents(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events
}

// eventTypes are the detail-types of all events, in order.
func (w *world) eventTypes() []string {
	w.Helper()
	out := []string{}
	for _, e := range w.published() {
		out = append(out, e.detailType)
	}
	return out
}

func (w *world) mails() []Mail {
	w.Helper()
	out := []Mail{}
	for m, err := range w.server.Mails() {
		if err != nil {
			w.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func (w *world) fault(body string) {
	w.Helper()
	var f Faults
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		w.Fatal(err)
	}
	if err := w.server.SetFaults(f); err != nil {
		w.Fatal(err)
	}
}

// send sends a simple mail; change may alter the call.
func (w *world) send(to string, change ...func(*sesv2.SendEmailInput)) (string, error) {
	in := simple(to)
	for _, c := range change {
		c(in)
	}
	out, err := w.client.SendEmail(w.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.MessageId, nil
}

func (w *world) mustSend(to string, change ...func(*sesv2.SendEmailInput)) string {
	w.Helper()
	id, err := w.send(to, change...)
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func utf8Content(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

func simple(to string) *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String("office@example.or.jp"),
		Destination:          &types.Destination{ToAddresses: []string{to}},
		ConfigurationSetName: aws.String("transactional"),
		EmailTags:            []types.MessageTag{{Name: aws.String("ref"), Value: aws.String("r-1_A")}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8Content("ご登録の確認"),
			Body:    &types.Body{Text: utf8Content("確認してください。"), Html: utf8Content("<p>確認してください。</p>")},
		}},
	}
}

// bulk is a call to the addresses with an inline template that greets by name.
func bulk(to ...string) *sesv2.SendBulkEmailInput {
	in := &sesv2.SendBulkEmailInput{
		FromEmailAddress:     aws.String("office@example.or.jp"),
		ConfigurationSetName: aws.String("list"),
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{
			TemplateContent: &types.EmailTemplateContent{
				Subject: aws.String("{{name}}様へのお知らせ"), Text: aws.String("{{name}}様\nこんにちは"), Html: aws.String("<p>{{name}}様</p>"),
			},
			Headers: []types.MessageHeader{{Name: aws.String("X-Campaign"), Value: aws.String("c1")}},
		}},
	}
	for i, a := range to {
		in.BulkEmailEntries = append(in.BulkEmailEntries, types.BulkEmailEntry{
			Destination:        &types.Destination{ToAddresses: []string{a}},
			ReplacementHeaders: []types.MessageHeader{{Name: aws.String("List-Unsubscribe"), Value: aws.String(fmt.Sprintf("<https://example.jp/u?t=%d>", i))}},
			ReplacementTags:    []types.MessageTag{{Name: aws.String("ref"), Value: aws.String(fmt.Sprint("r", i))}},
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{
				ReplacementTemplateData: aws.String(fmt.Sprintf(`{"name":"%d番 髙﨑"}`, i)),
			}},
		})
	}
	return in
}
