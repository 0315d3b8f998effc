package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"madoguchi/infra/journey"
	"madoguchi/shared/form"
)

// describe asks for the form as programs do.
func (r *round) describe(ctx context.Context) (form.Description, error) {
	a, err := r.site.do(ctx, ask{method: http.MethodGet, path: formPath, accept: "application/json"})
	if err != nil {
		return form.Description{}, err
	}
	if err := expect(a, http.StatusOK, "application/json"); err != nil {
		return form.Description{}, err
	}
	var d form.Description
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		return d, fmt.Errorf("no description of a form: %w", err)
	}
	return d, nil
}

func (r *round) description(ctx context.Context) (string, error) {
	d, err := r.describe(ctx)
	if err != nil {
		return "", err
	}
	hasEmail := slices.ContainsFunc(d.Fields, func(f form.FieldDescription) bool { return f.Name == "email" && f.Required })
	if d.Service == "" || d.Version < 1 || d.Notice == "" || d.FormToken == "" || !hasEmail {
		return "", fmt.Errorf("service %q, version %d, notice of %d bytes, token of %d, required e-mail field: %t",
			d.Service, d.Version, len(d.Notice), len(d.FormToken), hasEmail)
	}
	return fmt.Sprintf("%s, version %d, %d fields", d.Service, d.Version, len(d.Fields)), nil
}

// open returns the form page.
func (r *round) open(ctx context.Context) (page, error) {
	a, err := r.site.get(ctx, formPath)
	if err != nil {
		return page{}, err
	}
	if err := expect(a, http.StatusOK, "text/html"); err != nil {
		return page{}, err
	}
	p, err := readPage(a.body)
	if err != nil {
		return p, err
	}
	if p.action != formPath || p.method != "post" || p.fields["form_token"] == "" {
		return p, fmt.Errorf("no form with a token that posts to %s", formPath)
	}
	return p, nil
}

func (r *round) form(ctx context.Context) (string, error) {
	p, err := r.open(ctx)
	if err != nil {
		return "", err
	}
	toPolicy := slices.ContainsFunc(p.links, func(link string) bool {
		u, err := url.Parse(link)
		return err == nil && u.Path == "/privacy"
	})
	if p.language != "ja" || !toPolicy {
		return "", fmt.Errorf("language %q, link to the privacy policy: %t", p.language, toPolicy)
	}
	return "in Japanese, with a link to the privacy policy", nil
}

// filled are values for every field that must be filled in, as the form's own description names them.
func (r *round) filled(ctx context.Context, email string) (map[string]string, error) {
	d, err := r.describe(ctx)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, f := range d.Fields {
		switch {
		case f.Name == "email":
			values[f.Name] = email
		case !f.Required:
		case len(f.Options) > 0:
			values[f.Name] = f.Options[0].Value
		default:
			values[f.Name] = "動作確認"
		}
	}
	return values, nil
}

// check fills the form in up to the check page, where nothing has been stored yet.
func (r *round) check(ctx context.Context, email string) (page, error) {
	values, err := r.filled(ctx, email)
	if err != nil {
		return page{}, err
	}
	p, err := r.open(ctx)
	if err != nil {
		return page{}, err
	}
	a, err := r.site.send(ctx, p, "check", values)
	if err != nil {
		return page{}, err
	}
	if err := expect(a, http.StatusOK, "text/html"); err != nil {
		return page{}, fmt.Errorf("%w: %.200s", err, journey.Readable(a.body))
	}
	checked, err := readPage(a.body)
	if err != nil {
		return page{}, err
	}
	if !slices.Contains(checked.buttons, "submit") || checked.fields["email"] != email {
		return page{}, errors.New("the check page does not show what was typed, or has no button to send it")
	}
	return checked, nil
}

func (r *round) checkPage(ctx context.Context) (string, error) {
	if _, err := r.check(ctx, nobody); err != nil {
		return "", err
	}
	return "shows what was typed; nothing stored", nil
}

// forged posts a token that was changed. It asks for the check page only, so that nobody is signed up by a deployment
// that fails this check.
func (r *round) forged(ctx context.Context) (string, error) {
	values, err := r.filled(ctx, nobody)
	if err != nil {
		return "", err
	}
	p, err := r.open(ctx)
	if err != nil {
		return "", err
	}
	token := []byte(p.fields["form_token"])
	middle := len(token) / 2
	if token[middle] == 'A' {
		token[middle] = 'B'
	} else {
		token[middle] = 'A'
	}
	values["form_token"] = string(token)
	a, err := r.site.send(ctx, p, "check", values)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusBadRequest {
		return "", fmt.Errorf("a changed token got status %d, want %d", a.status, http.StatusBadRequest)
	}
	return "refused", nil
}
