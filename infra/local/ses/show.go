package ses

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// showable is a mail's HTML for the inbox frame: links open in a new tab without an opener, and pictures of the mail itself
// (cid:) come from its attachments. Everything else stays byte for byte.
func showable(m Mail) []byte {
	var b bytes.Buffer
	z := html.NewTokenizer(strings.NewReader(m.HTML))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			// The tokenizer reads from a string, so the only error is its end.
			return b.Bytes()
		}
		raw := bytes.Clone(z.Raw())
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.Write(raw)
			continue
		}
		t := z.Token()
		switch t.Data {
		case "a", "area":
			setAttribute(&t, "target", "_blank")
			setAttribute(&t, "rel", "noopener noreferrer")
		case "img":
			useAttachment(&t, m)
		default:
			b.Write(raw)
			continue
		}
		b.WriteString(t.String())
	}
}

func setAttribute(t *html.Token, key, value string) {
	for i := range t.Attr {
		if t.Attr[i].Key == key {
			t.Attr[i].Val = value
			return
		}
	}
	t.Attr = append(t.Attr, html.Attribute{Key: key, Val: value})
}

func useAttachment(t *html.Token, m Mail) {
	for i, a := range t.Attr {
		id, ok := strings.CutPrefix(a.Val, "cid:")
		if a.Key != "src" || !ok {
			continue
		}
		for n, file := range m.Attachments {
			if file.contentID == id {
				t.Attr[i].Val = fmt.Sprintf("/_local/mail/%s/attachments/%d", m.ID, n)
			}
		}
	}
}
