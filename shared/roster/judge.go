package roster

import (
	"slices"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster/sheet"
	"madoguchi/shared/subscription"
	"madoguchi/shared/text"
)

// mostEvidence is how many characters each part of the evidence may have.
const mostEvidence = 500

// judge tells of one row after the other what it says, and whether it can be used at all.
type judge struct {
	list     *subscription.List
	imp      *Import
	fields   []form.Field
	at       map[string]int // column -> index
	headings []string
	csv      bool
	out      seen // who does not want mail, says another row of the file
}

// candidate is what a row says, once it is cleaned.
type candidate struct {
	row        int
	person     string
	subscriber subscription.Subscriber
	optOut     subscription.OptOut
	undated    bool // an opt-out whose date cannot be: the wish counts, the date does not
}

// cell is what a row says in a column.
func (j *judge) cell(r sheet.Row, column string) string {
	i, mapped := j.at[column]
	if !mapped || i >= len(r.Cells) {
		return ""
	}
	return strings.TrimSpace(r.Cells[i])
}

// row judges a row. The verdict is IsNew for one that can be used: whether the person is known is another question.
func (j *judge) row(r sheet.Row) (candidate, Verdict) {
	if r.Problem != "" {
		return candidate{}, Invalid("", r.Problem)
	}
	if j.again(r) {
		return candidate{}, Invalid("", codeAgain)
	}
	if j.shifted(r) {
		return candidate{}, Invalid("", codeMoreCells)
	}
	if j.imp.What == OptOuts {
		return j.leaver(r)
	}
	post := form.Post{Values: map[string]string{}}
	for _, f := range j.fields {
		value := j.cell(r, f.Name)
		if f.Type != policy.TypeEmail && strings.Contains(value, "@") {
			if _, err := address.Parse(value); err == nil {
				return candidate{}, Invalid(f.Name, codeAddress)
			}
		}
		if f.Type == policy.TypeText && noName(f.Name, value) {
			return candidate{}, Invalid(f.Name, codeNoName)
		}
		post.Values[f.Name] = option(f, value)
	}
	if verdict := j.state(r); verdict != "" {
		return candidate{}, verdict
	}
	values, wrong := form.Validate(j.fields, post, policy.Japanese)
	if len(wrong) > 0 {
		return candidate{}, Invalid(wrong[0].Field, wrong[0].Code)
	}
	evidence, bad := j.evidence(r)
	if bad != "" {
		return candidate{}, bad
	}
	s, err := j.list.Imported(values, evidence, j.imp.ID)
	if err != nil {
		return candidate{}, Invalid("email", "invalid")
	}
	if j.out.has(s.Person) {
		return candidate{}, OptedOut(codeOutHere)
	}
	return candidate{row: r.Number, person: s.Person, subscriber: s}, IsNew
}

// state is the verdict on a row of subscribers that says itself that the person does not want mail, or does not get it; "" on others.
func (j *judge) state(r sheet.Row) Verdict {
	value := fold(j.cell(r, colReason))
	if slices.Contains(active, value) {
		return ""
	}
	if reason, known := reasons[value]; known {
		return OptedOut(reason)
	}
	return Invalid(colReason, codeReason)
}

// active are the words by which lists say that somebody is written to.
var active = []string{"", "配信中", "配信", "配信希望", "希望", "希望する", "購読", "購読中", "有効", "登録", "登録中", "登録済み", "可", "○", "〇", "はい",
	"subscribed", "subscriber", "active", "confirmed", "ok", "yes"}

// noName reports what is no name: a day, which Excel makes of 3-4, and in the column of people's names a number.
func noName(field, value string) bool {
	folded := fold(value)
	if _, isDay := day(value); isDay && strings.ContainsAny(folded, "-/.年") {
		return true
	}
	return field == "name" && folded != "" && strings.Trim(folded, "0123456789.,-+") == ""
}

// again reports whether a row repeats the headings: some files have them twice, or at the head of each page.
func (j *judge) again(r sheet.Row) bool {
	same := 0
	for column, i := range j.at {
		if value := j.cell(r, column); value != "" && (fold(value) == fold(j.headings[i]) || fold(value) == column || slices.Contains(alike[column], fold(value))) {
			same++
		}
	}
	return same > 0 && same*2 >= len(j.at)
}

// shifted reports whether a row of a CSV goes on where the headings have ended: a comma in a value without quotation marks moves all
// values after it. A workbook's cells stand where they stand.
func (j *judge) shifted(r sheet.Row) bool {
	return j.csv && len(r.Cells) > len(j.headings) &&
		slices.ContainsFunc(r.Cells[len(j.headings):], func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// option makes a choice's code of what people write: its label, or a number that a spreadsheet has taken the zero from.
func option(f form.Field, value string) string {
	if f.Options == nil || value == "" {
		return value
	}
	for _, o := range f.Options {
		if o.Value == value || fold(o.Label.JA) == fold(value) || o.Label.EN != "" && fold(o.Label.EN) == fold(value) {
			return o.Value
		}
	}
	folded := fold(value)
	if f.Type == policy.TypePrefecture {
		for _, o := range f.Options {
			if o.Value == "0"+folded || short(o.Label.JA) == folded {
				return o.Value
			}
		}
	}
	return folded
}

// short is a prefecture without its kind: 東京, 京都, 大阪, 青森.
func short(name string) string {
	for _, kind := range []string{"都", "府", "県"} {
		if rest, ok := strings.CutSuffix(name, kind); ok {
			return rest
		}
	}
	return name
}

// evidence is what shows the consent of a row: its own columns, else what was said of the whole file.
func (j *judge) evidence(r sheet.Row) (subscription.Evidence, Verdict) {
	e := j.imp.Evidence
	for column, into := range map[string]*string{colWhere: &e.Where, colWhen: &e.When, colWords: &e.Words} {
		if value := j.cell(r, column); value != "" {
			*into = value
		}
	}
	when, code := CheckEvidence(&e, j.list.Now())
	if code != "" {
		return e, Invalid(when, code)
	}
	return e, ""
}

// CheckEvidence cleans an evidence and tells what is wrong with it: the column, and the code; "" for nothing.
func CheckEvidence(e *subscription.Evidence, now time.Time) (column, code string) {
	for _, part := range []struct {
		column string
		value  *string
	}{{colWhere, &e.Where}, {colWhen, &e.When}, {colWords, &e.Words}} {
		value, err := text.Lines(*part.value)
		switch {
		case strings.TrimSpace(*part.value) == "":
			return part.column, codeNoEvidence
		case err != nil:
			return part.column, "invalid"
		case text.TooLong(value, mostEvidence, mostEvidence*25):
			return part.column, string(text.LengthExceeded)
		}
		*part.value = value
	}
	at, ok := day(e.When)
	switch {
	case !ok:
		return colWhen, codeDate
	case at.After(now):
		return colWhen, codeFuture
	}
	return "", ""
}

// day reads a date as offices write it; a month or a year stands for its beginning.
func day(s string) (time.Time, bool) {
	first, _, _ := strings.Cut(strings.TrimSpace(s), " ") // a time of day follows
	for _, text := range []string{s, first} {
		text = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-").Replace(fold(text))
		text, _, _ = strings.Cut(strings.TrimSuffix(text, "-"), "t")
		for _, layout := range []string{"2006-1-2", "2006-1", "2006", "20060102"} {
			if at, err := time.ParseInLocation(layout, text, policy.JapanTime); err == nil && at.Year() >= 1990 {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

// reasons are the words by which lists say why somebody is not written to.
var reasons = map[string]string{
	"": "unsubscribed", "unsubscribed": "unsubscribed", "unsubscribe": "unsubscribed", "optout": "unsubscribed", "opt-out": "unsubscribed",
	"配信停止": "unsubscribed", "停止": "unsubscribed", "解除": "unsubscribed", "退会": "unsubscribed", "登録解除": "unsubscribed", "本人希望": "unsubscribed",
	"bounced": "bounced", "bounce": "bounced", "hardbounce": "bounced", "不達": "bounced", "エラー": "bounced", "宛先不明": "bounced",
	"complained": "complained", "complaint": "complained", "苦情": "complained", "迷惑メール": "complained", "迷惑メール報告": "complained",
}

// leaver judges a row of old opt-outs.
func (j *judge) leaver(r sheet.Row) (candidate, Verdict) {
	to, err := address.Parse(j.cell(r, "email"))
	if err != nil {
		email := slices.DeleteFunc(slices.Clone(j.fields), func(f form.Field) bool { return f.Type != policy.TypeEmail })
		_, wrong := form.Validate(email, form.Post{Values: map[string]string{"email": j.cell(r, "email")}}, policy.Japanese)
		if len(wrong) > 0 {
			return candidate{}, Invalid("email", wrong[0].Code)
		}
		return candidate{}, Invalid("email", "invalid")
	}
	value := fold(j.cell(r, colReason))
	reason, known := reasons[value]
	switch {
	case value != "" && slices.Contains(active, value), value == "" && j.saysState():
		return candidate{}, Invalid(colReason, codeActive)
	case !known:
		return candidate{}, Invalid(colReason, codeReason)
	}
	o := subscription.OptOut{Person: to.Key(j.list.AddressKey), Reason: reason, Import: j.imp.ID}
	undated := false
	if value := j.cell(r, colDate); value != "" {
		at, ok := day(value)
		if undated = !ok || at.After(j.list.Now()); !undated {
			o.Since = at
		}
	}
	return candidate{row: r.Number, person: o.Person, optOut: o, undated: undated}, IsNew
}

// saysState reports whether the column of reasons is one that says of everybody whether they are written to.
func (j *judge) saysState() bool {
	at, mapped := j.at[colReason]
	return mapped && slices.Contains(stateHeadings, fold(j.headings[at]))
}

// verdict is what happens to a usable row, given what is stored of the person. What is stored wins.
func (j *judge) verdict(c candidate, h subscription.Here) Verdict {
	out := h.OptedOut()
	if j.imp.What == OptOuts {
		subscribed := h.Found && (h.Subscriber.State == subscription.Confirmed || h.Subscriber.State == subscription.Pending)
		switch {
		case c.optOut.Outdone(h):
			return IsExisting
		case h.Suppressed != "" && !subscribed:
			return OptedOut(h.Suppressed)
		}
		return IsNew
	}
	switch {
	case out != "":
		return OptedOut(out)
	case !h.Free():
		return IsExisting
	}
	return IsNew
}
