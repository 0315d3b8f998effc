package staff

import "madoguchi/shared/policy"

// Tongue is the language of a page, and what the page says in it. Views embed it, so that templates have its methods.
type Tongue struct{ Language policy.Language }

// T is a text of the page. Some words have nothing that stands for them in English: then nothing does.
func (t Tongue) T(ja, en string) string {
	if t.Language == policy.English {
		return en
	}
	return ja
}

// Text is a text of the program.
func (t Tongue) Text(text policy.Text) string { return text.In(t.Language) }

// Dot stands between facts on one line.
func (t Tongue) Dot() string { return t.T("・", " · ") }

// Colon stands between a fact and what is said of it.
func (t Tongue) Colon() string { return t.T("：", ": ") }

// Open opens parentheses.
func (t Tongue) Open() string { return t.T("（", " (") }

// Close closes them.
func (t Tongue) Close() string { return t.T("）", ")") }

// Quote puts a title in quotation marks.
func (t Tongue) Quote(title string) string { return t.T("「", " “") + title + t.T("」", "”") }
