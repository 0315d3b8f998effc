package publications

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	faulty "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

var start = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// world is a store over real tables. Its calls pass through the local stack's proxy, which injects faults; plain is the same store
// past the proxy.
type world struct {
	*Store
	plain  *Store
	desk   *desk.Desk
	proxy  *faulty.Proxy
	outbox string
	clock  atomic.Int64 // nanoseconds after start
	serial atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	direct := recordtest.Start(t)
	w := &world{}
	index := func(name string) recordtest.Index {
		return recordtest.Index{Name: name, Hash: name, Range: "received_at", RangeType: types.ScalarAttributeTypeS}
	}
	tables := Tables{Requests: recordtest.Table(t, direct, "requests", true, index("state")), Catalogue: recordtest.Table(t, direct, "catalogue", true)}
	w.outbox = recordtest.Table(t, direct, "outbox", false)
	env := map[string]string{"PUBLICATIONS_TABLE": tables.Requests, "CATALOGUE_TABLE": tables.Catalogue, "OUTBOX_TABLE": w.outbox,
		"GUARD_TABLE": recordtest.Table(t, direct, "guard", false), "ADDRESS_KEY": strings.Repeat("a", 32), "FORM_KEYS": strings.Repeat("f", 32),
		"LINK_KEYS": strings.Repeat("l", 32), "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/",
		"FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "PUBLICATION_REQUEST_DAYS": "90", "PUBLICATION_OPEN_DAYS": "365", "PRIVACY_CONTACT": "privacy@example.jp"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	var err error
	if w.proxy, err = faulty.NewProxy(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.proxy)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	through, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.desk, _, err = desk.With[Tables](config.Map(env), policy.Get(policy.Publications), through, w.now); err != nil {
		t.Fatal(err)
	}
	w.Store = Open(w.desk, tables)
	plain := *w.Store
	plain.Client = direct
	w.plain = &plain
	return w
}

func (w *world) now() time.Time       { return start.Add(time.Duration(w.clock.Load())) }
func (w *world) pass(d time.Duration) { w.clock.Add(int64(d)) }

// ask submits a request; the form token's part is proved with the form.
func (w *world) ask(ctx context.Context, email string, items ...Item) (ref string, err error) {
	ref = fmt.Sprintf("M261124-%09d", w.serial.Add(1))
	values := map[string]string{"email": email, "name": "𠮷野家 花子", "prefecture": "13", "address": "港区新橋6-17-19", "postal_code": "105-0004",
		"phone": "03-1234-5678", "organization": "例示株式会社"}
	for _, item := range items {
		values[QuantityPrefix+item.ID] = fmt.Sprint(item.Copies)
	}
	return ref, w.submit(ctx, w.desk, &form.Submission{Reference: ref, Values: values, Language: policy.Japanese, Version: 1, Opened: w.now(), At: w.now(),
		Channel: "form"}, items, func(*record.Transaction) {})
}

func (w *world) load(t *testing.T, drafts ...Draft) {
	t.Helper()
	if err := w.plain.Save(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
}

func draft(id string, stock, limit int) Draft {
	return Draft{ID: id, Title: Words{JA: "資料" + id}, Language: "ja", Stock: stock, Limit: limit}
}

// counters are left, reserved and sent of a publication.
func (w *world) counters(t testing.TB, id string) [3]int {
	t.Helper()
	all, err := w.plain.All(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.ID == id {
			return [3]int{p.Left, p.Reserved, p.Sent}
		}
	}
	t.Fatalf("no publication %s", id)
	return [3]int{}
}

// rows is every item of a table.
func rows[T any](t testing.TB, w *world, table string) (all []T) {
	t.Helper()
	out, err := w.plain.Client.Scan(context.Background(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if err := attributevalue.UnmarshalListOfMaps(out.Items, &all); err != nil {
		t.Fatal(err)
	}
	return all
}
