package policy

import (
	"fmt"
	"strings"
	"time"
)

// NoticeItem is one point of a notice: a term and what is to say about it, line by line.
type NoticeItem struct {
	Term string
	Body []string
	Link string // address that the last line of Body leads to, empty for none
}

// Notice is what stands above a form: who collects, which items, for what, who else gets them, for how long, whom to
// ask (R1, R2, R33; APPI art. 21, 32).
type Notice struct {
	Title string
	Items []NoticeItem
}

// Receipt is what a person is told after sending a form or in a mail: what was collected (labels, never values), for
// what, who else gets it and the day it will be deleted (design: "data receipt").
type Receipt struct {
	Title string
	Items []NoticeItem
}

// Text renders the notice as plain text, for JSON, the archive and mail.
func (n Notice) Text() string { return plain(n.Title, n.Items) }

// Text renders the receipt as plain text, for mail.
func (r Receipt) Text() string { return plain(r.Title, r.Items) }

func plain(title string, items []NoticeItem) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, item := range items {
		b.WriteString("\n" + item.Term + "\n")
		for _, line := range item.Body {
			b.WriteString("  " + line + "\n")
		}
		if item.Link != "" {
			b.WriteString("  " + strings.TrimPrefix(item.Link, "mailto:") + "\n")
		}
	}
	return b.String()
}

// words holds the fixed words of notices and receipts.
var words = struct {
	noticeTitle, receiptTitle, collector, collectorLine, items, collected, purposes, recipients, nobody, partners,
	entrusted, retention, deletion, deleted, contact, policy, policyLine, fields, required, optional Text
}{
	noticeTitle:   Text{"個人情報の取り扱い", "How we handle your personal information"},
	receiptTitle:  Text{"お預かりした個人情報について", "What we hold about you"},
	collector:     Text{"取得者", "Who collects it"},
	collectorLine: Text{"%s（代表者：%s）", "%s (representative: %s)"},
	items:         Text{"取得する項目", "What we collect"},
	collected:     Text{"お預かりした項目", "What we collected"},
	purposes:      Text{"利用目的", "What we use it for"},
	recipients:    Text{"第三者への提供・委託", "Who else receives it"},
	nobody: Text{"第三者には提供しません（法令に基づく場合など、プライバシーポリシーの「6」に定める場合を除きます）。",
		"No third party, except in the cases named in section 6 of our privacy policy, such as disclosure required by law."},
	partners: Text{"ここに共催者・委託先として記載した相手のほかには、提供しません（法令に基づく場合など、プライバシーポリシーの「6」に定める場合を除きます）。",
		"Nobody but co-organisers and contractors named here, except in the cases named in section 6 of our privacy policy, such as disclosure required by law."},
	entrusted: Text{"%[1]sを%[2]sに委託しています。保管場所：%[3]s。", "We entrust %[2]s with %[1]s. The data are kept in %[3]s."},
	retention: Text{"保存期間", "How long we keep it"},
	deletion:  Text{"削除する日", "When it will be deleted"},
	deleted:   Text{"%sに削除します。", "It will be deleted on %s."},
	contact:   Text{"お問い合わせ先", "Whom to ask"},
	policy:    Text{"プライバシーポリシー", "Privacy policy"},
	fields:    Text{"入力項目", "Fields"},
	required:  Text{"（必須）", "(required)"},
	optional:  Text{"（任意）", "(optional)"},
	policyLine: Text{"%s版にもとづいて取り扱います。開示・訂正・利用停止などの請求方法もご覧いただけます。",
		"The version of %s applies. It also tells how to request disclosure, correction or that we stop using your data."},
}

// Notice derives the notice above the service's form. Extra items (the co-organisers of an event, R33) stand after the
// recipients.
func (s *Service) Notice(org Organization, p Periods, l Language, extra ...NoticeItem) Notice {
	items := []NoticeItem{
		{Term: words.collector.In(l), Body: []string{
			fmt.Sprintf(words.collectorLine.In(l), org.Name.In(l), org.Representative.In(l)), org.Address.In(l)}},
		{Term: words.items.In(l), Body: []string{s.labels(l)}},
		{Term: words.purposes.In(l), Body: s.purposes(l)},
		{Term: words.recipients.In(l), Body: s.recipients(l)},
	}
	items = append(items, extra...)
	var kept []string
	for _, r := range s.Retention {
		kept = append(kept, fmt.Sprintf(r.Text.In(l), Words(p.Of(r.State), l)))
	}
	items = append(items, NoticeItem{Term: words.retention.In(l), Body: kept})
	return Notice{Title: words.noticeTitle.In(l), Items: append(items, contact(org, l), policyItem(org, l))}
}

// Receipt derives the data receipt of a record that entered a state at from (for an event: its end). It holds no
// value that the person typed, so that it may stand on any page and in any mail. Extra items stand after the recipients.
func (s *Service) Receipt(org Organization, p Periods, l Language, state string, from time.Time, extra ...NoticeItem) Receipt {
	return s.ReceiptUntil(org, l, state, p.Expiry(state, from), extra...)
}

// ReceiptUntil is Receipt for a record whose expiry is known: the mailer holds no periods.
func (s *Service) ReceiptUntil(org Organization, l Language, state string, expires time.Time, extra ...NoticeItem) Receipt {
	sentence := s.RetentionOf(state).Deleted
	if sentence.JA == "" {
		sentence = words.deleted
	}
	items := []NoticeItem{
		{Term: words.collected.In(l), Body: []string{s.labels(l)}},
		{Term: words.purposes.In(l), Body: s.purposes(l)},
		{Term: words.recipients.In(l), Body: s.recipients(l)},
	}
	items = append(items, extra...)
	items = append(items,
		NoticeItem{Term: words.deletion.In(l), Body: []string{fmt.Sprintf(sentence.In(l), Date(expires, l))}},
		contact(org, l), policyItem(org, l))
	return Receipt{Title: words.receiptTitle.In(l), Items: items}
}

// OnlyInJapanese is the sentence that an English reader sees on a form that exists in Japanese only.
const OnlyInJapanese = "This form is available in Japanese only. Please fill it in with the Japanese labels below."

// JapaneseOnly returns that sentence for a service whose form does not exist in the language (R15, R20, R34, R42), and
// nothing where it does.
func JapaneseOnly(s *Service, l Language) string {
	if s.In(l) {
		return ""
	}
	return OnlyInJapanese
}

func (s *Service) labels(l Language) string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Label.In(l)
	}
	if l == English {
		return strings.Join(names, "; ")
	}
	return strings.Join(names, "、")
}

func (s *Service) purposes(l Language) []string {
	lines := make([]string, len(s.Purposes))
	for i, p := range s.Purposes {
		lines[i] = p.Text.In(l)
	}
	return lines
}

func (s *Service) recipients(l Language) []string {
	who, lines := words.nobody, []string(nil)
	for _, p := range s.Provisions {
		if p.Access {
			who = words.partners
		} else {
			lines = append(lines, p.Ground.In(l))
		}
	}
	lines = append([]string{who.In(l)}, lines...)
	for _, c := range Processors() {
		lines = append(lines, fmt.Sprintf(words.entrusted.In(l), c.Work.In(l), c.Name, c.Country.In(l)))
	}
	return lines
}

func contact(org Organization, l Language) NoticeItem {
	return NoticeItem{Term: words.contact.In(l), Body: []string{org.ShortName.In(l) + " " + org.PrivacyOffice.In(l)},
		Link: "mailto:" + org.PrivacyContact}
}

func policyItem(org Organization, l Language) NoticeItem {
	issued, err := time.ParseInLocation(time.DateOnly, Version, JapanTime)
	if err != nil {
		panic(fmt.Sprintf("policy: version %q is no date: %v", Version, err))
	}
	return NoticeItem{Term: words.policy.In(l), Body: []string{fmt.Sprintf(words.policyLine.In(l), Date(issued, l))},
		Link: org.PrivacyURL()}
}
