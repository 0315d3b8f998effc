package letter

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func organization() policy.Organization {
	org := policy.DefaultOrganization()
	org.PublicURL = "https://forms.example.jp"
	return org
}

// examples are the letters as the functions ask for them.
var examples = map[policy.MailKind]map[string]string{
	policy.NewsletterConfirm: {"link": "/newsletter/confirm?t=CONFIRM", "expires": "2026-11-30T09:30:59Z", "reference": "N7K2-M4QX"},
	policy.NewsletterWelcome: {"name": "𠮷野家 花子", "preferences": "/newsletter/preferences?t=PREFERENCES",
		"unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE", "deleted_on": "2029-11-22T15:00:00Z", "reference": "N7K2-M4QX"},
	policy.NewsletterAlready: {"preferences": "/newsletter/preferences?t=PREFERENCES", "unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE"},
	policy.NewsletterPreferences: {"link": "/newsletter/preferences?t=PREFERENCES", "expires": "2026-11-24T18:30:00+09:00",
		"unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE"},
	policy.NewsletterAddressConfirm: {"link": "/newsletter/confirm?t=CONFIRM", "expires": "2026-11-30T18:30:00+09:00"},
	policy.NewsletterAddressChanged: {},
	policy.NewsletterStay:           {"name": "𠮷野家 花子", "link": "/newsletter/stay?t=STAY", "expires": "2029-11-22T15:00:00Z", "unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE"},
	policy.PressStay:                {"name": "記者 一郎", "link": "/press/stay?t=STAY", "expires": "2029-11-22T15:00:00Z", "unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE"},

	policy.PressConfirm: {"link": "/press/confirm?t=CONFIRM", "expires": "2026-11-30T09:30:59Z", "reference": "P261123-M4QX"},
	policy.PressWelcome: {"name": "記者 一郎", "preferences": "/press/preferences?t=PREFERENCES", "unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE",
		"deleted_on": "2029-11-22T15:00:00Z", "reference": "P261123-M4QX"},
	policy.PressAlready: {"preferences": "/press/preferences?t=PREFERENCES", "unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE"},
	policy.PressPreferences: {"link": "/press/preferences?t=PREFERENCES", "expires": "2026-11-24T18:30:00+09:00",
		"unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE"},
	policy.PressAddressConfirm: {"link": "/press/confirm?t=CONFIRM", "expires": "2026-11-30T18:30:00+09:00"},
	policy.PressAddressChanged: {},
	policy.PressPending:        {"unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE", "expires": "2026-12-23T18:30:00+09:00", "reference": "P261123-M4QX"},
	policy.PressApproved: {"name": "記者 一郎", "preferences": "/press/preferences?t=PREFERENCES", "unsubscribe": "/press/unsubscribe?t=UNSUBSCRIBE",
		"deleted_on": "2029-11-22T15:00:00Z", "reference": "P261123-M4QX"},
	policy.PressRefused: {"name": "記者 一郎", "reference": "P261123-M4QX"},

	policy.PublicationsReceived: {"reference": "M261123-M4QX", "publications": "ASEANの地図（2部）、ASEAN入門（1部）", "deleted_on": "2027-11-23T15:00:00Z"},
	policy.InquiryReceived:      {"reference": "I261123-M4QX", "deleted_on": "2028-11-22T15:00:00Z"},
	policy.InquiryStaffNotice: {"reference": "I261123-M4QX", "channel": "inbound_mail", "follows": "yes", "attachments": "28", "numbers": "58",
		"link": "/staff/inquiries/I261123-M4QX", "limit": "100"},
	policy.CampaignReturned: {"kind": "メールマガジン", "link": "/staff/campaigns/abcdefghij234567"},
	policy.CampaignReview:   {"kind": "メールマガジン", "link": "/staff/campaigns/abcdefghij234567"},
	policy.PhotosAccess:     {"link": "/photos?t=DOWNLOAD", "deleted_on": "2028-11-22T15:00:00Z", "reference": "D261123-M4QX"},
	policy.EventRegistered:  event("when", "place", "online", "contact", "link", "deleted_on", "receipt"),
	policy.EventWaiting:     event("when", "place", "contact", "link", "deleted_on", "receipt"),
	policy.EventOffer:       event("when", "place", "link", "expires"),
	policy.EventAlready:     {"event": "投資セミナー", "link": "/events/one/registration?t=REGISTRATION"},
	policy.EventChanged:     event("link", "deleted_on", "receipt"),
	policy.EventWithdrawn:   event("cancelled", "seat", "again", "deleted_on", "receipt"),
	policy.EventReminder:    event("when", "place", "online", "contact", "link"),
	policy.EventMoved:       event("when", "place", "online", "contact", "link", "deleted_on", "moved"),
	policy.EventCancelled:   event("when", "contact", "deleted_on", "receipt"),

	policy.QuestionnaireInvite: {"event": "メコン地域投資セミナー", "link": "/questionnaires/mekong?t=ANSWER", "expires": "2027-11-20T08:00:00Z", "manner": "anonymous"},
}

// event are values of the letters about a registration, as shared/registration fills them.
func event(keys ...string) map[string]string {
	all := map[string]string{"when": "2026年12月1日（火）14:00～16:00（日本時間） ／ 2026年12月1日（火）05:00～07:00（協定世界時 UTC）", "place": "新橋ビル 1階",
		"online": "https://meet.example.jp/x", "contact": "セミナー事務局 03-1234-5678", "link": "/events/one/registration?t=REGISTRATION", "again": "/events/one",
		"deleted_on": "2027-12-01T07:00:00Z", "expires": "2026-11-24T18:30:00+09:00", "moved": "yes", "cancelled": "yes", "seat": "yes",
		"receipt": `{"items":["お名前","メールアドレス","お食事"],"extra":[{"Term":"共催者","Body":["アセアン財団（所在国：インドネシア）"]}]}`}
	data := map[string]string{"name": "𠮷野家 花子", "event": "投資セミナー", "reference": "E261123-M4QXABCDE"}
	for _, key := range keys {
		data[key] = all[key]
	}
	return data
}

// serviceOf is the service whose records cause a kind of mail.
func serviceOf(kind policy.MailKind) policy.Code {
	for _, s := range policy.Services() {
		if kind != policy.LegalNotice && s.MayMail(kind) {
			return s.Code
		}
	}
	return ""
}

func example(kind policy.MailKind) mail.Mail {
	return mail.Mail{Service: serviceOf(kind), Kind: kind, Language: policy.Japanese, To: "hanako@example.jp", Person: "5f2c", Data: maps.Clone(examples[kind])}
}

// languages are those in which a kind of mail must have its letter: those of the form that causes it.
func languages(kind policy.MailKind) []policy.Language { return policy.Get(serviceOf(kind)).Languages }

func TestGolden(t *testing.T) {
	for kind := range examples {
		for _, language := range languages(kind) {
			name := string(kind) + "." + string(language)
			t.Run(name, func(t *testing.T) {
				m := example(kind)
				m.Language = language
				got, err := New(organization()).Render(m)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
				golden(t, name+".html", got.HTML)
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (write it anew with -update):\n%s", name, diff)
	}
}

// Every source is a letter that the policy names and that a test renders.
func TestSourcesAreThePolicysMails(t *testing.T) {
	files, err := sources.ReadDir("letters")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name, _, _ := strings.Cut(file.Name(), ".")
		kinds := []string{name}
		if step, both := strings.CutPrefix(name, "list_"); both {
			kinds = []string{"newsletter_" + step, "press_" + step}
		}
		for _, kind := range kinds {
			if _, known := policy.MailOf(policy.MailKind(kind)); !known {
				t.Errorf("%s: the policy names no mail %s (R57)", file.Name(), kind)
			}
			if examples[policy.MailKind(kind)] == nil {
				t.Errorf("%s is rendered by no test", kind)
			}
		}
	}
}

// A mail with a hole is never sent: each value that a letter needs is missed by name.
func TestMissingValues(t *testing.T) {
	optional := map[string]bool{"newsletter_preferences unsubscribe": true, "press_preferences unsubscribe": true}
	for _, kind := range []string{"newsletter_confirm", "newsletter_welcome", "newsletter_stay", "press_stay", "press_confirm", "press_welcome", "press_pending", "press_approved", "press_refused"} {
		optional[kind+" reference"], optional[kind+" name"] = true, true
	}
	for _, key := range []string{"follows", "attachments", "numbers", "link"} {
		optional["inquiry_staff_notice "+key] = true
	}
	for kind := range examples {
		for _, key := range []string{"place", "online", "contact", "moved", "cancelled", "seat", "receipt"} {
			optional[string(kind)+" "+key] = true
		}
	}
	optional["event_waiting when"], optional["event_moved when"], optional["event_offer when"] = true, true, true
	for kind, data := range examples {
		for key := range data {
			for _, value := range []string{"absent", "empty"} {
				m := example(kind)
				if delete(m.Data, key); value == "empty" {
					m.Data[key] = ""
				}
				got, err := New(organization()).Render(m)
				switch {
				case optional[string(kind)+" "+key]:
					if err != nil || strings.Contains(got.Text, data[key]) {
						t.Errorf("%s without the optional %s: %v", kind, key, err)
					}
				case !errors.Is(err, errMissing):
					t.Errorf("%s, %s %s: error %v", kind, key, value, err)
				}
			}
		}
	}
}

func TestRefusedValues(t *testing.T) {
	for _, test := range []struct{ name, key, value string }{
		{"a foreign link", "preferences", "https://elsewhere.example/"},
		{"a link to another host", "preferences", "//elsewhere.example/"},
		{"a link with a space", "preferences", "/newsletter/preferences?t=A B"},
		{"no time", "deleted_on", "tomorrow"},
		{"a line break in a name (hard case 4)", "name", "花子\nBcc: x@example.jp"},
		{"U+2028 in a name (hard case 4)", "name", "花子\u2028様"},
		{"not UTF-8", "name", "\xff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := example(policy.NewsletterWelcome)
			m.Data[test.key] = test.value
			_, err := New(organization()).Render(m)
			if err == nil {
				t.Fatal("rendered")
			}
			if strings.Contains(err.Error(), test.value) {
				t.Errorf("the error holds the value: %v", err)
			}
		})
	}
	m := example(policy.NewsletterConfirm)
	m.Language = policy.English
	if _, err := New(organization()).Render(m); !errors.Is(err, ErrNoLetter) {
		t.Errorf("English: %v", err)
	}
}

// Contract, "Mail": a mail to an address that is not confirmed contains nothing that the sender of the form typed.
func TestUnprovenRecipientsSeeNothingTyped(t *testing.T) {
	typed := map[string]string{"name": "今すぐ http://evil.example/ へ", "organization": "当選おめでとう", "email": "victim@example.jp",
		"prefecture": "13", "business_category": "trade", "message": "typed", "office": "偽の事務局", "service": "偽のサービス"}
	for _, kind := range []policy.MailKind{policy.NewsletterConfirm, policy.NewsletterAlready, policy.NewsletterAddressConfirm,
		policy.PressConfirm, policy.PressAlready, policy.PressAddressConfirm, policy.PressPending,
		policy.InquiryReceived, policy.PublicationsReceived, policy.PhotosAccess, policy.EventAlready} {
		plain, err := New(organization()).Render(example(kind))
		if err != nil {
			t.Fatal(err)
		}
		m := example(kind)
		maps.Copy(m.Data, typed)
		got, err := New(organization()).Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("%s depends on what was typed: %s", kind, diff)
		}
	}
}

// What a person typed is shown as it was typed and is never structure (hard case 1).
func TestTypedNameIsOnlyText(t *testing.T) {
	for _, name := range []string{"𠮷野家", "髙﨑", "神\ufa19", "葛\U000E0100", "🧑‍🤝‍🧑", "{{.link}}", "{{template \"x\"}}", "=> 賞品 | https://evil.example/",
		"<script>alert(1)</script>", `" onmouseover="x`, "&amp; <b>", "@receipt", "?", "a | b"} {
		m := example(policy.NewsletterWelcome)
		m.Data["name"] = name
		got, err := New(organization()).Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Text, name+" 様\n\n") {
			t.Errorf("the text part does not begin with %q", name+" 様")
		}
		plain := example(policy.NewsletterWelcome)
		without, err := New(organization()).Render(plain)
		if err != nil {
			t.Fatal(err)
		}
		texts, tags := read(t, got.HTML)
		_, wantTags := read(t, without.HTML)
		if diff := cmp.Diff(wantTags, tags); diff != "" {
			t.Errorf("%q changed the structure: %s", name, diff)
		}
		if !strings.Contains(texts, name+" 様") {
			t.Errorf("the HTML part does not show %q", name)
		}
	}
}

// read returns the text of a page and its tags with their attributes.
func read(t *testing.T, page string) (text string, tags []string) {
	t.Helper()
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return b.String(), tags
		case html.TextToken:
			b.WriteString(z.Token().Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			tags = append(tags, z.Token().String())
		case html.EndTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}

// Contract, "Mail": every mail names its sender, postal address, contact, reason and policy, in both parts; nothing in
// it is fetched when it is opened.
func TestEveryLetter(t *testing.T) {
	org := organization()
	// An organisation's name and address are settings, and settings may hold anything.
	org.ShortName.JA, org.Name.JA = "A & <B>", "A & <B> 本部"
	fetched := regexp.MustCompile(`(?i)<(img|link|script|iframe|object|video)|@import|url\(|background=`)
	for kind := range examples {
		got, err := New(org).Render(example(kind))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := read(t, got.HTML)
		for part, content := range map[string]string{"text": got.Text, "HTML": text} {
			for _, want := range []string{org.Name.JA, org.Address.JA, org.PrivacyContact, org.PrivacyOffice.JA, org.PrivacyURL(), "このメールは、", "自動"} {
				if !strings.Contains(content, want) {
					t.Errorf("%s, %s part: no %q", kind, part, want)
				}
			}
			for _, hole := range []string{"<no value>", "{{", "%!"} {
				if strings.Contains(content, hole) {
					t.Errorf("%s, %s part holds %q", kind, part, hole)
				}
			}
		}
		if found := fetched.FindString(got.HTML); found != "" {
			t.Errorf("%s: the HTML part fetches something: %s", kind, found)
		}
		if !strings.HasPrefix(got.Subject, "【A & <B>】") {
			t.Errorf("%s: subject %q", kind, got.Subject)
		}
	}
}

func TestMoment(t *testing.T) {
	for _, test := range []struct {
		at     string
		ja, en string
		why    string
	}{
		{"2026-11-30T09:30:59Z", "2026年11月30日（月）18時30分", "18:30 on Monday, 30 November 2026 (Japan time)", "seconds are cut"},
		{"2026-12-31T15:00:00Z", "2027年1月1日（金）0時0分", "00:00 on Friday, 1 January 2027 (Japan time)", "the day is Japan's"},
		{"2026-11-29T00:05:00+09:00", "2026年11月29日（日）0時5分", "00:05 on Sunday, 29 November 2026 (Japan time)", "no zero in front"},
	} {
		at, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{test.ja, test.en}, []string{moment(at, policy.Japanese), moment(at, policy.English)}); diff != "" {
			t.Errorf("%s: %s", test.why, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	head := "subject: s\npreheader: p\nrecipient: proven\nreason: r\n\n"
	if _, err := parse(head + "text\n"); err != nil {
		t.Fatalf("a right source: %v", err)
	}
	for name, text := range map[string]string{
		"no blocks": "subject: s", "no recipient": "subject: s\npreheader: p\nreason: r\n\ntext", "another recipient": strings.Replace(head, "proven", "all", 1) + "x",
		"an unknown header": "cc: x\n" + head + "x", "a button without address": head + "=> label\n", "two buttons in one": head + "=> a | b\n=> c | d",
		"a detail without value": head + ":: term", "an open brace": head + "{{.x", "text among details": head + ":: a | b\ntext",
		"a receipt without state": head + "@receipt",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s was parsed", name)
		}
	}
}
