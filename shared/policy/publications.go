package policy

// publications is policy 3(7): R42-R44.
var publications = Service{
	Code: Publications, Section: "3(7)", Path: "/publications", Table: "PublicationsTable", FormVersion: 2,
	Name:      Text{"広報資料・刊行物の請求", "Request for materials and publications"},
	Languages: []Language{Japanese},
	Fields: []Field{
		fieldName.why("お届け先の宛名とするため", "To address the parcel"),
		{Name: "postal_code", Label: Text{"郵便番号", "Postal code"}, Type: TypePostalCode, Required: true, Autocomplete: "postal-code",
			Class: QuasiIdentifying, Support: Text{"例：105-0004", "For example: 105-0004"}, Why: Text{"資料をお届けするため", "To deliver the parcel"}},
		fieldPrefecture.domestic().labelled(Text{"都道府県", "Prefecture"}, Text{"日本国内へお届けします。海外へのお届けは、お問い合わせフォームからご相談ください",
			"We deliver within Japan. For a delivery abroad, please write to us by the inquiry form"}).why("資料をお届けするため", "To deliver the parcel"),
		{Name: "address", Label: Text{"市区町村・番地", "City, street and number"}, Type: TypeText, Required: true, MaxLength: 200,
			Autocomplete: "address-line1", Class: Identifying, Support: Text{"例：港区新橋6-17-19", "For example: 港区新橋6-17-19"},
			Why: Text{"資料をお届けするため", "To deliver the parcel"}},
		{Name: "building", Label: Text{"建物名・部屋番号", "Building and room"}, Type: TypeText, MaxLength: 100,
			Autocomplete: "address-line2", Class: Identifying, Why: Text{"資料をお届けするため", "To deliver the parcel"}},
		fieldPhone.why("配送についてご連絡するため", "To reach the recipient about the delivery"),
		fieldEmail.why("請求を受け付けたことをお知らせするため", "To acknowledge the request"),
		fieldOrganization.why("お届け先の宛名とするため", "To address the parcel"),
		{Name: "quantity", Label: Text{"ご希望の資料と部数", "Publications and numbers of copies"}, Type: TypeQuantities, Required: true,
			Class: Neutral, Why: Text{"ご希望の資料をお送りするため", "To send what was asked for"}},
	},
	Channels: []Channel{ChannelForm, ChannelStaff},
	Purposes: []Purpose{{
		Code:  "publication_requests",
		Text:  Text{"資料・刊行物の請求への対応", "Attending to requests for materials and publications"},
		Mails: []MailKind{PublicationsReceived},
	}},
	Retention: []Retention{
		{State: "final", From: FromFinalState, Default: 90 * day, Min: 7 * day, Max: 365 * day, Parameter: "PUBLICATION_REQUEST_DAYS",
			Text: Text{"発送・お断り・取り下げ・返送の日から%s", "%s after it is sent, declined, withdrawn or returned"}},
		// The decisions name the final states only; a request that nobody finished must not live for ever either.
		{State: "open", From: FromSubmission, Default: 365 * day, Min: 30 * day, Max: 730 * day, Parameter: "PUBLICATION_OPEN_DAYS",
			Text:    Text{"長くとも受け付けから%s", "%s after receipt at the latest"},
			Deleted: Text{"遅くとも%sに削除します。", "It will be deleted on %s at the latest."}},
	},
	Provisions: []Provision{{To: Carrier, Forms: []LegalForm{Entrustment},
		Ground: Text{"配送会社には、お届けに必要な宛名・住所・電話番号だけを荷物に記載して伝えます。",
			"The parcel carrier sees the name, address and telephone number on the parcel, and nothing else."}}},
	Exports: []Export{{Code: "publication_labels", Text: Text{"宛名ラベル", "Address labels"},
		Fields: []string{"name", "postal_code", "prefecture", "address", "building", "phone", "organization"}, Roles: []string{RolePublications}}},
	Statistics: []Statistic{{"publication_stock", Text{"資料・都道府県・月別の発送部数", "Copies sent by publication, prefecture and month"},
		[]string{"publication", "prefecture", "quantity", "month"}}},
}
