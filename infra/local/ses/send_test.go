package ses

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// kind is the name of the SDK's typed error, or what stands in its place.
func kind(err error) string {
	var (
		bad      *types.BadRequestException
		many     *types.TooManyRequestsException
		limit    *types.LimitExceededException
		missing  *types.NotFoundException
		domain   *types.MailFromDomainNotVerifiedException
		exists   *types.AlreadyExistsException
		internal *types.InternalServiceErrorException
		other    smithy.APIError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &bad):
		return "BadRequest"
	case errors.As(err, &many):
		return "TooManyRequests"
	case errors.As(err, &limit):
		return "LimitExceeded"
	case errors.As(err, &missing):
		return "NotFound"
	case errors.As(err, &domain):
		return "MailFromDomainNotVerified"
	case errors.As(err, &exists):
		return "AlreadyExists"
	case errors.As(err, &internal):
		return "InternalServiceError"
	case errors.As(err, &other):
		return "untyped " + other.ErrorCode()
	}
	return "no answer"
}

func TestSendEmailSimple(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.mustSend("taro@example.jp", func(in *sesv2.SendEmailInput) {
		in.Destination.CcAddresses = []string{"Hanako <hanako@example.jp>"}
		in.Destination.BccAddresses = []string{`"a..b"@docomo.ne.jp`}
		in.ReplyToAddresses = []string{"reply@example.or.jp"}
		in.Content.Simple.Headers = []types.MessageHeader{{Name: aws.String("X-Madoguchi-Ref"), Value: aws.String("R1")}}
		in.Content.Simple.Attachments = []types.Attachment{{FileName: aws.String("予定.ics"), ContentType: aws.String("text/calendar; charset=UTF-8"), RawContent: []byte("BEGIN:VCALENDAR")}}
	})
	got := w.mails()
	if len(got) != 1 {
		t.Fatalf("%d mails, want 1", len(got))
	}
	m := got[0]
	want := Mail{
		ID: id, Time: w.now, From: "office@example.or.jp", To: []string{"taro@example.jp", "hanako@example.jp", "a..b@docomo.ne.jp"},
		Subject: "ご登録の確認", Text: "確認してください。", HTML: "<p>確認してください。</p>",
		Headers: map[string]string{
			"Message-ID": "<" + id + "@ap-northeast-1.amazonses.com>", "Date": "Wed, 01 Apr 2026 09:00:00 +0900",
			"From": "office@example.or.jp", "To": "taro@example.jp", "Cc": "Hanako <hanako@example.jp>", "Reply-To": "reply@example.or.jp",
			"Subject": "ご登録の確認", "MIME-Version": "1.0", "X-Madoguchi-Ref": "R1",
		},
		Tags: map[string]string{"ref": "r-1_A"}, ConfigurationSet: "transactional",
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { s := p.String(); return s == "message" || s == "Attachments" }, cmp.Ignore())
	if d := cmp.Diff(want, m, ignore, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
		t.Errorf("mail (-want +got):\n%s", d)
	}
	if a := m.Attachments; len(a) != 1 || a[0].Name != "予定.ics" || a[0].Type != "text/calendar" || string(a[0].Content()) != "BEGIN:VCALENDAR" {
		t.Errorf("attachments %+v", a)
	}
}

func TestSendEmailRefusals(t *testing.T) {
	tags := func(name, value string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.EmailTags = []types.MessageTag{{Name: aws.String(name), Value: aws.String(value)}}
		}
	}
	to := func(addresses ...string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = addresses }
	}
	header := func(name, value string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.Content.Simple.Headers = []types.MessageHeader{{Name: aws.String(name), Value: aws.String(value)}}
		}
	}
	inline := func(text, data string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Template: &types.Template{TemplateData: aws.String(data),
				TemplateContent: &types.EmailTemplateContent{Subject: aws.String("件名"), Text: aws.String(text)}}}
		}
	}
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("u%d@example.jp", i)
	}
	for _, c := range []struct {
		name   string
		change func(*sesv2.SendEmailInput)
		kind   string
		says   string
	}{
		{"nothing wrong", func(*sesv2.SendEmailInput) {}, "", ""},
		{"50 recipients", to(many[:50]...), "", ""},
		{"51 recipients", to(many...), "BadRequest", "Recipient count"},
		{"no recipient", to(), "BadRequest", "Destination"},
		{"no sender", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = nil }, "BadRequest", "FromEmailAddress"},
		{"sender of another domain", func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("x@elsewhere.jp") }, "MailFromDomainNotVerified", "x@elsewhere.jp"},
		{"hard case 8: local part not ASCII", to("日本@example.jp"), "BadRequest", "non-ASCII"},
		{"hard case 8: domain not Punycode", to("x@例え.jp"), "BadRequest", "Punycode"},
		{"hard case 8: domain in Punycode", to("x@xn--r8jz45g.jp"), "", ""},
		{"hard case 8: dot-dot without quotes", to("a..b@docomo.ne.jp"), "BadRequest", "dot-dot"},
		{"hard case 8: dot-dot in quotes", to(`"a..b"@docomo.ne.jp`), "", ""},
		{"hard case 8: final dot without quotes", to("a.@ezweb.ne.jp"), "BadRequest", "ends with dot"},
		{"hard case 8: full-width at sign", to("taro＠example.jp"), "BadRequest", "@domain"},
		{"hard case 4: line end in an address", to("a@example.jp\r\nBcc: b@example.jp"), "BadRequest", "control"},
		{"name not encoded", to("太郎 <taro@example.jp>"), "BadRequest", "RFC 2047"},
		{"tag with a colon", tags("ref", "a:b"), "BadRequest", "only alphanumeric ASCII characters, '_', and '-' are allowed"},
		{"tag with a dot and an at sign", tags("ref", "a.b@c"), "BadRequest", "Invalid tag value"},
		{"tag name in Japanese", tags("札", "a"), "BadRequest", "Invalid tag name"},
		{"tag empty", tags("ref", ""), "BadRequest", "1 to 256"},
		{"tag of 256", tags("ref", strings.Repeat("a", 256)), "", ""},
		{"tag of 257", tags("ref", strings.Repeat("a", 257)), "BadRequest", "1 to 256"},
		{"header not ASCII", header("X-Ref", "あ"), "BadRequest", "printable ASCII"},
		{"hard case 4: header with a line end", header("X-Ref", "a\r\nBcc: b@example.jp"), "BadRequest", "printable ASCII"},
		{"header that SES writes", header("subject", "x"), "BadRequest", "cannot be given"},
		{"header too long", header("X-Ref", strings.Repeat("a", 992)), "BadRequest", "too long"},
		{"text without a charset", func(in *sesv2.SendEmailInput) { in.Content.Simple.Body.Text.Charset = nil }, "BadRequest", "Charset"},
		{"no content", func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }, "BadRequest", "Exactly one"},
		{"template with a block", inline("{{#if a}}x{{/if}}", `{"a":1}`), "BadRequest", "simple substitution"},
		{"template with a helper", inline("{{upper name}}", `{"name":"a"}`), "BadRequest", "simple substitution"},
		{"template with a partial", inline("{{> footer}}", `{}`), "BadRequest", "simple substitution"},
		{"template with a comment", inline("{{! note }}", `{}`), "BadRequest", "simple substitution"},
		{"template with a path", inline("{{person.name}}", `{"person":{"name":"a"}}`), "BadRequest", "simple substitution"},
		{"template data that are no object", inline("{{a}}", `["a"]`), "BadRequest", "JSON object"},
		{"template that is not stored", func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Template: &types.Template{TemplateName: aws.String("none")}}
		}, "NotFound", "none"},
		{"inline template over 1 MB", inline(strings.Repeat("a", 1<<20), `{}`), "BadRequest", "larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{Identities: []string{"example.or.jp"}})
			_, err := w.send("taro@example.jp", c.change)
			if got := kind(err); got != c.kind {
				t.Fatalf("error %q (%v), want %q", got, err, c.kind)
			}
			if c.says != "" && !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v does not say %q", err, c.says)
			}
			want := 1
			if c.kind != "" {
				want = 0
			}
			if got := len(w.mails()); got != want {
				t.Errorf("%d mails, want %d", got, want)
			}
		})
	}
}

func TestSendBulkEmail(t *testing.T) {
	w := newWorld(t, Options{})
	in := bulk("a@example.jp", "日本@example.jp", "c@example.jp", "d@example.jp") // hard case 23: one bad address
	in.DefaultContent.Template.TemplateData = aws.String(`{"name":"皆"}`)
	in.DefaultEmailTags = []types.MessageTag{{Name: aws.String("ref"), Value: aws.String("default")}, {Name: aws.String("campaign"), Value: aws.String("c1")}}
	in.BulkEmailEntries[2].ReplacementHeaders = append(in.BulkEmailEntries[2].ReplacementHeaders, types.MessageHeader{Name: aws.String("x-campaign"), Value: aws.String("c2")})
	in.BulkEmailEntries[3].ReplacementEmailContent = nil
	out, err := w.client.SendBulkEmail(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	status := []string{}
	for _, r := range out.BulkEmailEntryResults {
		status = append(status, string(r.Status)+" "+aws.ToString(r.Error))
	}
	if d := cmp.Diff([]string{"SUCCESS ", "INVALID_PARAMETER Local address contains non-ASCII characters", "SUCCESS ", "SUCCESS "}, status); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
	got := []string{}
	for _, m := range w.mails() {
		campaign := m.Headers["X-Campaign"] + m.Headers["x-campaign"]
		got = append(got, strings.Join([]string{m.To[0], m.Subject, m.Text, m.HTML, campaign, m.Headers["List-Unsubscribe"], m.Tags["ref"], m.Tags["campaign"]}, "|"))
	}
	want := []string{
		"a@example.jp|0番 髙﨑様へのお知らせ|0番 髙﨑様\nこんにちは|<p>0番 髙﨑様</p>|c1|<https://example.jp/u?t=0>|r0|c1",
		"c@example.jp|2番 髙﨑様へのお知らせ|2番 髙﨑様\nこんにちは|<p>2番 髙﨑様</p>|c2|<https://example.jp/u?t=2>|r2|c1",
		"d@example.jp|皆様へのお知らせ|皆様\nこんにちは|<p>皆様</p>|c1|<https://example.jp/u?t=3>|r3|c1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("mails (-want +got):\n%s", d)
	}
	if got := w.server.Calls(); got["AKIDMAILER"] != 1 {
		t.Errorf("calls %v, want 1 of AKIDMAILER", got)
	}
}

func TestSendBulkEmailRefusals(t *testing.T) {
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("u%d@example.jp", i)
	}
	for _, c := range []struct {
		name   string
		to     []string
		change func(*sesv2.SendBulkEmailInput)
		kind   string
	}{
		{"50 entries", many[:50], nil, ""},
		{"51 entries", many, nil, "BadRequest"},
		{"no entries", nil, func(in *sesv2.SendBulkEmailInput) { in.BulkEmailEntries = []types.BulkEmailEntry{} }, "BadRequest"},
		{"51 recipients in 26 entries", many[:26], func(in *sesv2.SendBulkEmailInput) {
			for i := range 25 {
				in.BulkEmailEntries[i].Destination.CcAddresses = []string{"cc@example.jp"}
			}
		}, "BadRequest"},
		{"illegal tag of an entry", many[:2], func(in *sesv2.SendBulkEmailInput) {
			in.BulkEmailEntries[1].ReplacementTags[0].Value = aws.String("a b")
		}, "BadRequest"},
		{"illegal header of an entry", many[:2], func(in *sesv2.SendBulkEmailInput) {
			in.BulkEmailEntries[1].ReplacementHeaders[0].Value = aws.String("あ")
		}, "BadRequest"},
		{"helper in the template", many[:2], func(in *sesv2.SendBulkEmailInput) {
			in.DefaultContent.Template.TemplateContent.Html = aws.String("{{#each a}}{{/each}}")
		}, "BadRequest"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			in := bulk(c.to...)
			if c.change != nil {
				c.change(in)
			}
			_, err := w.client.SendBulkEmail(t.Context(), in)
			if got := kind(err); got != c.kind {
				t.Errorf("error %q (%v), want %q", got, err, c.kind)
			}
		})
	}
}

// The send rate counts recipients, a call over it fails whole and is not queued (requirements.md, facts).
func TestRate(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"max_send_rate":3}`)
	steps := []struct {
		name    string
		advance time.Duration
		to      []string
		kind    string
	}{
		{"more than the burst at once", 0, []string{"a@example.jp", "b@example.jp", "c@example.jp", "d@example.jp"}, "TooManyRequests"},
		{"two of three", 0, []string{"a@example.jp", "b@example.jp"}, ""},
		{"two more are one too many", 0, []string{"a@example.jp", "b@example.jp"}, "TooManyRequests"},
		{"one more", 0, []string{"a@example.jp"}, ""},
		{"a third of a second gives one", 334 * time.Millisecond, []string{"a@example.jp"}, ""},
		{"and no second", 0, []string{"a@example.jp"}, "TooManyRequests"},
		{"an hour gives one second's worth", time.Hour, []string{"a@example.jp", "b@example.jp", "c@example.jp"}, ""},
		{"and no more", 0, []string{"a@example.jp"}, "TooManyRequests"},
	}
	for _, s := range steps {
		w.advance(s.advance)
		_, err := w.client.SendBulkEmail(t.Context(), bulk(s.to...))
		if got := kind(err); got != s.kind {
			t.Fatalf("%s: error %q (%v), want %q", s.name, got, err, s.kind)
		}
		if s.kind != "" && !strings.Contains(err.Error(), "Maximum sending rate exceeded.") {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	if got := len(w.mails()); got != 7 {
		t.Errorf("%d mails, want 7", got)
	}
}

func TestDailyQuota(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"daily_quota":3}`)
	w.mustSend("a@example.jp")
	out, err := w.client.SendBulkEmail(t.Context(), bulk("a@example.jp", "b@example.jp", "c@example.jp"))
	if err != nil {
		t.Fatal(err)
	}
	if got := out.BulkEmailEntryResults[2].Status; got != types.BulkEmailStatusAccountDailyQuotaExceeded {
		t.Errorf("third entry %s, want the quota exceeded", got)
	}
	if _, err := w.send("a@example.jp"); kind(err) != "LimitExceeded" {
		t.Errorf("error %v, want LimitExceeded", err)
	}
	account, err := w.client.GetAccount(t.Context(), &sesv2.GetAccountInput{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float64{3, 200, 3}, []float64{account.SendQuota.Max24HourSend, account.SendQuota.MaxSendRate, account.SendQuota.SentLast24Hours}); d != "" {
		t.Errorf("quota (-want +got):\n%s", d)
	}
	if !account.SendingEnabled || !account.ProductionAccessEnabled {
		t.Error("sending is not enabled")
	}
	w.advance(24*time.Hour + time.Minute)
	w.mustSend("a@example.jp")
}
