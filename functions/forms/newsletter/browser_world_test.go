package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/browser"
	"madoguchi/infra/local/ses"
	"madoguchi/shared/config"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/reception"
)

// screen is the product with a browser before it: what a visitor has.
type screen struct {
	*product
	chromium *browser.Browser
	list     *subscription.List // the function's own store, for states that take a person days to reach
	formKeys config.Keys
	people   int // subscribers made so far
}

// newScreen starts the product, or skips the test where there is no browser.
func newScreen(t *testing.T) *screen {
	t.Helper()
	w := &screen{chromium: browser.Start(t)}
	w.product = begin(t, t.TempDir(), nil)
	env := config.Map(w.environment)
	var err error
	if w.list, err = reception.Open(env, policy.Get(policy.Newsletter), reception.Names{Table: "NEWSLETTER_TABLE"}, w.DynamoDB(), time.Now); err != nil {
		t.Fatalf("open the list: %v", err)
	}
	settings, err := config.Load[struct {
		Keys config.Keys `env:"FORM_KEYS"`
	}](env)
	if err != nil {
		t.Fatal(err)
	}
	w.formKeys = settings.Keys
	return w
}

// subscriber stores a confirmed subscriber and returns the keyed hash of the address, which links are made of.
func (w *screen) subscriber(t *testing.T) (person string) {
	t.Helper()
	var categories []string
	for _, o := range (&subscription.Categories{List: w.list}).Options(t.Context()) {
		categories = append(categories, o.Value)
	}
	w.people++
	s, err := w.list.Synthetic(w.people, categories)
	if err == nil {
		err = w.list.StoreSynthetic(t.Context(), []subscription.Subscriber{s})
	}
	if err != nil {
		t.Fatalf("store a subscriber: %v", err)
	}
	return s.Person
}

// signUp sends the form as a program does and returns the link of its confirmation mail.
func (w *screen) signUp(t *testing.T, email string) (confirm string) {
	t.Helper()
	w.post(t, email)
	return w.sentLink(t, email, "/newsletter/confirm")
}

// post sends the form as a program does.
func (w *screen) post(t *testing.T, email string) {
	t.Helper()
	var form struct {
		FormToken string `json:"form_token"`
	}
	w.json(t, http.MethodGet, http.StatusOK, nil, &form)
	var answer struct {
		Reference string `json:"reference"`
	}
	w.json(t, http.MethodPost, http.StatusCreated, map[string]string{"email": email, "name": typed["name"], "prefecture": "13",
		"organization": typed["organization"], "business_category": w.category(t), "form_token": form.FormToken}, &answer)
}

// category is the first category of business on the form.
func (w *screen) category(t *testing.T) string {
	t.Helper()
	return (&subscription.Categories{List: w.list}).Options(t.Context())[0].Value
}

func (w *screen) json(t *testing.T, method string, want int, body, into any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.URL()+"/newsletter", bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != want {
		t.Fatalf("%s /newsletter: status %d, want %d", method, answer.StatusCode, want)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// link makes a link of a mail that is that old.
func (w *screen) link(purpose link.Purpose, person string, age time.Duration) string {
	return w.URL() + w.list.Links.Path("/newsletter/"+string(purpose), link.Token{Service: string(policy.Newsletter), Purpose: purpose,
		Person: person, Issued: time.Now().Add(-age)})
}

// mailWait is how long a mail may take; it takes about a second.
const mailWait = 60 * time.Second

// sent returns the newest mail to an address whose text holds a piece, and waits for it.
func (w *screen) sent(t *testing.T, to, piece string) ses.Mail {
	t.Helper()
	for deadline := time.Now().Add(mailWait); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var found []ses.Mail
		for m, err := range w.SES().Mails() {
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(m.To, to) && strings.Contains(m.Text, piece) {
				found = append(found, m)
			}
		}
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	t.Fatalf("no mail to %s with %q after %s", to, piece, mailWait)
	return ses.Mail{}
}

// sentLink returns the first link with that path in the newest mail to an address that has one, and waits for it.
func (w *screen) sentLink(t *testing.T, to, path string) string {
	t.Helper()
	start := w.URL() + path + "?t="
	_, rest, _ := strings.Cut(w.sent(t, to, start).Text, start)
	token, _, _ := strings.Cut(rest, "\n")
	return start + strings.TrimSpace(token)
}

// forget deletes a subscriber, as the table's TTL does days later.
func (w *screen) forget(t *testing.T, person string) {
	t.Helper()
	var tx record.Transaction
	tx.Delete("subscriber", w.list.Table, subscription.Key(person), record.Condition{})
	if err := tx.Commit(t.Context(), w.list.Client); err != nil {
		t.Fatalf("delete a subscriber: %v", err)
	}
}
