package policy

import (
	"regexp"
	"strings"
)

// LegalForm is the ground on which a partner receives items of a registration. A notice is not consent, so each
// partner has one (decisions: "Consent to provision").
type LegalForm string

// The legal forms.
const (
	Entrustment        LegalForm = "entrustment"         // 委託, APPI art. 25, 27(5)(i): notified, supervised
	JointUse           LegalForm = "joint_use"           // 共同利用, APPI art. 27(5)(iii): notified
	ConsentedProvision LegalForm = "consented_provision" // 第三者提供, APPI art. 27(1), 28: the person's own tick
)

// The parts that somebody outside may take in a service.
const (
	CoOrganiser = "co_organiser" // 共催者
	Contractor  = "contractor"   // 委託先
	Carrier     = "carrier"      // 配送会社: reads the label of the parcel, never the system
)

// Provision says to whom records of a service may be handed out, and on what ground (R54-R58).
type Provision struct {
	To     string
	Forms  []LegalForm // the legal forms that an agreement may choose from
	Access bool        // whether such a partner may be shown records, each within its agreement (R53-R54)
	Ground Text        // as the notice says it
}

// ItemTypes are the types that an item added for a partner may have (R32). Identity documents are no type at all (R10).
func ItemTypes() []FieldType {
	return []FieldType{TypeText, TypeTextArea, TypeChoice, TypeChoices, TypeBoolean, TypeNumber, TypeDate, TypeCountry, TypePhone}
}

// QuestionTypes are the types that a question of a questionnaire may have (R29).
func QuestionTypes() []FieldType { return append(ItemTypes(), TypeRating, TypeMatrix) }

// identityNumber finds, in a folded label, words that ask for an individual identification code or for the number of an
// identity document: the document's name before its number, or in English also after it.
const identityNumber = `マイナンバー|個人番号|住民票コード|基礎年金番号|旅券番号|(被保険者|パスポート|免許証|保険証|在留カード|身分証).*番号` +
	`|mynumber|individualnumber|socialsecurity|nationalid|idnumber` +
	`|(passport|licen[cs]e|residencecard|insurance|identitycard|idcard).*num|num(ber)?(of|on)(your|the)?(passport|licen[cs]e|residencecard)` +
	`|(passport|licen[cs]e|パスポート|免許証)no([^a-z]|$)`

// AsksForIdentityNumber reports whether a label asks for an individual identification code or the number of an
// identity document (R10). No form of the policy has such a label, and an event's items with one are refused. It is
// for declarations, not for requests: it compiles its pattern each time, so that no cold start pays for it.
func AsksForIdentityNumber(label string) bool {
	folded := strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～': // full-width forms of ASCII
			r -= '！' - '!'
		case r == '　':
			r = ' '
		}
		if strings.ContainsRune(" -_/:.'’・", r) {
			return -1
		}
		return r
	}, label)
	return regexp.MustCompile(identityNumber).MatchString(strings.ToLower(folded))
}
