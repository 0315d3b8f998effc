// Package link makes and reads the signed links in mail. A link names a record by the keyed hash of its address, never by
// the address; it shows a page on GET and acts on POST only, because mail scanners follow links (hard case 12).
package link

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/sign"
)

// Purpose is what a link may be used for; a link of one purpose is forged for every other.
type Purpose string

// The purposes of links.
const (
	Confirm      Purpose = "confirm"      // confirms a sign-up, or a change of address
	Unsubscribe  Purpose = "unsubscribe"  // ends a subscription, also by RFC 8058; works for ever
	Preferences  Purpose = "preferences"  // shows and changes the subscriber's own data
	Stay         Purpose = "stay"         // renews a subscription whose period ends
	Registration Purpose = "registration" // shows, changes and cancels the registration for an event; its calendar file
	Answer       Purpose = "answer"       // opens a questionnaire, for one answer; names its invitation (Ref), not the person
	Download     Purpose = "download"     // opens the downloads of the photo library
)

// Token is what a link says.
type Token struct {
	Service string    // code of the service
	Purpose Purpose   //
	Person  string    // keyed hash of the address
	Ref     string    // the submission or change that it belongs to, empty where it belongs to the record
	Issued  time.Time // to the second
}

// Signer signs links and reads them.
type Signer struct {
	keys config.Keys
}

// NewSigner returns a signer; the first key signs, all verify. Keys are kept for as long as an unsubscribe link must work.
func NewSigner(keys config.Keys) Signer { return Signer{keys} }

// ErrInvalid says that a link was not made by us, or is used for something else.
var ErrInvalid = errors.New("invalid link")

// maxLength bounds what is looked at; a link of ours has about 130 characters.
const maxLength = 400

// Path returns path with the signed token as its query.
func (s Signer) Path(path string, t Token) string {
	return path + "?t=" + url.QueryEscape(s.Token(t))
}

// Token returns a link's t alone, for pages that put it into several addresses. It needs no escaping.
func (s Signer) Token(t Token) string {
	payload := strings.Join([]string{t.Person, t.Ref, strconv.FormatInt(t.Issued.Unix(), 36)}, "|")
	return sign.Seal(s.keys, use(t.Service, t.Purpose), payload)
}

// Read returns the token of a link of that service and purpose, or ErrInvalid.
func (s Signer) Read(service string, purpose Purpose, text string) (Token, error) {
	if len(text) > maxLength {
		return Token{}, ErrInvalid
	}
	payload, err := sign.Open(s.keys, use(service, purpose), text)
	if err != nil {
		return Token{}, ErrInvalid
	}
	parts := strings.Split(payload, "|")
	if len(parts) != 3 {
		return Token{}, ErrInvalid
	}
	seconds, err := strconv.ParseInt(parts[2], 36, 64)
	if err != nil {
		return Token{}, ErrInvalid
	}
	return Token{Service: service, Purpose: purpose, Person: parts[0], Ref: parts[1], Issued: time.Unix(seconds, 0).UTC()}, nil
}

func use(service string, purpose Purpose) string { return "link/" + service + "/" + string(purpose) }
