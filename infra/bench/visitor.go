package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/infra/local/gateway"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
)

// clients is how many visitors post at the same time.
const clients = 4

// functionOf finds the function that a route leads to.
func functionOf(t *template.Template, route string) (template.Function, error) {
	for _, f := range t.Functions {
		if slices.ContainsFunc(f.Routes, func(r template.Route) bool {
			below, all := strings.CutSuffix(r.Path, "{proxy+}")
			return r.Path == route || all && strings.HasPrefix(route, below)
		}) {
			return f, nil
		}
	}
	return template.Function{}, fmt.Errorf("no function of the template answers %s", route)
}

// runnable makes a function of the template ready for the runtime, under another name and with some settings of its own.
func runnable(f template.Function, name, binary string, settings map[string]string) runtime.Function {
	environment := maps.Clone(f.Environment)
	maps.Copy(environment, settings)
	return runtime.Function{Name: name, Binary: binary, Handler: f.Handler, ARN: f.ARN(), Timeout: f.Timeout, MemoryMB: f.MemoryMB,
		LogFormat: f.LogFormat, LogLevel: f.LogLevel, Environment: environment}
}

// visitor sends a sample through a gateway.
type visitor struct {
	sample   sample
	function template.Function
	door     door
	base     string
	client   *http.Client
	serial   int // makes persons of this run unique
	run      string
}

// errand is a post that is ready to be sent.
type errand struct {
	address string // path and query
	body    string
	header  map[string]string // beside that of every post
	given   string            // key of what was put into the database for this post, "" for nothing
}

// visit opens a gateway that leads paths to functions of the runtime and returns a visitor of one function behind it.
func (b *bench) visit(r *runtime.Runtime, s sample, f template.Function, d door, paths map[string]string) (*visitor, error) {
	var functions []template.Function
	for path, name := range paths {
		functions = append(functions, template.Function{Name: name, Routes: []template.Route{{Function: name, Method: "ANY", Path: path}}})
	}
	base, err := b.serve(gateway.New(r, functions, nil))
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return &visitor{sample: s, function: f, door: d, base: base, run: fmt.Sprintf("%x", time.Now().UnixNano()), client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a 303 is the answer
		Timeout:       time.Minute,
	}}, nil
}

// unique makes a person whom nobody has seen before.
func (v *visitor) unique() string {
	v.serial++
	return fmt.Sprintf("%s-%d", v.run, v.serial)
}

// errands makes n posts of a kind ready, by so many visitors at once. By as many as will post them, each process has seen what the
// posts are about.
func (v *visitor) errands(ctx context.Context, n int, k kind, visitors int) ([]errand, error) {
	all, persons := make([]errand, n), make([]string, n)
	for i := range all {
		var err error
		if all[i].address, all[i].given, err = v.door(ctx); err != nil {
			return nil, err
		}
		persons[i] = v.unique()
	}
	return all, each(n, visitors, func(i int) error {
		ready, err := v.sample.send(ctx, v, k, all[i].address, persons[i])
		ready.given = all[i].given
		all[i] = ready
		return err
	})
}

// each does something n times, so many of them at once, until one fails.
func each(n, atOnce int, do func(i int) error) error {
	failed := make([]error, atOnce)
	var next atomic.Int64
	var group sync.WaitGroup
	for c := range atOnce {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed[c] == nil; i = int(next.Add(1)) - 1 {
				failed[c] = do(i)
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// fill opens a form and returns a post of it with these values and the form's token.
func (v *visitor) fill(ctx context.Context, address, act string, values url.Values) (errand, error) {
	token, err := v.token(ctx, address)
	if err != nil {
		return errand{}, fmt.Errorf("open the form: %w", err)
	}
	values.Set("form_token", token)
	values.Set("action", act)
	return errand{address: address, body: values.Encode()}, nil
}

func (v *visitor) token(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+address, nil)
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

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// repeated returns the same posts for the baseline, each with something of its own in the database.
func (v *visitor) repeated(ctx context.Context, errands []errand) ([]errand, error) {
	all := slices.Clone(errands)
	for i := range all {
		_, given, err := v.door(ctx)
		if err != nil {
			return nil, err
		}
		all[i].given, all[i].address = given, baselinePath
		if given != "" {
			all[i].address += "?given=" + url.QueryEscape(given)
		}
	}
	return all, nil
}

// post sends an errand and fails on any other answer than the status wanted.
func (v *visitor) post(ctx context.Context, e errand, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+e.address, strings.NewReader(e.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("Accept-Language", "ja,en;q=0.8")
	req.Header.Set("User-Agent", browser)
	for name, value := range e.header {
		req.Header.Set(name, value)
	}
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
		path, _, _ := strings.Cut(e.address, "?")
		return fmt.Errorf("post to %s: status %d, want %d: %.300s", path, resp.StatusCode, want, answer)
	}
	return nil
}
