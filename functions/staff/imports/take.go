package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/jsonbody"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/web"
)

// mostBytes of a body: the file, and the other fields.
const mostBytes = roster.MaxFile + 100_000

var (
	errTooLarge = &web.Error{Kind: web.TooLarge, Message: policy.Text{
		JA: "送信できるのは4.4MBまでです。CSVをZIPで圧縮するか（中のCSVは1つだけ）、ファイルを分けて送信してください。",
		EN: "At most 4.4 MB can be sent. Please compress the CSV as ZIP or gzip (one CSV in it), or split the file."}}
	errFormat = &web.Error{Kind: web.UnsupportedMedia, Message: policy.Text{
		JA: "受け付けできる形式は multipart/form-data です。", EN: "Accepted is multipart/form-data."}}
	errMalformed = &web.Error{Kind: web.BadRequest, Message: policy.Text{
		JA: "送信された内容を読み取れませんでした。", EN: "What was sent cannot be read."}}
)

// body reads a body of at most limit bytes.
func body(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	content, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, errMalformed
	}
	if int64(len(content)) > limit {
		return nil, errTooLarge
	}
	return content, nil
}

// create takes a file. From a page the columns are matched before the dry run begins; a script says which they are, or leaves it to
// the names of the headings.
func (d *desk) create(w http.ResponseWriter, r *http.Request) error {
	content, err := body(r, mostBytes)
	if err != nil {
		return err
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return errFormat
	}
	form, err := multipart.NewReader(strings.NewReader(string(content)), parameters["boundary"]).ReadForm(mostBytes)
	if err != nil {
		return errMalformed
	}
	i := roster.Import{ID: roster.NewID(), By: staff.Of(r.Context()).ID, Asking: !web.WantsJSON(r)}
	wrong, err := fill(&i, form.Value, d.now)
	if err != nil {
		return err
	}
	if roleOf[i.List] != "" {
		if err := d.allow(r.Context(), i.List, "import"); err != nil {
			return err
		}
	}
	var file []byte
	if parts := form.File["file"]; len(parts) == 1 && parts[0].Size > 0 {
		if file, err = read(parts[0]); err != nil {
			return err
		}
	} else if len(parts) == 1 && parts[0].Filename != "" {
		wrong = append(wrong, fieldError{"file", "empty", policy.Text{JA: "ファイルが空です。", EN: "The file is empty."}})
	} else {
		wrong = append(wrong, fieldError{"file", "required", policy.Text{JA: "ファイルを1つ選んでください。", EN: "Choose one file."}})
	}
	if len(wrong) > 0 {
		if web.WantsJSON(r) {
			return invalid(wrong, language(r))
		}
		return d.formPage(w, r, http.StatusUnprocessableEntity, i, wrong)
	}
	if len(file) > roster.MaxFile {
		return errTooLarge
	}
	i.Size = len(file)
	if err := d.staff.Audit(r.Context(), "import.create", object(i.ID)); err != nil {
		return err
	}
	if err := d.files.Put(r.Context(), roster.FileKey(i.ID), objects.Object{Content: file, ContentType: "application/octet-stream"}); err != nil {
		return fmt.Errorf("keep file: %w", err)
	}
	if i, err = d.store.Create(r.Context(), i); err != nil {
		return err
	}
	return d.accepted(w, r, i)
}

func read(part *multipart.FileHeader) ([]byte, error) {
	f, err := part.Open()
	if err != nil {
		return nil, errMalformed
	}
	content, err := io.ReadAll(f)
	if closed := f.Close(); err != nil || closed != nil {
		return nil, errMalformed
	}
	return content, nil
}

// fieldError is what is wrong with a field.
type fieldError struct {
	Field, Code string
	Message     policy.Text
}

func invalid(wrong []fieldError, l policy.Language) error {
	e := &web.Error{Kind: web.Invalid, Message: policy.Text{JA: "入力内容を確認してください。", EN: "Please check what you entered."}}
	for _, f := range wrong {
		e.Fields = append(e.Fields, web.FieldError{Field: f.Field, Code: f.Code, Message: f.Message.In(l)})
	}
	return e
}

// fill reads the fields beside the file.
func fill(i *roster.Import, form url.Values, now clock) ([]fieldError, error) {
	for name, values := range form {
		if slices.ContainsFunc(append(values, name), func(s string) bool { return !utf8.ValidString(s) }) {
			return nil, errMalformed
		}
	}
	var wrong []fieldError
	i.List, i.What = policy.Code(form.Get("list")), roster.What(form.Get("what"))
	if roleOf[i.List] == "" {
		wrong = append(wrong, fieldError{"list", "not_in_list", policy.Text{JA: "名簿を選んでください。", EN: "Choose the list."}})
	}
	if i.What != roster.Subscribers && i.What != roster.OptOuts {
		wrong = append(wrong, fieldError{"what", "not_in_list", policy.Text{JA: "ファイルの内容を選んでください。", EN: "Choose what the file holds."}})
	}
	if text := form.Get("columns"); text != "" {
		if jsonbody.Check([]byte(text)) != nil || json.Unmarshal([]byte(text), &i.Columns) != nil {
			wrong = append(wrong, fieldError{"columns", "not_json", policy.Text{JA: "columns は、項目名から見出しへの JSON にしてください。", EN: "columns must be a JSON object of fields and headings."}})
		} else if roleOf[i.List] != "" {
			wrong = append(wrong, unknown(i)...)
		}
	}
	e := subscription.Evidence{Where: form.Get("evidence_where"), When: form.Get("evidence_when"), Words: form.Get("evidence_words")}
	if text := form.Get("evidence"); text != "" {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if jsonbody.Check([]byte(text)) != nil || decoder.Decode(&e) != nil {
			wrong = append(wrong, fieldError{"evidence", "not_json", policy.Text{JA: "evidence は {where, when, words} の JSON にしてください。", EN: "evidence must be a JSON object {where, when, words}."}})
		}
	}
	if i.What == roster.OptOuts || e == (subscription.Evidence{}) {
		return wrong, nil // it stands in the rows, or the dry run says that there is none
	}
	if column, code := roster.CheckEvidence(&e, now()); code != "" && (code != "no_evidence" || len(i.Columns) == 0 && !i.Asking) {
		wrong = append(wrong, fieldError{column, code, policy.Text{JA: roster.Say(code, policy.Japanese), EN: roster.Say(code, policy.English)}})
	}
	i.Evidence = e
	return wrong, nil
}

// unknown are the names of columns that no import of the list has.
func unknown(i *roster.Import) []fieldError {
	var wrong []fieldError
	for name := range i.Columns {
		if !roster.Names(i.What, policy.Get(i.List), name) {
			wrong = append(wrong, fieldError{"columns", "unknown_field", policy.Text{JA: "この名簿にない項目が指定されています。", EN: "names a field that the list does not have."}})
		}
	}
	return wrong
}

// match takes the columns that were matched on the page, or by a script.
func (d *desk) match(w http.ResponseWriter, r *http.Request, i roster.Import) error {
	content, err := body(r, 100_000)
	if err != nil {
		return err
	}
	columns := map[string]string{}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/json" {
		if err := jsonbody.Check(content); err != nil {
			return web.BadJSON(err)
		}
		if json.Unmarshal(content, &columns) != nil {
			return errMalformed
		}
	} else {
		values, err := url.ParseQuery(string(content))
		if err != nil || !utf8.Valid(content) {
			return errMalformed
		}
		for name, heading := range values {
			if field, ok := strings.CutPrefix(name, "column."); ok && heading[0] != "" {
				columns[field] = heading[0]
			}
		}
	}
	i.Columns = columns
	if wrong := unknown(&i); len(wrong) > 0 {
		return invalid(wrong, language(r))
	}
	if len(columns) == 0 {
		return invalid([]fieldError{{"columns", "required", policy.Text{JA: "列を指定してください。", EN: "Say which columns hold what."}}}, language(r))
	}
	changed, err := d.store.Match(r.Context(), i.ID, columns)
	if errors.Is(err, roster.ErrState) {
		return conflict(i, wrongState)
	}
	if err != nil {
		return fmt.Errorf("match columns: %w", err)
	}
	return d.accepted(w, r, changed)
}
