package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/journey"
	_ "madoguchi/infra/local/load" // POST /_local/load knows publications
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/record"
)

// shots is a folder for pictures of the pages, for people who look at them.
var shots = flag.String("shots", "", "write pictures of the pages into this folder")

// product is the whole product on one machine: the real binaries, tables, streams, mail.
type product struct {
	*stack.Stack
	folder string
}

func begin(t *testing.T) *product {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: folder, SkipChecks: true, Log: trouble{t},
		Env: map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "ALLOWED_ORIGINS": "https://www.example.org"}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	return &product{s, folder}
}

// trouble hands on what the stack tells people of errors.
type trouble struct{ t *testing.T }

var wrong = regexp.MustCompile(`ERROR| err | 50[0-24-9] +[0-9]`)

func (w trouble) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil && wrong.Match(p) {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}

// cover is a picture of six pixels.
const cover = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAIAAAA2iEnWAAAAD0lEQVR4nGNgCFgAQigUADdlBaFDj8BPAAAAAElFTkSuQmCC"

// catalogue is what the tests load: in stock, with a small stock, in another language, none left, not given out any more.
const catalogue = `{"publications":[
	{"id":"map","title":{"ja":"ASEANの地図","en":"Map of ASEAN"},"language":"ja,en","stock":20,"limit":5,"pages":1,"about":{"ja":"加盟国の位置と首都がわかる折りたたみ地図"}},
	{"id":"guide","title":{"ja":"𠮷野と髙﨑のASEAN入門"},"language":"ja","stock":3,"limit":5,"pages":64,"thumbnail":"` + cover + `"},
	{"id":"thai","title":{"ja":"タイ語のパンフレット"},"language":"th","stock":1000,"limit":10},
	{"id":"empty","title":{"ja":"統計集2025"},"language":"ja","stock":0,"limit":1},
	{"id":"old","title":{"ja":"統計集2020"},"language":"ja","stock":9,"limit":1,"withdrawn":true}]}`

func (p *product) load(t *testing.T, content string) (status int, body string) {
	t.Helper()
	page := journey.NewVisitor(p.target()).Do(t, http.MethodPost, "/_local/load", "application/json", content)
	return page.Status, page.Body
}

func (p *product) target() journey.Target {
	return journey.Target{URL: p.URL(), Inbox: journey.InboxAt(p.URL())}
}

func (p *product) environment(t *testing.T, name string) string {
	t.Helper()
	for _, f := range p.Template().Functions {
		if f.Name == "PublicationsFunction" {
			return f.Environment[name]
		}
	}
	t.Fatal("the template has no PublicationsFunction")
	return ""
}

// all is every item of a table.
func (p *product) all(t *testing.T, table string) (items []map[string]any) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(p.DynamoDB(), &dynamodb.ScanInput{TableName: aws.String(p.environment(t, table)), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var some []map[string]any
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &some); err != nil {
			t.Fatal(err)
		}
		items = append(items, some...)
	}
	return items
}

// requests are the stored requests by their reference.
func (p *product) requests(t *testing.T) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, item := range p.all(t, "PUBLICATIONS_TABLE") {
		if item["sk"] == "request" {
			found[fmt.Sprint(item["pk"])] = item
		}
	}
	return found
}

// stock are the counters of a publication: left, reserved.
func (p *product) stock(t *testing.T, id string) [2]int {
	t.Helper()
	out, err := p.DynamoDB().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(p.environment(t, "CATALOGUE_TABLE")),
		Key: record.Key("publication", id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	var item struct {
		Left     int `dynamodbav:"n_left"`
		Reserved int `dynamodbav:"n_reserved"`
	}
	if err := attributevalue.UnmarshalMap(out.Item, &item); err != nil {
		t.Fatal(err)
	}
	return [2]int{item.Left, item.Reserved}
}

// hanako is a complete address.
func hanako(email string, more ...string) map[string]string {
	values := map[string]string{"name": "𠮷野家 髙﨑", "postal_code": "１０５－０００４", "prefecture": "13", "address": "千代田区丸の内1-2-3", "building": "例示ビル45階",
		"phone": "0081-3-1234-5678", "email": email, "organization": "例示株式会社"}
	for i := 0; i+1 < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// token is a fresh form token.
func (p *product) token(t *testing.T) string {
	t.Helper()
	_, form := journey.NewVisitor(p.target()).JSON(t, "/publications", nil)
	token, _ := form["form_token"].(string)
	if token == "" {
		t.Fatalf("no token in %v", form)
	}
	return token
}

// press sends values as a button does and returns status and where it leads.
func (p *product) press(t *testing.T, token string, values map[string]string) (status int, location string) {
	t.Helper()
	body := url.Values{"form_token": {token}, "action": {"submit"}}
	for name, value := range values {
		body.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(p.URL()+"/publications", body)
	if err != nil {
		t.Errorf("post: %v", err)
		return 0, ""
	}
	_ = answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}

// logs is what the functions have logged.
func (p *product) logs(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.folder, "logs", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

// problem reads the errors of a problem body: code by field.
func codes(answer map[string]any) map[string]string {
	found := map[string]string{}
	list, _ := answer["errors"].([]any)
	for _, e := range list {
		one, _ := e.(map[string]any)
		found[fmt.Sprint(one["field"])] = fmt.Sprint(one["code"])
	}
	return found
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
