package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
)

// What comes back of an issue ends list mail at once: of the newsletter, and where SES's own list keeps the address from everything, of
// the press list too. A consent that was confirmed after the mail stands, and takes the address off SES's list (hard case 20).
func TestEndsListMail(t *testing.T) {
	before, after := mailed.Add(-24*time.Hour), mailed.Add(time.Minute)
	for _, test := range []struct {
		name              string
		event             string
		newsletter, press time.Time // when hanako confirmed; zero: not on the list
		wantNewsletter    string
		wantPress         string
		onSESsList        bool // afterwards; it was before
	}{
		{"bounce", "campaign-bounce", before, time.Time{}, "bounced bounced", "", true},
		{"bounce of somebody on both lists", "campaign-bounce", before, before, "bounced bounced", "bounced bounced", true},
		{"complaint", "campaign-complaint", before, time.Time{}, "unsubscribed complained", "", true},
		{"complaint of somebody on both lists", "campaign-complaint", before, before, "unsubscribed complained", "unsubscribed complained", true},
		{"late bounce, confirmed again since", "campaign-bounce", after, time.Time{}, "confirmed", "", false},
		{"late complaint, confirmed again since", "campaign-complaint", after, time.Time{}, "confirmed", "", false},
		{"late bounce, confirmed since for the press list", "campaign-bounce", before, after, "bounced bounced", "confirmed", false},
		{"passing bounce", "campaign-soft-bounce", before, before, "confirmed", "confirmed", true},
		{"delay", "campaign-delivery-delayed", before, time.Time{}, "confirmed", "", true},
		{"rejected", "campaign-reject", before, time.Time{}, "confirmed", "", true},
		{"the record is gone", "campaign-bounce", time.Time{}, time.Time{}, "bounced", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for code, confirmed := range map[policy.Code]time.Time{policy.Newsletter: test.newsletter, policy.Press: test.press} {
				if !confirmed.IsZero() {
					w.subscribe(code, hanako, confirmed)
				}
			}
			w.suppress(hanako, types.SuppressionListReasonBounce)
			w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
			for range 8 {
				w.invoke(payload(t, test.event))
			}
			got := []any{w.standing(policy.Newsletter, hanako), w.standing(policy.Press, hanako), w.onSESsList(hanako)}
			if diff := cmp.Diff([]any{test.wantNewsletter, test.wantPress, test.onSESsList}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Of registrants of an event nobody is suppressed: the report is kept, and that is all.
func TestRegistrantsBounce(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, hanako, mailed.Add(-time.Hour))
	w.frozen(issue, policy.EventInformation, w.person(hanako)) // a reference in truth; were it the hash, it would still be no list's
	w.invoke(payload(t, "campaign-bounce"))
	if c, _ := w.counts(issue); c.Bounced != 1 || w.standing(policy.Newsletter, hanako) != "confirmed" {
		t.Errorf("%d bounces, %q", c.Bounced, w.standing(policy.Newsletter, hanako))
	}
}

// Mail of the outbox counts alike where it is a list's: its bounce ends list mail, its complaint that of the one list.
func TestOutboxMailComesBack(t *testing.T) {
	for _, test := range []struct {
		name       string
		service    policy.Code
		event      string
		newsletter string
		press      string
	}{
		{"welcome bounces", policy.Newsletter, "bounce", "bounced bounced", "bounced bounced"},
		{"complaint about a welcome", policy.Newsletter, "complaint", "unsubscribed complained", "confirmed"},
		{"registration notice bounces", policy.Events, "bounce", "confirmed", "confirmed"},
		{"complaint about a registration notice", policy.Events, "complaint", "confirmed", "confirmed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
				w.subscribe(code, hanako, mailed.Add(-time.Hour))
			}
			m := mailtest.Welcome(hanako, w.now())
			if test.service == policy.Events {
				m = mail.Mail{Service: policy.Events, Kind: policy.EventRegistered, Language: policy.Japanese, To: hanako}
			}
			m.ID, m.Person = ref, w.person(hanako)
			w.outbox.Enqueue(t, m, mailed.Add(-time.Second))
			for range 8 {
				w.invoke(payload(t, test.event))
			}
			if row := w.outbox.Row(t, ref, w.now()); row.Bounce == "" && row.Complaint == "" {
				t.Error("the report is not kept")
			}
			got := []string{w.standing(policy.Newsletter, hanako), w.standing(policy.Press, hanako)}
			if diff := cmp.Diff([]string{test.newsletter, test.press}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The event was stored and the function ended before it had acted on it: the next try acts.
func TestActsAgain(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, hanako, mailed.Add(-time.Hour))
	w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
	list := w.lists[policy.Newsletter]
	table := list.Table
	list.Table = "nowhere"
	if _, err := w.handle(t.Context(), payload(t, "campaign-bounce")); err == nil {
		t.Fatal("a list that is not there is no error")
	}
	list.Table = table
	w.invoke(payload(t, "campaign-bounce"))
	if c, _ := w.counts(issue); c.Bounced != 1 || w.standing(policy.Newsletter, hanako) != "bounced bounced" {
		t.Errorf("%d bounces, %q", c.Bounced, w.standing(policy.Newsletter, hanako))
	}
}

// The fifth of different issues that could not be delivered for the time being is a bounce; the same five times is not.
func TestSoftRun(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, hanako, mailed.Add(-time.Hour))
	for i := range 5 {
		id := strings.ReplaceAll(issue, "a", string(rune('p'+i)))
		w.frozen(id, policy.NewsletterIssue, w.person(hanako))
		if got := w.standing(policy.Newsletter, hanako); got != "confirmed" {
			t.Fatalf("after %d issues: %q", i, got)
		}
		for range 8 {
			w.invoke([]byte(strings.ReplaceAll(string(payload(t, "campaign-soft-bounce")), issue, id)))
		}
	}
	if got := w.standing(policy.Newsletter, hanako); got != "bounced bounced" {
		t.Errorf("after 5 issues: %q", got)
	}
}

// SES did not try, because the address is on its list and ours knows nothing of it: the event was lost, or the removal.
func TestSuppressedBySES(t *testing.T) {
	for _, test := range []struct {
		name      string
		event     string
		reason    types.SuppressionListReason // "": not on SES's list any more
		confirmed time.Duration               // after the entry
		want      string
		left      bool
	}{
		{"a bounce was lost", "campaign-suppressed", types.SuppressionListReasonBounce, -time.Hour, "bounced bounced", true},
		{"a complaint was lost", "campaign-complained-before", types.SuppressionListReasonComplaint, -time.Hour, "unsubscribed complained", true},
		{"the removal was lost", "campaign-suppressed", types.SuppressionListReasonBounce, time.Hour, "confirmed", false},
		{"removed since", "campaign-suppressed", "", time.Hour, "confirmed", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.reason != "" {
				w.suppress(hanako, test.reason)
			}
			w.subscribe(policy.Newsletter, hanako, w.now().Add(test.confirmed))
			w.set(w.now().Add(24 * time.Hour))
			w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
			w.invoke(payload(t, test.event))
			c, _ := w.counts(issue)
			if got := w.standing(policy.Newsletter, hanako); got != test.want || w.onSESsList(hanako) != test.left || c.Suppressed != 1 || c.Bounced+c.Complained != 0 {
				t.Errorf("%q, on SES's list %v, %+v", got, w.onSESsList(hanako), c)
			}
		})
	}
}

// An issue to the mailbox simulator of SES, through the local SES and its events: each address is what it says, one bad address never
// fails the others (hard case 23), and an address on the account's list is not tried.
func TestSimulator(t *testing.T) {
	w := newWorld(t)
	w.set(time.Now()) // the local SES stamps events with the clock that it was given
	local := []string{"success", "bounce", "complaint", "suppressionlist", "ooto"}
	keys, addresses := make([]string, len(local)), map[string]string{}
	for i, name := range local {
		email := name + "@simulator.amazonses.com"
		w.subscribe(policy.Newsletter, email, w.now().Add(-time.Hour))
		keys[i], addresses[name] = w.person(email), email
	}
	chunk := w.frozen(issue, policy.NewsletterIssue, keys...)
	w.begin(&chunk)
	entries := make([]types.BulkEmailEntry, len(local))
	for i, name := range local {
		entries[i] = types.BulkEmailEntry{Destination: &types.Destination{ToAddresses: []string{addresses[name]}},
			ReplacementTags: []types.MessageTag{{Name: aws.String("ref"), Value: aws.String(chunk.Ref(i).String())}}}
	}
	out, err := w.account.Client.SendBulkEmail(t.Context(), &sesv2.SendBulkEmailInput{FromEmailAddress: aws.String("info@forms.example.jp"),
		ConfigurationSetName: aws.String("list"), BulkEmailEntries: entries,
		DefaultEmailTags: []types.MessageTag{{Name: aws.String("kind"), Value: aws.String("newsletter")}},
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{TemplateData: aws.String("{}"),
			TemplateContent: &types.EmailTemplateContent{Subject: aws.String("十一月号"), Text: aws.String("本文")}}}})
	if err != nil {
		t.Fatal(err)
	}
	w.deliver() // before the answer is stored
	if err := w.campaigns.Apply(t.Context(), &chunk, "sender", func(outcomes []campaign.Outcome) {
		for i, r := range out.BulkEmailEntryResults {
			campaign.Answer(outcomes, i, campaign.Accepted(aws.ToString(r.MessageId)))
		}
	}); err != nil {
		t.Fatal(err)
	}
	c, counts := w.counts(issue)
	if counts.Accepted != 5 || c.Bounced != 1 || c.Complained != 1 || c.Suppressed != 1 || c.Soft != 0 {
		t.Errorf("%+v; bounced %d, complained %d, suppressed %d, soft %d", counts, c.Bounced, c.Complained, c.Suppressed, c.Soft)
	}
	got := map[string]string{}
	for name, email := range addresses {
		got[name] = w.standing(policy.Newsletter, email)
	}
	want := map[string]string{"success": "confirmed", "bounce": "bounced bounced", "complaint": "unsubscribed complained",
		"suppressionlist": "confirmed", "ooto": "confirmed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An event that does not say when its mail was sent proves nothing against a consent.
func TestNoTimeOfSending(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, hanako, mailed.Add(-time.Hour))
	w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
	var event map[string]any
	if err := json.Unmarshal(payload(t, "campaign-bounce"), &event); err != nil {
		t.Fatal(err)
	}
	event["detail"].(map[string]any)["mail"].(map[string]any)["timestamp"] = "yesterday" //nolint:errcheck // our own file
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	w.invoke(text)
	if got := w.standing(policy.Newsletter, hanako); got != "confirmed" {
		t.Error(got)
	}
}

// From SES's event to the end: a bounced address leaves 90 days after the bounce (decisions: "90 days after a hard bounce"), and its hash
// alone stays.
func TestBouncedLeavesAfterNinetyDays(t *testing.T) {
	const days = 90 * 24 * time.Hour
	for wait, want := range map[time.Duration]string{days - time.Second: "bounced bounced", days: "bounced"} {
		w := newWorld(t)
		w.subscribe(policy.Newsletter, hanako, mailed.Add(-24*time.Hour))
		w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
		w.invoke(payload(t, "campaign-bounce"))
		w.set(w.now().Add(wait))
		if got := w.standing(policy.Newsletter, hanako); got != want {
			t.Errorf("%s after the bounce: %q, want %q", wait, got, want)
		}
	}
}
