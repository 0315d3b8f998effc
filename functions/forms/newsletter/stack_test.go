package main_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/journey"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/record"
)

// product is the whole product on one machine: the real binaries, tables, streams, schedules, mail.
type product struct {
	*stack.Stack
	environment map[string]string // settings of the newsletter function
}

// parameters of the tests' product: nobody waits for a form's minimum time, one network sends all forms, and a mail whose
// outcome is unknown is settled soon.
func parameters() map[string]string {
	return map[string]string{"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "CLAIM_LEASE_SECONDS": "6", "UNKNOWN_SETTLE_SECONDS": "5"}
}

// begin starts the product on a data folder; more overrides parameters.
func begin(t *testing.T, folder string, more map[string]string) *product {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	env := parameters()
	maps.Copy(env, more)
	s, err := stack.Start(t.Context(), stack.Options{Root: root, DataDir: folder, Env: env, Log: trouble{t}, SkipChecks: true})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(s.Close)
	p := &product{Stack: s}
	for _, f := range s.Template().Functions {
		if f.Name == "NewsletterFunction" {
			p.environment = f.Environment
		}
	}
	if p.environment == nil {
		t.Fatal("the template has no NewsletterFunction")
	}
	return p
}

// trouble hands on what the stack tells people of errors; what goes well is not worth a line.
type trouble struct{ t *testing.T }

var wrong = regexp.MustCompile(`ERROR| err | 50[0-9] +[0-9]`)

func (w trouble) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil && wrong.Match(p) {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}

// target is the product over HTTP alone.
func (p *product) target() journey.Target {
	return journey.Target{URL: p.URL(), Inbox: journey.InboxAt(p.URL())}
}

// person is the keyed hash of an address.
func (p *product) person(t *testing.T, email string) string {
	t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal(err)
	}
	return a.Key(config.Key(p.environment["ADDRESS_KEY"]))
}

// item is the item of an address in the list, nil where there is none.
func (p *product) item(t *testing.T, email string) map[string]any {
	t.Helper()
	person := p.person(t, email)
	return p.read(t, "NEWSLETTER_TABLE", record.Key(person[:2], person))
}

func (p *product) suppressed(t *testing.T, email string) bool {
	t.Helper()
	return p.read(t, "SUPPRESSION_TABLE", record.Key(p.person(t, email), "newsletter")) != nil
}

func (p *product) read(t *testing.T, table string, key record.Item) (item map[string]any) {
	t.Helper()
	out, err := p.DynamoDB().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(p.environment[table]), Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if err := attributevalue.UnmarshalMap(out.Item, &item); err != nil {
		t.Fatal(err)
	}
	if len(item) == 0 {
		return nil
	}
	return item
}

// all returns every item of a table.
func (p *product) all(t *testing.T, table string) (items []map[string]any) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(p.DynamoDB(), &dynamodb.ScanInput{TableName: aws.String(p.environment[table]), ConsistentRead: aws.Bool(true)})
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

// delete is the end of a record, by TTL or by staff.
func (p *product) delete(t *testing.T, email string) {
	t.Helper()
	person := p.person(t, email)
	if _, err := p.DynamoDB().DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(p.environment["NEWSLETTER_TABLE"]),
		Key: record.Key(person[:2], person)}); err != nil {
		t.Fatal(err)
	}
}

// hanako is a complete form.
func hanako(email string) map[string]string {
	return map[string]string{"email": email, "name": "山田 花子", "prefecture": "13", "organization": "例示株式会社", "business_category": "other"}
}

// logs returns what the functions have logged.
func logs(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "logs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

// subscribe signs up and confirms; it returns the welcome mail.
func (p *product) subscribe(t *testing.T, typed map[string]string) journey.Mail {
	t.Helper()
	v := journey.NewVisitor(p.target())
	v.SignUp(t, typed)
	link := v.Target.Wait(t, typed["email"], "newsletter_confirm", 1).Link(t, "/newsletter/confirm")
	if done := v.Send(t, v.Get(t, link), "confirm", nil); done.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", done.Status, done.Text)
	}
	return v.Target.Wait(t, typed["email"], "newsletter_welcome", 1)
}
