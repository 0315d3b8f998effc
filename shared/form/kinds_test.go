package form

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// What is stored of fields that are not plain text, or what is said about it, from a form and from JSON.
func TestTake(t *testing.T) {
	options := []Option{{"a", policy.Text{JA: "甲"}}, {"b", policy.Text{JA: "乙"}}, {"c", policy.Text{JA: "丙"}}}
	several, choice := field("f", policy.TypeChoices, true, 0), field("f", policy.TypeChoice, true, 0)
	several.Options, choice.Options = options, options
	optional := several
	optional.Required = false
	number, question, box := field("f", policy.TypeNumber, true, 0), field("f", policy.TypeBoolean, true, 0), field("f", policy.TypeBoolean, false, 0)
	number.Min, number.Max = 1, 20
	date, free := field("f", policy.TypeDate, true, 0), field("f", policy.TypeNumber, false, 0)
	one := func(value string) Post { return Post{Values: map[string]string{"f": value}} }
	many := func(values ...string) Post {
		return Post{Values: map[string]string{"f": values[0]}, Repeated: map[string][]string{"f": values}}
	}
	raw := func(member string) Post {
		return Post{JSON: true, Values: map[string]string{"f": ""}, NoText: map[string]string{"f": member}}
	}
	for name, c := range map[string]struct {
		field      Field
		post       Post
		want, code string
	}{
		"no choice":                     {several, Post{}, "", codeRequired},
		"no choice, optional":           {optional, Post{}, "", ""},
		"one choice":                    {several, one("b"), "b", ""},
		"choices in the form's order":   {several, many("c", "a"), "a\nc", ""},
		"a choice twice":                {several, many("a", "a"), "", codeOption},
		"a choice that is none":         {several, many("a", "x"), "", codeOption},
		"choices in one text":           {several, one("a\nb"), "", codeOption},
		"a list in JSON":                {several, raw(`["b","a"]`), "a\nb", ""},
		"an empty list in JSON":         {several, raw(`[]`), "", codeRequired},
		"a list of numbers in JSON":     {several, raw(`[1]`), "", codeNoText},
		"a list for one choice":         {choice, raw(`["a"]`), "", codeNoText},
		"two values for one choice":     {choice, many("a", "b"), "", codeRepeated},
		"a number":                      {number, one(" ３ "), "3", ""},
		"a number in JSON":              {number, raw("3"), "3", ""},
		"half a number in JSON":         {number, raw("3.5"), "", codeNumber},
		"a large number in JSON":        {number, raw("1e9"), "", codeNumber},
		"zeros before a number":         {number, one("007"), "7", ""},
		"over the range":                {number, one("21"), "", codeRange},
		"under the range":               {number, one("0"), "", codeRange},
		"a minus that is a long sound":  {free, one("ー5"), "-5", ""},
		"ten digits":                    {free, one("1234567890"), "", codeNumber},
		"words for a number":            {number, one("三"), "", codeNumber},
		"no number":                     {number, one(""), "", codeRequired},
		"no number, optional":           {free, one("　"), "", ""},
		"true for a number":             {number, raw("true"), "", codeNumber},
		"a day from a browser":          {date, one("2026-02-28"), "2026-02-28", ""},
		"a day as written":              {date, one("２０２６年２月２８日"), "2026-02-28", ""},
		"a day with slashes":            {date, one("2026/2/8"), "2026-02-08", ""},
		"a day that is none":            {date, one("2026-02-30"), "", codeDate},
		"a year only":                   {date, one("2026"), "", codeDate},
		"a box that is ticked":          {box, one("true"), "true", ""},
		"a box that is not ticked":      {box, Post{}, "false", ""},
		"a box in JSON":                 {box, raw("true"), "true", ""},
		"a box ticked elsewhere":        {box, one("on"), "true", ""},
		"a box ticked by another word":  {box, one("yes"), "", codeOption},
		"a question answered":           {question, one("false"), "false", ""},
		"a question without its answer": {question, Post{}, "", codeRequired},
		"null":                          {question, raw("null"), "", codeNoText},
	} {
		t.Run(name, func(t *testing.T) {
			value, code := c.field.take(c.post)
			if value != c.want || code != c.code {
				t.Fatalf("got %q, %q; want %q, %q", value, code, c.want, c.code)
			}
			if code != "" {
				return
			}
			// What the check page sends on is taken as the same.
			again := Post{Values: map[string]string{}, Repeated: map[string][]string{}}
			sent := fieldView{Field: c.field, Value: value}.Sent()
			if len(sent) > 0 {
				again.Values["f"] = sent[0]
			}
			if len(sent) > 1 {
				again.Repeated["f"] = sent
			}
			if value, code := c.field.take(again); value != c.want || code != "" {
				t.Errorf("from the check page: %q, %q; want %q", value, code, c.want)
			}
		})
	}
}

func TestGroupsKeepTheOrder(t *testing.T) {
	in := func(name, group string) Field {
		f := field(name, policy.TypeText, true, 10)
		f.Group = policy.Text{JA: group}
		return f
	}
	var views []fieldView
	for _, f := range []Field{in("a", ""), in("b", "甲"), in("c", "甲"), in("d", "乙"), in("e", ""), in("f", "")} {
		views = append(views, fieldView{Field: f, Language: policy.Japanese})
	}
	got := map[string][]string{}
	var titles []string
	for _, g := range grouped(views) {
		titles = append(titles, g.Title)
		for _, f := range g.Fields {
			got[g.Title] = append(got[g.Title], f.Name)
		}
	}
	if diff := cmp.Diff([]string{"", "甲", "乙", ""}, titles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"": {"a", "e", "f"}, "甲": {"b", "c"}, "乙": {"d"}}, got); diff != "" {
		t.Error(diff)
	}
}

// A range of numbers is told with its ends.
func TestRangeIsTold(t *testing.T) {
	number := field("f", policy.TypeNumber, true, 0)
	number.Min, number.Max = 1, 20
	_, wrong := Validate([]Field{number}, Post{Values: map[string]string{"f": "21"}}, policy.Japanese)
	want := []web.FieldError{{Field: "f", Code: codeRange, Message: "「項目」は1から20までの数で入力してください"}}
	if diff := cmp.Diff(want, wrong); diff != "" {
		t.Error(diff)
	}
}
