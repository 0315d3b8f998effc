// Package sign makes small signed texts that travel through a browser or a mail: form tokens and links. They are
// readable by whoever holds them and hold nothing personal.
package sign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"strings"

	"madoguchi/shared/config"
)

// macSize is the length of the authentication code in bytes: HMAC-SHA-256 cut to 128 bits (RFC 2104, section 5), so that
// links stay short enough for mail.
const macSize = 16

// encoding refuses what decodes to the same bytes in another spelling: one token has one text. Line breaks, which it
// skips all the same, are refused in Open.
var encoding = base64.RawURLEncoding.Strict()

// ErrForged says that a text was not signed by any of our keys for this use, or was cut or changed.
var ErrForged = errors.New("not signed by us")

// Seal signs a payload for one use with the first key. The result is URL-safe.
func Seal(keys config.Keys, use, payload string) string {
	return encoding.EncodeToString(append([]byte(payload), mac(keys[0], use, payload)...))
}

// Open returns the payload of a text that any of the keys signed for this use, or ErrForged.
func Open(keys config.Keys, use, text string) (string, error) {
	if strings.ContainsAny(text, "\r\n") {
		return "", ErrForged
	}
	sealed, err := encoding.DecodeString(text)
	if err != nil || len(sealed) < macSize {
		return "", ErrForged
	}
	payload, got := string(sealed[:len(sealed)-macSize]), sealed[len(sealed)-macSize:]
	for _, key := range keys {
		if hmac.Equal(got, mac(key, use, payload)) {
			return payload, nil
		}
	}
	return "", ErrForged
}

func mac(key config.Key, use, payload string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(use + "\x00" + payload))
	return h.Sum(nil)[:macSize]
}

// tagSize is the length in bytes of a tag: 80 bits, 16 letters. A forged one cannot be tried out but by sending a mail for
// each guess.
const tagSize = 10

// tagEncoding has no case: the local part of an address may reach us in capital or in small letters.
var tagEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Tag signs a payload that stands beside it, in an address, for one use with the first key: 16 small letters and digits.
func Tag(keys config.Keys, use, payload string) string {
	return strings.ToLower(tagEncoding.EncodeToString(mac(keys[0], use, payload)[:tagSize]))
}

// IsTag tells whether any of the keys made that tag of the payload for this use, in letters of either case.
func IsTag(keys config.Keys, use, payload, tag string) bool {
	got, err := tagEncoding.DecodeString(strings.ToUpper(tag))
	if err != nil || len(got) != tagSize {
		return false
	}
	for _, key := range keys {
		if hmac.Equal(got, mac(key, use, payload)[:tagSize]) {
			return true
		}
	}
	return false
}
