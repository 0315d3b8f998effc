package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/jsonbody"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// draft is a campaign as staff hand it in, by JSON or by the page's form. Field names of both are the same: what is wrong with
// content.ja.subject is told at the input of that name.
type draft struct {
	Version     int                                  `json:"version"` // that is changed; 0: whichever there is
	Kind        policy.MailKind                      `json:"kind"`
	Content     map[policy.Language]campaign.Content `json:"content"`
	Segment     campaign.Segment                     `json:"segment"`
	Event       string                               `json:"event"`
	Embargo     string                               `json:"embargo_until"`
	ReplyTo     string                               `json:"reply_to"`
	Attachments *[]attachment                        `json:"attachments"` // nil: those that the campaign has stay
	Follows     *follows                             `json:"follows"`
}

// attachment is a file with its content.
type attachment struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Content []byte `json:"content"` // base64 in JSON

	kept *campaign.File // one that the campaign has already
}

// follows is a campaign's ID, whose recipients get a correction, or says for whom of them this one is.
type follows struct {
	campaign.Follows
	Correction string `json:"correction,omitempty"` // what was wrong, for a correction
}

// UnmarshalJSON reads both.
func (f *follows) UnmarshalJSON(data []byte) error {
	var id string
	if json.Unmarshal(data, &id) == nil {
		*f = follows{Follows: campaign.Follows{Campaign: id, Whom: campaign.ToAccepted}}
		return nil
	}
	type plain follows
	return json.Unmarshal(data, (*plain)(f))
}

// problem is one thing that is wrong with a draft, or that staff should know about it.
type problem struct {
	Field   string
	Code    string
	Message policy.Text
}

type problems []problem

func (p *problems) add(field, code, ja, en string) {
	*p = append(*p, problem{field, code, policy.Text{JA: ja, EN: en}})
}

// has tells whether something is wrong with a field or a part of it.
func (p problems) has(field string) bool {
	return slices.ContainsFunc(p, func(one problem) bool { return one.Field == field || strings.HasPrefix(one.Field, field+".") })
}

// fields are the problems as an answer tells them.
func (p problems) fields(l policy.Language) []web.FieldError {
	all := make([]web.FieldError, len(p))
	for i, one := range p {
		all[i] = web.FieldError{Field: one.Field, Code: one.Code, Message: one.Message.In(l)}
	}
	return all
}

// invalid is the answer to a draft, or to an action, with problems.
func (p problems) invalid(l policy.Language) error {
	return &web.Error{Kind: web.Invalid, Fields: p.fields(l), Message: policy.Text{
		JA: "入力内容に誤りがあります。それぞれの項目をご確認ください。", EN: "Something needs a correction. Please look at each item."}}
}

// decode reads JSON into a draft or what an action takes. What is no JSON at all, or names a member twice, is a bad request; members
// that are not known or of a wrong type are problems, each at its own path.
func decode(body []byte, into any) (problems, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	faults, err := jsonbody.Decode(body, into)
	if err != nil {
		return nil, web.BadJSON(err)
	}
	var found problems
	for _, f := range faults {
		switch f.Code {
		case jsonbody.CodeUnknown:
			found.add(f.Path, f.Code, fmt.Sprintf("「%s」という項目はありません。", f.Path), fmt.Sprintf("There is no member %q.", f.Path))
		case jsonbody.CodeBase64:
			found.add(f.Path, f.Code, "添付ファイルの内容は base64 で送ってください。", "The content of an attachment is written in base64.")
		default:
			if f.Path == "" {
				found.add("", f.Code, "JSON オブジェクトで送ってください。", "Please send a JSON object.")
				continue
			}
			found.add(f.Path, f.Code, "値の種類が正しくありません。", "The value is of the wrong type.")
		}
	}
	return found, nil
}

func badRequest(cause error) error {
	return &web.Error{Kind: web.BadRequest, Cause: cause, Message: policy.Text{
		JA: "送信された内容を読み取れませんでした。ページを開き直して、もう一度お試しください。",
		EN: "We could not read what was sent. Please open the page again and retry."}}
}

// moment reads a time as programs write it (RFC 3339) or as the page's inputs do (2026-11-30T14:00, in Japan).
func moment(s string) (time.Time, error) {
	if at, err := time.ParseInLocation("2006-01-02T15:04", s, tokyo); err == nil {
		return at, nil
	}
	return time.Parse(time.RFC3339, s)
}

// tokyo is the time of the office.
var tokyo = time.FixedZone("JST", 9*60*60)

// japanese writes a time for people, in Japan.
func japanese(t time.Time) string {
	t = t.In(tokyo)
	return fmt.Sprintf("%d年%d月%d日（%s）%02d:%02d", t.Year(), t.Month(), t.Day(), []string{"日", "月", "火", "水", "木", "金", "土"}[t.Weekday()], t.Hour(), t.Minute())
}
