package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

const (
	maxBody       = 100_000 // bytes of a post (contract: over 100 kB is 413)
	maxParameters = 200
)

// honeypot is the name of a field that people do not see and programs fill in.
const honeypot = "homepage"

// Post is what was sent, decoded but not judged.
type Post struct {
	JSON     bool
	Values   map[string]string   // by parameter name, as typed
	Repeated map[string][]string // parameters that came more than once, with all their values; Values keeps the first
	NoText   map[string]string   // members of a JSON body that are no text, as they stand in it
}

// Decode reads a post. The error is a *web.Error: 413 over 100 kB, 415 for other formats and encodings, 400 for what is
// not UTF-8 or malformed, or has over 200 parameters (hard cases 3 and 5).
func Decode(r *http.Request) (Post, error) {
	if r.ContentLength > maxBody {
		return Post{}, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return Post{}, badRequest(fmt.Errorf("read body: %w", err))
	}
	if len(body) > maxBody {
		return Post{}, errTooLarge
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return Post{}, errFormat
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return Post{}, errFormat
	}
	// A body that says it is Shift_JIS is not decoded: what we would store is not what the person saw.
	if charset, given := parameters["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return Post{}, errNotUTF8
	}
	if !utf8.Valid(body) {
		return Post{}, errNotUTF8
	}
	switch media {
	case "application/x-www-form-urlencoded":
		return decodeForm(string(body))
	case "application/json":
		return decodeJSON(body)
	}
	return Post{}, errFormat
}

func decodeForm(body string) (Post, error) {
	if strings.Count(body, "&") >= maxParameters {
		return Post{}, errTooMany
	}
	query, err := url.ParseQuery(body)
	if err != nil {
		return Post{}, badRequest(errors.New("malformed form body"))
	}
	post := Post{Values: make(map[string]string, len(query)), Repeated: map[string][]string{}}
	for name, values := range query {
		if !utf8.ValidString(name) {
			return Post{}, errNotUTF8
		}
		for _, value := range values {
			if !utf8.ValidString(value) {
				return Post{}, errNotUTF8
			}
		}
		post.Values[name] = values[0]
		if len(values) > 1 {
			post.Repeated[name] = values
		}
	}
	return post, nil
}

// decodeJSON reads member by member, so that there are never too many of them.
func decodeJSON(body []byte) (Post, error) {
	if err := jsonbody.Check(body); err != nil {
		return Post{}, web.BadJSON(err)
	}
	malformed := func() (Post, error) { return Post{}, badRequest(errors.New("malformed JSON body")) }
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return malformed()
	}
	post := Post{JSON: true, Values: map[string]string{}, Repeated: map[string][]string{}, NoText: map[string]string{}}
	for count := 1; decoder.More(); count++ {
		if count > maxParameters {
			return Post{}, errTooMany
		}
		token, err := decoder.Token()
		name, ok := token.(string)
		var member json.RawMessage
		if err != nil || !ok || decoder.Decode(&member) != nil {
			return malformed()
		}
		var value string
		if member[0] != '"' {
			post.NoText[name] = string(member)
		} else if err := json.Unmarshal(member, &value); err != nil {
			return malformed()
		}
		post.Values[name] = value
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return malformed()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return malformed()
	}
	return post, nil
}

func badRequest(cause error) error {
	return &web.Error{Kind: web.BadRequest, Cause: cause, Message: policy.Text{
		JA: "送信された内容を読み取れませんでした。フォームを開き直して、もう一度お試しください。",
		EN: "We could not read what was sent. Please open the form again and retry."}}
}

var (
	errTooLarge = &web.Error{Kind: web.TooLarge, Message: policy.Text{
		JA: "送信できるのは100キロバイトまでです。内容を短くして、もう一度お試しください。",
		EN: "At most 100 kilobytes can be sent. Please shorten your text and try again."}}
	errFormat = &web.Error{Kind: web.UnsupportedMedia, Message: policy.Text{
		JA: "受け付けできる形式は application/x-www-form-urlencoded と application/json（いずれも UTF-8、圧縮なし）です。",
		EN: "Accepted are application/x-www-form-urlencoded and application/json, in UTF-8 and not compressed."}}
	errNotUTF8 = &web.Error{Kind: web.BadRequest, Cause: errors.New("body is not UTF-8"), Message: policy.Text{
		JA: "文字コードが UTF-8 ではないため、読み取れませんでした。フォームを開き直して、もう一度お試しください。",
		EN: "The text is not in UTF-8 and could not be read. Please open the form again and retry."}}
	errTooMany = &web.Error{Kind: web.BadRequest, Cause: errors.New("over 200 parameters"), Message: policy.Text{
		JA: "送信された項目が多すぎます。", EN: "Too many parameters were sent."}}
)
