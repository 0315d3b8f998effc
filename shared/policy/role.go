package policy

import "slices"

// The roles of staff (contract: "Roles"). A person may hold several; none implies another (R45: no role sees what it does not
// need).
const (
	RoleEditor       = "editor"
	RolePress        = "press"
	RoleEvents       = "events"
	RoleInquiries    = "inquiries"
	RolePublications = "publications"
	RolePhotos       = "photos"
	RolePrivacy      = "privacy"
	RoleAuditor      = "auditor"
	RoleAdmin        = "admin"
)

// Role is what a person of staff may be trusted with.
type Role struct {
	Code string // in declarations, groups of the user pool and scopes of scripts
	Name Text
	May  Text // one sentence for the person who holds it
}

// Roles returns all roles in the order in which pages list them.
func Roles() []Role {
	return []Role{
		{RoleEditor, Text{"メールマガジン担当", "Newsletter editor"}, Text{"メールマガジンの読者と配信を扱います。", "Looks after the readers of the newsletter and its issues."}},
		{RolePress, Text{"プレスリリース担当", "Press officer"}, Text{"報道関係の登録者と、プレスリリース・取材案内の配信を扱います。", "Looks after the press list, press releases and media invitations."}},
		{RoleEvents, Text{"イベント担当", "Events officer"}, Text{"イベント、参加登録、アンケートを扱います。", "Looks after events, registrations and questionnaires."}},
		{RoleInquiries, Text{"お問い合わせ担当", "Inquiries officer"}, Text{"お問い合わせに回答します。", "Answers inquiries."}},
		{RolePublications, Text{"資料・出版物担当", "Publications officer"}, Text{"資料請求と在庫を扱います。", "Attends to requests for publications and their stock."}},
		{RolePhotos, Text{"フォトライブラリー担当", "Photo library officer"}, Text{"写真と、利用状況の集計を扱います。", "Looks after the photos and the figures of their use."}},
		{RolePrivacy, Text{"個人情報担当（総務部）", "Privacy officer (General Affairs)"}, Text{"書面による個人情報の請求に対応し、必要な記録の保存期限を延長します。", "Answers requests about personal data that come by letter, and puts on hold what a case needs."}},
		{RoleAuditor, Text{"監査担当", "Auditor"}, Text{"操作の記録とデータの一覧を閲覧します。変更はできません。", "Reads the audit log and the data inventory, and changes nothing."}},
		{RoleAdmin, Text{"管理者", "Administrator"}, Text{"業種の一覧、共催者・委託先、職員のアカウントを管理します。ほかの担当の記録は見られません。", "Looks after categories, partners and accounts, and sees no other role's records."}},
	}
}

// RoleName is the name of a role; the code itself where there is no such role.
func RoleName(code string) Text {
	for _, r := range Roles() {
		if r.Code == code {
			return r.Name
		}
	}
	return Text{code, code}
}

// KnownRoles keeps the roles that there are, once each and in their order: an identity provider may know other groups.
func KnownRoles(codes []string) []string {
	var known []string
	for _, r := range Roles() {
		if slices.Contains(codes, r.Code) {
			known = append(known, r.Code)
		}
	}
	return known
}
