package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/journey"
	faulty "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/record"
)

// TestJourney is the whole product from the visitor's side, and what only the office sees of it (R42-R44).
func TestJourney(t *testing.T) {
	p := begin(t)
	t.Run("before anything is loaded", p.nothing)
	t.Run("loading", p.loading)
	t.Run("request", p.request)
	t.Run("spellings (hard case 7)", p.spellings)
	t.Run("overseas", p.overseas)
	t.Run("names (hard case 1)", p.names)
	t.Run("addresses (hard case 8)", p.addresses)
	t.Run("refused (hard cases 2 to 5, 10)", p.refused)
	t.Run("fifty equal posts (hard case 9)", p.fifty)
	t.Run("a correction (hard case 9)", p.correction)
	t.Run("stock", p.shortages)
	t.Run("expired and still there (hard case 24)", p.expired)
	t.Run("sixty for twenty", p.rush)
	t.Run("postal codes for programs", p.postalCodes)
	t.Run("cover", p.cover)
	t.Run("log (hard case 33)", p.quiet)
}

// nothing: without publications the form says so and takes nothing.
func (p *product) nothing(t *testing.T) {
	v := journey.NewVisitor(p.target())
	if page := v.Get(t, "/publications"); page.Status != http.StatusOK || page.Action != "" || !strings.Contains(page.Text, "ただいまご請求いただける資料はありません") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	if status, answer := v.JSON(t, "/publications", nil); status != http.StatusConflict {
		t.Errorf("%d %v", status, answer)
	}
}

// loading: content with errors is refused with place and reason, and nothing of it is kept.
func (p *product) loading(t *testing.T) {
	for _, c := range []struct{ name, content, place string }{
		{"a limit of 0", `{"publications":[{"id":"a","title":{"ja":"A"},"language":"ja","stock":1,"limit":1},{"id":"b","title":{"ja":"B"},"language":"ja","stock":1,"limit":0}]}`, "publications[1].limit"},
		{"a member that is none", `{"publications":[{"id":"a","title":{"ja":"A"},"language":"ja","stock":1,"limit":1,"price":5}]}`, "publications"},
		{"no list", `{"publications":{"id":"a"}}`, "publications"},
		{"no title", `{"publications":[{"id":"a","title":{"en":"A"},"language":"ja","stock":1,"limit":1}]}`, "publications[0].title.ja"},
	} {
		if status, body := p.load(t, c.content); status != http.StatusUnprocessableEntity || !strings.Contains(body, `"place":"`+c.place+`"`) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	if n := len(p.all(t, "CATALOGUE_TABLE")); n != 0 {
		t.Fatalf("%d items of refused content are kept", n)
	}
	if status, body := p.load(t, catalogue); status != http.StatusCreated || body != "{\"publications\":5}\n" {
		t.Fatalf("%d %s", status, body)
	}
}

// request: the form, the check page, the thanks with the receipt, the mail, the record.
func (p *product) request(t *testing.T) {
	v := journey.NewVisitor(p.target())
	page := v.Get(t, "/publications")
	for _, wanted := range []string{"ASEANの地図", "日本語・英語、1ページ。1回に5部まで。在庫：残り20部", "𠮷野と髙﨑のASEAN入門", "タイ語。", "ただいま在庫がない資料：「統計集2025」",
		"配送会社には、お届けに必要な宛名・住所・電話番号だけを"} {
		if !strings.Contains(page.Text, wanted) {
			t.Errorf("the form does not say %q", wanted)
		}
	}
	if _, offered := page.Fields["quantity.empty"]; offered || strings.Contains(page.Text, "統計集2020") {
		t.Error("the form offers what is not given out")
	}
	typed := hanako("hanako@example.jp", "quantity.map", "２", "quantity.guide", "1")
	check := v.Send(t, page, "check", typed)
	if check.Status != http.StatusOK || !strings.Contains(check.Text, "ASEANの地図 2部 𠮷野と髙﨑のASEAN入門 1部") || strings.Contains(check.Text, "タイ語") {
		t.Fatalf("check: %d %s", check.Status, check.Text)
	}
	if n := len(p.requests(t)); n != 0 || p.stock(t, "map") != [2]int{20, 0} {
		t.Errorf("the check page has stored %d requests", n)
	}
	sent := v.Send(t, check, "submit", nil)
	_, ref, _ := strings.Cut(sent.Header.Get("Location"), "ref=")
	if sent.Status != http.StatusSeeOther || !strings.HasPrefix(ref, "M") {
		t.Fatalf("submit: %d %s", sent.Status, sent.Text)
	}
	done := v.Get(t, sent.Header.Get("Location"))
	if done.Status != http.StatusOK || !strings.Contains(done.Text, ref) || !strings.Contains(done.Text, "お預かりした個人情報について") || strings.Contains(done.Text, "髙﨑") {
		t.Errorf("done: %d %s", done.Status, done.Text)
	}
	item := p.requests(t)[ref]
	want := map[string]any{"name": "𠮷野家 髙﨑", "postal_code": "105-0004", "prefecture": "13", "address": "千代田区丸の内1-2-3", "building": "例示ビル45階",
		"phone": "03-1234-5678", "email": "hanako@example.jp", "organization": "例示株式会社"}
	if diff := cmp.Diff(want, item["fields"]); diff != "" || item["state"] != "received" {
		t.Errorf("stored: %s %s", item["state"], diff)
	}
	if p.stock(t, "map") != [2]int{18, 2} || p.stock(t, "guide") != [2]int{2, 1} {
		t.Errorf("stock: %v, %v", p.stock(t, "map"), p.stock(t, "guide"))
	}
	mail := v.Target.Wait(t, "hanako@example.jp", "publications_received", 1)
	for _, wanted := range []string{ref, "ASEANの地図（2部）、𠮷野と髙﨑のASEAN入門（1部）", "お預かりした個人情報について"} {
		if !strings.Contains(mail.Text, wanted) || !strings.Contains(journey.Readable(mail.HTML), wanted) {
			t.Errorf("the mail does not say %q: %s", wanted, mail.Text)
		}
	}
	// The mailbox is not proven: nothing that was typed is in the mail (contract, "Mail").
	for _, typed := range []string{"𠮷野家 髙﨑", "丸の内1-2-3", "例示ビル45階", "例示株式会社", "1234-5678"} {
		if strings.Contains(mail.Text+mail.Subject+mail.HTML, typed) {
			t.Errorf("the mail says %q", typed)
		}
	}
	// Staff find it by its state and the person by the keyed hash.
	for index, value := range map[string]any{"state": "received", "person": item["person"]} {
		out, err := p.DynamoDB().Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String(p.environment(t, "PUBLICATIONS_TABLE")), IndexName: aws.String(index),
			KeyConditionExpression: aws.String("#k = :v"), ExpressionAttributeNames: map[string]string{"#k": index},
			ExpressionAttributeValues: record.Item{":v": record.Key(fmt.Sprint(value), "")["pk"]}})
		if err != nil || len(out.Items) != 1 {
			t.Errorf("index %s: %v", index, err)
		}
	}
}

// spellings: codes and numbers in every spelling are stored in one; what is none is told.
func (p *product) spellings(t *testing.T) {
	v := journey.NewVisitor(p.target())
	for i, c := range []struct{ field, typed, stored, code string }{
		{"postal_code", "105‐0004", "105-0004", ""}, {"postal_code", "〒105ー0004", "105-0004", ""}, {"postal_code", "1050004", "105-0004", ""},
		{"postal_code", "105-00040", "", "postal_code_length"}, {"postal_code", "SW1A 1AA", "", "postal_code_character"},
		{"phone", "+81(0)3-1234-5678", "03-1234-5678", ""}, {"phone", "03-1234-5678 内線12", "03-1234-5678 内線12", ""}, {"phone", "1234-5678", "", "phone_prefix"},
		{"prefecture", "48", "", "not_in_list"}, {"prefecture", "1", "", "not_in_list"}, {"prefecture", "１３", "", "not_in_list"}, {"prefecture", "99", "", "not_offered"},
		{"quantity.thai", "３", "", ""}, {"quantity.thai", "11", "", "out_of_range"}, {"quantity.thai", "-1", "", "out_of_range"}, {"quantity.thai", "1.5", "", "not_a_number"},
		{"quantity.thai", "三", "", "not_a_number"}, {"quantity.thai", "0", "", "required"}, {"building", "", "", ""},
	} {
		t.Run(c.field+" "+c.typed, func(t *testing.T) {
			email := fmt.Sprintf("spelling%d@example.jp", i)
			values := hanako(email, "quantity.thai", "1", "form_token", p.token(t))
			values[c.field] = c.typed
			status, answer := v.JSON(t, "/publications", values)
			if c.code != "" {
				field := map[bool]string{true: "quantity", false: c.field}[c.code == "required"]
				if status != http.StatusUnprocessableEntity || codes(answer)[field] != c.code {
					t.Errorf("%d %s", status, compact(answer))
				}
				return
			}
			ref, _ := answer["reference"].(string)
			fields, _ := p.requests(t)[ref]["fields"].(map[string]any)
			if status != http.StatusCreated || answer["status"] != "received" || c.stored != "" && fields[c.field] != c.stored {
				t.Errorf("%d %s, stored %v", status, compact(answer), fields[c.field])
			}
		})
	}
}

// names: what was typed is what is shown and stored, to the byte; formulas too (hard case 6).
func (p *product) names(t *testing.T) {
	for i, name := range []string{"𠮷野家", "神\uFA19 社", "葛󠄀城", "🧑‍🤝‍🧑", "李", strings.Repeat("ก", 100), strings.Repeat("ع", 100), "=1+1", "O'Brien <b>&amp;", "{{.Name}}"} {
		v := journey.NewVisitor(p.target())
		typed := hanako(fmt.Sprintf("name%d@example.jp", i), "quantity.thai", "1", "name", name)
		check := v.Send(t, v.Get(t, "/publications"), "check", typed)
		if check.Fields["name"] != name || !strings.Contains(check.Text, strings.Join(strings.Fields(name), " ")) {
			t.Errorf("%q on the check page: %q", name, check.Fields["name"])
		}
		sent := v.Send(t, check, "submit", nil)
		_, ref, _ := strings.Cut(sent.Header.Get("Location"), "ref=")
		if fields, _ := p.requests(t)[ref]["fields"].(map[string]any); fields["name"] != name {
			t.Errorf("%q is stored as %q (%d)", name, fields["name"], sent.Status)
		}
	}
}

// addresses that careless programs refuse, and those that are none.
func (p *product) addresses(t *testing.T) {
	for email, taken := range map[string]bool{"a..b@docomo.ne.jp": true, "a.@ezweb.ne.jp": true, "x@例え.jp": true, "hanako＠example.jp": true,
		"日本@example.jp": false, "Bob <a@x.jp>": false, "hanako": false, strings.Repeat("a", 250) + "@example.jp": false} {
		status, answer := journey.NewVisitor(p.target()).JSON(t, "/publications", hanako(email, "quantity.thai", "1", "form_token", p.token(t)))
		if taken && status != http.StatusCreated || !taken && (status != http.StatusUnprocessableEntity || codes(answer)["email"] == "") {
			t.Errorf("%s: %d %s", email, status, compact(answer))
		}
	}
}

// refused: bytes, characters and tokens that must not pass; nothing is stored.
func (p *product) refused(t *testing.T) {
	v := journey.NewVisitor(p.target())
	before := len(p.requests(t))
	token := p.token(t)
	const formType = "application/x-www-form-urlencoded"
	rest := "&postal_code=1050004&prefecture=13&address=a&phone=0312345678&email=a%40example.jp&organization=b&quantity.thai=1&action=submit"
	for _, c := range []struct {
		name, media, body string
		status            int
	}{
		{"Shift_JIS bytes", formType, "name=%93%8C%8B%9E&form_token=" + token + rest, 400},
		{"another charset", formType + "; charset=Shift_JIS", "name=a&form_token=" + token + rest, 400},
		{"white space only", formType, "name=%E3%80%80&form_token=" + token + rest, 422},
		{"U+202E", formType, "name=a%E2%80%AEb&form_token=" + token + rest, 422},
		{"a line break", formType, "name=a%0Ab&form_token=" + token + rest, 422},
		{"U+2028", formType, "name=a%E2%80%A8b&form_token=" + token + rest, 422},
		{"1 MB", formType, "name=" + strings.Repeat("a", 1<<20), 413},
		{"10 000 parameters", formType, strings.Repeat("a=1&", 10_000), 400},
		{"multipart", "multipart/form-data; boundary=x", "--x--", 415},
		{"no token", formType, "name=a" + rest, 400},
		{"a bit flipped", formType, "name=a&form_token=" + token[:len(token)-2] + "AA" + rest, 400},
		{"a token of another form", formType, "name=a&form_token=" + v.Get(t, "/newsletter").Fields["form_token"] + rest, 400},
		{"a field twice", formType, "name=a&name=b&form_token=" + token + rest, 422},
	} {
		if page := v.Do(t, http.MethodPost, "/publications", c.media, c.body); page.Status != c.status {
			t.Errorf("%s: %d, want %d", c.name, page.Status, c.status)
		}
	}
	status, answer := v.JSON(t, "/publications", hanako("x@example.jp", "quantity.thai", "1", "form_token", token, "quantity.unknown", "1"))
	if status != http.StatusUnprocessableEntity || codes(answer)["quantity.unknown"] != "unknown_field" {
		t.Errorf("a publication that is none: %d %s", status, compact(answer))
	}
	if n := len(p.requests(t)); n != before {
		t.Errorf("%d requests were stored", n-before)
	}
}

// fifty: a button pressed fifty times gives one reference, one request, one mail, and takes its copies once.
func (p *product) fifty(t *testing.T) {
	before := p.stock(t, "thai")
	token, values := p.token(t), hanako("fifty@example.jp", "quantity.thai", "2")
	answers := p.together(t, 50, func(int) (string, map[string]string) { return token, values })
	if len(answers) != 1 {
		t.Errorf("answers: %v", answers)
	}
	for answer, n := range answers {
		if !strings.HasPrefix(answer, "303 ") || n != 50 {
			t.Errorf("%d times %s", n, answer)
		}
	}
	if after := p.stock(t, "thai"); after != [2]int{before[0] - 2, before[1] + 2} {
		t.Errorf("stock %v, before %v", after, before)
	}
	p.target().Wait(t, "fifty@example.jp", "publications_received", 1)
}

// together sends n posts at once and counts the answers.
func (p *product) together(t *testing.T, n int, post func(i int) (token string, values map[string]string)) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	answers := map[string]int{}
	for i := range n {
		token, values := post(i)
		group.Go(func() {
			status, location := p.press(t, token, values)
			mu.Lock()
			defer mu.Unlock()
			answers[strings.TrimSpace(fmt.Sprint(status, " ", location))]++
		})
	}
	group.Wait()
	return answers
}

// correction: Back, another number, submit again: told, kept, and not reserved twice.
func (p *product) correction(t *testing.T) {
	v := journey.NewVisitor(p.target())
	typed := hanako("back@example.jp", "quantity.thai", "1")
	check := v.Send(t, v.Get(t, "/publications"), "check", typed)
	sent := v.Send(t, check, "submit", nil)
	_, ref, _ := strings.Cut(sent.Header.Get("Location"), "ref=")
	before := p.stock(t, "thai")
	again := v.Send(t, check, "submit", map[string]string{"quantity.thai": "4"})
	if again.Status != http.StatusUnprocessableEntity || !strings.Contains(again.Text, ref) || again.Fields["quantity.thai"] != "4" || p.stock(t, "thai") != before {
		t.Errorf("%d %s, %v", again.Status, again.Text, p.stock(t, "thai"))
	}
}

// shortages: more than are left is 409 with how many, the values stay, and the stock is untouched; a page opened before a
// publication went still sends it.
func (p *product) shortages(t *testing.T) {
	v := journey.NewVisitor(p.target())
	page := v.Get(t, "/publications")
	typed := hanako("short@example.jp", "quantity.guide", "4", "quantity.map", "1")
	earlier := v.Get(t, "/publications")
	before := p.stock(t, "map")
	short := v.Send(t, v.Send(t, page, "check", typed), "submit", nil)
	if short.Status != http.StatusConflict || !strings.Contains(short.Body, `<a href="#quantity.guide">「𠮷野と髙﨑のASEAN入門」の在庫は残り2部です。部数を2以下にしてください</a>`) {
		t.Errorf("%d %s", short.Status, short.Text)
	}
	for name, value := range typed {
		if short.Fields[name] != value && name != "postal_code" && name != "phone" { // those two were cleaned for the check page
			t.Errorf("%s holds %q, want %q", name, short.Fields[name], value)
		}
	}
	status, answer := v.JSON(t, "/publications", hanako("short@example.jp", "quantity.guide", "3", "form_token", p.token(t)))
	if left, _ := answer["left"].(map[string]any); status != http.StatusConflict || codes(answer)["quantity.guide"] != "more_than_left" || left["guide"] != 2.0 {
		t.Errorf("JSON: %d %s", status, compact(answer))
	}
	// What the page says to do leads on.
	sent := v.Send(t, short, "submit", map[string]string{"quantity.guide": "2"})
	if sent.Status != http.StatusSeeOther || p.stock(t, "guide") != [2]int{0, 3} || p.stock(t, "map") != [2]int{before[0] - 1, before[1] + 1} {
		t.Errorf("%d, stock %v", sent.Status, p.stock(t, "guide"))
	}
	late := v.Send(t, earlier, "submit", hanako("late@example.jp", "quantity.guide", "1"))
	if late.Status != http.StatusConflict || !strings.Contains(late.Text, "在庫がなくなりました。部数の欄を空にしてください") || late.Fields["quantity.guide"] != "1" {
		t.Errorf("none left: %d %s", late.Status, late.Text)
	}
	if page := v.Get(t, "/publications"); !strings.Contains(page.Text, "「𠮷野と髙﨑のASEAN入門」") || page.Fields["quantity.guide"] != "" {
		t.Error("the page does not tell at once that there are none left")
	}
}

// expired: a request past its end that DynamoDB has not deleted yet stands in nobody's way (the same address asks again).
func (p *product) expired(t *testing.T) {
	for _, again := range []bool{false, true} {
		status, answer := journey.NewVisitor(p.target()).JSON(t, "/publications", hanako("expired@example.jp", "quantity.thai", "1", "form_token", p.token(t)))
		if status != http.StatusCreated {
			t.Fatalf("again %v: %d %s", again, status, compact(answer))
		}
		if _, err := p.DynamoDB().UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(p.environment(t, "PUBLICATIONS_TABLE")),
			Key: record.Key(fmt.Sprint(answer["reference"]), "request"), UpdateExpression: aws.String("SET expires_at = :past"),
			ExpressionAttributeValues: record.Item{":past": &types.AttributeValueMemberN{Value: "1"}}}); err != nil {
			t.Fatal(err)
		}
	}
}

// rush: sixty posts of one copy at once for a stock of twenty, with 30 % of the writes in conflict: exactly twenty are accepted and forty
// are told.
func (p *product) rush(t *testing.T) {
	if status, body := p.load(t, `{"publications":[{"id":"rush","title":{"ja":"話題の冊子"},"language":"ja","stock":20,"limit":1}]}`); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	tokens := make([]string, 60)
	for i := range tokens {
		tokens[i] = p.token(t)
	}
	before := len(p.requests(t))
	p.Proxy().SetFaults(faulty.Faults{ConflictPercent: 30})
	defer p.Proxy().SetFaults(faulty.Faults{})
	answers := p.together(t, 60, func(i int) (string, map[string]string) {
		return tokens[i], hanako(fmt.Sprintf("rush%d@example.jp", i), "quantity.rush", "1")
	})
	byStatus := map[string]int{}
	for answer, n := range answers {
		byStatus[answer[:3]] += n
	}
	if diff := cmp.Diff(map[string]int{"303": 20, "409": 40}, byStatus); diff != "" {
		t.Errorf("answers: %s", diff)
	}
	if stored := len(p.requests(t)) - before; stored != 20 || p.stock(t, "rush") != [2]int{0, 20} {
		t.Errorf("%d requests, stock %v", stored, p.stock(t, "rush"))
	}
}

// postalCodes: pages that bring their own form ask by POST.
func (p *product) postalCodes(t *testing.T) {
	v := journey.NewVisitor(p.target())
	for typed, want := range map[string]any{
		"１０５ー０００４": []any{map[string]any{"prefecture": "13", "address": "港区新橋"}},
		"498-0000": []any{map[string]any{"prefecture": "23", "address": "弥富市"}, map[string]any{"prefecture": "24", "address": "桑名郡木曽岬町"}},
		"000-0000": []any{},
	} {
		status, answer := v.JSON(t, "/publications/postal-code", map[string]string{"postal_code": typed})
		if diff := cmp.Diff(want, answer["items"]); status != http.StatusOK || diff != "" || !strings.Contains(fmt.Sprint(answer["source"]), "日本郵便") {
			t.Errorf("%s: %d %s %s", typed, status, compact(answer), diff)
		}
	}
	if status, answer := v.JSON(t, "/publications/postal-code", map[string]string{"postal_code": "12"}); status != http.StatusUnprocessableEntity || codes(answer)["postal_code"] != "postal_code_length" {
		t.Errorf("%d %s", status, compact(answer))
	}
	if page := v.Get(t, "/publications/postal-code?code=105-0004"); page.Status != http.StatusMethodNotAllowed || page.Header.Get("Allow") != "POST" {
		t.Errorf("GET, which would write the code into an address: %d %s", page.Status, page.Header.Get("Allow"))
	}
}

// cover: a picture from our own address that browsers may keep; another version of it is not there.
func (p *product) cover(t *testing.T) {
	v := journey.NewVisitor(p.target())
	if status, body := p.load(t, strings.Replace(catalogue, `"stock":3`, `"stock":300`, 1)); status != http.StatusCreated {
		t.Fatal(status, body)
	}
	page := v.Get(t, "/publications")
	_, rest, found := strings.Cut(page.Body, `<img src="`)
	source, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("no picture on the page")
	}
	answer, err := http.Get(p.URL() + source)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(string(picture), "\x89PNG\r\n\x1a\n") ||
		!strings.Contains(answer.Header.Get("Cache-Control"), "immutable") || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d %v %q", source, answer.StatusCode, answer.Header, picture)
	}
	for _, other := range []string{source + "0", "/publications/guide/cover", "/publications/map/cover?v=1", "/publications/nothing/cover?v=1"} {
		if page := v.Get(t, other); page.Status != http.StatusNotFound {
			t.Errorf("%s: %d", other, page.Status)
		}
	}
}

// quiet: nothing that was typed is in any log line of any function.
func (p *product) quiet(t *testing.T) {
	all := p.logs(t)
	if !strings.Contains(all, "POST /publications") || !strings.Contains(all, "publications_received") {
		t.Fatalf("the functions have not logged what they did: %.500s", all)
	}
	typed := maps.Values(hanako("example.jp"))
	for line := range strings.Lines(all) {
		for word := range typed {
			if len(word) > 2 && strings.Contains(line, word) {
				t.Errorf("a log line holds %q: %s", word, line)
			}
		}
		for _, word := range []string{"docomo", "105-0004", "498-0000", "%40", "quantity"} {
			if strings.Contains(line, word) {
				t.Errorf("a log line holds %q: %s", word, line)
			}
		}
	}
}
