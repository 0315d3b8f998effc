package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/objects"
)

// A Loader checks one kind of content of POST /_local/load, in the words of the store that will hold it, and returns what writes it.
// It must write nothing itself: content is loaded only when all of it is right. What is wrong comes back as a *LoadError, or several
// of them joined; any other error is a failure of the stack.
type Loader func(ctx context.Context, load LoadContext, content json.RawMessage) (Apply, error)

// Apply writes the content that a Loader has found right and returns how many items that were.
type Apply func(ctx context.Context) (count int, err error)

// LoadContext is what a Loader works with.
type LoadContext struct {
	DynamoDB    *ddb.Client                             // past the proxy: neither counted nor disturbed
	Bucket      func(name string) objects.Bucket        // of the local S3
	Environment func(function string) map[string]string // the settings of a function, by its logical id: tables, keys, periods
	Content     map[string]json.RawMessage              // all kinds of this load: one may refer to what another brings
}

// LoadError says what is wrong with content, and where.
type LoadError struct {
	Place  string `json:"place"`  // JSON path below the kind: "[3].email", "" for all of it
	Reason string `json:"reason"` // one sentence for people
}

func (e *LoadError) Error() string {
	if e.Place == "" {
		return e.Reason
	}
	return e.Place + ": " + e.Reason
}

var loaders = struct {
	sync.Mutex
	byKind map[string]Loader
}{byKind: map[string]Loader{}}

// RegisterLoader makes POST /_local/load understand a kind of content: a member of its JSON object. It panics on a second loader for one
// kind. Package infra/local/load calls it from its init function.
func RegisterLoader(kind string, loader Loader) {
	loaders.Lock()
	defer loaders.Unlock()
	if _, there := loaders.byKind[kind]; there {
		panic("stack: two loaders for " + kind)
	}
	loaders.byKind[kind] = loader
}

// maxLoad is the largest body of /_local/load, in bytes.
const maxLoad = 64 << 20

// load is POST /_local/load: 201 with a count for each kind, or 422 with every place that is wrong and nothing loaded.
func (s *Stack) load(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLoad))
	if err != nil {
		loadProblem(w, http.StatusRequestEntityTooLarge, []*LoadError{{Reason: fmt.Sprintf("more than %d MB", maxLoad>>20)}})
		return
	}
	counts, err := s.Load(r.Context(), body)
	if err != nil {
		if wrong := loadErrors(err); len(wrong) > 0 {
			loadProblem(w, http.StatusUnprocessableEntity, wrong)
			return
		}
		s.console.line(pad("load", 14), s.console.level("ERROR"), cut(err.Error()))
		loadProblem(w, http.StatusInternalServerError, []*LoadError{{Reason: err.Error()}})
		return
	}
	writeJSON(w, http.StatusCreated, counts)
}

// Load is /_local/load for tests: content is its JSON object. Errors: *LoadError (joined), or a failure of the store.
func (s *Stack) Load(ctx context.Context, content []byte) (map[string]int, error) {
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(content, &kinds); err != nil || len(kinds) == 0 {
		return nil, &LoadError{Reason: "the body must be a JSON object with at least one kind of content"}
	}
	loaders.Lock()
	known := maps.Clone(loaders.byKind)
	loaders.Unlock()
	in := LoadContext{DynamoDB: s.client, Bucket: s.objectStore, Environment: s.environment, Content: kinds}
	apply := map[string]Apply{}
	var wrong []error
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		loader, ok := known[kind]
		if !ok {
			wrong = append(wrong, &LoadError{Place: kind, Reason: fmt.Sprintf("unknown kind of content; known are %v", slices.Sorted(maps.Keys(known)))})
			continue
		}
		var err error
		if apply[kind], err = loader(ctx, in, kinds[kind]); err != nil {
			below := loadErrors(err)
			if len(below) == 0 {
				return nil, fmt.Errorf("load %s: %w", kind, err)
			}
			for _, e := range below {
				wrong = append(wrong, &LoadError{Place: kind + e.Place, Reason: e.Reason})
			}
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	counts := map[string]int{}
	for _, kind := range slices.Sorted(maps.Keys(apply)) {
		n, err := apply[kind](ctx)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", kind, err)
		}
		counts[kind] = n
	}
	return counts, nil
}

// environment is what a function would find in its environment, the services' addresses left out.
func (s *Stack) environment(function string) map[string]string {
	for _, f := range s.template.Functions {
		if f.Name == function {
			return maps.Clone(f.Environment)
		}
	}
	return nil
}

// loadErrors takes the *LoadErrors out of an error, joined ones too.
func loadErrors(err error) []*LoadError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*LoadError
		for _, e := range joined.Unwrap() {
			out = append(out, loadErrors(e)...)
		}
		return out
	}
	var one *LoadError
	if errors.As(err, &one) {
		return []*LoadError{one}
	}
	return nil
}

func loadProblem(w http.ResponseWriter, status int, wrong []*LoadError) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": wrong[0].Error(), "errors": wrong,
	})
}
