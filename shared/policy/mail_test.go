package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// R7, R57: every kind of mail belongs to one service, and no service may cause another's.
func TestMailKindsBelongToOneService(t *testing.T) {
	owner := map[MailKind]Code{}
	for _, s := range Services() {
		for _, p := range s.Purposes {
			for _, k := range p.Mails {
				if other, taken := owner[k]; taken {
					t.Errorf("%s is mail of %s and of %s", k, other, s.Code)
				}
				owner[k] = s.Code
			}
		}
	}
	seen := map[MailKind]bool{}
	for _, m := range Mails() {
		if seen[m.Kind] {
			t.Errorf("%s is described twice", m.Kind)
		}
		seen[m.Kind] = true
		if m.Text.JA == "" || m.Text.EN == "" {
			t.Errorf("%s has no description", m.Kind)
		}
		if m.Kind == LegalNotice || m.Kind == CampaignReview || m.Kind == CampaignReturned {
			continue // each has a test of its own
		}
		if owner[m.Kind] == "" {
			t.Errorf("%s serves no purpose of any service", m.Kind)
		}
		for _, s := range Services() {
			same(t, s.Code == owner[m.Kind], s.MayMail(m.Kind))
		}
	}
	for k := range owner {
		if !seen[k] {
			t.Errorf("%s has no description", k)
		}
	}
	for _, s := range Services() {
		if s.MayMail("") || s.MayMail("birthday_greeting") {
			t.Errorf("%s may cause mail of a kind that is not in the policy", s.Code)
		}
	}
}

// The request to look at a campaign goes to staff, about the services to whose people staff write, and serves no other purpose.
func TestCampaignReview(t *testing.T) {
	for _, kind := range []MailKind{CampaignReview, CampaignReturned} {
		var may []Code
		for _, s := range Services() {
			if s.MayMail(kind) {
				may = append(may, s.Code)
			}
			for _, p := range s.Purposes {
				if slices.Contains(p.Mails, kind) {
					t.Errorf("%s counts %s among its purposes", s.Code, kind)
				}
			}
		}
		same(t, []Code{Newsletter, Press, Events}, may)
		if m, ok := MailOf(kind); !ok || m.Class != StaffMail || m.Persons() != 0 {
			t.Errorf("%+v", m)
		}
	}
}

// Decisions, "Mandatory notices": a kind of its own, two persons, may reach people whose records cause no other mail.
func TestLegalNotice(t *testing.T) {
	var may []Code
	for _, s := range Services() {
		if s.MayMail(LegalNotice) {
			may = append(may, s.Code)
		}
		for _, p := range s.Purposes {
			if slices.Contains(p.Mails, LegalNotice) {
				t.Errorf("%s counts the legal notice among its purposes", s.Code)
			}
		}
	}
	same(t, []Code{Newsletter, Press, Events, Photos, Inquiry, Publications}, may) // access and questionnaire hold no address
	persons := map[MailKind]int{LegalNotice: 2, NewsletterIssue: 1, PressRelease: 1, MediaInvitation: 1, EventInformation: 1,
		QuestionnaireInvite: 1, NewsletterConfirm: 0, PhotosAccess: 0, InquiryStaffNotice: 0}
	for kind, want := range persons {
		m, ok := MailOf(kind)
		if !ok || m.Persons() != want {
			t.Errorf("%s needs %d persons, want %d", kind, m.Persons(), want)
		}
	}
	if m, ok := MailOf("birthday_greeting"); ok {
		t.Errorf("an unknown kind has the description %+v", m)
	}
}

// The clock sends one kind of campaign mail, and no other leaves without a person (R29).
func TestByClock(t *testing.T) {
	var by []MailKind
	for _, m := range Mails() {
		if m.ByClock() {
			by = append(by, m.Kind)
			same(t, CampaignMail, m.Class)
		}
	}
	same(t, []MailKind{QuestionnaireInvite}, by)
}

// Hard case 31, R28, R29, R36: the gate refuses, and says why.
func TestMayMailOn(t *testing.T) {
	end := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	expires := end.Add(365 * day)
	own := Occasion{Now: end.Add(-day), Expires: expires, RecordEvent: "forum", MailEvent: "forum", EventEnds: end}
	at := func(o Occasion, change func(*Occasion)) Occasion { change(&o); return o }
	for _, c := range []struct {
		name    string
		service Code
		kind    MailKind
		o       Occasion
		refused string // part of the reason, empty where the mail may go
	}{
		{"R28 information on the own event", Events, EventInformation, own, ""},
		{"R28 information on another event", Events, EventInformation, at(own, func(o *Occasion) { o.MailEvent = "seminar" }), `belongs to event "forum", the mail to "seminar"`},
		{"R28 a mail about no event", Events, EventReminder, at(own, func(o *Occasion) { o.MailEvent = "" }), "belongs to event"},
		{"R28 a registration without its event", Events, EventReminder, at(own, func(o *Occasion) { o.RecordEvent, o.MailEvent = "", "" }), "belongs to event"},
		{"R28 a newsletter to registrants", Events, NewsletterIssue, own, "newsletter serves no purpose of events"},
		{"R29 questionnaire before the end", Events, QuestionnaireInvite, own, "has not ended"},
		{"R29 questionnaire at the end", Events, QuestionnaireInvite, at(own, func(o *Occasion) { o.Now = end }), ""},
		{"R29 questionnaire, end unknown", Events, QuestionnaireInvite, at(own, func(o *Occasion) { o.EventEnds = time.Time{} }), "has not ended"},
		{"R29 questionnaire on the last moment", Events, QuestionnaireInvite, at(own, func(o *Occasion) { o.Now = expires.Add(-1) }), ""},
		{"R29 questionnaire beyond retention", Events, QuestionnaireInvite, at(own, func(o *Occasion) { o.Now = expires }), "has expired"},
		{"R36 event information to photo users", Photos, EventInformation, own, "event_information serves no purpose of photos"},
		{"R36 access mail to photo users", Photos, PhotosAccess, Occasion{Now: end, Expires: expires}, ""},
		{"R23 newsletter to the press list", Press, NewsletterIssue, Occasion{Now: end}, "serves no purpose of press"},
		{"R40 newsletter to those who inquired", Inquiry, NewsletterIssue, Occasion{Now: end}, "serves no purpose of inquiry"},
		{"hard case 24 an expired subscriber", Newsletter, NewsletterIssue, Occasion{Now: expires, Expires: expires}, "has expired"},
		{"an open-ended record", Newsletter, NewsletterIssue, Occasion{Now: end}, ""},
		{"a legal notice to registrants needs no event", Events, LegalNotice, Occasion{Now: end, Expires: expires, RecordEvent: "forum"}, ""},
		{"a legal notice to an expired record", Events, LegalNotice, Occasion{Now: expires, Expires: expires}, "has expired"},
		{"a legal notice where no address is held", Questionnaire, LegalNotice, own, "serves no purpose of questionnaire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Get(c.service).MayMailOn(c.kind, c.o)
			if c.refused == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrMail) || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("got %v, want a refusal for %q", err, c.refused)
			}
		})
	}
}

// No text says "the delivery of the delivery" (プレスリリース配信の配信先).
func TestDelivered(t *testing.T) {
	for code, want := range map[Code]string{Press: "プレスリリース", Newsletter: "メールマガジン"} {
		if got := Get(code).Delivered(); got != want {
			t.Errorf("%s delivers %q, want %q", code, got, want)
		}
	}
}
