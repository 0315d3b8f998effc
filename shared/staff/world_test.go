package staff_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/logging"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/staff"
	"madoguchi/shared/staff/stafftest"
	"madoguchi/shared/web"
)

// world is an office with one function that knows two roles.
type world struct {
	*stafftest.Office
	client *dynamodb.Client
	clock  time.Time
	mux    *staff.Mux
	seen   staff.Person // by the last handler
	log    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{client: recordtest.Start(t), clock: time.Date(2026, 11, 24, 10, 0, 0, 0, policy.JapanTime)}
	w.Office = stafftest.New(t, w.client, func() time.Time { return w.clock })
	w.mux = w.functions(w.Desk)
	standard := slog.Default()
	slog.SetDefault(logging.New(&w.log, "F", "INFO"))
	t.Cleanup(func() {
		slog.SetDefault(standard)
		// Nothing personal of staff is in a log line; the tests use no other names and addresses (R45, hard case 33).
		for _, word := range []string{"@", "職員", "hanako", "Bearer", "eyJ"} {
			if strings.Contains(w.log.String(), word) {
				t.Errorf("the log holds %q: %s", word, w.log.String())
			}
		}
	})
	return w
}

func (w *world) functions(desk *staff.Desk) *staff.Mux {
	mux := desk.NewMux()
	show := func(rw http.ResponseWriter, r *http.Request) error {
		w.seen = staff.Of(r.Context())
		if web.WantsJSON(r) {
			return web.WriteJSON(rw, http.StatusOK, "application/json", map[string]string{"id": w.seen.ID})
		}
		return desk.Write(rw, r, http.StatusOK, staff.StaffPage{Title: policy.Text{JA: "読者", EN: "Readers"}, Content: "<p>content</p>"})
	}
	mux.Handle("GET /staff/readers", []string{policy.RoleEditor, policy.RolePress}, show)
	mux.Handle("POST /staff/readers", []string{policy.RoleEditor}, show)
	mux.Handle("GET /staff/everybody", nil, show)
	mux.Handle("GET /staff/full", nil, func(http.ResponseWriter, *http.Request) error {
		return &web.Error{Kind: web.Conflict, Message: policy.Text{JA: "満員です。", EN: "Full."}}
	})
	return mux
}

// call is one request: the header is written "Name: value".
type call struct {
	method, path string
	header       []string
	cookie       *http.Cookie
}

func (w *world) do(t *testing.T, c call) *http.Response {
	t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	r := httptest.NewRequestWithContext(t.Context(), c.method, "https://forms.example.jp"+c.path, nil)
	r.Header.Set("Accept", "text/html")
	for _, line := range c.header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	if c.cookie != nil {
		r.AddCookie(c.cookie)
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	return answer.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func problem(t *testing.T, r *http.Response) (p struct {
	Status int
	Detail string
}) {
	t.Helper()
	text := body(t, r)
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q: %s", got, text)
	} else if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Error(err)
	}
	return p
}

// entries are those of the ledger, oldest first, as who, what, object, outcome and reason.
func (w *world) entries(t *testing.T) (lines []string) {
	t.Helper()
	page, _, err := w.Desk.Ledger.Page(t.Context(), w.clock.In(policy.JapanTime).Format("2006-01"), 100, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page {
		lines = append([]string{strings.Join([]string{e.Who, e.What, e.Object, e.Outcome, e.Reason}, "|")}, lines...)
	}
	return lines
}

// items is how many items the staff table holds whose key begins so.
func (w *world) items(t *testing.T, prefix string) (items []string) {
	t.Helper()
	out, err := w.client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(w.Env["STAFF_TABLE"])})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range out.Items {
		text, err := json.Marshal(item)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"Value":"`+prefix) {
			items = append(items, string(text))
		}
	}
	return items
}
