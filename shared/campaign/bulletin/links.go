package bulletin

import (
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// targets checks links and pictures, by what they are written as; nothing is fetched.
func (k *checker) targets(list []target) {
	texts := map[string]string{}
	for _, t := range list {
		t.text = strings.TrimSpace(t.text)
		if t.image {
			k.image(t)
			continue
		}
		k.link(t)
		if before, ok := texts[t.text]; ok && before != t.url && t.text != "" {
			k.warn("same_text", "body_markdown", fmt.Sprintf("同じ文字「%s」のリンクが、別々の宛先を指しています。", shown(t.text)),
				fmt.Sprintf("Links with the same text “%s” lead to different addresses.", shown(t.text)))
		}
		texts[t.text] = t.url
	}
}

// targetFields refuses merge fields within an address: only {{link}} as a whole is one, and was taken out before. Personal data
// never stand in addresses.
func (k *checker) targetFields(list []target) {
	for _, t := range list {
		if hasMark(t.written) {
			k.stop("field_in_address", "body_markdown", "リンク先や画像の URL には、差し込み項目を入れられません。",
				"The address of a link or picture cannot hold merge fields.")
		}
	}
}

func (k *checker) link(t target) {
	const field = "body_markdown"
	name := shown(t.written)
	if t.text == "" {
		k.warn("empty_text", field, fmt.Sprintf("リンク「%s」に文字がありません。", name), fmt.Sprintf("The link to “%s” has no text.", name))
	}
	u, err := url.Parse(t.url)
	switch {
	case err != nil || strings.ContainsFunc(t.url, func(r rune) bool { return r <= ' ' || unicode.IsControl(r) }):
		k.stop("malformed_link", field, fmt.Sprintf("リンク先「%s」の書き方が正しくありません。", name), fmt.Sprintf("The address “%s” is malformed.", name))
	case u.Scheme == "":
		k.stop("relative_link", field, fmt.Sprintf("リンク先「%s」を、https:// から始まる URL にしてください。", name),
			fmt.Sprintf("The address “%s” must begin with https://.", name))
	case u.Scheme == "mailto":
		if _, err := mail.ParseAddress(u.Opaque); err != nil {
			k.stop("malformed_link", field, fmt.Sprintf("リンク先「%s」の書き方が正しくありません。", name), fmt.Sprintf("The address “%s” is malformed.", name))
		}
	case u.Scheme != "https" && u.Scheme != "http":
		k.stop("link_scheme", field, fmt.Sprintf("リンク先「%s」は使えません。https:// か mailto: にしてください。", name),
			fmt.Sprintf("The address “%s” cannot be used: only https:// and mailto: can.", name))
	case u.Host == "" || u.User != nil:
		k.stop("malformed_link", field, fmt.Sprintf("リンク先「%s」の書き方が正しくありません。", name), fmt.Sprintf("The address “%s” is malformed.", name))
	default:
		if u.Scheme == "http" {
			k.warn("insecure_link", field, fmt.Sprintf("リンク先「%s」は暗号化されていません（http://）。", name),
				fmt.Sprintf("The address “%s” is not encrypted (http://).", name))
		}
		if isPrivate(u.Hostname()) {
			k.warn("private_host", field, fmt.Sprintf("リンク先「%s」は、外からは開けない場所のようです。", name),
				fmt.Sprintf("The address “%s” seems to be within a private network.", name))
		}
	}
}

func (k *checker) image(t target) {
	name := shown(t.written)
	u, err := url.Parse(t.url)
	if err != nil || u.User != nil || !slices.Contains(k.frame.Images, u.Scheme+"://"+u.Host) {
		k.stop("foreign_image", "body_markdown", fmt.Sprintf("画像「%s」は、この組織のサイトのものではないため使えません。", name),
			fmt.Sprintf("The picture “%s” is not from a website of the organisation.", name))
	}
	if t.text == "" {
		k.warn("missing_alt", "body_markdown", fmt.Sprintf("画像「%s」に、代わりの文（alt）がありません。", name),
			fmt.Sprintf("The picture “%s” has no alternative text.", name))
	}
}

// shown is what a message quotes: no mark, and not more than fits.
func shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if isMark(r) {
			return '…'
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

// isPrivate tells hosts that cannot be reached from elsewhere.
func isPrivate(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	if !strings.Contains(host, ".") {
		return true
	}
	for _, end := range []string{".localhost", ".local", ".internal", ".lan", ".intranet", ".home.arpa", ".test", ".invalid"} {
		if strings.HasSuffix(host, end) {
			return true
		}
	}
	return false
}
