// Package config reads a function's settings from its environment, once, at start. Every missing or wrong setting is
// named in one error, so that a deployment is mended in one go.
package config

import (
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Source looks a setting up by name; the second result tells whether it is set at all.
type Source func(name string) (string, bool)

// Environment is the process's own environment. No other package reads it.
func Environment() Source { return os.LookupEnv }

// Map is a Source for tests.
func Map(m map[string]string) Source {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// Key is one secret key, at least MinKeyLength bytes. It never prints itself.
type Key []byte

// MinKeyLength is the least number of bytes of a key: the output size of the HMAC that uses it.
const MinKeyLength = 32

// String hides the key from logs.
func (Key) String() string { return "[secret]" }

// GoString hides the key from %#v.
func (Key) GoString() string { return "[secret]" }

// Keys is a list of keys, comma-separated in the environment: the first signs, all verify.
type Keys []Key

// Load fills a struct from the source. Fields carry `env:"NAME"`; `env:"NAME,optional"` may be missing or empty. A
// struct with the fields JA and EN stands for the two settings NAME_JA and NAME_EN; a struct without a tag is filled
// field by field. A time.Duration takes its unit from the end of the name (_SECONDS, _MINUTES, _HOURS, _DAYS). `min` and `max`
// bound numbers and durations (in the unit of the name).
func Load[T any](env Source) (T, error) {
	var settings T
	var wrong []string
	fill(reflect.ValueOf(&settings).Elem(), env, &wrong)
	if len(wrong) > 0 {
		return settings, fmt.Errorf("settings: %s", strings.Join(wrong, "; "))
	}
	return settings, nil
}

func fill(into reflect.Value, env Source, wrong *[]string) {
	for i := range into.NumField() {
		field, value := into.Type().Field(i), into.Field(i)
		tag, tagged := field.Tag.Lookup("env")
		if !tagged {
			if value.Kind() == reflect.Struct {
				fill(value, env, wrong)
			}
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		if value.Kind() == reflect.Struct && value.NumField() == 2 {
			set(value.FieldByName("JA"), name+"_JA", option, field.Tag, env, wrong)
			set(value.FieldByName("EN"), name+"_EN", option, field.Tag, env, wrong)
			continue
		}
		set(value, name, option, field.Tag, env, wrong)
	}
}

func set(value reflect.Value, name, option string, tag reflect.StructTag, env Source, wrong *[]string) {
	text, ok := env(name)
	if !ok || text == "" {
		if option != "optional" {
			*wrong = append(*wrong, name+" is missing")
		}
		return
	}
	if err := parse(value, name, text, tag); err != nil {
		*wrong = append(*wrong, name+" "+err.Error())
	}
}

func parse(value reflect.Value, name, text string, tag reflect.StructTag) error {
	switch value.Interface().(type) {
	case string:
		value.SetString(text)
	case []string:
		value.Set(reflect.ValueOf(list(text)))
	case Key:
		if len(text) < MinKeyLength {
			return fmt.Errorf("must have at least %d characters", MinKeyLength)
		}
		value.Set(reflect.ValueOf(Key(text)))
	case Keys:
		var keys Keys
		for _, part := range list(text) {
			if len(part) < MinKeyLength {
				return fmt.Errorf("must hold keys of at least %d characters", MinKeyLength)
			}
			keys = append(keys, Key(part))
		}
		if len(keys) == 0 {
			return fmt.Errorf("holds no key")
		}
		value.Set(reflect.ValueOf(keys))
	case int:
		n, err := number(text, tag)
		if err != nil {
			return err
		}
		value.SetInt(int64(n))
	case time.Duration:
		n, err := number(text, tag)
		if err != nil {
			return err
		}
		unit, err := unitOf(name)
		if err != nil {
			return err
		}
		value.SetInt(int64(time.Duration(n) * unit))
	default:
		return fmt.Errorf("has a type that config does not know: %s", value.Type())
	}
	return nil
}

func number(text string, tag reflect.StructTag) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number")
	}
	if least, err := strconv.Atoi(tag.Get("min")); err == nil && n < least {
		return 0, fmt.Errorf("must be at least %d", least)
	}
	if most, err := strconv.Atoi(tag.Get("max")); err == nil && n > most {
		return 0, fmt.Errorf("must be at most %d", most)
	}
	return n, nil
}

func unitOf(name string) (time.Duration, error) {
	switch {
	case strings.HasSuffix(name, "_SECONDS"):
		return time.Second, nil
	case strings.HasSuffix(name, "_MINUTES"):
		return time.Minute, nil
	case strings.HasSuffix(name, "_HOURS"):
		return time.Hour, nil
	case strings.HasSuffix(name, "_DAYS"):
		return 24 * time.Hour, nil
	}
	return 0, fmt.Errorf("has no unit at the end of its name")
}

// list splits at commas and leaves out empty parts: a rotated-out key leaves an empty place behind.
func list(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
