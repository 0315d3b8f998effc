package main

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// mostBytes of a body: two languages, and the attachments in base64. A synchronous invocation takes 6 MB.
const mostBytes = 3_000_000

// post is what the page's forms or a script sent.
type post struct {
	json  []byte // nil for a form
	form  url.Values
	files []attachment
}

// read reads a body. The errors are 413, 415 and 400 (hard cases 3 and 5).
func read(r *http.Request) (*post, error) {
	if r.ContentLength > mostBytes {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBytes+1))
	if err != nil {
		return nil, badRequest(fmt.Errorf("read body: %w", err))
	}
	if len(body) > mostBytes {
		return nil, errTooLarge
	}
	if len(body) == 0 && r.Header.Get("Content-Type") == "" {
		return &post{json: []byte("{}"), form: url.Values{}}, nil
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, errFormat
	}
	switch media {
	case "application/json":
		if !utf8.Valid(body) {
			return nil, badRequest(errors.New("body is not UTF-8"))
		}
		return &post{json: body}, nil
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, badRequest(errors.New("malformed form body"))
		}
		return valid(&post{form: values})
	case "multipart/form-data":
		return multiparted(strings.NewReader(string(body)), parameters["boundary"])
	}
	return nil, errFormat
}

// multiparted reads the form with files. All of it is in memory already.
func multiparted(body io.Reader, boundary string) (*post, error) {
	form, err := multipart.NewReader(body, boundary).ReadForm(mostBytes)
	if err != nil {
		return nil, badRequest(errors.New("malformed multipart body"))
	}
	p := &post{form: form.Value}
	for _, header := range form.File["attachments"] {
		if header.Filename == "" && header.Size == 0 {
			continue // no file was chosen
		}
		file, err := header.Open()
		if err != nil {
			return nil, badRequest(errors.New("unreadable file"))
		}
		content, err := io.ReadAll(file)
		_ = file.Close()
		if err != nil {
			return nil, badRequest(errors.New("unreadable file"))
		}
		// What browsers call a type comes from the ending alone: the content decides.
		p.files = append(p.files, attachment{Name: header.Filename, Type: http.DetectContentType(content), Content: content})
	}
	return valid(p)
}

func valid(p *post) (*post, error) {
	for name, values := range p.form {
		for _, value := range append(values, name) {
			if !utf8.ValidString(value) {
				return nil, badRequest(errors.New("body is not UTF-8"))
			}
		}
	}
	return p, nil
}

var (
	errTooLarge = &web.Error{Kind: web.TooLarge, Message: policy.Text{
		JA: "送信できるのは3MBまでです。添付ファイルを小さくして、もう一度お試しください。",
		EN: "At most 3 MB can be sent. Please make the attachments smaller and try again."}}
	errFormat = &web.Error{Kind: web.UnsupportedMedia, Message: policy.Text{
		JA: "受け付けできる形式は application/json とフォーム（いずれも UTF-8）です。",
		EN: "Accepted are application/json and forms, in UTF-8."}}
)

// draft is what the post says of a campaign. was is the campaign that is saved, nil for a new one.
func (p *post) draft(was *campaign.Campaign) (*draft, problems, error) {
	d := &draft{}
	if p.json != nil {
		wrong, err := decode(p.json, d)
		return d, wrong, err
	}
	get := func(name string) string { return strings.TrimSpace(p.form.Get(name)) }
	d.Version, _ = strconv.Atoi(get("version")) // what is no number names none
	d.Kind, d.Event, d.Embargo, d.ReplyTo = policy.MailKind(get("kind")), get("event"), get("embargo_until"), get("reply_to")
	d.Segment = campaign.Segment{Prefecture: p.chosen("segment.prefecture"), BusinessCategory: p.chosen("segment.business_category"),
		Attendance: p.chosen("segment.attendance"), Status: p.chosen("segment.status"), Language: p.chosen("segment.language"), People: p.chosen("segment.people")}
	d.Content = map[policy.Language]campaign.Content{}
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		at := "content." + string(l) + "."
		c := campaign.Content{Subject: get(at + "subject"), Body: p.form.Get(at + "body_markdown"), Preheader: get(at + "preheader"), Text: p.form.Get(at + "text")}
		if c != (campaign.Content{}) || l == policy.Japanese { // an empty form is told what it lacks, input by input
			d.Content[l] = c
		}
	}
	if id := get("follows.campaign"); id != "" {
		d.Follows = &follows{campaign.Follows{Campaign: id, Whom: get("follows.whom")}, p.form.Get("follows.correction")}
	}
	files := p.files
	if was != nil {
		for i := range was.Files {
			if p.form.Get("drop."+strconv.Itoa(i)) == "" {
				kept := &was.Files[i]
				files = append(files, attachment{Name: kept.Name, Type: kept.Type, kept: kept})
			}
		}
	}
	d.Attachments = &files
	return d, nil, nil
}

// chosen are the values of a list, without the empty one that says "all".
func (p *post) chosen(name string) []string {
	var all []string
	for _, value := range p.form[name] {
		if value != "" {
			all = append(all, value)
		}
	}
	return all
}
