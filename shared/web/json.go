package web

import (
	"errors"

	"madoguchi/shared/jsonbody"
	"madoguchi/shared/policy"
)

// BadJSON is the answer to a body that shared/jsonbody refuses as a whole: what is no JSON, or names a member twice. Both are 400.
func BadJSON(err error) *Error {
	bad := &Error{Kind: BadRequest, Cause: err, Message: policy.Text{
		JA: "送信された内容を読み取れませんでした。JSON の形をご確認ください。",
		EN: "We could not read what was sent. Please check the JSON."}}
	var twice *jsonbody.Repeated
	if errors.As(err, &twice) {
		bad.Cause = errors.New("a member comes twice") // its name is the caller's text, and not for the log
		bad.Message = policy.Text{JA: "「" + twice.Path + "」が2回送られました。どちらが正しいか分からないため、受け付けていません。",
			EN: "\"" + twice.Path + "\" was sent twice. It is not clear which one is meant, so nothing was taken."}
		bad.Members = map[string]any{"member": twice.Path}
	}
	return bad
}
