package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"madoguchi/shared/jsonbody"
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Place  string // JSON path: ".partners[0].country"
	Reason string // one sentence for people
}

// Problems are all of them. They are an error.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Place + ": " + one.Reason
	}
	return strings.Join(lines, "\n")
}

// strict decodes JSON and refuses members that nobody asked for.
func strict(data []byte, into any) error {
	if err := jsonbody.Check(data); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// wire is an event in JSON; its times are read as text, so that a wrong one is told with its place and beside all else.
type wire struct {
	*plain
	StartsAt string `json:"starts_at"`
	EndsAt   string `json:"ends_at"`
	OpensAt  string `json:"opens_at,omitempty"`
	ClosesAt string `json:"closes_at"`
}

type plain Event

// Parse reads a definition and checks it. The error is Problems: all that is wrong, each with its place.
func Parse(data []byte) (*Event, error) {
	e := &Event{}
	w := wire{plain: (*plain)(e)}
	if err := strict(data, &w); err != nil {
		return nil, Problems{decodeProblem(err)}
	}
	var problems Problems
	for _, at := range []struct {
		place, text string
		into        *time.Time
		optional    bool
	}{{".starts_at", w.StartsAt, &e.StartsAt, false}, {".ends_at", w.EndsAt, &e.EndsAt, false},
		{".opens_at", w.OpensAt, &e.OpensAt, true}, {".closes_at", w.ClosesAt, &e.ClosesAt, false}} {
		if at.text == "" && at.optional {
			continue
		}
		var err error
		if *at.into, err = time.Parse(time.RFC3339, at.text); err != nil {
			problems = append(problems, Problem{at.place, "a time is written 2026-11-30T14:00:00+09:00 (RFC 3339 with offset)"})
		}
	}
	if e.State == "" {
		e.State = Published
	}
	if problems = append(problems, e.check()...); len(problems) > 0 {
		return nil, problems
	}
	return e, nil
}

// Encode is the definition in JSON, as Parse reads it.
func (e *Event) Encode() ([]byte, error) {
	w := wire{plain: (*plain)(e), StartsAt: e.StartsAt.Format(time.RFC3339), EndsAt: e.EndsAt.Format(time.RFC3339), ClosesAt: e.ClosesAt.Format(time.RFC3339)}
	if !e.OpensAt.IsZero() {
		w.OpensAt = e.OpensAt.Format(time.RFC3339)
	}
	return json.Marshal(w)
}

// decodeProblem says where JSON is not what an event is.
func decodeProblem(err error) Problem {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return Problem{"." + strings.TrimPrefix(kind.Field, "plain."), fmt.Sprintf("must not be a %s", kind.Value)}
	}
	var twice *jsonbody.Repeated
	if errors.As(err, &twice) {
		return Problem{"." + twice.Path, "stands there twice"}
	}
	if _, name, unknown := strings.Cut(err.Error(), "unknown field "); unknown {
		return Problem{"." + strings.Trim(name, `"`), "an event has no such member"}
	}
	return Problem{"", "must be a JSON object that describes an event"}
}
