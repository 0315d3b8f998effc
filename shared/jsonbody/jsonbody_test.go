package jsonbody

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type base struct {
	Kind string `json:"kind"`
}

type own struct {
	Name string `json:"name"`
}

func (o *own) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &o.Name) == nil {
		return nil
	}
	type plain own
	return json.Unmarshal(data, (*plain)(o))
}

type draft struct {
	base
	Content map[string]struct {
		Subject string `json:"subject"`
	} `json:"content"`
	Files *[]struct {
		Name    string `json:"name"`
		Content []byte `json:"content"`
	} `json:"files"`
	N    int             `json:"n"`
	Many []string        `json:"many"`
	At   json.RawMessage `json:"at"`
	Own  *own            `json:"own"`
	Done bool            `json:"done"`
	Skip string          `json:"-"`
}

// What does not fit is named where it stands; two members of one name are refused wherever they are.
func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		body     string
		want     string // path:code of each fault
		repeated string
		no       bool // no JSON
	}{
		"everything":         {body: `{"kind":"a","content":{"ja":{"subject":"x"}},"files":[{"name":"a","content":"eA=="}],"n":1,"many":["x"],"at":null,"own":"x","done":true}`},
		"nulls":              {body: `{"kind":null,"content":null,"files":null,"n":null,"many":null,"own":null}`},
		"own object":         {body: `{"own":{"name":"x"},"at":{"a":1}}`},
		"unknown":            {body: `{"x":1}`, want: "x:unknown"},
		"unknown below":      {body: `{"content":{"ja":{"x":1,"y":{"z":2}}}}`, want: "content.ja.x:unknown content.ja.y:unknown"},
		"unknown in a list":  {body: `{"files":[{"name":"a"},{"x":1}]}`, want: "files.1.x:unknown"},
		"unknown of its own": {body: `{"own":{"who":"x"}}`, want: "own.who:unknown"},
		"another case":       {body: `{"Kind":"a"}`, want: "Kind:unknown"},
		"hidden":             {body: `{"Skip":"a","-":"b"}`, want: "Skip:unknown -:unknown"},
		"wrong types":        {body: `{"kind":1,"content":[],"files":{},"n":1.5,"many":[1],"done":"x"}`, want: "kind:type content:type files:type n:type many:type done:type"},
		"wrong type below":   {body: `{"content":{"ja":{"subject":["x"]}}}`, want: "content.ja.subject:type"},
		"too large a number": {body: `{"n":99999999999999999999}`, want: "n:type"},
		"no base64":          {body: `{"files":[{"content":"?"}]}`, want: "files.0.content:base64"},
		"bytes as a list":    {body: `{"files":[{"content":[1]}]}`, want: "files.0.content:type"},
		"no object":          {body: `["x"]`, want: ":type"},
		"a text":             {body: `"x"`, want: ":type"},
		"twice":              {body: `{"kind":"a","n":1,"kind":"b"}`, repeated: "kind"},
		"twice below":        {body: `{"content":{"ja":{"subject":"x","subject":"x"}}}`, repeated: "content.ja.subject"},
		"twice in raw JSON":  {body: `{"at":[{"b":1,"b":2}]}`, repeated: "at.b"},
		"twice, escaped":     {body: `{"kind":"a","k\u0069nd":"b"}`, repeated: "kind"},
		"empty":              {body: ``, no: true},
		"two values":         {body: `{} {}`, no: true},
		"cut off":            {body: `{"kind":`, no: true},
		"nested for ever":    {body: strings.Repeat(`{"a":`, 20_000), no: true},
	} {
		t.Run(name, func(t *testing.T) {
			var d draft
			found, err := Decode([]byte(c.body), &d)
			var twice *Repeated
			switch {
			case errors.Is(err, ErrMalformed) != c.no:
				t.Fatalf("malformed: %v", err)
			case errors.As(err, &twice) != (c.repeated != ""):
				t.Fatalf("repeated: %v", err)
			case twice != nil && twice.Path != c.repeated:
				t.Errorf("%s comes twice, want %s", twice.Path, c.repeated)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.Path+":"+f.Code)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if own := Check([]byte(c.body)); (own != nil) != (err != nil) {
				t.Errorf("Check says %v", own)
			}
		})
	}
	var d draft
	if found, err := Decode([]byte(`{"kind":"a","content":{"ja":{"subject":"x"}},"own":"y","n":3}`), &d); found != nil || err != nil || d.Kind != "a" || d.Content["ja"].Subject != "x" || d.Own.Name != "y" || d.N != 3 {
		t.Errorf("%+v %v %v", d, found, err)
	}
}

// Whatever comes, what Decode takes encoding/json takes too, and nothing panics.
func FuzzDecode(f *testing.F) {
	f.Add(`{"kind":"a","content":{"ja":{"subject":"x"}},"own":{"name":"x"},"files":[{"content":"eA=="}]}`)
	f.Add(`{"a":{"a":1,"a":2}}`)
	f.Fuzz(func(t *testing.T, body string) {
		var d, again draft
		if found, err := Decode([]byte(body), &d); err != nil || len(found) > 0 {
			return
		}
		if err := json.Unmarshal([]byte(body), &again); err != nil {
			t.Errorf("%v of %q", err, body)
		}
	})
}
