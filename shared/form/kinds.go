package form

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

// What is stored of the kinds of field that are not plain text: a number in decimal digits, a date as 2026-11-30, yes and no as
// "true" and "false", and of a field with several choices their values, in the order of the form, one on each line.
const (
	yes = "true"
	no  = "false"
)

// Chosen returns the single values of a field with several choices.
func Chosen(value string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, "\n")
}

// take reads the field from a post: a value as it is stored, or the code of what is wrong. A JSON body may give a number, a
// truth value or a list where the field is one; everything else in it is text.
func (f Field) take(post Post) (value, code string) {
	raw, other := post.NoText[f.Name]
	several, repeated := post.Repeated[f.Name]
	switch {
	case repeated && f.Type != policy.TypeChoices:
		return "", codeRepeated
	case f.Type == policy.TypeChoices && repeated:
		return f.choices(several)
	case f.Type == policy.TypeChoices && other:
		var list []string
		if json.Unmarshal([]byte(raw), &list) != nil {
			return "", codeNoText
		}
		return f.choices(list)
	case f.Type == policy.TypeChoices:
		if value := post.Values[f.Name]; value != "" {
			return f.choices([]string{value})
		}
		return f.choices(nil)
	case !other:
		return f.clean(post.Values[f.Name])
	case f.Type == policy.TypeBoolean && (raw == yes || raw == no), f.Type == policy.TypeNumber || f.Type == policy.TypeRating:
		return f.clean(raw)
	}
	return "", codeNoText
}

// choices takes any of the options, each once.
func (f Field) choices(typed []string) (value, code string) {
	var chosen []string
	for _, o := range f.Options {
		if slices.Contains(typed, o.Value) {
			chosen = append(chosen, o.Value)
		}
	}
	switch {
	case len(chosen) != len(typed):
		return "", codeOption
	case len(chosen) == 0 && f.Required:
		return "", codeRequired
	}
	return strings.Join(chosen, "\n"), ""
}

// boolean takes a box that is ticked or not; a box that is not ticked sends nothing, and a ticked one without a value, as other
// sites write it, sends "on". A required one is a question that must be
// answered with yes or no.
func (f Field) boolean(typed string) (value, code string) {
	switch {
	case typed == "on":
		return yes, ""
	case typed == yes, typed == no:
		return typed, ""
	case typed != "":
		return "", codeOption
	case f.Required:
		return "", codeRequired
	}
	return no, ""
}

// mostDigits keeps numbers within what everything that reads them later can hold.
const mostDigits = 9

// number takes a whole number in half-width or full-width digits.
func (f Field) number(typed string) (value, code string) {
	line, code := f.line(typed)
	if line == "" || code != "" {
		return "", code
	}
	line = text.FoldHyphens(text.FoldWidth(line))
	n, err := strconv.Atoi(line)
	if err != nil || len(strings.TrimLeft(line, "+-")) > mostDigits {
		return "", codeNumber
	}
	if (f.Min != 0 || f.Max != 0) && (n < f.Min || n > f.Max) {
		return "", codeRange
	}
	return strconv.Itoa(n), ""
}

// date takes a day as browsers send it (2026-11-30) and as people write it (2026/11/30, 2026年11月30日).
func (f Field) date(typed string) (value, code string) {
	line, code := f.line(typed)
	if line == "" || code != "" {
		return "", code
	}
	line = text.FoldHyphens(text.FoldWidth(line))
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日"} {
		if day, err := time.Parse(layout, line); err == nil && day.Year() >= 1900 {
			return day.Format(time.DateOnly), ""
		}
	}
	return "", codeDate
}

// line is a text on one line; empty with no code where nothing was typed and nothing must be.
func (f Field) line(typed string) (line, code string) {
	line, err := text.Line(typed)
	var problem text.Problem
	switch {
	case errors.As(err, &problem) && problem == text.Empty, err == nil && line == "":
		if f.Required {
			return "", codeRequired
		}
		return "", ""
	case errors.As(err, &problem):
		return "", string(problem)
	case err != nil:
		return "", "invalid"
	}
	return line, ""
}
