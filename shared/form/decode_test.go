package form

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/web"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

func request(contentType string, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/newsletter", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDecodeRefuses(t *testing.T) { // hard cases 3 and 5; contract: "Bad input"
	sjis := "\x8e\x52\x93\x63" // 山田 in Shift_JIS
	multipart := "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
	for name, c := range map[string]struct {
		contentType, encoding, body string
		want                        web.Kind
	}{
		"Shift_JIS declared":          {formType + "; charset=Shift_JIS", "", "name=%8eR%93c", web.BadRequest},
		"Shift_JIS escaped":           {formType, "", "name=%8eR%93c", web.BadRequest},
		"Shift_JIS raw":               {formType, "", "name=" + sjis, web.BadRequest},
		"Shift_JIS in a name":         {formType, "", "%8eR=1", web.BadRequest},
		"Shift_JIS JSON":              {jsonType, "", `{"name":"` + sjis + `"}`, web.BadRequest},
		"declared UTF-8 and is not":   {formType + "; charset=utf-8", "", "name=%ff", web.BadRequest},
		"second value is not UTF-8":   {formType, "", "name=a&name=%ff", web.BadRequest},
		"overlong UTF-8":              {formType, "", "name=%c0%af", web.BadRequest},
		"surrogate in UTF-8":          {formType, "", "name=%ed%a0%80", web.BadRequest},
		"ISO-2022-JP declared":        {jsonType + "; charset=iso-2022-jp", "", `{}`, web.BadRequest},
		"UTF-16 JSON":                 {jsonType + "; charset=utf-16", "", "\xff\xfe{\x00}\x00", web.BadRequest},
		"1 MB":                        {formType, "", "name=" + strings.Repeat("a", 1_000_000), web.TooLarge},
		"1 MB of JSON":                {jsonType, "", `{"name":"` + strings.Repeat("a", 1_000_000) + `"}`, web.TooLarge},
		"a byte over 100 kB":          {formType, "", "name=" + strings.Repeat("a", maxBody-4), web.TooLarge},
		"1 MB of a format unknown":    {"text/plain", "", strings.Repeat("a", 1_000_000), web.TooLarge},
		"10,000 parameters":           {formType, "", strings.Repeat("a=1&", 10_000), web.BadRequest},
		"201 parameters":              {formType, "", strings.Repeat("a=&", 200) + "a=", web.BadRequest},
		"201 members":                 {jsonType, "", members(201), web.BadRequest},
		"a member twice":              {jsonType, "", `{"name":"a","name":"b"}`, web.BadRequest},
		"a member twice, escaped":     {jsonType, "", `{"name":"a","n\u0061me":2}`, web.BadRequest},
		"a member twice, below":       {jsonType, "", `{"name":{"a":1,"a":1}}`, web.BadRequest},
		"the token twice":             {jsonType, "", `{"form_token":"a","form_token":"b"}`, web.BadRequest},
		"multipart":                   {"multipart/form-data; boundary=b", "", multipart, web.UnsupportedMedia},
		"multipart without boundary":  {"multipart/form-data", "", multipart, web.UnsupportedMedia},
		"gzip":                        {formType, "gzip", gzipped(t, "name=a"), web.UnsupportedMedia},
		"gzip bomb":                   {formType, "gzip", gzipped(t, strings.Repeat("a", 50_000_000)), web.UnsupportedMedia},
		"gzip without saying so":      {formType, "", gzipped(t, "name=a"), web.BadRequest},
		"text":                        {"text/plain", "", "name=a", web.UnsupportedMedia},
		"XML":                         {"application/xml", "", "<a/>", web.UnsupportedMedia},
		"problem details":             {"application/problem+json", "", "{}", web.UnsupportedMedia},
		"no type":                     {"", "", "name=a", web.UnsupportedMedia},
		"no type, no body":            {"", "", "", web.UnsupportedMedia},
		"malformed type":              {"application/json; charset", "", "{}", web.UnsupportedMedia},
		"charset twice":               {jsonType + "; charset=utf-8; charset=sjis", "", "{}", web.UnsupportedMedia},
		"malformed percent":           {formType, "", "name=%zz", web.BadRequest},
		"percent at the end":          {formType, "", "name=%e3%81%", web.BadRequest},
		"semicolons":                  {formType, "", "a=1;b=2", web.BadRequest},
		"no JSON":                     {jsonType, "", "name=a", web.BadRequest},
		"empty JSON":                  {jsonType, "", "", web.BadRequest},
		"JSON null":                   {jsonType, "", "null", web.BadRequest},
		"JSON array":                  {jsonType, "", `[{"name":"a"}]`, web.BadRequest},
		"JSON text":                   {jsonType, "", `"name"`, web.BadRequest},
		"JSON and more":               {jsonType, "", `{"name":"a"}{"name":"b"}`, web.BadRequest},
		"JSON cut off":                {jsonType, "", `{"name":"a"`, web.BadRequest},
		"JSON with a byte order mark": {jsonType, "", "\ufeff{}", web.BadRequest},
		"JSON with NUL in a text":     {jsonType, "", "{\"name\":\"a\x00\"}", web.BadRequest},
		"JSON nested deeply":          {jsonType, "", `{"name":` + strings.Repeat("[", 40_000) + strings.Repeat("]", 40_000) + "}", web.BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(c.contentType, c.body)
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			for _, length := range []int64{int64(len(c.body)), -1} { // told, and chunked
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(c.body)), length
				post, err := Decode(r)
				var shown *web.Error
				if !errors.As(err, &shown) || shown.Kind != c.want {
					t.Errorf("got %+v, %v; want %s", post, err, c.want)
				}
			}
		})
	}
}

// members is a JSON object with n members.
func members(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(`"m%d":"x"`, i)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestDecodeAccepts(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body string
		want              Post
	}{
		"a form": {formType, "name=%F0%A0%AE%B7%E9%87%8E%E5%AE%B6&email=a%2Bb%40example.jp&empty=",
			Post{Values: map[string]string{"name": "𠮷野家", "email": "a+b@example.jp", "empty": ""}}},
		"charset in capitals": {formType + `; charset="UTF-8"`, "name=%E9%AB%99+%EF%A8%91",
			Post{Values: map[string]string{"name": "髙 﨑"}}},
		"nothing":                {formType, "", Post{Values: map[string]string{}}},
		"NUL is judged later":    {formType, "name=a%00b", Post{Values: map[string]string{"name": "a\x00b"}}},
		"U+FFFD is judged later": {formType, "name=a%EF%BF%BD", Post{Values: map[string]string{"name": "a\ufffd"}}},
		"repeated":               {formType, "name=a&name=b", Post{Values: map[string]string{"name": "a"}, Repeated: map[string][]string{"name": {"a", "b"}}}},
		"200 parameters": {formType, strings.Repeat("a=&", 199) + "a=",
			Post{Values: map[string]string{"a": ""}, Repeated: map[string][]string{"a": slices.Repeat([]string{""}, 200)}}},
		"100 kB exactly": {formType, "a=" + strings.Repeat("b", maxBody-2), Post{Values: map[string]string{"a": strings.Repeat("b", maxBody-2)}}},
		"JSON":           {jsonType + "; charset=utf-8", `{"name":"葛\udb40\udd00","n":""}`, Post{JSON: true, Values: map[string]string{"name": "葛󠄀", "n": ""}}},
		"JSON that is no text": {jsonType, `{"a":1,"b":null,"c":{"d":"e"},"f":["g"],"h":true, "i": -0.5e999 }`,
			Post{JSON: true, Values: map[string]string{"a": "", "b": "", "c": "", "f": "", "h": "", "i": ""},
				NoText: map[string]string{"a": "1", "b": "null", "c": `{"d":"e"}`, "f": `["g"]`, "h": "true", "i": "-0.5e999"}}},
		"JSON lone surrogate": {jsonType, `{"name":"a\ud800b"}`, Post{JSON: true, Values: map[string]string{"name": "a\ufffdb"}}},
		"JSON empty":          {jsonType, ` {} `, Post{JSON: true, Values: map[string]string{}}},
		"200 members":         {jsonType, members(200), Post{JSON: true, Values: manyValues(200)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(request(c.contentType, c.body))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Repeated) == 0 {
				got.Repeated = nil
			}
			if len(got.NoText) == 0 {
				got.NoText = nil
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func manyValues(n int) map[string]string {
	m := make(map[string]string, n)
	for i := range n {
		m[fmt.Sprintf("m%d", i)] = "x"
	}
	return m
}

type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) {
	return 0, errors.New("connection reset by taro@example.jp")
}

func TestDecodeOfABrokenConnection(t *testing.T) {
	r := request(formType, "")
	r.Body, r.ContentLength = io.NopCloser(brokenBody{}), -1
	_, err := Decode(r)
	var shown *web.Error
	if !errors.As(err, &shown) || shown.Kind != web.BadRequest || strings.Contains(shown.Message.JA+shown.Message.EN, "taro") {
		t.Errorf("got %v", err)
	}
}

// FuzzDecode holds that a body is refused with a status of the contract or read as valid UTF-8 within the limits.
func FuzzDecode(f *testing.F) {
	for _, seed := range []struct{ contentType, body string }{
		{formType, "name=%E5%B1%B1&email=a%40b.jp&action=submit"}, {formType, "name=%8eR"}, {formType, "&&=&%00=%"}, {formType, "a=1;b=2"},
		{jsonType, `{"name":"a\ud800","b":[1,{"c":null}],"name":"b"}`}, {jsonType, `{"":""}`}, {jsonType, "null"}, {jsonType, `{"\u0061":"x","a":1}`},
		{jsonType + ";charset=UTF-8", `{"form_token":"x"}`}, {"multipart/form-data; boundary=b", "--b"}, {"", ""}, {"a/b;c", "\xff"},
	} {
		f.Add(seed.contentType, seed.body)
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest(http.MethodPost, "/newsletter", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		post, err := Decode(r)
		if err != nil {
			var shown *web.Error
			if !errors.As(err, &shown) {
				t.Fatalf("an error without a kind: %v", err)
			}
			switch shown.Kind {
			case web.BadRequest, web.TooLarge, web.UnsupportedMedia:
			default:
				t.Errorf("kind %s", shown.Kind)
			}
			if len(post.Values) > 0 {
				t.Errorf("refused, and still %v", post.Values)
			}
			return
		}
		if len(body) > maxBody || len(post.Values) > maxParameters {
			t.Errorf("accepted: %d bytes, %d values", len(body), len(post.Values))
		}
		for name, value := range post.Values {
			if !utf8.ValidString(name) || !utf8.ValidString(value) {
				t.Errorf("not UTF-8: %q=%q", name, value)
			}
		}
		for name := range post.Repeated {
			if _, ok := post.Values[name]; !ok {
				t.Errorf("%q is repeated and absent", name)
			}
		}
	})
}
