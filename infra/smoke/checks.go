package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/infra/journey"
)

// formPath is the form that the checks open; every deployment has it.
const formPath = "/newsletter"

// nobody is the address on the check page and in the refused post; example.jp belongs to nobody, and neither is stored.
const nobody = "smoke-test@example.jp"

// round is one run over a deployment.
type round struct {
	site     *site
	world    world
	mailbox  string        // "": nobody is signed up
	inbox    journey.Inbox // nil: the operator reads the mail
	patience time.Duration
}

// all does every check, in the order of the table.
func (r *round) all(ctx context.Context) []result {
	results := []result{r.secure(ctx)}
	for _, c := range []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"health", r.health},
		{"security headers", r.headers},
		{"HEAD", r.head},
		{"404", r.notFound},
		{"405", r.notAllowed},
		{"privacy policy", r.privacy},
		{"form for programs", r.description},
		{"form", r.form},
		{"check page", r.checkPage},
		{"forged token", r.forged},
		{"sign-up", r.signUp},
	} {
		detail, err := c.do(ctx)
		switch {
		case errors.Is(err, errSkipped):
			results = append(results, result{c.name, skipped, detail})
		case err != nil:
			results = append(results, result{c.name, failed, err.Error()})
		default:
			results = append(results, result{c.name, passed, detail})
		}
	}
	return results
}

// errSkipped says that a check was not wanted; the detail tells why.
var errSkipped = errors.New("skipped")

// expect says what is wrong with the status and media type of an answer.
func expect(a answer, status int, media string) error {
	if a.status != status {
		return fmt.Errorf("status %d, want %d", a.status, status)
	}
	if a.media() != media {
		return fmt.Errorf("content type %q, want %q", a.media(), media)
	}
	return nil
}

func (r *round) health(ctx context.Context) (string, error) {
	a, err := r.site.get(ctx, "/health")
	if err != nil {
		return "", err
	}
	if err := expect(a, http.StatusOK, "text/plain"); err != nil {
		return "", err
	}
	if a.body != "ok" || a.header.Get("Cache-Control") != "no-store" {
		return "", fmt.Errorf("body %.20q, Cache-Control %q", a.body, a.header.Get("Cache-Control"))
	}
	return "the site function answers", nil
}

// headers holds the headers of a form page (R96, R98: no cookie; links in mail carry tokens: no referrer).
func (r *round) headers(ctx context.Context) (string, error) {
	a, err := r.site.get(ctx, formPath)
	if err != nil {
		return "", err
	}
	var wrong []string
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin"} {
		if got := a.header.Get(name); got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %q", name, got))
		}
	}
	security := a.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		if !strings.Contains(security, want) {
			wrong = append(wrong, "Content-Security-Policy lacks "+want)
		}
	}
	if strings.Contains(security, "unsafe") {
		wrong = append(wrong, "Content-Security-Policy allows something unsafe")
	}
	const year = 31536000
	age, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Strict-Transport-Security"), "max-age="), ";")
	if seconds, err := strconv.Atoi(age); err != nil || seconds < year {
		wrong = append(wrong, "Strict-Transport-Security is missing or shorter than a year")
	}
	if a.header.Get("X-Request-Id") == "" {
		wrong = append(wrong, "X-Request-Id is missing")
	}
	if len(a.header.Values("Set-Cookie")) > 0 {
		wrong = append(wrong, "a cookie is set")
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return "", errors.New(strings.Join(wrong, "; "))
	}
	return "all there, no cookie", nil
}

func (r *round) head(ctx context.Context) (string, error) {
	a, err := r.site.do(ctx, ask{method: http.MethodHead, path: formPath})
	if err != nil {
		return "", err
	}
	if err := expect(a, http.StatusOK, "text/html"); err != nil {
		return "", err
	}
	return "answered as GET is", nil
}

// problem is an error as programs read it (RFC 9457).
func problem(a answer, status int) error {
	if err := expect(a, status, "application/problem+json"); err != nil {
		return err
	}
	var said struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil || said.Status != status || said.Title == "" {
		return fmt.Errorf("no problem details of status %d: %.80q", status, a.body)
	}
	return nil
}

// bothWays asks once as a browser and once as a program, and expects a page and problem details.
func (r *round) bothWays(ctx context.Context, q ask, status int) (asBrowser answer, err error) {
	if asBrowser, err = r.site.do(ctx, q); err != nil {
		return asBrowser, err
	}
	if err := expect(asBrowser, status, "text/html"); err != nil {
		return asBrowser, fmt.Errorf("for a browser: %w", err)
	}
	q.accept = "application/json"
	asProgram, err := r.site.do(ctx, q)
	if err != nil {
		return asBrowser, err
	}
	if err := problem(asProgram, status); err != nil {
		return asBrowser, fmt.Errorf("for a program: %w", err)
	}
	return asBrowser, nil
}

func (r *round) notFound(ctx context.Context) (string, error) {
	// Below a form's path, where our own function answers; elsewhere it is the gateway.
	if _, err := r.bothWays(ctx, ask{method: http.MethodGet, path: formPath + "/no-such-page"}, http.StatusNotFound); err != nil {
		return "", err
	}
	return "a page, and problem details for programs", nil
}

func (r *round) notAllowed(ctx context.Context) (string, error) {
	a, err := r.bothWays(ctx, ask{method: http.MethodDelete, path: formPath}, http.StatusMethodNotAllowed)
	if err != nil {
		return "", err
	}
	allowed := a.header.Get("Allow")
	if !strings.Contains(allowed, http.MethodGet) || !strings.Contains(allowed, http.MethodPost) {
		return "", fmt.Errorf("the header Allow is %q", allowed)
	}
	return "Allow: " + allowed, nil
}

func (r *round) privacy(ctx context.Context) (string, error) {
	a, err := r.site.get(ctx, "/privacy")
	if err != nil {
		return "", err
	}
	if err := expect(a, http.StatusOK, "text/html"); err != nil {
		return "", err
	}
	if !strings.Contains(a.body, "個人情報") {
		return "", errors.New("the page does not speak of 個人情報")
	}
	return "shown", nil
}
