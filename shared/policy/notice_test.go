package policy

import (
	"strings"
	"testing"
	"time"
)

// fictional is an organisation that shares no word with the default one.
func fictional() Organization {
	return Organization{
		Name: Text{"みなと市民交流財団", "Minato Citizens' Foundation"}, ShortName: Text{"みなと財団", "Minato Foundation"},
		Representative: Text{"理事長 海野渚", "President Nagisa Umino"}, Address: Text{"〒000-0000 みなと市1-1", "1-1 Minato"},
		PrivacyOffice: Text{"総務課", "General Affairs"}, PrivacyContact: "privacy@example.jp",
		PublicURL: "https://forms.example.jp", WebsiteURL: "https://www.example.jp/",
	}
}

func terms(items []NoticeItem) []string {
	var got []string
	for _, item := range items {
		got = append(got, item.Term)
	}
	return got
}

// R2, R106, APPI art. 32: the notice names who collects, what, why, who else, how long, whom to ask; for every service
// and language, with the organisation and the periods of the deployment.
func TestNotice(t *testing.T) {
	org := fictional()
	for _, service := range Services() {
		s := &service
		if len(s.Fields) == 0 {
			s = s.WithoutForm()
		}
		for l, want := range map[Language][]string{
			Japanese: {"取得者", "取得する項目", "利用目的", "第三者への提供・委託", "保存期間", "お問い合わせ先", "プライバシーポリシー"},
			English:  {"Who collects it", "What we collect", "What we use it for", "Who else receives it", "How long we keep it", "Whom to ask", "Privacy policy"},
		} {
			n := s.Notice(org, DefaultPeriods(s), l)
			same(t, want, terms(n.Items))
			text := n.Text()
			parts := []string{org.Name.In(l), org.Representative.In(l), org.Address.In(l), org.PrivacyOffice.In(l), "privacy@example.jp",
				"https://forms.example.jp/privacy", "Amazon Web Services", Processors()[0].Country.In(l)}
			for _, f := range s.Fields {
				parts = append(parts, f.Label.In(l))
			}
			for _, p := range s.Purposes {
				parts = append(parts, p.Text.In(l))
			}
			for _, r := range s.Retention {
				parts = append(parts, Words(r.Default, l))
			}
			for _, part := range parts {
				if !strings.Contains(text, part) {
					t.Errorf("%s %s: the notice does not say %q\n%s", s.Code, l, part, text)
				}
			}
			if strings.Contains(text, "%!") || strings.Contains(text, "%s") || strings.Contains(text, "ASEAN") {
				t.Errorf("%s %s: a fault in the notice\n%s", s.Code, l, text)
			}
		}
	}
}

// The notice states the deployment's periods, never the defaults.
func TestNoticeStatesThePeriodsInForce(t *testing.T) {
	set := map[string]string{"UNCONFIRMED_HOURS": "36", "SUBSCRIBER_DAYS": "731", "UNSUBSCRIBED_DAYS": "3", "BOUNCED_DAYS": "30",
		"CONSENT_EVIDENCE_DAYS": "730"}
	p, err := LoadPeriods(Get(Newsletter), func(name string) (string, bool) { v, ok := set[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	n := Get(Newsletter).Notice(fictional(), p, English)
	same(t, []string{
		"Until you confirm: 36 hours",
		"Once confirmed: 731 days from your last confirmation",
		"After you unsubscribe: 3 days (then only a check value remains, without your address, so that we do not write to you again)",
		"If mail can no longer be delivered: 30 days",
		"Record of your consent: 2 years after the subscription ends",
	}, n.Items[4].Body)
}

// R58: the notice never promises less than it does: only events name partners, and the carrier is told of.
func TestNoticeRecipients(t *testing.T) {
	for _, s := range Services() {
		text := s.Notice(fictional(), DefaultPeriods(&s), English).Text()
		same(t, s.Code != Events, strings.Contains(text, words.nobody.EN))
		same(t, s.Code == Events, strings.Contains(text, words.partners.EN))
		same(t, s.Code == Publications, strings.Contains(text, "The parcel carrier sees"))
	}
}

// Design, "data receipt": what was collected, for what, who else, the day of deletion in Japan; every state of every
// service has a sentence in both languages.
func TestReceipt(t *testing.T) {
	from := time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC) // the 24th in Japan
	for _, service := range Services() {
		s := &service
		for _, r := range s.Retention {
			for _, l := range []Language{Japanese, English} {
				receipt := s.Receipt(fictional(), DefaultPeriods(s), l, r.State, from)
				text := receipt.Text()
				for _, part := range []string{Date(from.Add(r.Default), l), s.Purposes[0].Text.In(l), "Amazon Web Services", "privacy@example.jp"} {
					if !strings.Contains(text, part) {
						t.Errorf("%s %s %s: the receipt does not say %q\n%s", s.Code, r.State, l, part, text)
					}
				}
				if strings.Contains(text, "%!") || strings.Contains(text, "%s") {
					t.Errorf("%s %s %s: a fault in the receipt\n%s", s.Code, r.State, l, text)
				}
				same(t, text, s.ReceiptUntil(fictional(), l, r.State, from.Add(r.Default)).Text())
			}
		}
	}
	extra := NoticeItem{Term: "Co-organiser", Body: []string{"Tourism Authority (Thailand): name"}}
	s := Get(Newsletter)
	got := s.Receipt(fictional(), DefaultPeriods(s), English, "unconfirmed", from, extra)
	same(t, Receipt{Title: "What we hold about you", Items: []NoticeItem{
		{Term: "What we collected", Body: []string{"E-mail address; Name; Prefecture of residence; Organisation you belong to; Category of business"}},
		{Term: "What we use it for", Body: []string{"Delivery of e-mail newsletters"}},
		{Term: "Who else receives it", Body: []string{
			"No third party, except in the cases named in section 6 of our privacy policy, such as disclosure required by law.",
			"We entrust Amazon Web Services with hosting this system and delivering its mail. The data are kept in Japan (Tokyo region)."}},
		extra,
		{Term: "When it will be deleted", Body: []string{"If you do not confirm, it will be deleted on 1 December 2026."}},
		{Term: "Whom to ask", Body: []string{"Minato Foundation General Affairs"}, Link: "mailto:privacy@example.jp"},
		{Term: "Privacy policy", Body: []string{"The version of 8 September 2022 applies. It also tells how to request disclosure, correction or that we stop using your data."},
			Link: "https://forms.example.jp/privacy"},
	}}, got)
}

// R38: the receipt of an inbound mail names what a mail brings, not the fields of a form that nobody filled in.
func TestReceiptOfAnInboundMail(t *testing.T) {
	s := Get(Inquiry).WithoutForm()
	text := s.Receipt(fictional(), DefaultPeriods(s), Japanese, "open", time.Unix(0, 0)).Text()
	if !strings.Contains(text, "送信者のメールアドレス、返信先のメールアドレス、件名、本文") || strings.Contains(text, "お名前") {
		t.Errorf("the receipt names other items:\n%s", text)
	}
	if len(Get(Inquiry).Fields) != 3 {
		t.Error("WithoutForm changed the declaration")
	}
}

func TestTextIn(t *testing.T) {
	same(t, "日本語", Text{"日本語", "English"}.In(Japanese))
	same(t, "English", Text{"日本語", "English"}.In(English))
	same(t, "日本語", Text{JA: "日本語"}.In(English))
	same(t, "日本語", Text{"日本語", "English"}.In("fr"))
}
