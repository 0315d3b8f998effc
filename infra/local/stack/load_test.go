package stack

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// loaded notes what the loader of the test kinds has written.
var loaded struct {
	sync.Mutex
	items []string
}

var registerOnce sync.Once

// registerTestLoaders adds the kinds "test_words" (a list of non-empty words) and "test_broken".
func registerTestLoaders() {
	registerOnce.Do(func() {
		RegisterLoader("test_words", func(_ context.Context, in LoadContext, content json.RawMessage) (Apply, error) {
			if in.DynamoDB == nil || in.Environment("WorkerFunction")["SEEN_TABLE"] != "madoguchi-Seen" {
				return nil, errors.New("the context lacks the store")
			}
			var words []string
			if err := json.Unmarshal(content, &words); err != nil {
				return nil, &LoadError{Reason: "must be a list of words"}
			}
			var wrong []error
			for i, w := range words {
				if w == "" {
					wrong = append(wrong, &LoadError{Place: "[" + string(rune('0'+i)) + "]", Reason: "is empty"})
				}
			}
			return func(context.Context) (int, error) {
				loaded.Lock()
				defer loaded.Unlock()
				loaded.items = append(loaded.items, words...)
				return len(words), nil
			}, errors.Join(wrong...)
		})
		RegisterLoader("test_broken", func(context.Context, LoadContext, json.RawMessage) (Apply, error) {
			return nil, errors.New("store is away")
		})
	})
}

func TestLoad(t *testing.T) {
	registerTestLoaders()
	s := start(t, nil)
	type answer struct {
		Status int
		Errors []LoadError
	}
	for _, c := range []struct {
		name, body string
		status     int
		wrong      []LoadError // of a 422
		loaded     []string
	}{
		{"right", `{"test_words":["a","b"]}`, 201, nil, []string{"a", "b"}},
		{"every place that is wrong", `{"test_words":["a","","c",""]}`, 422, []LoadError{{"test_words[1]", "is empty"}, {"test_words[3]", "is empty"}}, nil},
		{"wrong data", `{"test_words":7}`, 422, []LoadError{{"test_words", "must be a list of words"}}, nil},
		{"one kind unknown: nothing is loaded", `{"test_words":["a"],"unknown":[]}`, 422, nil, nil},
		{"no object", `[]`, 422, []LoadError{{"", "the body must be a JSON object with at least one kind of content"}}, nil},
		{"empty", `{}`, 422, []LoadError{{"", "the body must be a JSON object with at least one kind of content"}}, nil},
		{"the store fails", `{"test_words":["a"],"test_broken":1}`, 500, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded.items = nil
			status, body := fetch(t, "POST", s.URL()+"/_local/load", "application/json", c.body)
			if status != c.status {
				t.Fatalf("%d %s, want %d", status, body, c.status)
			}
			if diff := cmp.Diff(c.loaded, loaded.items); diff != "" {
				t.Error(diff)
			}
			if status == 201 && body != "{\"test_words\":2}\n" {
				t.Errorf("counts %s", body)
			}
			var got answer
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if c.wrong != nil {
				if diff := cmp.Diff(c.wrong, got.Errors); diff != "" {
					t.Error(diff)
				}
			}
			if status == 422 && (got.Status != 422 || len(got.Errors) == 0) {
				t.Errorf("problem %s", body)
			}
		})
	}
}

func TestTwoLoadersForOneKind(t *testing.T) {
	registerTestLoaders()
	defer func() {
		if recover() == nil {
			t.Error("the second loader was taken")
		}
	}()
	RegisterLoader("test_words", nil)
}
