package form

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/sign"
)

var (
	currentKey  = config.Key("current-form-key-of-thirty-two-by")
	previousKey = config.Key("previous-form-key-of-thirty-two-b")
	tokenTime   = time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)
)

func TestReadToken(t *testing.T) { // hard case 10; contract: "Token"
	keys := config.Keys{currentKey}
	token := Token{"events/a", 3, policy.English, tokenTime, "NONCE"}
	sealed := token.seal(keys)
	payload := func(parts ...string) string { return sign.Seal(keys, "form", strings.Join(parts, "|")) }
	millis := strconv.FormatInt(tokenTime.UnixMilli(), 36)
	for name, c := range map[string]struct {
		keys    config.Keys
		form    string
		version int
		text    string
		after   time.Duration
		want    error
	}{
		"at once":                  {keys, "events/a", 3, sealed, 0, nil},
		"a day later":              {keys, "events/a", 3, sealed, 24 * time.Hour, nil},
		"a day and a bit":          {keys, "events/a", 3, sealed, 24*time.Hour + time.Millisecond, errExpired},
		"a year later":             {keys, "events/a", 3, sealed, 365 * 24 * time.Hour, errExpired},
		"other version":            {keys, "events/a", 4, sealed, time.Minute, errExpired},
		"our clock a minute late":  {keys, "events/a", 3, sealed, -time.Minute, nil},
		"from the future":          {keys, "events/a", 3, sealed, -time.Minute - time.Millisecond, errForged},
		"key rotated":              {config.Keys{previousKey, currentKey}, "events/a", 3, sealed, 0, nil},
		"key forgotten":            {config.Keys{previousKey}, "events/a", 3, sealed, 0, errForged},
		"another event":            {keys, "events/b", 3, sealed, 0, errForged},
		"another form":             {keys, "newsletter", 3, sealed, 0, errForged},
		"missing":                  {keys, "events/a", 3, "", 0, errForged},
		"truncated":                {keys, "events/a", 3, sealed[:len(sealed)-1], 0, errForged},
		"huge":                     {keys, "events/a", 3, strings.Repeat("A", 100_000), 0, errForged},
		"link instead of token":    {keys, "events/a", 3, sign.Seal(keys, "link/events/confirm", "events/a|3|en|"+millis+"|N"), 0, errForged},
		"four parts":               {keys, "events/a", 3, payload("events/a", "3", "en", millis), 0, errForged},
		"six parts":                {keys, "events/a", 3, payload("events/a", "3", "en", millis, "N", "x"), 0, errForged},
		"version is no number":     {keys, "events/a", 3, payload("events/a", "x", "en", millis, "N"), 0, errForged},
		"time is no number":        {keys, "events/a", 3, payload("events/a", "3", "en", "!", "N"), 0, errForged},
		"time overflows":           {keys, "events/a", 3, payload("events/a", "3", "en", strings.Repeat("z", 30), "N"), 0, errForged},
		"end of time":              {keys, "events/a", 3, payload("events/a", "3", "en", "1y2p0ij32e8e7", "N"), 0, errForged},
		"longer than ours ever is": {keys, "events/a", 3, payload("events/a", "3", "en", millis, strings.Repeat("N", 400)), 0, errForged},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readToken(c.keys, c.form, c.version, c.text, tokenTime.Add(c.after))
			if !errors.Is(err, c.want) {
				t.Fatalf("got error %v, want %v", err, c.want)
			}
			want := token
			if errors.Is(c.want, errForged) {
				want = Token{}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEveryBitFlipOfATokenIsForged(t *testing.T) { // hard case 10
	keys := config.Keys{currentKey, previousKey}
	sealed := []byte(newToken("newsletter", 1, policy.Japanese, tokenTime).seal(keys))
	for i := range sealed {
		for bit := range 8 {
			changed := append([]byte(nil), sealed...)
			changed[i] ^= 1 << bit
			if got, err := readToken(keys, "newsletter", 1, string(changed), tokenTime); !errors.Is(err, errForged) || got != (Token{}) {
				t.Errorf("bit %d of character %d flipped: %+v, %v", bit, i, got, err)
			}
		}
	}
}

func TestTokensAreUniqueAndShort(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		sealed := newToken("newsletter", 1, policy.Japanese, tokenTime).seal(config.Keys{currentKey})
		if seen[sealed] {
			t.Fatal("the same token twice: two people would share one spent mark")
		}
		if len(sealed) > maxTokenLength/2 {
			t.Fatalf("a token of ours has %d characters", len(sealed))
		}
		seen[sealed] = true
	}
}

func TestReadSealProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Token{
			Form:     rapid.StringMatching(`[a-z]{1,20}(/[a-z0-9-]{1,40})?`).Draw(t, "form"),
			Version:  rapid.IntRange(0, 1_000_000).Draw(t, "version"),
			Language: rapid.SampledFrom([]policy.Language{policy.Japanese, policy.English}).Draw(t, "language"),
			Issued:   time.UnixMilli(rapid.Int64Range(0, 1<<43).Draw(t, "issued")).UTC(),
			Nonce:    rapid.StringMatching(`[A-Z2-7]{26}`).Draw(t, "nonce"),
		}
		after := rapid.Int64Range(-clockSkew.Milliseconds(), tokenLife.Milliseconds()).Draw(t, "age")
		now := want.Issued.Add(time.Duration(after) * time.Millisecond)
		got, err := readToken(config.Keys{previousKey, currentKey}, want.Form, want.Version, want.seal(config.Keys{currentKey}), now)
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

// FuzzReadToken holds that nothing but a text that we sealed is ever a token, expired or not.
func FuzzReadToken(f *testing.F) {
	keys := config.Keys{currentKey, previousKey}
	f.Add("")
	f.Add("AAAA")
	f.Add(Token{"newsletter", 1, policy.Japanese, tokenTime, "N"}.seal(keys))
	f.Add(Token{"newsletter", 1, policy.Japanese, tokenTime, "N"}.seal(keys[1:]))
	f.Add(Token{"newsletter", 1, policy.Japanese, tokenTime.Add(-25 * time.Hour), "N"}.seal(keys))
	f.Add(Token{"newsletter", 2, policy.English, tokenTime.Add(time.Hour), "|"}.seal(keys))
	f.Add(Token{"press", 1, policy.Japanese, tokenTime, "N"}.seal(keys) + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readToken(keys, "newsletter", 1, text, tokenTime)
		if errors.Is(err, errForged) {
			if got != (Token{}) {
				t.Errorf("forged, and still %+v", got)
			}
			return
		}
		if text != got.seal(keys[:1]) && text != got.seal(keys[1:]) {
			t.Errorf("%q reads as %+v, which is sealed otherwise", text, got)
		}
	})
}

func TestReferences(t *testing.T) {
	// 2026-11-23 16:00 UTC is the 24th in Japan.
	reference := record.Reference("N", time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC))
	if !strings.HasPrefix(reference, "N261124-") || len(reference) != 17 {
		t.Errorf("got %q", reference)
	}
	end := time.Date(2026, 11, 24, 23, 59, 59, 0, policy.JapanTime)
	for name, c := range map[string]struct {
		prefix, reference string
		ok                bool
	}{
		"ours":             {"N", reference, true},
		"of another form":  {"P", reference, false},
		"empty":            {"N", "", false},
		"no such day":      {"N", "N261324-ABCDEFGHI", false},
		"digits 0 and 1":   {"N", "N261124-ABCDEFG01", false},
		"small letters":    {"N", "N261124-abcdefghi", false},
		"longer":           {"N", reference + "A", false},
		"with a line feed": {"N", reference + "\n", false},
		"markup":           {"N", `N261124-<script>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			day, ok := referenceDay(c.prefix, c.reference)
			if ok != c.ok || (ok && !day.Equal(end)) {
				t.Errorf("got %v, %v", day, ok)
			}
		})
	}
}
