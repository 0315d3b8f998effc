// Package address holds e-mail addresses as people type them and as mail systems need them.
//
// It accepts what Japanese carriers issued against RFC 5321 (a..b@docomo.ne.jp, a.@ezweb.ne.jp) and internationalised
// domains, and refuses everything that is not one bare address (hard case 8). net/mail does neither.
package address

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"madoguchi/shared/text"
)

// What can be wrong with a typed address, besides the problems of any text (text.Empty, text.ControlCharacter,
// text.InvisibleCharacter, text.LengthExceeded ...).
const (
	NoAt          text.Problem = "no_at"           // no @ in it
	SeveralAt     text.Problem = "several_at"      // more than one @ outside quotes
	DisplayName   text.Problem = "display_name"    // "Bob <a@example.jp>": the address alone is wanted
	Comment       text.Problem = "comment"         // "a@example.jp (Bob)"
	Several       text.Problem = "several"         // a list of addresses
	Space         text.Problem = "space"           // white space inside
	LocalEmpty    text.Problem = "local_empty"     // nothing before the @
	LocalNotASCII text.Problem = "local_not_ascii" // 日本@example.jp: SES delivers to ASCII local parts only
	LocalBad      text.Problem = "local_bad"       // a character before the @ that addresses do not have
	LocalTooLong  text.Problem = "local_too_long"  // more than 64 characters before the @
	DomainNoDot   text.Problem = "domain_no_dot"   // user@localhost, user@
	DomainIP      text.Problem = "domain_ip"       // user@[192.0.2.1], user@192.0.2.1
	DomainBad     text.Problem = "domain_bad"      // a domain that cannot exist
)

// Limits of RFC 5321 (4.5.3.1) and of its erratum 1690, in octets of the ASCII form.
const (
	maxAddress = 254
	maxLocal   = 64
)

// Address is one e-mail address that Parse accepted. The zero Address is none. Addresses are compared by Normal or Key,
// never with ==, because Display keeps what was typed.
type Address struct {
	local  string // without quotes, ASCII, in the case that was typed
	domain string // lower case, ASCII (Punycode)
	shown  string // the domain as it is shown
}

// IsZero tells whether a is no address.
func (a Address) IsZero() bool { return a.local == "" }

// Display returns the address as it was typed, cleaned: full width folded, without needless quotes, the domain in
// Unicode. It is what is stored and shown, and Parse of it gives the same address.
func (a Address) Display() string {
	if a.IsZero() {
		return ""
	}
	if !isPlain(a.local) {
		return quote(a.local) + "@" + a.shown
	}
	return a.local + "@" + a.shown
}

// ASCII returns the address as mail systems take it (RFC 5321 Mailbox, RFC 5322 addr-spec): the domain in Punycode, the
// local part quoted where its dots need it ("a..b"@docomo.ne.jp). At most 254 octets of printable ASCII.
func (a Address) ASCII() string {
	if a.IsZero() {
		return ""
	}
	return wireLocal(a.local) + "@" + a.domain
}

// Normal returns the form that tells whether two addresses are one: lower case, Punycode, without quotes. Only for
// keys: the local part may be case sensitive, so mail goes to ASCII.
func (a Address) Normal() string {
	if a.IsZero() {
		return ""
	}
	return strings.ToLower(a.local) + "@" + a.domain
}

// Domain returns the domain in lower case and Punycode.
func (a Address) Domain() string { return a.domain }

// Key returns the name under which records of this address are found: HMAC-SHA-256 of Normal, the first 128 bits as 32
// hexadecimal digits. Addresses never appear in keys, logs or metrics themselves. The secret is one of its own, backed up
// and never rotated: a suppression outlives the address, so nothing could be hashed anew (design, "Data"). Without a
// secret, or for no address, it panics: such a key would be one that anybody can compute, or that all share.
func (a Address) Key(secret []byte) string {
	if len(secret) == 0 || a.IsZero() {
		panic("address: key without a secret or an address")
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(a.Normal()))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// String keeps an address that is logged or printed by mistake out of the log: it returns no part of it.
func (a Address) String() string { return "[address]" }

// GoString is String for %#v.
func (a Address) GoString() string { return a.String() }
