package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/jsonbody"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// mostBody is the size of a beacon in bytes: two addresses as long as any browser sends.
const mostBody = 8 << 10

// sent is what a beacon may hold; nothing else is taken.
type sent struct {
	Path     string      `json:"path"`
	Referrer string      `json:"referrer"`
	Status   json.Number `json:"status"`
}

// decode reads a beacon: JSON under its own type or as text/plain (navigator.sendBeacon sends a string so, and from another
// website it needs no question of the browser before it), or a form (URLSearchParams).
func decode(r *http.Request) (pageView, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody+1))
	switch {
	case err != nil:
		return pageView{}, &web.Error{Kind: web.BadRequest, Message: unreadable, Cause: err}
	case len(body) > mostBody:
		return pageView{}, &web.Error{Kind: web.TooLarge, Message: policy.Text{JA: "8 kB までです。", EN: "At most 8 kB."}}
	case !utf8.Valid(body):
		return pageView{}, &web.Error{Kind: web.BadRequest, Message: unreadable}
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || parameters["charset"] != "" && !strings.EqualFold(parameters["charset"], "utf-8") {
		return pageView{}, errMedia
	}
	var s sent
	switch media {
	case "application/json", "text/plain":
		s, err = decodeJSON(body)
	case "application/x-www-form-urlencoded":
		s, err = decodeForm(string(body))
	default:
		err = errMedia
	}
	if err != nil {
		return pageView{}, err
	}
	return clean(s.Path, s.Referrer, s.Status.String())
}

var (
	unreadable = policy.Text{JA: "内容を読み取れませんでした。", EN: "The content could not be read."}
	errMedia   = &web.Error{Kind: web.UnsupportedMedia, Message: policy.Text{
		JA: "UTF-8 の JSON、text/plain（JSON）、またはフォームの形式でお送りください。", EN: "Send JSON in UTF-8, JSON as text/plain, or a form."}}
	unknown = policy.Text{JA: "path、referrer、status 以外は受け付けていません。", EN: "Only path, referrer and status are taken."}
)

func decodeJSON(body []byte) (s sent, err error) {
	if err := jsonbody.Check(body); err != nil {
		return s, web.BadJSON(err)
	}
	var members map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(body))
	if err := decoder.Decode(&members); err != nil || members == nil {
		return s, &web.Error{Kind: web.BadRequest, Message: unreadable}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return s, &web.Error{Kind: web.BadRequest, Message: unreadable}
	}
	for name, value := range members {
		var into any
		switch name {
		case "path":
			into = &s.Path
		case "referrer":
			into = &s.Referrer
		case "status":
			into = &s.Status
		default:
			return s, &web.Error{Kind: web.Invalid, Message: unknown}
		}
		if err := json.Unmarshal(value, into); err != nil {
			return s, wrongField(name, policy.Text{JA: "値の型が違います。", EN: "The value has the wrong type."})
		}
	}
	return s, nil
}

func decodeForm(body string) (s sent, err error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return s, &web.Error{Kind: web.BadRequest, Message: unreadable}
	}
	for name := range values {
		switch name {
		case "path", "referrer", "status":
		default:
			return s, &web.Error{Kind: web.Invalid, Message: unknown}
		}
	}
	return sent{values.Get("path"), values.Get("referrer"), json.Number(values.Get("status"))}, nil
}
