package form

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"madoguchi/shared/address"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

// Option is one choice of a list.
type Option struct {
	Value string
	Label policy.Text
}

// Field is a field of the policy with the choices that it has now.
type Field struct {
	policy.Field
	Options []Option
	// Refused are options that cannot be taken, each with why not and what to do instead: what people look for in the list and
	// would miss there.
	Refused  map[string]policy.Text
	Buttons  bool        // the options stand side by side as radio buttons, not in a list that opens
	Min, Max int         // of a number; both 0: any whole number of at most nine digits
	Group    policy.Text // fields in a row with the same group stand under it as one heading (a matrix, quantities)
	Aid      policy.Text // support text of the group, told with its first field
	Offer    *Offer      // of a field that is one of many on offer
}

// Prefectures are the choices of a prefecture field: JIS X 0401 codes and 99 for overseas (R17).
func Prefectures() []Option {
	all := japan.Prefectures()
	options := make([]Option, len(all))
	for i, p := range all {
		options[i] = Option{p.Code, policy.Text{JA: p.JA, EN: p.EN}}
	}
	return options
}

// Declared returns the fields of a service as its form asks for them. Choices that are the same everywhere are filled in; a list
// that staff keep is its service's to add.
func Declared(s *policy.Service) []Field {
	all := make([]Field, len(s.Fields))
	for i, f := range s.Fields {
		all[i] = Field{Field: f}
		if f.Type == policy.TypePrefecture {
			all[i].Options = Prefectures()
		}
	}
	return all
}

// yesOrNo are the answers to a question of that kind.
var yesOrNo = []Option{{yes, policy.Text{JA: "はい", EN: "Yes"}}, {no, policy.Text{JA: "いいえ", EN: "No"}}}

// label returns a stored value as people read it: labels for choices, all else as it is.
func (f Field) label(value string, l policy.Language) string {
	switch f.Type {
	case policy.TypeChoices:
		var labels []string
		for _, o := range f.Options {
			if slices.Contains(Chosen(value), o.Value) {
				labels = append(labels, o.Label.In(l))
			}
		}
		return strings.Join(labels, policy.Text{JA: "、", EN: ", "}.In(l))
	case policy.TypeBoolean:
		f.Options = yesOrNo
	}
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label.In(l)
		}
	}
	return value
}

// bytesPerGrapheme bounds what one visible character may weigh: a family emoji has 25 bytes, a stack of combining marks
// has no end.
const bytesPerGrapheme = 25

// The codes of errors that are not those of text and address.
const (
	codeRequired = "required"
	codeNoText   = "not_text"
	codeRepeated = "repeated"
	codeUnknown  = "unknown_field"
	codeOption   = "not_in_list"
	codeRefused  = "not_offered"
	codeTooFast  = "too_fast"
	codeExpired  = "expired"
	codeSent     = "already_sent"
	codeNumber   = "not_a_number"
	codeRange    = "out_of_range"
	codeDate     = "not_a_date"
)

// clean returns a value as it is stored, or the code of what is wrong with it.
func (f Field) clean(typed string) (value, code string) {
	var err error
	switch f.Type {
	case policy.TypeEmail:
		var parsed address.Address
		if parsed, err = address.Parse(typed); err == nil {
			value = parsed.Display()
		}
	case policy.TypeTextArea:
		value, err = text.Lines(typed)
	case policy.TypePostalCode:
		value, err = japan.PostalCode(typed)
	case policy.TypeNumber:
		return f.number(typed)
	case policy.TypeDate:
		return f.date(typed)
	case policy.TypeBoolean:
		return f.boolean(typed)
	case policy.TypePhone:
		var number japan.Number
		if number, err = japan.Telephone(typed); err == nil {
			value = number.Display
		}
	default:
		value, err = text.Line(typed)
	}
	var problem text.Problem
	switch {
	case errors.As(err, &problem) && problem == text.Empty:
		if f.Required {
			return "", codeRequired
		}
		return "", ""
	case errors.As(err, &problem):
		return "", string(problem)
	case err != nil:
		return "", "invalid"
	case value == "" && f.Required:
		return "", codeRequired
	case value == "":
		return "", ""
	}
	if f.Options != nil && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == value }) {
		return "", codeOption
	}
	if f.MaxLength > 0 && text.TooLong(value, f.MaxLength, f.MaxLength*bytesPerGrapheme) {
		return "", string(text.LengthExceeded)
	}
	return value, ""
}

// Validate cleans all fields of a post. The errors stand in the order of the form; unknown members of a JSON body come
// last (contract: refused, never ignored).
func Validate(fields []Field, post Post, l policy.Language) (map[string]string, []web.FieldError) {
	values := make(map[string]string, len(fields))
	var wrong []web.FieldError
	for i, f := range fields {
		value, code := f.take(post)
		if code != "" {
			wrong = append(wrong, web.FieldError{Field: f.Name, Code: code, Message: f.message(code, l)})
		} else if why, refused := f.Refused[value]; refused {
			wrong = append(wrong, web.FieldError{Field: f.Name, Code: codeRefused,
				Message: fmt.Sprintf(policy.Text{JA: "「%s」：%s", EN: "%s: %s"}.In(l), f.Label.In(l), why.In(l))})
		} else {
			values[f.Name] = value
		}
		if f.Offer != nil && f.lastOffer(fields[i+1:]) {
			wrong = append(wrong, f.untaken(fields, values, l)...)
		}
	}
	if !post.JSON {
		return values, wrong
	}
	var unknown []string
	for name := range post.Values {
		if !post.isOwn(name) && !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		wrong = append(wrong, web.FieldError{Field: name, Code: codeUnknown, Message: messages[codeUnknown].In(l)})
	}
	return values, wrong
}

// isOwn tells the members of a JSON post that are the form's own from its fields. JSON knows neither check page nor
// return: a member that asks for them would be ignored, and nothing is (contract).
func (p Post) isOwn(name string) bool {
	switch name {
	case "form_token":
		return true
	case "action":
		return p.Values[name] == "submit"
	case honeypot:
		_, other := p.NoText[name]
		return !other
	}
	return false
}

// newer tells whether a post names a field that is not among the fields.
func (p Post) newer(fields []Field) bool {
	for name := range p.Values {
		if !p.isOwn(name) && name != "action" && name != "return_to" && !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
			return true
		}
	}
	return false
}

// message says what to do about an error of the field.
func (f Field) message(code string, l policy.Language) string {
	label := f.Label.In(l)
	chosen := f.Options != nil || f.Type == policy.TypeBoolean
	switch {
	case code == codeRange:
		return fmt.Sprintf(policy.Text{JA: "「%s」は%dから%dまでの数で入力してください", EN: "%s: enter a number from %d to %d"}.In(l), label, f.Min, f.Max)
	case code == codeRequired && chosen:
		return fmt.Sprintf(policy.Text{JA: "「%s」を選択してください", EN: "Select: %s"}.In(l), label)
	case code == codeRequired:
		return fmt.Sprintf(policy.Text{JA: "「%s」を入力してください", EN: "Enter: %s"}.In(l), label)
	case code == string(text.LengthExceeded) && f.MaxLength > 0:
		return fmt.Sprintf(policy.Text{JA: "「%s」は%d文字以内で入力してください", EN: "%s: at most %d characters"}.In(l), label, f.MaxLength)
	}
	known, ok := messages[code]
	if !ok {
		known = messages["invalid"]
	}
	return fmt.Sprintf(policy.Text{JA: "「%s」：%s", EN: "%s: %s"}.In(l), label, known.In(l))
}

// messages are the sentences for codes; the label of the field stands before them.
var messages = map[string]policy.Text{
	"invalid":                         {JA: "入力内容を確認してください", EN: "please check what you entered"},
	codeNoText:                        {JA: "文字列で送信してください", EN: "must be a text"},
	codeRepeated:                      {JA: "一度だけ送信してください", EN: "must be sent once only"},
	codeUnknown:                       {JA: "このフォームにはない項目です", EN: "This form has no such field"},
	codeOption:                        {JA: "選択肢から選んでください", EN: "choose one of the options"},
	codeNumber:                        {JA: "整数で入力してください（例：3）", EN: "enter a whole number, such as 3"},
	codeDate:                          {JA: "実在する日付を入力してください（例：2026-11-30）", EN: "enter a date that exists, such as 2026-11-30"},
	codeTooFast:                       {JA: "送信が早すぎます。内容を確認して、もう一度送信してください", EN: "Sent too quickly. Please check what you entered and send again"},
	string(text.NotUTF8):              {JA: "読み取れない文字が含まれています。入力し直してください", EN: "holds characters that cannot be read; please type it again"},
	string(text.ControlCharacter):     {JA: "改行などの制御文字は使えません。入力し直してください", EN: "must not hold line breaks or control characters; please type it again"},
	string(text.InvisibleCharacter):   {JA: "目に見えない文字が含まれています。入力し直してください", EN: "holds invisible characters; please type it again"},
	string(text.ReplacementCharacter): {JA: "文字化けした文字が含まれています。入力し直してください", EN: "holds garbled characters; please type it again"},
	string(text.Noncharacter):         {JA: "使用できない文字が含まれています。入力し直してください", EN: "holds characters that cannot be used; please type it again"},
	string(text.LengthExceeded):       {JA: "長すぎます", EN: "is too long"},
	string(japan.PostalCodeCharacter): {JA: "数字7桁で入力してください（例：105-0004）", EN: "enter seven digits, such as 105-0004"},
	string(japan.PostalCodeLength):    {JA: "数字7桁で入力してください（例：105-0004）", EN: "enter seven digits, such as 105-0004"},
	string(japan.PhoneCharacter):      {JA: "数字とハイフンで入力してください（例：03-1234-5678）", EN: "enter digits and hyphens, such as 03-1234-5678"},
	string(japan.PhonePrefix):         {JA: "市外局番から入力してください。海外の番号は「+」と国番号から入力してください", EN: "begin with the area code, or with + and the country code"},
	string(japan.PhoneLength):         {JA: "桁数を確認してください（例：03-1234-5678）", EN: "please check the number of digits"},
	string(japan.PhoneExtension):      {JA: "内線番号は8桁までの数字で入力してください", EN: "enter an extension of at most 8 digits"},
	string(address.NoAt):              {JA: "「@」を含むメールアドレスを入力してください（例：hanako@example.jp）", EN: "enter an address with an @, such as hanako@example.jp"},
	string(address.SeveralAt):         {JA: "「@」は1つだけ入力してください", EN: "enter only one @"},
	string(address.DisplayName):       {JA: "お名前を付けず、メールアドレスだけを入力してください", EN: "enter the address alone, without a name"},
	string(address.Comment):           {JA: "メールアドレスだけを入力してください", EN: "enter the address alone"},
	string(address.Several):           {JA: "メールアドレスを1つだけ入力してください", EN: "enter one address only"},
	string(address.Space):             {JA: "空白を入れずに入力してください", EN: "must not hold spaces"},
	string(address.LocalEmpty):        {JA: "「@」の前を入力してください", EN: "enter the part before the @"},
	string(address.LocalNotASCII):     {JA: "「@」の前は半角の英数字と記号で入力してください", EN: "use Latin letters, digits and signs before the @"},
	string(address.LocalBad):          {JA: "「@」の前に使えない文字が含まれています", EN: "holds a character before the @ that addresses do not have"},
	string(address.LocalTooLong):      {JA: "「@」の前が長すぎます（64文字まで）", EN: "is too long before the @ (64 characters at most)"},
	string(address.DomainNoDot):       {JA: "「@」の後ろを最後まで入力してください（例：example.jp）", EN: "enter the whole part after the @, such as example.jp"},
	string(address.DomainIP):          {JA: "「@」の後ろにはドメイン名を入力してください", EN: "enter a domain name after the @"},
	string(address.DomainBad):         {JA: "「@」の後ろをもう一度確認してください", EN: "please check the part after the @"},
}

// Show returns a stored value as people read it: labels for choices, all else as it is.
func (f Field) Show(value string, l policy.Language) string { return f.label(value, l) }

// Reason says what is wrong with a value without naming its field, for reports of many rows; "" for a code that no field has.
func Reason(code string, l policy.Language) string { return messages[code].In(l) }
