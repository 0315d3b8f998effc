package bulletin_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// found lists findings as "field code", with "!" where one stops.
func found(findings []bulletin.Finding) []string {
	out := []string{}
	for _, f := range findings {
		mark := ""
		if f.Stops {
			mark = "!"
		}
		out = append(out, f.Field+" "+f.Code+mark)
	}
	return out
}

func TestCheck(t *testing.T) {
	body := func(s string) bulletin.Content { return bulletin.Content{Subject: "件名", BodyMarkdown: s} }
	press := frame(policy.PressRelease, policy.Japanese)
	event := frame(policy.EventInformation, policy.English)
	with := func(f bulletin.Frame, change func(*bulletin.Frame)) bulletin.Frame {
		change(&f)
		return f
	}
	tests := []struct {
		name    string
		content bulletin.Content
		frame   bulletin.Frame
		want    []string
	}{
		{"nothing to say", body("本文 {{name}}"), press, nil},
		{"empty", bulletin.Content{}, press, []string{"subject empty!", "body_markdown empty!"}},
		{"only spaces", bulletin.Content{Subject: "\u3000", BodyMarkdown: " \n\u200b"}, press, []string{"subject empty!", "body_markdown empty!"}},
		{"nothing to be seen", body("---"), press, []string{"body_markdown empty!"}},
		{"a row with more cells than the head", body("| a |\n|---|\n| 1 | 2 |"), press, []string{"body_markdown unseen!"}},
		{"words at the mark of code", body("```text\na\n```"), press, []string{"body_markdown unseen!"}},
		{"rows with fewer cells, and bars at the end", body("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | |"), press, nil},
		{"a picture alone", body("![会場](https://www.asean.or.jp/a.png)"), press, nil},
		{"an unknown field", bulletin.Content{Subject: "{{namae}}", BodyMarkdown: "{{お名前|x}} {{ event.title }}"}, press,
			[]string{"subject unknown_field!", "body_markdown unknown_field!", "body_markdown unknown_field!"}},
		{"a field of another list", body("{{prefecture}}"), press, []string{"body_markdown unknown_field!"}},
		{"a field that may miss", body("{{title}} {{title|Dr}} {{title|}}"), event, []string{"body_markdown may_be_empty"}},
		{"a personal link in a line", bulletin.Content{Subject: "{{link}}", BodyMarkdown: "x", Preheader: "{{link}}"}, event,
			[]string{"subject link_in_line!", "preheader link_in_line!"}},
		{"a personal link with other words", body("{{link|here}}"), event, []string{"body_markdown link_fallback!"}},
		{"a personal link where there is none", body("[x]({{link}})"), press, []string{"body_markdown unknown_field!"}},
		{"a field in an address", body("[x](https://a.example/{{name}}) ![y](https://www.asean.or.jp/{{name}})"), press,
			[]string{"body_markdown field_in_address!"}},
		{"a field in an address as it is", body("https://www.asean.or.jp/{{name}}"), press, nil},
		{"hard case 4: a line break in a subject", bulletin.Content{Subject: "a\nBcc: x@example.jp", BodyMarkdown: "x"}, press, []string{"subject characters!", "subject empty!"}},
		{"hard case 4: NUL, U+2028", bulletin.Content{Subject: "a", BodyMarkdown: "x\x00", Preheader: "a\u2028b", Text: "a\x1b"}, press,
			[]string{"preheader characters!", "body_markdown characters!", "text characters!", "body_markdown empty!"}},
		{"hard case 2: U+202E", body("a\u202eb"), press, []string{"body_markdown characters!", "body_markdown empty!"}},
		{"hard case 3: not UTF-8", body("a\xff"), press, []string{"body_markdown characters!", "body_markdown empty!"}},
		{"what stands for fields inside", body("a\U00100000b"), press, []string{"body_markdown characters!"}},
		{"60 full-width letters", bulletin.Content{Subject: strings.Repeat("あ", 60), BodyMarkdown: "x"}, press, nil},
		{"61 full-width letters", bulletin.Content{Subject: strings.Repeat("あ", 61), BodyMarkdown: "x"}, press, []string{"subject long_subject"}},
		{"120 half-width letters", bulletin.Content{Subject: strings.Repeat("a", 120), BodyMarkdown: "x"}, press, nil},
		{"literal braces", body("{{ ! }} と {{"), press, []string{"body_markdown literal_braces"}},
		{"escaped braces", body(`\{{name}}`), press, []string{"body_markdown literal_braces"}},
		{"HTML", body("<b>太字</b>"), press, []string{"body_markdown html"}},
		{"HTML in code", body("`<b>`"), press, nil},
		{"less than", body("a < b, 1 <2"), press, nil},
		{"asterisks", body("**太字"), press, []string{"body_markdown literal_asterisks"}},
		{"relative", body("[a](/events) [b](#x) [c](events.html) [d](//a.example/)"), press,
			[]string{"body_markdown relative_link!", "body_markdown relative_link!", "body_markdown relative_link!", "body_markdown relative_link!"}},
		{"schemes", body("[a](javascript:alert(1)) [b](data:text/html,x) [c](tel:0312345678) [d](ftp://a.example/)"), press,
			[]string{"body_markdown link_scheme!", "body_markdown link_scheme!", "body_markdown link_scheme!", "body_markdown link_scheme!"}},
		{"scheme in capitals and entities", body("[a](JaVaScRiPt:x) [b](java&#115;cript:x) <javascript:x>"), press,
			[]string{"body_markdown link_scheme!", "body_markdown link_scheme!", "body_markdown link_scheme!"}},
		{"pictures in disguise", body(`![a](https://www.asean.or.jp&#46;a.example/x.png) ![b](https://www.asean.or.jp\@a.example/x.png)`), press,
			slices.Repeat([]string{"body_markdown foreign_image!"}, 2)},
		{"not encrypted", body("[a](http://a.example/) http://b.example/"), press, []string{"body_markdown insecure_link", "body_markdown insecure_link"}},
		{"https and mail", body("[a](https://a.example/?x=1&y=2#z) [b](mailto:x@example.jp) <y@example.jp> [日本語](https://例え.jp/パス)"), press, nil},
		{"not a mail address", body("[b](mailto:) [c](mailto:x)"), press, []string{"body_markdown malformed_link!", "body_markdown malformed_link!"}},
		{"malformed", body("[a](https:///x) [b](https://user:secret@a.example/) [c](https://a.example:x/)"), press,
			[]string{"body_markdown malformed_link!", "body_markdown malformed_link!", "body_markdown malformed_link!"}},
		{"private hosts", body("[a](https://localhost/) [b](https://10.0.0.1/) [c](https://files/) [d](https://x.local) [e](https://192.168.1.1:8080/)"), press,
			[]string{"body_markdown private_host", "body_markdown private_host", "body_markdown private_host", "body_markdown private_host", "body_markdown private_host"}},
		{"the same text", body("[こちら](https://a.example/) [こちら](https://b.example/) [こちら](https://b.example/)"), press, []string{"body_markdown same_text"}},
		{"no text", body("x [](https://a.example/)"), press, []string{"body_markdown empty_text"}},
		{"pictures of others", body("![a](https://a.example/x.png) ![b](http://www.asean.or.jp/x.png) ![c](/x.png) ![d](data:image/png;base64,AA) ![e](https://www.asean.or.jp.a.example/x.png)"), press,
			slices.Repeat([]string{"body_markdown foreign_image!"}, 5)},
		{"a picture without words", body("![](https://www.asean.or.jp/x.png)"), press, []string{"body_markdown missing_alt"}},
		{"R22: an embargo is for the press", body("x"), with(frame(policy.NewsletterIssue, policy.Japanese), func(f *bulletin.Frame) { f.Embargo = time.Unix(1, 0) }),
			[]string{"embargo_until embargo!"}},
		{"no title of the event", body("x"), with(event, func(f *bulletin.Frame) { f.Event = " " }), []string{"event event!"}},
		{"R15: the newsletter is Japanese", body("x"), frame(policy.NewsletterIssue, policy.English), []string{"language language!"}},
		{"R57: not a campaign", body("x"), frame(policy.NewsletterWelcome, policy.Japanese), []string{"kind not_a_campaign!"}},
		{"R36: photo users get no campaign", body("x"), frame(policy.PhotosAccess, policy.Japanese), []string{"kind not_a_campaign!"}},
		{"a correction with a control character", body("x"), with(press, func(f *bulletin.Frame) { f.Correction = "a\x07" }), []string{"correction characters!"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := bulletin.Check(test.content, test.frame)
			if test.want == nil {
				test.want = []string{}
			}
			if diff := cmp.Diff(test.want, found(findings)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			stops := slices.ContainsFunc(findings, func(f bulletin.Finding) bool { return f.Stops })
			b, err := bulletin.Compile(test.content, test.frame)
			var refused *bulletin.Refused
			if stops != errors.As(err, &refused) || stops == (b != nil) {
				t.Errorf("Compile: %v, while a finding stops: %t", err, stops)
			}
			for _, f := range findings {
				if f.Message.JA == "" || f.Message.EN == "" {
					t.Errorf("%s says nothing in a language", f.Code)
				}
			}
		})
	}
}

// The message about an unknown field names it and those that may stand there.
func TestUnknownFieldIsNamed(t *testing.T) {
	got := bulletin.Check(bulletin.Content{Subject: "件名", BodyMarkdown: "{{namae|皆}}"}, frame(policy.MediaInvitation, policy.Japanese))
	want := []bulletin.Finding{{Code: "unknown_field", Field: "body_markdown", Stops: true, Message: policy.Text{
		JA: "「{{namae}}」という差し込み項目はありません。使えるのは {{organization}}、{{name}}、{{email}} です。",
		EN: "There is no merge field {{namae}}. You can use {{organization}}, {{name}}, {{email}}."}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// R7: the merge fields of a kind are the fields of the service whose records cause it, and no others.
func TestFields(t *testing.T) {
	for kind, want := range map[policy.MailKind]string{
		policy.NewsletterIssue:     "email name prefecture organization business_category",
		policy.PressRelease:        "organization name email",
		policy.MediaInvitation:     "organization name email",
		policy.EventInformation:    "name email phone? organization? title? link",
		policy.QuestionnaireInvite: "name email phone? organization? title? link",
		policy.NewsletterConfirm:   "",
		policy.LegalNotice:         "",
		"nothing":                  "",
	} {
		var got []string
		for _, f := range bulletin.Fields(kind) {
			name := f.Name
			if f.MayMiss {
				name += "?"
			}
			got = append(got, name)
			if f.Label.JA == "" || f.IsLink != (f.Name == "link") {
				t.Errorf("%s: field %+v", kind, f)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

// Gmail shows no more than 102,400 bytes of HTML; what counts is the mail with the longest values.
func TestSize(t *testing.T) {
	f := frame(policy.NewsletterIssue, policy.Japanese)
	line := strings.Repeat("あ", 100) + "\n\n"
	for _, test := range []struct {
		lines  int
		fields int
		want   []string
	}{
		{100, 0, []string{}}, {100, 100, []string{}}, {255, 0, []string{"body_markdown large"}}, {255, 40, []string{"body_markdown too_large!"}},
		{300, 0, []string{"body_markdown too_large!"}},
	} {
		c := bulletin.Content{Subject: "x", BodyMarkdown: strings.Repeat(line, test.lines) + strings.Repeat("{{name}}", test.fields)}
		if diff := cmp.Diff(test.want, found(bulletin.Check(c, f))); diff != "" {
			t.Errorf("%d lines, %d fields: %s", test.lines, test.fields, diff)
		}
	}
	b, err := bulletin.Compile(bulletin.Content{Subject: "x", BodyMarkdown: "{{name}} {{organization|皆さま}}"}, f)
	if err != nil {
		t.Fatal(err)
	}
	r := hanako()
	r.Values["name"], r.Values["organization"] = strings.Repeat("&", 100), strings.Repeat("𠮷", 100)
	r.Unsubscribe += strings.Repeat("x", 800)
	_, page, _, err := b.Render(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) > b.Size {
		t.Errorf("a mail of %d bytes, and the largest was said to have %d", len(page), b.Size)
	}
}

// A content of nothing but mistakes is answered quickly and briefly, and still refused.
func TestManyFindings(t *testing.T) {
	var b strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&b, "{{x%d}}", i)
	}
	press := frame(policy.PressRelease, policy.Japanese)
	if got := bulletin.Check(bulletin.Content{Subject: "x", BodyMarkdown: b.String()}, press); len(got) != 100 {
		t.Errorf("%d findings", len(got))
	}
	warnings := strings.Repeat("[a](http://a.example/1) ", 2)
	for i := range 150 {
		warnings += fmt.Sprintf("[%d](http://a.example/%d) ", i, i)
	}
	if _, err := bulletin.Compile(bulletin.Content{Subject: "x", BodyMarkdown: warnings + "[z](/relative)"}, press); err == nil {
		t.Error("what stops behind a hundred warnings does not stop")
	}
	if got := found(bulletin.Check(bulletin.Content{Subject: "x", BodyMarkdown: strings.Repeat("あ", 60_000)}, press)); !slices.Contains(got, "body_markdown too_long!") {
		t.Errorf("a body of 180 kB: %v", got)
	}
}

// Where several things are wrong the error names them all, and nothing of the content.
func TestRefused(t *testing.T) {
	_, err := bulletin.Compile(bulletin.Content{Subject: "", BodyMarkdown: "{{secret}}"}, frame(policy.PressRelease, policy.Japanese))
	if diff := cmp.Diff("the content cannot be sent: body_markdown: unknown_field, subject: empty", fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}
