package policy

import (
	"fmt"
	"strings"
)

//go:generate go test -run TestInventory -update .

// Stamps are the items that every submission carries beside its fields, whatever the service: what the person saw can
// be shown years later (R1, R3).
func Stamps() []Field {
	why := Text{"ご覧になった内容を後から示せるようにするため", "To show later what the person saw"}
	return []Field{
		{Name: "reference", Label: Text{"受付番号", "Reference"}, Class: Neutral, Why: Text{"申し込みを特定するため", "To find the submission"}},
		{Name: "policy_version", Label: Text{"方針の版", "Version of the policy"}, Class: Neutral, Why: why},
		{Name: "form_version", Label: Text{"フォームの版", "Version of the form"}, Class: Neutral, Why: why},
		{Name: "language", Label: Text{"言語", "Language"}, Class: Neutral, Why: why},
		{Name: "channel", Label: Text{"受け付けの経路", "Channel"}, Class: Neutral, Why: Text{"取得の経緯を示すため", "To tell how it came (R3)"}},
		{Name: "submitted_at", Label: Text{"受付日時", "Time"}, Class: Neutral, Why: why},
	}
}

var (
	classWords = map[Classification]Text{
		Identifying:      {"個人を識別する", "identifying"},
		QuasiIdentifying: {"他と合わせて識別しうる", "quasi-identifying"},
		Neutral:          {"識別しない", "neutral"},
	}
	channelWords = map[Channel]Text{
		ChannelForm: {"フォーム", "form"}, ChannelMail: {"メール", "inbound mail"}, ChannelStaff: {"職員の入力", "staff entry"},
		ChannelLetter: {"書面", "letter"}, ChannelImport: {"名簿の取り込み", "import"},
	}
	partnerWords = map[string]Text{
		CoOrganiser: {"共催者", "co-organiser"}, Contractor: {"委託先", "contractor"}, Carrier: {"配送会社（システムは閲覧しない）", "carrier (no access to the system)"},
	}
	legalWords = map[LegalForm]Text{
		Entrustment: {"委託", "entrustment"}, JointUse: {"共同利用", "joint use"}, ConsentedProvision: {"本人の同意による第三者提供", "provision with consent"},
	}
)

// Inventory renders the data inventory in Markdown: what is kept where, why, how long, who may see it. It is written
// for the office that answers for personal information, in both languages, with the default periods.
func Inventory() string {
	var b strings.Builder
	org := DefaultOrganization()
	fmt.Fprintf(&b, "# 個人情報の取扱台帳 / Data inventory\n\n")
	b.WriteString("<!-- Generated from shared/policy by `go generate ./shared/policy`. Change the declarations, not this page. -->\n\n")
	fmt.Fprintf(&b, "%s %s（%s）\n\n", org.ShortName.JA, org.PrivacyOffice.JA, org.PrivacyContact)
	fmt.Fprintf(&b, "プライバシーポリシー %s 版にもとづく全サービスの一覧です。保存期間は既定値で、「範囲」の欄の限度内で設定を変えられます。"+
		"「保管場所」のないサービスはまだ受け付けを始めておらず、何も保存していません。利用目的の日本語は、正文（英語）の暫定訳です。\n\n", Version)
	fmt.Fprintf(&b, "All services of the privacy policy of %s. Periods are the defaults; a deployment may set others within the limits shown. "+
		"A service without a store is declared, but its form is not open yet and nothing is kept. "+
		"The Japanese wording of the purposes is a provisional translation of the policy, which is in English.\n\n", Version)
	b.WriteString("## すべての受け付けに共通の記録 / Recorded with every submission\n\n")
	fieldTable(&b, Stamps(), false)
	for i, s := range Services() {
		inventoryOf(&b, i+1, &s)
	}
	b.WriteString("## 業務の委託先 / Contractors for every service\n\n| 名称 Name | 所在国 Country | 業務 Work |\n|---|---|---|\n")
	for _, p := range Processors() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", p.Name, both(p.Country), both(p.Work))
	}
	b.WriteString("\n## 保管場所 / Stores\n\n")
	for _, st := range Stores() {
		storeOf(&b, st)
	}
	return b.String()
}

func inventoryOf(b *strings.Builder, n int, s *Service) {
	fmt.Fprintf(b, "## %d. %s\n\n", n, both(s.Name))
	rows := [][2]string{{"方針の項 Section", s.Section}}
	if s.Path != "" {
		var languages, channels []string
		for _, l := range s.Languages {
			languages = append(languages, string(l))
		}
		for _, c := range s.Channels {
			channels = append(channels, both(channelWords[c]))
		}
		rows = append(rows, [2]string{"フォーム Form", fmt.Sprintf("`%s` (%s), version %d", s.Path, strings.Join(languages, ", "), s.FormVersion)},
			[2]string{"経路 Channels", strings.Join(channels, "; ")})
	}
	store := "まだありません（受け付け前） / none yet: not open"
	if s.Table != "" {
		store = s.Table
	}
	rows = append(rows, [2]string{"保管場所 Store", store})
	b.WriteString("| | |\n|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\n")
	if len(s.Fields) > 0 {
		b.WriteString("### 項目 / Items\n\n")
		fieldTable(b, s.Fields, true)
	}
	if len(s.Recorded) > 0 {
		b.WriteString("### フォームによらず記録される項目 / Recorded without a form\n\n")
		fieldTable(b, s.Recorded, false)
	}
	if s.PartnerItems {
		fmt.Fprintf(b, "共催者または委託先がある場合に限り、項目を追加し、または `%[1]s` を省くことがあります。"+
			" / Only with a co-organiser or contractor, items may be added, or `%[1]s` left out (R32).\n\n", strings.Join(s.Omittable, "`, `"))
	}
	b.WriteString("### 利用目的とメール / Purposes and mail\n\n| 利用目的 Purpose | メール Mail |\n|---|---|\n")
	for _, p := range s.Purposes {
		kinds := []string{"なし none"}
		for i, k := range p.Mails {
			if i == 0 {
				kinds = nil
			}
			m, _ := MailOf(k)
			kinds = append(kinds, fmt.Sprintf("%s `%s`", both(m.Text), k))
		}
		fmt.Fprintf(b, "| %s | %s |\n", both(p.Text), strings.Join(kinds, "<br>"))
	}
	if s.MayMail(LegalNotice) {
		m, _ := MailOf(LegalNotice)
		fmt.Fprintf(b, "| 法令にもとづく通知（二人で承認） / mandatory notices, two persons | %s `%s` |\n", both(m.Text), LegalNotice)
	}
	b.WriteString("\n### 保存期間 / Retention\n\n| 状態 State | 期間 Period | 範囲 Limits | 設定 Parameter |\n|---|---|---|---|\n")
	for _, r := range s.Retention {
		fmt.Fprintf(b, "| %s | %s<br>%s | %s – %s | `%s` |\n", r.State, fmt.Sprintf(r.Text.JA, Words(r.Default, Japanese)),
			fmt.Sprintf(r.Text.EN, Words(r.Default, English)), Words(r.Min, English), Words(r.Max, English), r.Parameter)
	}
	recipientsOf(b, s)
}

func recipientsOf(b *strings.Builder, s *Service) {
	b.WriteString("\n### 提供・持ち出し・公表 / Recipients, exports, statistics\n\n")
	if len(s.Provisions) == 0 {
		b.WriteString("- 第三者への提供：なし / provision: to nobody\n")
	}
	for _, p := range s.Provisions {
		forms := make([]string, len(p.Forms))
		for i, f := range p.Forms {
			forms[i] = both(legalWords[f])
		}
		fmt.Fprintf(b, "- %s（%s）：%s %s\n", both(partnerWords[p.To]), strings.Join(forms, "; "), p.Ground.JA, p.Ground.EN)
	}
	if len(s.Exports) == 0 {
		b.WriteString("- 職員による持ち出し：なし / export: none\n")
	}
	for _, e := range s.Exports {
		agreed := ""
		if e.Partner {
			agreed = "（取り決めた項目だけ / only the items agreed）"
		}
		fmt.Fprintf(b, "- 持ち出し export `%s`：%s（%s）: %s%s\n", e.Code, both(e.Text), strings.Join(e.Roles, ", "), strings.Join(e.Fields, ", "), agreed)
	}
	for _, st := range s.Statistics {
		fmt.Fprintf(b, "- 統計 statistic `%[1]s`：%[2]s（公表する表では%[3]d未満を表示しない / a public table shows no count under %[3]d）\n", st.Code, both(st.Text), SmallestCell)
	}
	b.WriteString("\n")
}

func fieldTable(b *strings.Builder, fields []Field, required bool) {
	if required {
		b.WriteString("| 名前 Name | 項目 Item | 分類 Class | 必須 Required | 理由 Why |\n|---|---|---|---|---|\n")
	} else {
		b.WriteString("| 名前 Name | 項目 Item | 分類 Class | 理由 Why |\n|---|---|---|---|\n")
	}
	for _, f := range fields {
		fmt.Fprintf(b, "| `%s` | %s | %s |", f.Name, both(f.Label), both(classWords[f.Class]))
		if required {
			word := "任意 no"
			if f.Required {
				word = "必須 yes"
			}
			fmt.Fprintf(b, " %s |", word)
		}
		fmt.Fprintf(b, " %s |\n", both(f.Why))
	}
	b.WriteString("\n")
}

func storeOf(b *strings.Builder, st Store) {
	fmt.Fprintf(b, "### %s\n\n| | |\n|---|---|\n", both(st.Name))
	list := func(names []string) string {
		if len(names) == 0 {
			return "–"
		}
		return strings.Join(names, ", ")
	}
	personal := "なし none"
	if st.Personal {
		personal = "あり yes"
	}
	for _, r := range [][2]string{
		{"資源 Resources", list(st.Resources)}, {"個人に関する情報 Of persons", personal}, {"内容 Holds", both(st.Holds)}, {"目的 Why", both(st.Why)},
		{"期間 Keeps", both(st.Keeps)}, {"使う機能 Functions", list(st.Functions)}, {"閲覧できる人 People", both(st.People)},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\n")
}

// both writes a text in both languages.
func both(t Text) string {
	if t.EN == "" {
		return t.JA
	}
	return t.JA + " / " + t.EN
}
