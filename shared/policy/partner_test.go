package policy

import "testing"

// R10 and contract ("labels that ask for numbers of identity documents are refused"), however it is written.
func TestAsksForIdentityNumber(t *testing.T) {
	for label, want := range map[string]bool{
		"マイナンバー": true, "個人番号（12桁）": true, "パスポート番号": true, "パスポートＮｏ．": true, "パスポートの番号": true, "旅券番号": true,
		"運転免許証番号": true, "免許証の番号": true, "健康保険証の記号・番号": true, "被保険者等記号・番号": true, "在留カード番号": true, "身分証明書の番号": true,
		"My Number": true, "ＭＹ　ＮＵＭＢＥＲ": true, "my-number": true, "Passport No.": true, "Passport number": true, "Driver's licence number": true,
		"Driver’s License No": true, "National ID": true, "Residence card number": true, "Social Security": true, "Insurance number": true, "ID number": true,
		"ｍｙ－ｎｕｍｂｅｒ": true, "Passport / No": true, "Number of your passport": true, "免許証No.": true,

		"お名前": false, "電話番号": false, "郵便番号": false, "座席番号": false, "受付番号": false, "お役職": false, "パスポートをお持ちですか": false,
		"Telephone number": false, "Do you hold a passport?": false, "Driving license: yes or no": false, "Passport not needed": false,
		"Nationality": false, "Number of participants": false, "運転免許証をお持ちですか": false, "": false,
	} {
		if got := AsksForIdentityNumber(label); got != want {
			t.Errorf("%q: %v, want %v", label, got, want)
		}
	}
}
