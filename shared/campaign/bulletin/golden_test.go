package bulletin_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds every kind of campaign to its files: what one recipient gets, and what SES is given.
func TestGolden(t *testing.T) {
	kinds := map[policy.MailKind]bool{}
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			kinds[s.frame.Kind] = true
			b, err := bulletin.Compile(s.content, s.frame)
			if err != nil {
				t.Fatal(err)
			}
			subject, page, text, err := b.Render(hanako())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, s.name+".html", page)
			golden(t, s.name+".txt", "Subject: "+subject+"\n\n"+text)
			golden(t, s.name+".template.txt", "Subject: "+b.Subject+"\n\n"+b.Text)
		})
	}
	for _, m := range policy.Mails() {
		if m.Class == policy.CampaignMail && !kinds[m.Kind] {
			t.Errorf("no sample of %s", m.Kind)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// Contract, "Mail": every mail names its sender, postal address, contact, reason and policy in both parts; nothing in it is fetched
// when it is opened but pictures of the organisation.
func TestFooter(t *testing.T) {
	for _, s := range samples() {
		s.frame.Organization.Name.JA, s.frame.Organization.Name.EN = "A & <B> {{x}} 本部", "A & <B> {{x}} Head Office"
		b, err := bulletin.Compile(s.content, s.frame)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		_, page, text, err := b.Render(hanako())
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		shown, _ := structure(t, page)
		org := s.frame.Organization
		want := []string{org.Name.In(s.frame.Language), org.Address.In(s.frame.Language), org.PrivacyContact, org.PrivacyURL(),
			policy.Text{JA: "メールアドレスにお送りしています。", EN: "You receive this mail because"}.In(s.frame.Language)}
		switch s.frame.Kind {
		case policy.EventInformation:
			want[4] = s.frame.Event
		case policy.QuestionnaireInvite:
			want[4] = policy.Text{JA: "イベント終了後のアンケートのために", EN: "for the questionnaire after the event"}.In(s.frame.Language)
		}
		for part, content := range map[string]string{"text": text, "HTML": shown} {
			for _, w := range want { // lines are broken in the text part
				if !strings.Contains(unbroken(content), unbroken(w)) {
					t.Errorf("%s, %s part: no %q", s.name, part, w)
				}
			}
		}
		for part, content := range map[string]string{"text": text, "HTML": page} {
			for name, address := range map[string]string{"unsubscribe": hanako().Unsubscribe, "preferences": hanako().Preferences} {
				escaped := strings.ReplaceAll(address, "&", "&amp;")
				if has := strings.Contains(content, address) || strings.Contains(content, escaped); has != b.List {
					t.Errorf("%s, %s part: the link to %s is there: %t, want %t", s.name, part, name, has, b.List)
				}
			}
			own := strings.Contains(content, strings.ReplaceAll(hanako().Link, "&", map[string]string{"text": "&", "HTML": "&amp;"}[part]))
			if own == b.List {
				t.Errorf("%s, %s part: the recipient's own link is there: %t", s.name, part, own)
			}
		}
	}
}

func unbroken(s string) string { return strings.Join(strings.Fields(s), "") }

// The layout takes its colours from the design tokens or from the letters, whose manner it shares.
func TestColours(t *testing.T) {
	var known string
	for _, path := range []string{"../../web/design-tokens/tokens.css", "../../web/style.css", "../../mail/letter/layout.html"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		known += string(b)
	}
	for _, path := range []string{"layout.html", "emit.go"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, colour := range colour.FindAllString(string(b), -1) {
			if !strings.Contains(known, colour) {
				t.Errorf("%s: %s is no colour of ours", path, colour)
			}
		}
	}
}
