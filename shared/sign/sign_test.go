package sign_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"madoguchi/shared/config"
	"madoguchi/shared/sign"
)

var (
	current  = config.Key("current-key-of-thirty-two-bytes-x")
	previous = config.Key("previous-key-of-thirty-two-bytes-")
	foreign  = config.Key("foreign-key-of-thirty-two-bytes--")
)

func TestOpen(t *testing.T) { // hard case 10
	sealed := sign.Seal(config.Keys{current}, "form", "newsletter|1")
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys config.Keys
		use  string
		text string
		ok   bool
	}{
		"as sealed":                  {config.Keys{current}, "form", sealed, true},
		"key rotated since":          {config.Keys{foreign, current}, "form", sealed, true},
		"key forgotten":              {config.Keys{previous, foreign}, "form", sealed, false},
		"no key":                     {nil, "form", sealed, false},
		"another use":                {config.Keys{current}, "link/newsletter/confirm", sealed, false},
		"use is the beginning":       {config.Keys{current}, "for", sealed, false},
		"empty":                      {config.Keys{current}, "form", "", false},
		"payload alone":              {config.Keys{current}, "form", base64.RawURLEncoding.EncodeToString(raw[:12]), false},
		"code alone":                 {config.Keys{current}, "form", base64.RawURLEncoding.EncodeToString(raw[12:]), false},
		"one byte less":              {config.Keys{current}, "form", base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1]), false},
		"one byte more":              {config.Keys{current}, "form", base64.RawURLEncoding.EncodeToString(append(raw[:len(raw):len(raw)], 0)), false},
		"padded":                     {config.Keys{current}, "form", sealed + "=", false},
		"line feed inside":           {config.Keys{current}, "form", sealed[:5] + "\n" + sealed[5:], false},
		"carriage return at the end": {config.Keys{current}, "form", sealed + "\r", false},
		"space at the end":           {config.Keys{current}, "form", sealed + " ", false},
		"standard alphabet":          {config.Keys{current}, "form", "+/" + sealed, false},
		"not base64":                 {config.Keys{current}, "form", "署名", false},
		"huge":                       {config.Keys{current}, "form", strings.Repeat("A", 1_000_000), false},
	} {
		t.Run(name, func(t *testing.T) {
			payload, err := sign.Open(c.keys, c.use, c.text)
			switch {
			case c.ok && (err != nil || payload != "newsletter|1"):
				t.Errorf("got %q, %v", payload, err)
			case !c.ok && (!errors.Is(err, sign.ErrForged) || payload != ""):
				t.Errorf("got %q, %v, want ErrForged", payload, err)
			}
		})
	}
}

func TestFirstKeySigns(t *testing.T) {
	sealed := sign.Seal(config.Keys{current, previous}, "form", "x")
	if _, err := sign.Open(config.Keys{previous}, "form", sealed); !errors.Is(err, sign.ErrForged) {
		t.Errorf("the second key signed: %v", err)
	}
	if got, err := sign.Open(config.Keys{current}, "form", sealed); got != "x" || err != nil {
		t.Errorf("the first key did not sign: %q, %v", got, err)
	}
}

func TestEveryBitFlipIsForged(t *testing.T) { // hard case 10
	keys := config.Keys{current, previous}
	sealed := []byte(sign.Seal(keys, "form", "newsletter|1|ja|abc"))
	for i := range sealed {
		for bit := range 8 {
			changed := append([]byte(nil), sealed...)
			changed[i] ^= 1 << bit
			if got, err := sign.Open(keys, "form", string(changed)); err == nil {
				t.Errorf("bit %d of character %d flipped: opened as %q", bit, i, got)
			}
		}
		if got, err := sign.Open(keys, "form", string(sealed[:i])); err == nil {
			t.Errorf("cut after %d characters: opened as %q", i, got)
		}
	}
}

func TestOpenSealProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload, use := rapid.String().Draw(t, "payload"), rapid.StringMatching(`[a-z/]{1,20}`).Draw(t, "use")
		sealed := sign.Seal(config.Keys{current}, use, payload)
		if got, err := sign.Open(config.Keys{previous, current}, use, sealed); err != nil || got != payload {
			t.Fatalf("got %q, %v", got, err)
		}
		if strings.Trim(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("not URL-safe: %q", sealed)
		}
		if other := rapid.StringMatching(`[a-z/]{1,20}`).Draw(t, "other use"); other != use {
			if _, err := sign.Open(config.Keys{current}, other, sealed); err == nil {
				t.Fatalf("sealed for %q, opened for %q", use, other)
			}
		}
	})
}

// FuzzOpen holds that what opens has exactly one spelling: the one that we sealed.
func FuzzOpen(f *testing.F) {
	keys := config.Keys{current, previous}
	for _, seed := range []string{"", "A", "====", "署名", sign.Seal(keys, "form", ""), sign.Seal(keys, "form", "newsletter|1|ja|abc|N"),
		sign.Seal(keys[1:], "form", "x"), sign.Seal(keys, "link", "x"), sign.Seal(keys, "form", "x") + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		payload, err := sign.Open(keys, "form", text)
		if err != nil {
			if payload != "" {
				t.Errorf("an error and a payload %q", payload)
			}
			return
		}
		if text != sign.Seal(keys[:1], "form", payload) && text != sign.Seal(keys[1:], "form", payload) {
			t.Errorf("%q opens as %q and is not how we seal it", text, payload)
		}
	})
}

// A tag is taken in letters of either case, of any key, and for its own use and payload only.
func TestTag(t *testing.T) {
	tag := sign.Tag(config.Keys{previous}, "thread", "I261124-ABC")
	if len(tag) != 16 || strings.ToLower(tag) != tag {
		t.Errorf("tag %q", tag)
	}
	both := config.Keys{current, previous}
	for _, test := range []struct {
		name, use, payload, tag string
		keys                    config.Keys
		want                    bool
	}{
		{"as made", "thread", "I261124-ABC", tag, both, true},
		{"in capitals", "thread", "I261124-ABC", strings.ToUpper(tag), both, true},
		{"another use", "link", "I261124-ABC", tag, both, false},
		{"another payload", "thread", "I261124-ABD", tag, both, false},
		{"another key", "thread", "I261124-ABC", tag, config.Keys{current}, false},
		{"cut", "thread", "I261124-ABC", tag[:14], both, false},
		{"empty", "thread", "I261124-ABC", "", both, false},
	} {
		if got := sign.IsTag(test.keys, test.use, test.payload, test.tag); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
