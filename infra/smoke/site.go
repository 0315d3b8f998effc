package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
)

const (
	// answerLimit bounds one answer: API Gateway itself gives up after 30 seconds.
	answerLimit = 35 * time.Second
	// mostBytes is more than any page of ours has.
	mostBytes = 4 << 20
	// longestWait is the longest pause that a form may ask for before it is sent again (FormMinimumSeconds is at most 60).
	longestWait = 61 * time.Second
)

// site is the deployment, seen by a browser that keeps no cookies, runs no scripts and follows nothing by itself.
type site struct {
	base   *url.URL
	client *http.Client
}

func newSite(base *url.URL, w world) *site {
	return &site{base: base, client: &http.Client{
		Timeout:       answerLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: w.roots, Time: w.now, MinVersion: tls.VersionTLS12}},
	}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// media is the content type without its parameters.
func (a answer) media() string {
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return media
}

// ask is one request. An empty contentType sends no body type; accept "" is a browser's.
type ask struct{ method, path, accept, contentType, body string }

func (s *site) do(ctx context.Context, q ask) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, s.base.String()+q.path, strings.NewReader(q.body))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	if q.accept == "" {
		q.accept = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
	}
	r.Header.Set("Accept", q.accept)
	r.Header.Set("Accept-Language", "ja")
	r.Header.Set("User-Agent", "madoguchi-smoke")
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	response, err := s.client.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", q.method, path(q.path), unwrapURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: read the answer: %w", q.method, path(q.path), err)
	}
	return answer{response.StatusCode, response.Header, string(body)}, nil
}

// get opens a page.
func (s *site) get(ctx context.Context, path string) (answer, error) {
	return s.do(ctx, ask{method: http.MethodGet, path: path})
}

// path cuts the query off: it may hold a token, and the table is kept.
func path(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// unwrapURL drops the address that net/http puts before an error: it holds the query.
func unwrapURL(err error) error {
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // exactly the outermost error is taken off
		return wrapped.Err
	}
	return err
}

// send fills a page's form in, presses a button and returns the answer; where the form was sent sooner after it was
// opened than a person could, it waits as long as the answer says and sends it again, once.
func (s *site) send(ctx context.Context, p page, button string, values map[string]string) (answer, error) {
	form := url.Values{}
	for name, value := range p.fields {
		form.Set(name, value)
	}
	for name, value := range values {
		form.Set(name, value)
	}
	form.Set("action", button)
	q := ask{method: http.MethodPost, path: p.action, contentType: "application/x-www-form-urlencoded", body: form.Encode()}
	a, err := s.do(ctx, q)
	if err != nil || a.status != http.StatusUnprocessableEntity {
		return a, err
	}
	wait, asked := retryAfter(a)
	if !asked {
		return a, nil // a refusal for another reason
	}
	select {
	case <-ctx.Done():
		return answer{}, fmt.Errorf("wait to send the form again: %w", ctx.Err())
	case <-time.After(wait):
		return s.do(ctx, q)
	}
}

// retryAfter is the pause that an answer asks for, where it is one that a form may ask for.
func retryAfter(a answer) (time.Duration, bool) {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	wait := time.Duration(seconds) * time.Second
	return wait, err == nil && wait <= longestWait
}

// page is what the checks need of an HTML document. Its form is the first one.
type page struct {
	language string
	action   string // path that the form posts to
	method   string // in small letters
	fields   map[string]string
	buttons  []string // values of the buttons called "action"
	links    []string
}

func readPage(body string) (page, error) {
	p := page{fields: map[string]string{}}
	document, err := html.Parse(bytes.NewBufferString(body))
	if err != nil {
		return p, fmt.Errorf("read the page: %w", err)
	}
	forms := 0
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			p.language = attribute(n, "lang")
		case "a":
			p.links = append(p.links, attribute(n, "href"))
		case "form":
			if forms++; forms == 1 {
				p.action, p.method = attribute(n, "action"), strings.ToLower(attribute(n, "method"))
			}
		case "input":
			p.fields[attribute(n, "name")] = attribute(n, "value")
		case "textarea", "select":
			p.fields[attribute(n, "name")] = ""
		case "button":
			p.buttons = append(p.buttons, attribute(n, "value"))
		}
	}
	return p, nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
