package policy

// RequestType is something that a person may ask for under section 7: by letter, with identity documents (R80, R81).
type RequestType struct {
	Code string
	Text Text
	Rule string // clause of the policy and article of the APPI
}

// RequestTypes are the requests that section 7 names, and the disclosure of the person's own data, which the APPI names
// beside them (decisions: "Where disclosure of the person's own data stands").
func RequestTypes() []RequestType {
	return []RequestType{
		{"purpose_notice", Text{"利用目的の通知", "Notice of the purpose of use"}, "7(1), APPI art. 32(2)"},                              // R65
		{"disclosure", Text{"保有個人データの開示", "Disclosure of the personal data that we hold about you"}, "APPI art. 33(1)"},           //
		{"provision_records", Text{"第三者提供記録の開示", "Disclosure of records of provision to third parties"}, "7(1), APPI art. 33(5)"}, // R66
		{"correction", Text{"訂正", "Correction"}, "7(2), APPI art. 34"},                                                            // R73
		{"addition", Text{"追加", "Addition"}, "7(2), APPI art. 34"},                                                                //
		{"deletion", Text{"削除", "Deletion"}, "7(2), APPI art. 34"},                                                                //
		{"stop_use", Text{"利用の停止", "Stop of use"}, "7(3), APPI art. 35"},                                                          // R77
		{"stop_provision", Text{"第三者への提供の停止", "Stop of provision to third parties"}, "7(3), APPI art. 35"},                        // R78
	}
}

// IdentityDocument is a document that shows who asks. Its kind is recorded, never its number (R88).
type IdentityDocument struct {
	Code    string
	Text    Text
	Caution Text // what must not be on the copy; empty for nothing
}

// IdentityDocuments are the documents of section 7(4)ii, of which one is enough.
func IdentityDocuments() []IdentityDocument {
	return []IdentityDocument{
		{"my_number_card", Text{"個人番号カード（マイナンバーカード）の表面の写し", "Copy of the My Number card, front side"},
			Text{"個人番号が記載された裏面は、絶対に同封しないでください。届いた場合は、記録せずに破棄または返送します。",
				"Never enclose the back, which bears the number. If it reaches us, it is destroyed or returned, and not recorded."}}, // R90
		{"drivers_licence", Text{"運転免許証の写し", "Copy of the driver’s licence"},
			Text{"住所などの変更が裏面に記載されている場合は、裏面の写しも同封してください。本籍が記載されている場合は、塗りつぶしてください。",
				"If a change of address is noted on the back, enclose a copy of it as well. If a registered domicile (honseki) is shown, please black it out."}},
		{"health_insurance", Text{"健康保険証（資格確認書）の写し", "Copy of the health insurance card (or certificate of eligibility)"},
			Text{"保険者番号、被保険者の記号・番号・枝番と、QRコードを塗りつぶしてください。", "Black out the insurer’s number, the insured person’s symbol, number and branch number, and any QR code."}}, // R88
		{"passport", Text{"旅券（パスポート）の写し", "Copy of the passport"},
			Text{"顔写真のページをお送りください。旅券番号は塗りつぶしてかまいません。", "Send the page with the photograph. You may black out the passport number."}},
	}
}

// AgentDocuments are what an agent encloses beside the person's own documents: all of them (R91). A statutory agent shows
// the right by a public certificate in place of the letter of authority (R92; APPI art. 37(3)).
func AgentDocuments() []Text {
	return []Text{
		{"代理人ご本人の本人確認書類（上記のいずれか）", "An identity document of the agent (one of those above)"},
		{"委任状（ご本人が署名または押印したもの）。親権者・未成年後見人・成年後見人などの法定代理人の場合は、委任状に代えて、その資格を示す書類（戸籍謄本、登記事項証明書など。発行から3か月以内）",
			"A letter of authority signed or sealed by the person; a statutory agent (parent, guardian) encloses, in its place, a certificate of that right (family register, certificate of registered matters), issued within the last three months"},
	}
}

const (
	// RequestFee is what a request costs, in yen. APPI art. 38 would allow a fee for notices of purpose and disclosure only.
	RequestFee = 0
	// RequestTarget is the time in which a request is to be answered, from the day on which all documents are there ("without
	// delay" in the Act).
	RequestTarget = 14 * day
)
