// Package jsonbody reads the JSON bodies of requests strictly: each member once, known, and of its type. What is wrong is named by its
// path ("content.ja.subject"), as the caller wrote it. encoding/json by itself takes the last of two members of one name, takes "Kind"
// for "kind", and names an unknown member without its place.
package jsonbody

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// ErrMalformed says that a body is no JSON, or more than one value.
var ErrMalformed = errors.New("malformed JSON body")

// Repeated says that a member comes twice: which of them is meant nobody knows.
type Repeated struct{ Path string }

func (e *Repeated) Error() string { return fmt.Sprintf("member %q comes twice", e.Path) }

// Fault is a member that does not fit.
type Fault struct {
	Path string // "" for the whole body
	Code string // CodeUnknown, CodeType or CodeBase64
}

// What may be wrong with a member.
const (
	CodeUnknown = "unknown" // there is none of that name
	CodeType    = "type"    // it is of another type
	CodeBase64  = "base64"  // it is no base64
)

// Check reports what a body may not be whatever it is for: ErrMalformed, or *Repeated.
func Check(data []byte) error {
	_, err := faults(data, nil)
	return err
}

// Decode reads a JSON object into a struct. Where members do not fit, into is left as it is. Errors: ErrMalformed, *Repeated.
func Decode(data []byte, into any) ([]Fault, error) {
	found, err := faults(data, reflect.TypeOf(into).Elem())
	if err != nil || len(found) > 0 {
		return found, err
	}
	if err := json.Unmarshal(data, into); err != nil { // a number too large, a type with a will of its own
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return []Fault{{kind.Field, CodeType}}, nil
		}
		return []Fault{{"", CodeType}}, nil
	}
	return nil, nil
}

func faults(data []byte, t reflect.Type) ([]Fault, error) {
	if !json.Valid(data) { // also where it is nested without end
		return nil, ErrMalformed
	}
	w := &walk{decoder: json.NewDecoder(bytes.NewReader(data))}
	w.decoder.UseNumber()
	w.value(t, "")
	if w.repeated != nil {
		return nil, w.repeated
	}
	return w.faults, nil
}

// walk goes through a body and the type that it is for side by side.
type walk struct {
	decoder  *json.Decoder
	faults   []Fault
	repeated *Repeated
}

func (w *walk) fault(path, code string) { w.faults = append(w.faults, Fault{path, code}) }

// value reads one value; t is nil where anything goes.
func (w *walk) value(t reflect.Type, path string) {
	t = target(t)
	token, err := w.decoder.Token()
	if err != nil {
		return // the body was found valid
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			w.object(t, path)
		} else {
			w.list(t, path)
		}
	case nil:
	default:
		w.scalar(t, path, token)
	}
}

func (w *walk) object(t reflect.Type, path string) {
	if t != nil && t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		w.fault(path, CodeType)
		t = nil
	}
	seen := map[string]bool{}
	for w.decoder.More() {
		token, err := w.decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return
		}
		own := name
		if path != "" {
			own = path + "." + name
		}
		if seen[name] && w.repeated == nil {
			w.repeated = &Repeated{own}
		}
		seen[name] = true
		member, known := memberOf(t, name)
		if !known {
			w.fault(own, CodeUnknown)
		}
		w.value(member, own)
	}
	_, _ = w.decoder.Token() // the closing brace
}

func (w *walk) list(t reflect.Type, path string) {
	var element reflect.Type
	if t != nil && (t.Kind() != reflect.Slice || t.Elem().Kind() == reflect.Uint8) && !decodesItself(t) {
		w.fault(path, CodeType)
	} else if t != nil && t.Kind() == reflect.Slice {
		element = t.Elem()
	}
	for n := 0; w.decoder.More(); n++ {
		own := path
		if e := target(element); e != nil && e.Kind() == reflect.Struct {
			own = path + "." + strconv.Itoa(n)
		}
		w.value(element, own)
	}
	_, _ = w.decoder.Token() // the closing bracket
}

func (w *walk) scalar(t reflect.Type, path string, token json.Token) {
	if t == nil || decodesItself(t) {
		return
	}
	fits := false
	switch token := token.(type) {
	case string:
		fits = t.Kind() == reflect.String
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			if fits = true; !isBase64(token) {
				w.fault(path, CodeBase64)
			}
		}
	case bool:
		fits = t.Kind() == reflect.Bool
	case json.Number:
		_, err := token.Int64()
		fits = t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32 || err == nil && t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64
	}
	if !fits {
		w.fault(path, CodeType)
	}
}

func isBase64(s string) bool {
	_, err := base64.StdEncoding.DecodeString(s)
	return err == nil
}

// target is the type that a value is decoded into; nil for one that takes anything.
func target(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface || t == reflect.TypeFor[json.RawMessage]() {
		return nil
	}
	return t
}

// decodesItself tells whether a type has a way of its own to read JSON. Of an object its members are held to it all the same.
func decodesItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

// memberOf finds the type of a member by its exact name.
func memberOf(t reflect.Type, name string) (reflect.Type, bool) {
	if t == nil {
		return nil, true
	}
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for _, m := range Members(t) {
		if m.Name == name {
			return m.Type, true
		}
	}
	return nil, false
}

// Member is one member of the JSON objects of a struct type.
type Member struct {
	Name     string
	Type     reflect.Type
	Optional bool // it may be left out of an answer
}

// Members are the members of a struct type as encoding/json knows them, in their order; those of embedded structs stand in its place.
func Members(t reflect.Type) []Member {
	var all []Member
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			all = append(all, Members(f.Type)...)
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			all = append(all, Member{name, f.Type, strings.Contains(options, "omit")})
		}
	}
	return all
}
