package inquiries

import (
	"regexp"
	"strings"
	"sync"

	"madoguchi/shared/config"
	"madoguchi/shared/sign"
)

// tagUse keeps the tags of thread addresses apart from everything else that the link keys sign.
const tagUse = "inquiry/thread"

// Thread is the address at which the answer to a mail about a case comes in: inquiry+i261124-abcdefghi-TAG@forms.example.jp. It
// is signed, so that nobody adds to a case who has had no mail about it. "" where no mail is received, or where the
// local part would be longer than 64 characters.
func Thread(keys config.Keys, inbound, reference string) string {
	local, domain, found := strings.Cut(inbound, "@")
	if !found {
		return ""
	}
	local += "+" + strings.ToLower(reference) + "-" + sign.Tag(keys, tagUse, strings.ToUpper(reference))
	if len(local) > 64 {
		return ""
	}
	return local + "@" + domain
}

var referenceAndTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([A-Z]\d{6}-[A-Z2-7]{9})-([A-Z2-7]{16})$`) })

// ReadThread returns the reference that an address of ours names; false where the address is none of the inbound address's, or
// its tag was not made by us. An address that reached us in other letters than it was written in is the same.
func ReadThread(keys config.Keys, inbound, address string) (reference string, ok bool) {
	local, domain, _ := strings.Cut(strings.ToUpper(inbound), "@")
	token, isOurs := strings.CutSuffix(strings.ToUpper(address), "@"+domain)
	if !isOurs || domain == "" {
		return "", false
	}
	token, isOurs = strings.CutPrefix(token, local+"+")
	match := referenceAndTag().FindStringSubmatch(token)
	if !isOurs || match == nil || !sign.IsTag(keys, tagUse, match[1], match[2]) {
		return "", false
	}
	return match[1], true
}
