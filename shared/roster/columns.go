package roster

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster/sheet"
)

// The columns beside the fields of the form.
const (
	colWhere  = "evidence_where"
	colWhen   = "evidence_when"
	colWords  = "evidence_words"
	colReason = "reason"
	colDate   = "date"
)

// columnsOf are the columns that an import may have.
func columnsOf(what What, fields []form.Field) []Column {
	var all []Column
	for _, f := range fields {
		if what == Subscribers || f.Type == policy.TypeEmail {
			all = append(all, Column{f.Name, f.Label, f.Required})
		}
	}
	if what == OptOuts {
		return append(all, Column{Name: colReason, Label: policy.Text{JA: "理由", EN: "Reason"}}, Column{Name: colDate, Label: policy.Text{JA: "停止日", EN: "Date"}})
	}
	return append(all, Column{Name: colReason, Label: policy.Text{JA: "配信の状態（停止・不達など）", EN: "State (opted out, bounced)"}}, Column{Name: colWhere, Label: policy.Text{JA: "同意の場所", EN: "Where consent was given"}},
		Column{Name: colWhen, Label: policy.Text{JA: "同意の日", EN: "When consent was given"}},
		Column{Name: colWords, Label: policy.Text{JA: "同意の文言", EN: "Words of the consent"}})
}

// Names reports whether an import of a list may name a column so.
func Names(what What, service *policy.Service, name string) bool {
	return slices.ContainsFunc(columnsOf(what, form.Declared(service)), func(c Column) bool { return c.Name == name })
}

// alike are other headings that offices write, folded.
var alike = map[string][]string{
	"email":             {"メール", "mail", "e-mail", "email", "メールアドレス", "eメール", "電子メール", "e-mailアドレス", "mailaddress", "emailaddress"},
	"name":              {"氏名", "名前", "お名前", "ご氏名", "担当者", "担当者名"},
	"organization":      {"会社名", "団体名", "組織名", "勤務先", "所属", "ご所属", "所属先", "法人名", "媒体名", "会社・団体名", "organisation", "company"},
	"prefecture":        {"都道府県", "住所(都道府県)"},
	"business_category": {"業種", "業種名"},
	colReason:           append([]string{"理由", "停止理由"}, stateHeadings...),
	colDate:             {"日付", "停止日", "解除日", "配信停止日", "since"},
}

// stateHeadings are those of columns that say of everybody whether they are written to: an empty cell is no wish to leave.
var stateHeadings = []string{"配信状態", "配信の状態", "配信の状態(停止・不達など)", "状態", "ステータス", "配信可否", "status", "state"}

// fold makes headings comparable: width, case and spaces do not count.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(s))), "")
}

// guess finds the headings that say which field they hold. Where two do, neither is taken.
func guess(columns []Column, headings []string) map[string]string {
	found := map[string]string{}
	for _, c := range columns {
		names := append([]string{fold(c.Name), fold(c.Label.JA), fold(c.Label.EN)}, alike[c.Name]...)
		var hits []string
		for _, h := range headings {
			if h != "" && slices.Contains(names, fold(h)) {
				hits = append(hits, h)
			}
		}
		if len(hits) == 1 {
			found[c.Name] = hits[0]
		}
	}
	return found
}

// place finds the columns of a match among the headings: field -> index. The problems say what does not fit.
func place(columns []Column, match map[string]string, headings []string) (map[string]int, []Problem) {
	at, wrong := map[string]int{}, []Problem(nil)
	for _, c := range columns {
		heading, given := match[c.Name]
		if !given || heading == "" {
			if c.Required {
				wrong = append(wrong, Problem{Field: c.Name, Code: codeNoColumn})
			}
			continue
		}
		hits := 0
		for i, h := range headings {
			if fold(h) == fold(heading) {
				at[c.Name] = i
				hits++
			}
		}
		switch {
		case hits == 0:
			wrong = append(wrong, Problem{Field: c.Name, Code: codeNoHeading})
		case hits > 1:
			wrong = append(wrong, Problem{Field: c.Name, Code: codeTwice})
		}
	}
	return at, wrong
}

// declaredFields are the fields of a list's form, without the choices that staff keep.
func declaredFields(list policy.Code) []form.Field { return form.Declared(policy.Get(list)) }

// ColumnLabel is what a column is called; the zero text for none.
func ColumnLabel(list policy.Code, what What, name string) policy.Text {
	for _, c := range columnsOf(what, declaredFields(list)) {
		if c.Name == name {
			return c.Label
		}
	}
	return policy.Text{}
}

// mostTitles is how many rows over the headings are looked past for a better heading.
const mostTitles = 10

// below finds the row that holds all headings that are needed, under a title that stands first: 0 for none.
func below(columns []Column, next func() (sheet.Row, error)) int {
	for range mostTitles {
		row, err := next()
		if err != nil {
			return 0
		}
		match := guess(columns, row.Cells)
		if !slices.ContainsFunc(columns, func(c Column) bool { return c.Required && match[c.Name] == "" }) {
			return row.Number
		}
	}
	return 0
}
