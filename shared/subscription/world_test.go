package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/subscription/subscriptiontest"
	"madoguchi/shared/web"
)

// start is a Tuesday morning in Tokyo.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60))

const day = 24 * time.Hour

// fatal is what *testing.T and *rapid.T share.
type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a list over tables of its own in a real engine, with a clock that the test moves.
type world struct {
	list    *List
	handler http.Handler
	millis  atomic.Int64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldOf(t, policy.Get(policy.Newsletter), false)
}

// worldOf is the world of a list, with or without the approval of staff.
func worldOf(t testing.TB, service *policy.Service, approval bool) *world {
	t.Helper()
	client := recordtest.Start(t)
	w := &world{}
	w.set(start)
	key := config.Key(strings.Repeat("address-key-", 3))
	w.list = &List{Service: service, Periods: policy.DefaultPeriods(service), Approval: approval, Client: client,
		Table: subscriptiontest.Table(t, client, "newsletter"), Outbox: recordtest.Table(t, client, "outbox", false),
		Suppression: recordtest.Table(t, client, "suppression", true), AddressKey: key,
		Links: link.NewSigner(config.Keys{config.Key(strings.Repeat("link-key-", 4))}), Now: w.now}
	w.list.Guard = guard.Store{Client: client, Table: recordtest.Table(t, client, "guard", false), Key: key}
	site := &web.Site{Organization: policy.DefaultOrganization(), Now: w.now}
	engine := &form.Engine{Site: site, Guard: w.list.Guard, Keys: config.Keys{config.Key(strings.Repeat("form-key-", 4))}, Now: w.now}
	w.handler = NewHandler(site, engine, w.list)
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) set(at time.Time)           { w.millis.Store(at.UnixMilli()) }
func (w *world) after(passed time.Duration) { w.set(w.now().Add(passed)) }
func (w *world) person(email string) string { return parse(email).Key(w.list.AddressKey) }
func (w *world) confirm(l string) error     { return w.list.Confirm(context.Background(), w.tokenOf(l)) }
func (w *world) unsubscribe(l string) error {
	return w.list.Unsubscribe(context.Background(), w.tokenOf(l))
}
func (w *world) undo(l string) error { return w.list.Resubscribe(context.Background(), w.tokenOf(l)) }
func (w *world) change(l string, to map[string]string) error {
	_, err := w.list.ChangePreferences(context.Background(), w.tokenOf(l), to)
	return err
}

func parse(email string) address.Address {
	a, err := address.Parse(email)
	if err != nil {
		panic("a test's address does not parse")
	}
	return a
}

// hanako is a complete form; more replaces some of its values.
func hanako(more ...string) map[string]string {
	values := map[string]string{"email": "hanako@example.jp", "name": "山田 花子", "prefecture": "13", "organization": "例示株式会社",
		"business_category": "trade"}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return values
}

// do sends one request. A body goes out as a form, or as JSON where it starts with a brace.
func (w *world) do(method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// open returns a fresh token of a form.
func (w *world) open(t fatal, path string) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", "application/json")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var described struct {
		Token string `json:"form_token"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &described); err != nil || described.Token == "" {
		t.Fatalf("GET %s: %d %s", path, answer.Code, answer.Body)
	}
	return described.Token
}

// post sends a form by JSON, with a fresh token.
func (w *world) post(t fatal, path string, values map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	w.after(time.Second) // so that mail has an order
	values = maps.Clone(values)
	values["form_token"] = w.open(t, path)
	body, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return w.do(http.MethodPost, path, string(body))
}

// signUp signs up and returns the reference.
func (w *world) signUp(t fatal, values map[string]string) string {
	t.Helper()
	answer := w.post(t, w.list.Service.Path, values)
	var accepted struct {
		Reference string `json:"reference"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &accepted); err != nil || answer.Code != http.StatusCreated {
		t.Fatalf("sign up: %d %s", answer.Code, answer.Body)
	}
	return accepted.Reference
}

// subscribed is somebody who has confirmed; it returns the welcome mail.
func (w *world) subscribed(t fatal, values map[string]string) mail.Row {
	t.Helper()
	w.signUp(t, values)
	if err := w.confirm(w.last(t, values["email"], "confirm").Data["link"]); err != nil {
		t.Fatalf("confirm: %v", err)
	}
	return w.last(t, values["email"], "welcome")
}

// mails returns the mail to an address, the oldest first; kind "" is any.
func (w *world) mails(t fatal, email, kind string) []mail.Row {
	t.Helper()
	var rows []mail.Row
	for _, row := range scan[mail.Row](t, w, w.list.Outbox) {
		if row.Person == w.person(email) && (kind == "" || row.Kind == policy.MailKind(string(w.list.Service.Code)+"_"+kind)) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b mail.Row) int { return strings.Compare(a.Created, b.Created) })
	return rows
}

func kinds(rows []mail.Row) []policy.MailKind {
	var all []policy.MailKind
	for _, row := range rows {
		all = append(all, row.Kind)
	}
	return all
}

func (w *world) last(t fatal, email, kind string) mail.Row {
	t.Helper()
	rows := w.mails(t, email, kind)
	if len(rows) == 0 {
		t.Fatalf("no mail %s to %s", kind, email)
	}
	return rows[len(rows)-1]
}

// stored returns the item of an address as it lies in the table, expired or not.
// It holds each record that any test reads to its marks: whoever wrote it, staff find it.
func (w *world) stored(t fatal, email string) (s Subscriber, found bool) {
	t.Helper()
	s, found = get[Subscriber](t, w, w.list.Table, Key(w.person(email)))
	if found && s.Marks != w.list.marks(s) {
		t.Fatalf("a record in state %s is found by %+v, want %+v", s.State, s.Marks, w.list.marks(s))
	}
	s.Marks = Marks{}
	return s, found
}

// state is where an address stands, "" where nothing is stored that has not expired.
func (w *world) state(t fatal, email string) State {
	t.Helper()
	s, found := w.stored(t, email)
	if !found || s.ExpiresAt <= w.now().Unix() {
		return ""
	}
	return s.State
}

func (w *world) suppressed(t fatal, email string) bool {
	t.Helper()
	_, found := get[suppression](t, w, w.list.Suppression, record.Key(w.person(email), string(w.list.Service.Code)))
	return found
}

// consents returns the evidence of an address, the oldest consent first.
func (w *world) consents(t fatal, email string) []consent {
	t.Helper()
	var all []consent
	for _, c := range scan[consent](t, w, w.list.Table) {
		if strings.HasPrefix(c.PK, "consent#") && c.Person == w.person(email) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b consent) int { return strings.Compare(a.ConfirmedAt, b.ConfirmedAt) })
	return all
}

// deleteExpired is DynamoDB's TTL, which comes late.
func (w *world) deleteExpired(t fatal) {
	t.Helper()
	for _, item := range items(t, w, w.list.Table) {
		if !record.Expired(item, w.now()) {
			continue
		}
		if _, err := w.list.Client.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: &w.list.Table,
			Key: record.Item{"pk": item["pk"], "sk": item["sk"]}}); err != nil {
			t.Fatal(err)
		}
	}
}

// tokenOf reads the token of a link as the handler does.
func (w *world) tokenOf(l string) link.Token {
	u, err := url.Parse(l)
	if err != nil {
		panic(err)
	}
	purpose := link.Purpose(u.Path[strings.LastIndexByte(u.Path, '/')+1:])
	token, err := w.list.Links.Read(string(w.list.Service.Code), purpose, u.Query().Get("t"))
	if err != nil {
		panic(err)
	}
	return token
}

// items returns everything in a table.
func items(t fatal, w *world, table string) []record.Item {
	t.Helper()
	var all []record.Item
	pages := dynamodb.NewScanPaginator(w.list.Client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
	}
	return all
}

func scan[T any](t fatal, w *world, table string) []T {
	t.Helper()
	var all []T
	if err := attributevalue.UnmarshalListOfMaps(items(t, w, table), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func get[T any](t fatal, w *world, table string, key record.Item) (v T, found bool) {
	t.Helper()
	out, err := w.list.Client.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if err := attributevalue.UnmarshalMap(out.Item, &v); err != nil {
		t.Fatal(err)
	}
	return v, len(out.Item) > 0
}

// snapshot is everything that is stored, as one text: a test that nothing changed compares two.
func (w *world) snapshot(t fatal) string {
	t.Helper()
	var all bytes.Buffer
	for _, table := range []string{w.list.Table, w.list.Outbox, w.list.Suppression, w.list.Guard.Table} {
		var lines []string
		for _, item := range items(t, w, table) {
			var plain map[string]any
			if err := attributevalue.UnmarshalMap(item, &plain); err != nil {
				t.Fatal(err)
			}
			line, err := json.Marshal(plain)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		slices.Sort(lines)
		_, _ = io.WriteString(&all, strings.Join(lines, "\n")+"\n--\n")
	}
	return all.String()
}
