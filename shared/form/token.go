package form

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/sign"
)

const (
	// tokenLife is how long a form may stay open before it must be sent once more (contract: 24 hours).
	tokenLife = 24 * time.Hour
	// clockSkew is how far a token may be ahead of this machine's clock; further is from the future, and forged.
	clockSkew = time.Minute
	// maxTokenLength bounds what is looked at; a token of ours has about 120 characters.
	maxTokenLength = 400
)

// Token is what a form's hidden form_token says. It is signed, holds nothing personal and needs no cookie.
type Token struct {
	Form     string // id of the form: "newsletter", "events/seminar-1"
	Version  int    // version of the form that the person saw
	Language policy.Language
	Issued   time.Time // to the millisecond
	Nonce    string    // makes the token unique: a token is spent once
}

var (
	errForged  = errors.New("form token forged or of another form")
	errExpired = errors.New("form token expired")
)

// newToken issues a token.
func newToken(form string, version int, language policy.Language, now time.Time) Token {
	return Token{form, version, language, now.Truncate(time.Millisecond), rand.Text()}
}

func (t Token) seal(keys config.Keys) string {
	return sign.Seal(keys, "form", strings.Join([]string{t.Form, strconv.Itoa(t.Version), string(t.Language),
		strconv.FormatInt(t.Issued.UnixMilli(), 36), t.Nonce}, "|"))
}

// readToken returns the token of one form. errForged: not ours, changed, of another form, from the future. errExpired:
// older than a day, or of another version of the form; the token is returned all the same, because what it was spent for
// may still be known.
func readToken(keys config.Keys, form string, version int, sealed string, now time.Time) (Token, error) {
	if len(sealed) > maxTokenLength {
		return Token{}, errForged
	}
	payload, err := sign.Open(keys, "form", sealed)
	if err != nil {
		return Token{}, errForged
	}
	parts := strings.Split(payload, "|")
	if len(parts) != 5 || parts[0] != form {
		return Token{}, errForged
	}
	seen, err := strconv.Atoi(parts[1])
	if err != nil {
		return Token{}, errForged
	}
	millis, err := strconv.ParseInt(parts[3], 36, 64)
	if err != nil {
		return Token{}, errForged
	}
	t := Token{parts[0], seen, policy.Language(parts[2]), time.UnixMilli(millis).UTC(), parts[4]}
	switch {
	case t.Issued.After(now.Add(clockSkew)):
		return Token{}, errForged
	case now.Sub(t.Issued) > tokenLife, seen != version:
		return t, errExpired
	}
	return t, nil
}
