package link_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/config"
	"madoguchi/shared/link"
)

var (
	current  = config.Key("current-key-of-thirty-two-bytes-x")
	previous = config.Key("previous-key-of-thirty-two-bytes-")
)

const person = "00112233445566778899aabbccddeeff"

var issued = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// text is the t of a link's path.
func text(t testing.TB, path string) string {
	t.Helper()
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("t")
}

func TestLinksAreForOneServiceAndPurpose(t *testing.T) { // hard case 10
	signer := link.NewSigner(config.Keys{current})
	token := link.Token{Service: "newsletter", Purpose: link.Confirm, Person: person, Ref: "N261123-ABCDEFGHI", Issued: issued}
	path := signer.Path("/newsletter/confirm", token)
	if !strings.HasPrefix(path, "/newsletter/confirm?t=") || strings.Contains(path, "%") || len(path) > 200 {
		t.Errorf("a link for mail must be short and plain: %q", path)
	}
	sealed := text(t, path)
	for name, c := range map[string]struct {
		signer  link.Signer
		service string
		purpose link.Purpose
		text    string
		ok      bool
	}{
		"as sent":           {signer, "newsletter", link.Confirm, sealed, true},
		"key rotated since": {link.NewSigner(config.Keys{previous, current}), "newsletter", link.Confirm, sealed, true},
		"key forgotten":     {link.NewSigner(config.Keys{previous}), "newsletter", link.Confirm, sealed, false},
		"other purpose":     {signer, "newsletter", link.Unsubscribe, sealed, false},
		"preferences":       {signer, "newsletter", link.Preferences, sealed, false},
		"other service":     {signer, "press", link.Confirm, sealed, false},
		"empty":             {signer, "newsletter", link.Confirm, "", false},
		"truncated":         {signer, "newsletter", link.Confirm, sealed[:len(sealed)-1], false},
		"mail broke it":     {signer, "newsletter", link.Confirm, sealed[:76] + "\r\n" + sealed[76:], false},
		"huge":              {signer, "newsletter", link.Confirm, strings.Repeat(sealed, 10_000), false},
		"no token":          {signer, "newsletter", link.Confirm, "../../etc/passwd", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.signer.Read(c.service, c.purpose, c.text)
			want := link.Token{}
			if c.ok {
				want = token
			} else if !errors.Is(err, link.ErrInvalid) {
				t.Errorf("got error %v, want ErrInvalid", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLinkNamesNobody(t *testing.T) { // requirements, R45: no personal data in URLs
	signer := link.NewSigner(config.Keys{current})
	a := signer.Path("/x", link.Token{Service: "newsletter", Purpose: link.Unsubscribe, Person: person, Issued: issued})
	b := signer.Path("/x", link.Token{Service: "newsletter", Purpose: link.Unsubscribe, Person: strings.Repeat("f", 32), Issued: issued})
	if a == b {
		t.Error("two people have one link")
	}
	got, err := signer.Read("newsletter", link.Unsubscribe, text(t, a))
	if err != nil || got.Person != person {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEveryBitFlipIsInvalid(t *testing.T) { // hard case 10
	signer := link.NewSigner(config.Keys{current})
	sealed := []byte(text(t, signer.Path("/x", link.Token{Service: "newsletter", Purpose: link.Unsubscribe, Person: person, Issued: issued})))
	for i := range sealed {
		for bit := range 8 {
			changed := append([]byte(nil), sealed...)
			changed[i] ^= 1 << bit
			if got, err := signer.Read("newsletter", link.Unsubscribe, string(changed)); err == nil {
				t.Errorf("bit %d of character %d flipped: read as %+v", bit, i, got)
			}
		}
	}
}

func TestReadPathProperty(t *testing.T) {
	signer := link.NewSigner(config.Keys{current})
	rapid.Check(t, func(t *rapid.T) {
		want := link.Token{
			Service: rapid.SampledFrom([]string{"newsletter", "press", "events"}).Draw(t, "service"),
			Purpose: rapid.SampledFrom([]link.Purpose{link.Confirm, link.Unsubscribe, link.Preferences}).Draw(t, "purpose"),
			Person:  rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "person"),
			Ref:     rapid.StringMatching(`(|[A-Z][0-9]{6}-[A-Z2-7]{9})`).Draw(t, "ref"),
			Issued:  time.Unix(rapid.Int64Range(0, 1<<36).Draw(t, "issued"), 0).UTC(),
		}
		u, err := url.Parse(signer.Path("/newsletter/confirm", want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := signer.Read(want.Service, want.Purpose, u.Query().Get("t"))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzRead(f *testing.F) {
	signer := link.NewSigner(config.Keys{current})
	for _, seed := range []link.Token{{Service: "newsletter", Purpose: link.Confirm, Person: person, Ref: "N261123-ABCDEFGHI", Issued: issued},
		{Service: "newsletter", Purpose: link.Confirm}, {Service: "press", Purpose: link.Confirm, Person: "|", Issued: issued}} {
		f.Add(text(f, signer.Path("/", seed)))
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, sealed string) {
		got, err := signer.Read("newsletter", link.Confirm, sealed)
		if err == nil && text(t, signer.Path("/", got)) != sealed {
			t.Errorf("%q reads as %+v, which is sealed otherwise", sealed, got)
		}
		if err != nil && got != (link.Token{}) {
			t.Errorf("an error and a token %+v", got)
		}
	})
}
