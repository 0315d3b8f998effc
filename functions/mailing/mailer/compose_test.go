package main

import (
	"bytes"
	"flag"
	"maps"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"

	"madoguchi/shared/config"
	outbox "madoguchi/shared/mail"
	"madoguchi/shared/mail/letter"
	"madoguchi/shared/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

var fixed = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func composer(t *testing.T) *mailer {
	t.Helper()
	cfg, err := config.Load[settings](config.Map(environment("outbox")))
	if err != nil {
		t.Fatal(err)
	}
	return &mailer{cfg: cfg, letters: letter.New(cfg.Organization), now: func() time.Time { return fixed }}
}

// sources are rows of every kind of mail, to addresses of every shape (hard case 8).
var sources = map[policy.MailKind]outbox.Row{
	policy.NewsletterConfirm: {To: `"a..b"@docomo.ne.jp`, Data: map[string]string{"link": "/newsletter/confirm?t=CONFIRM",
		"expires": "2026-11-30T18:30:00+09:00", "reference": "N7K2-M4QX"}},
	policy.NewsletterWelcome: {To: "hanako@xn--r8jz45g.jp", Unsub: "/newsletter/unsubscribe?t=UNSUBSCRIBE", Data: map[string]string{
		"name": "𠮷野家 花子", "preferences": "/newsletter/preferences?t=PREFERENCES", "unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE",
		"deleted_on": "2029-11-22T15:00:00Z", "reference": "N7K2-M4QX"}},
	policy.NewsletterAlready: {To: "hanako+news@example.jp", Unsub: "/newsletter/unsubscribe?t=UNSUBSCRIBE", Data: map[string]string{
		"preferences": "/newsletter/preferences?t=PREFERENCES", "unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE"}},
	policy.NewsletterPreferences: {To: `"a."@ezweb.ne.jp`, Unsub: "/newsletter/unsubscribe?t=UNSUBSCRIBE", Data: map[string]string{
		"link": "/newsletter/preferences?t=PREFERENCES", "expires": "2026-11-24T18:30:00+09:00", "unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE"}},
	policy.NewsletterAddressConfirm: {To: strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + ".example.jp", Data: map[string]string{
		"link": "/newsletter/confirm?t=CONFIRM", "expires": "2026-11-30T18:30:00+09:00"}},
	policy.NewsletterAddressChanged: {To: "o'hara@example.jp"},
	// With a calendar entry (R27).
	policy.EventRegistered: {Service: policy.Events, To: `"a..b"@docomo.ne.jp`, Data: map[string]string{"name": "𠮷野家 花子", "event": "投資セミナー",
		"when": "2026年12月1日（火）14:00～16:00（日本時間）", "place": "新橋ビル", "online": "https://meet.example.jp/x", "reference": "E261123-M4QXABCDE",
		"link": "/events/one/registration?t=REGISTRATION", "deleted_on": "2027-12-01T07:00:00Z", "ics_method": "REQUEST", "ics_sequence": "0",
		"ics_starts": "2026-12-01T05:00:00Z", "ics_ends": "2026-12-01T07:00:00Z"}},
}

func exampleRow(kind policy.MailKind) outbox.Row {
	row := sources[kind]
	row.ID, row.Kind, row.Language = "K7QW2MZ4H6N3TPA5RXJBVCYDEL", kind, policy.Japanese
	if row.Service == "" {
		row.Service = policy.Newsletter
	}
	return row
}

// The whole source of every letter, with a fixed date and boundary.
func TestGoldenSources(t *testing.T) {
	for kind := range sources {
		t.Run(string(kind), func(t *testing.T) {
			m, err := composer(t).message(exampleRow(kind))
			if err != nil {
				t.Fatal(err)
			}
			m.Boundary = "=_boundary"
			got, err := m.Source()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", string(kind)+".ja.eml")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (write it anew with -update):\n%s", path, diff)
			}
		})
	}
}

// Every source as independent parsers read it, and the limits of lines (RFC 5322: 998; where they can be folded, 78).
func TestSourcesAsReadersSeeThem(t *testing.T) {
	for kind, row := range sources {
		t.Run(string(kind), func(t *testing.T) {
			out, err := composer(t).compose(exampleRow(kind))
			if err != nil {
				t.Fatal(err)
			}
			head, body, _ := strings.Cut(string(out.source), "\r\n\r\n")
			for line := range strings.SplitSeq(head, "\r\n") {
				if len(line) > 78 && !strings.HasPrefix(line, "To: ") && !strings.HasPrefix(line, "List-Unsubscribe: ") { // neither can be folded
					t.Errorf("header line of %d bytes: %s", len(line), line)
				}
			}
			for line := range strings.SplitSeq(body, "\r\n") {
				if len(line) > 76 || strings.ContainsAny(line, "\r\n") {
					t.Errorf("body line of %d bytes", len(line))
				}
			}
			plain, err := mail.ReadMessage(bytes.NewReader(out.source))
			if err != nil {
				t.Fatal(err)
			}
			to, err := plain.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Address != strings.ReplaceAll(row.To, `"`, "") {
				t.Errorf("To is read as %v, %v", to, err)
			}
			from, err := plain.Header.AddressList("From")
			if err != nil || len(from) != 1 || *from[0] != (mail.Address{Name: "日本アセアンセンター", Address: "info@forms.example.jp"}) {
				t.Errorf("From is read as %v, %v", from, err)
			}
			envelope, err := enmime.ReadEnvelope(bytes.NewReader(out.source))
			if err != nil || len(envelope.Errors) != 0 {
				t.Fatalf("enmime: %v, %v", err, envelope.Errors)
			}
			rendered, err := letter.New(composer(t).cfg.Organization).Render(exampleRow(kind).Mail())
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(plain.Header.Get("Subject"))
			got := []string{subject, strings.ReplaceAll(envelope.Text, "\r\n", "\n"), strings.ReplaceAll(envelope.HTML, "\r\n", "\n")}
			if diff := cmp.Diff([]string{rendered.Subject, rendered.Text, rendered.HTML}, got); diff != "" || err != nil {
				t.Errorf("the reader sees another letter, %v: %s", err, diff)
			}
			wantList := ""
			if row.Unsub != "" {
				wantList = "List-Unsubscribe=One-Click"
			}
			for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "X-Madoguchi-Ref": "K7QW2MZ4H6N3TPA5RXJBVCYDEL",
				"Reply-To": "toiawase_ga@asean.or.jp", "Date": "Mon, 23 Nov 2026 18:30:00 +0900", "List-Unsubscribe-Post": wantList} {
				if got := plain.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// R27: the part of the mail says the method that the file in it says: Google follows the one, Outlook the other.
func TestCalendarMethod(t *testing.T) {
	for _, method := range []string{"REQUEST", "CANCEL"} {
		row := exampleRow(policy.EventRegistered)
		row.Data = maps.Clone(row.Data)
		row.Data["ics_method"] = method
		out, err := composer(t).compose(row)
		if err != nil {
			t.Fatal(err)
		}
		envelope, err := enmime.ReadEnvelope(bytes.NewReader(out.source))
		if err != nil || len(envelope.Attachments) != 1 {
			t.Fatalf("%d attachments, %v", len(envelope.Attachments), err)
		}
		part := envelope.Attachments[0]
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != "text/calendar" || params["method"] != method || params["charset"] != "utf-8" || part.FileName != "event.ics" {
			t.Errorf("%s: the part is %s %v, %v", method, kind, params, err)
		}
		if file := string(part.Content); !strings.HasPrefix(file, "BEGIN:VCALENDAR\r\n") || !strings.Contains(file, "\r\nMETHOD:"+method+"\r\n") {
			t.Errorf("%s: the file says\n%s", method, file)
		}
	}
}

// Hard case 4: settings and rows are not trusted either.
func TestComposeRefuses(t *testing.T) {
	for name, change := range map[string]func(*mailer, *outbox.Row){
		"a line break in the address":   func(_ *mailer, r *outbox.Row) { r.To = "a@example.jp\r\nBcc: b@example.jp" },
		"two addresses":                 func(_ *mailer, r *outbox.Row) { r.To = "a@example.jp,b@example.jp" },
		"a line break in the list link": func(_ *mailer, r *outbox.Row) { r.Unsub = "/x\r\nBcc: b@example.jp" },
		"a line break in the sender's name": func(m *mailer, _ *outbox.Row) {
			m.cfg.Organization.ShortName.JA = "センター\r\nBcc: b@example.jp"
		},
		"a line break in the office's name, which is in the subject": func(m *mailer, _ *outbox.Row) {
			org := m.cfg.Organization
			org.ShortName.JA = "センター\nBcc: b@example.jp"
			m.letters = letter.New(org)
		},
	} {
		m, row := composer(t), exampleRow(policy.NewsletterWelcome)
		change(m, &row)
		if _, err := m.compose(row); err == nil {
			t.Errorf("%s was composed", name)
		}
	}
}
