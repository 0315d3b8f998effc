package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/gateway"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
)

// clients is how many visitors post at the same time.
const clients = 4

// sample is a form that is measured, filled in as people do.
type sample struct {
	path   string
	fields func(unique string) url.Values // unique makes a person whom nobody has seen before
	// prepare loads what the form needs to be filled in; nil for nothing.
	prepare func(ctx context.Context, f template.Function, client *ddb.Client) error
}

var samples = []sample{
	{path: "/newsletter", fields: func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "prefecture": {"13"},
			"organization": {"株式会社アジア貿易サンプル"}, "business_category": {"trade"},
		}
	}},
	{path: "/press", fields: func(unique string) url.Values {
		return url.Values{"organization": {"例示新聞社"}, "name": {"記者 一郎"}, "email": {"kisha+" + unique + "@example.jp"}}
	}},
	{path: "/inquiry", fields: func(unique string) url.Values {
		return url.Values{"name": {"山田 花子"}, "email": {"hanako.yamada+" + unique + "@example.jp"}, "message": {"セミナーの資料について教えてください。\r\n\r\n山田"}}
	}},
	{path: "/publications", prepare: loadPublications, fields: func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "postal_code": {"105-0004"}, "prefecture": {"13"},
			"address": {"港区新橋6-17-19"}, "building": {""}, "phone": {"03-1234-5678"}, "organization": {"株式会社アジア貿易サンプル"}, "quantity.map": {"1"},
		}
	}},
	{path: "/photos/register", fields: func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "prefecture": {"13"},
			"organization": {"株式会社アジア貿易サンプル"},
		}
	}},
}

// loadPublications gives the form a catalogue that no run empties.
func loadPublications(ctx context.Context, f template.Function, client *ddb.Client) error {
	d, tables, err := desk.With[publications.Tables](config.Map(f.Environment), policy.Get(policy.Publications), client, time.Now)
	if err != nil {
		return err
	}
	return publications.Open(d, tables).Save(ctx, []publications.Draft{{ID: "map", Title: publications.Words{JA: "ASEANの地図"}, Language: "ja", Stock: 1_000_000, Limit: 5}})
}

// functionOf finds the function that answers a path.
func functionOf(t *template.Template, path string) (template.Function, error) {
	for _, f := range t.Functions {
		if slices.ContainsFunc(f.Routes, func(r template.Route) bool {
			below, all := strings.CutSuffix(r.Path, "{proxy+}")
			return r.Path == path || all && strings.HasPrefix(path, below)
		}) {
			return f, nil
		}
	}
	return template.Function{}, fmt.Errorf("no function of the template answers %s", path)
}

// runnable makes a function of the template ready for the runtime, under another name and with some settings of its own.
func runnable(f template.Function, name, binary string, settings map[string]string) runtime.Function {
	environment := maps.Clone(f.Environment)
	maps.Copy(environment, settings)
	return runtime.Function{Name: name, Binary: binary, Handler: f.Handler, ARN: f.ARN(), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		LogFormat: f.LogFormat, LogLevel: f.LogLevel, Environment: environment}
}

// visitor uses a form through a gateway.
type visitor struct {
	sample sample
	base   string
	client *http.Client
	serial int // makes persons of this run unique
	run    string
}

// visit opens a gateway that leads paths to functions of the runtime and returns a visitor of one form behind it.
func (b *bench) visit(r *runtime.Runtime, s sample, paths map[string]string) (*visitor, error) {
	var functions []template.Function
	for path, name := range paths {
		functions = append(functions, template.Function{Name: name, Routes: []template.Route{{Function: name, Method: "ANY", Path: path}}})
	}
	base, err := b.serve(gateway.New(r, functions, nil))
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return &visitor{sample: s, base: base, run: fmt.Sprintf("%x", time.Now().UnixNano()), client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a 303 is the answer
		Timeout:       time.Minute,
	}}, nil
}

// bodies opens the form n times and returns the bodies of n posts, each with a fresh token and another person's address.
func (v *visitor) bodies(ctx context.Context, n int, action string) ([]string, error) {
	all := make([]string, n)
	for i := range all {
		token, err := v.token(ctx)
		if err != nil {
			return nil, fmt.Errorf("open the form: %w", err)
		}
		v.serial++
		values := v.sample.fields(fmt.Sprintf("%s-%d", v.run, v.serial))
		values.Set("form_token", token)
		values.Set("action", action)
		all[i] = values.Encode()
	}
	return all, nil
}

func (v *visitor) token(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+v.sample.path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := v.client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var form struct {
		Token string `json:"form_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&form); err != nil || form.Token == "" {
		return "", fmt.Errorf("status %d and no form_token (%w)", resp.StatusCode, err)
	}
	return form.Token, nil
}

// post sends one body to a path and fails on any other answer than the status wanted.
func (v *visitor) post(ctx context.Context, path, body string, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", "ja,en;q=0.8")
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	resp, err := v.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("post to %s: status %d, want %d: %.300s", path, resp.StatusCode, want, answer)
	}
	return nil
}
