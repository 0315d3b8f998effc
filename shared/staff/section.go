package staff

import (
	"strings"

	"madoguchi/shared/policy"
)

// Section is one part of the staff pages.
type Section struct {
	Path  string
	Name  policy.Text
	Roles []string // one of them opens it
	Built bool     // there is a function that answers the path; a test holds it to template.yaml
}

// Sections returns the parts of the staff pages in the order of the menu (contract, "Staff").
func Sections() []Section {
	return []Section{
		{
			Path: "/staff/subscribers", Name: policy.Text{JA: "読者・登録者", EN: "Subscribers"},
			Roles: []string{policy.RoleEditor, policy.RolePress, policy.RolePrivacy},
			Built: true,
		},
		{
			Path: "/staff/campaigns", Name: policy.Text{JA: "配信", EN: "Campaigns"},
			Roles: []string{policy.RoleEditor, policy.RolePress, policy.RoleEvents},
			Built: true,
		},
		{
			Path: "/staff/events", Name: policy.Text{JA: "イベント", EN: "Events"},
			Roles: []string{policy.RoleEvents},
			Built: false,
		},
		{
			Path: "/staff/inquiries", Name: policy.Text{JA: "お問い合わせ", EN: "Inquiries"},
			Roles: []string{policy.RoleInquiries},
			Built: false,
		},
		{
			Path: "/staff/publications", Name: policy.Text{JA: "資料・出版物", EN: "Publications"},
			Roles: []string{policy.RolePublications},
			Built: false,
		},
		{
			Path: "/staff/photos", Name: policy.Text{JA: "フォトライブラリー", EN: "Photo library"},
			Roles: []string{policy.RolePhotos},
			Built: false,
		},
		{
			Path: "/staff/exports", Name: policy.Text{JA: "書き出し", EN: "Exports"},
			Roles: []string{policy.RoleEditor, policy.RolePress, policy.RoleEvents, policy.RolePublications},
			Built: false,
		},
		{
			Path: "/staff/privacy", Name: policy.Text{JA: "個人情報の請求", EN: "Privacy requests"},
			Roles: []string{policy.RolePrivacy},
			Built: false,
		},
		{
			Path: "/staff/partners", Name: policy.Text{JA: "共催者・委託先", EN: "Partners"},
			Roles: []string{policy.RoleAdmin},
			Built: false,
		},
		{
			Path: "/staff/categories", Name: policy.Text{JA: "業種の一覧", EN: "Categories"},
			Roles: []string{policy.RoleAdmin},
			Built: false,
		},
		{
			Path: "/staff/audit", Name: policy.Text{JA: "操作の記録", EN: "Audit log"},
			Roles: []string{policy.RoleAuditor},
			Built: false,
		},
		{
			Path: "/staff/inventory", Name: policy.Text{JA: "データの一覧", EN: "Data inventory"},
			Roles: []string{policy.RoleAuditor},
			Built: false,
		},
	}
}

// SectionsFor returns the parts that are open to a person.
func SectionsFor(p Person) []Section {
	var open []Section
	for _, s := range Sections() {
		if s.Built && p.May(s.Roles...) {
			open = append(open, s)
		}
	}
	return open
}

func isUnder(path, section string) bool {
	return path == section || strings.HasPrefix(path, section+"/")
}
