package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/form"
	"madoguchi/shared/jsonbody"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// body is what the pages' forms or a script sent.
type body struct {
	List     string                 `json:"list"`
	Channel  string                 `json:"channel"`
	Reason   string                 `json:"reason"`
	IDs      []string               `json:"ids"`
	Fields   map[string]string      `json:"fields"`
	Evidence *subscription.Evidence `json:"evidence"`

	Email  string `json:"email"`
	Query  string `json:"q"`
	Cursor string `json:"cursor"`

	Until     string `json:"until"` // of a hold
	Reference string `json:"reference"`

	post form.Post // of a form: all its values
}

// mostBytes of a body: 1,000 hashes, or the fields of a form.
const mostBytes = 100_000

var errTooLarge = &web.Error{Kind: web.TooLarge, Message: policy.Text{JA: "送信できるのは100kBまでです。", EN: "At most 100 kB can be sent."}}

// read reads a body whose members may be those named, beside the list: others are refused, since a misspelt wish must not be
// passed over. The errors are 400, 413, 415 and 422 (hard cases 3 to 5).
func read(r *http.Request, members ...string) (*body, error) {
	b := &body{}
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return b, nil
	}
	if !web.IsJSON(r) {
		post, err := form.Decode(r)
		if err != nil {
			return nil, err
		}
		b.fromForm(post)
		return b, nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, mostBytes+1))
	switch {
	case len(data) > mostBytes:
		return nil, errTooLarge
	case err != nil || !utf8.Valid(data) || !json.Valid(data):
		return nil, &web.Error{Kind: web.BadRequest, Cause: errors.New("malformed JSON body"), Message: policy.Text{
			JA: "送信された内容を読み取れませんでした。", EN: "We could not read what was sent."}}
	}
	if err := jsonbody.Check(data); err != nil {
		return nil, web.BadJSON(err)
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(data, &sent); err != nil {
		return nil, one("", "type", "JSON オブジェクトで送ってください。", "Please send a JSON object.")
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if name != "list" && !slices.Contains(members, name) {
			return nil, unknown(name)
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(b); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, one(kind.Field, "type", "値の種類が正しくありません。", "A value has the wrong type.")
		}
		_, name, _ := strings.Cut(err.Error(), "unknown field ")
		return nil, unknown(strings.Trim(name, `"`))
	}
	return b, nil
}

func unknown(name string) error {
	return one(name, "unknown", "この操作にない項目が送られました。", "A member was sent that this action does not have.")
}

func (b *body) fromForm(post form.Post) {
	v := post.Values
	b.post = post
	b.List, b.Channel, b.Reason, b.Email, b.Query, b.Cursor = v["list"], v["channel"], v["reason"], v["email"], v["q"], v["cursor"]
	b.Until, b.Reference = v["until"], v["reference"]
	if b.IDs = post.Repeated["ids"]; b.IDs == nil && v["ids"] != "" {
		b.IDs = []string{v["ids"]}
	}
	if where, when, words := v["evidence.where"], v["evidence.when"], v["evidence.words"]; where+when+words != "" {
		b.Evidence = &subscription.Evidence{Where: where, When: when, Words: words}
	}
	b.Fields = v
}
