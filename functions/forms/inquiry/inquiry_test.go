package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/inquiriestest"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
)

// complete are the settings of a function that starts.
func complete(w *inquiriestest.World) map[string]string {
	env := w.Environment()
	for name, value := range map[string]string{"FORM_KEYS": strings.Repeat("form-key-of-the-events-", 2), "PUBLIC_URL": "https://forms.example.jp",
		"WEBSITE_URL": "https://www.example.jp/", "ALLOWED_ORIGINS": "", "FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "PRIVACY_CONTACT": "privacy@example.jp"} {
		env[name] = value
	}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	return env
}

// world is the form over real tables.
type world struct {
	*inquiriestest.World
	handler http.Handler
	clock   time.Time
}

func newWorld(t *testing.T, at time.Time) *world {
	t.Helper()
	w := &world{World: inquiriestest.New(t), clock: at}
	d, cfg, err := desk.With[settings](config.Map(complete(w.World)), policy.Get(policy.Inquiry), w.Client, func() time.Time { return w.clock })
	if err != nil {
		t.Fatal(err)
	}
	if w.handler, err = newHandler(d, cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// do sends JSON, or asks for the form's description where values is nil.
func (w *world) do(t *testing.T, language string, values map[string]string) (int, map[string]any) {
	t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if values != nil {
		method = http.MethodPost
		body, _ = json.Marshal(values)
	}
	r := httptest.NewRequest(method, "/inquiry?lang="+language, bytes.NewReader(body))
	r.Header.Set("Accept", "application/json")
	if values != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var members map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &members); err != nil {
		t.Fatalf("%d: %s", answer.Code, answer.Body)
	}
	return answer.Code, members
}

// post opens the form and sends it; it returns status and answer.
func (w *world) post(t *testing.T, language string, values map[string]string) (int, map[string]any) {
	t.Helper()
	_, form := w.do(t, language, nil)
	values["form_token"], _ = form["form_token"].(string)
	w.clock = w.clock.Add(time.Minute)
	return w.do(t, language, values)
}

func hanako(message string) map[string]string {
	return map[string]string{"name": "𠮷野家 花子", "email": "hanako@example.jp", "message": message}
}

// R37, R41: in both languages the inquiry is kept as it was typed (hard case 1), acknowledged in the person's language without a
// word of it, and announced to staff without anything personal.
func TestInquiry(t *testing.T) {
	for _, language := range []policy.Language{policy.Japanese, policy.English} {
		t.Run(string(language), func(t *testing.T) {
			w := newWorld(t, inquiriestest.Now())
			opened := w.clock
			status, answer := w.post(t, string(language), hanako("資料について\r\n\r\n番号は 123456789018 です。葛󠄀城、神社"))
			reference, _ := answer["reference"].(string)
			if status != http.StatusCreated || answer["status"] != "received" || !strings.HasPrefix(reference, "I") {
				t.Fatalf("%d %v", status, answer)
			}
			var head, message map[string]any
			for _, item := range w.All(t) {
				if item["sk"] == "case" {
					head = item
				} else {
					message = item
				}
			}
			expires := float64(w.clock.Add(730 * 24 * time.Hour).Unix())
			person := head["person"]
			if diff := cmp.Diff(map[string]any{"pk": reference, "sk": "case", "state": "new", "active_at": head["active_at"], "channel": "form", "lang": string(language),
				"person": person, "created_at": head["active_at"], "opened_at": opened.UTC().Format(time.RFC3339), "policy_version": policy.Version,
				"form_version": 1.0, "messages": 1.0, "identities": 1.0, "expires_at": expires}, head); diff != "" {
				t.Errorf("head: %s", diff)
			}
			if diff := cmp.Diff(map[string]any{"pk": reference, "sk": message["sk"], "channel": "form", "person": person, "created_at": head["created_at"],
				"name": "𠮷野家 花子", "email": "hanako@example.jp", "message": "資料について\n\n番号は 123456789018 です。葛󠄀城、神社", "expires_at": expires}, message); diff != "" {
				t.Errorf("message: %s", diff)
			}
			acks, notices := w.Mails(t, policy.InquiryReceived), w.Mails(t, policy.InquiryStaffNotice)
			if len(acks) != 1 || len(notices) != 1 || acks[0].Language != language || acks[0].To != "hanako@example.jp" || notices[0].To != inquiriestest.Staff {
				t.Fatalf("%d acknowledgements, %d notices", len(acks), len(notices))
			}
			if thread, ok := inquiries.ReadThread(config.Keys{config.Key(inquiriestest.LinkKey)}, inquiriestest.Inbound, acks[0].ReplyTo); !ok || thread != reference {
				t.Errorf("an answer to the acknowledgement goes to %q", acks[0].ReplyTo)
			}
			for _, row := range append(acks, notices...) {
				data, _ := json.Marshal(row.Data)
				for _, word := range []string{"花子", "資料", "hanako", "1234"} {
					if strings.Contains(string(data), word) {
						t.Errorf("%s holds %q", row.Kind, word)
					}
				}
			}
		})
	}
}

// Hard case 34 through the form: everybody's inquiry is kept, one address gets three mails.
func TestFloodOfOneAddress(t *testing.T) {
	w := newWorld(t, inquiriestest.Now())
	for i := range 6 {
		if status, answer := w.post(t, "en", map[string]string{"name": "Win http://evil.example", "email": "Victim@example.com", "message": fmt.Sprint("now ", i)}); status != http.StatusCreated {
			t.Fatalf("%d %v", status, answer)
		}
	}
	if cases, acks := len(w.All(t))/2, len(w.Mails(t, policy.InquiryReceived)); cases != 6 || acks != inquiries.AcknowledgementsPerForm {
		t.Errorf("%d inquiries kept, %d acknowledged", cases, acks)
	}
}

// What the form refuses, with the field and the reason; and what it takes.
func TestFields(t *testing.T) {
	w := newWorld(t, inquiriestest.Now())
	for _, test := range []struct {
		name, field, value string
		status             int
	}{
		{"the longest message", "message", strings.Repeat("長", 4000), 201},
		{"a message that is too long", "message", strings.Repeat("長", 4001), 422},
		{"only spaces (hard case 2)", "message", "　 　", 422},
		{"a line break in the name (hard case 4)", "name", "花子\r\nBcc: x@example.jp", 422},
		{"no address", "email", "hanako", 422},
		{"a carrier's address (hard case 8)", "email", "a..b@docomo.ne.jp", 201},
		{"a field that the policy does not name (R6)", "phone", "03-1234-5678", 422},
	} {
		values := hanako("資料について")
		values[test.field] = test.value
		status, answer := w.post(t, "ja", values)
		if status != test.status {
			t.Errorf("%s: %d %v", test.name, status, answer)
		}
	}
	_, form := w.do(t, "en", nil)
	var names []string
	fields, _ := form["fields"].([]any)
	for _, f := range fields {
		member, _ := f.(map[string]any)
		names = append(names, fmt.Sprint(member["name"], " ", member["label"], " ", member["required"]))
	}
	if diff := cmp.Diff([]string{"name Name true", "email E-mail address true", "message Your inquiry true"}, names); diff != "" {
		t.Error(diff)
	}
}

// With one setting missing or wrong the function does not start, and the message names it (hard case 25).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	tables := &inquiriestest.World{Table: "inquiries", GuardName: "guard", Mail: &mailtest.Outbox{Table: "outbox"}}
	if _, err := run(t.Context(), config.Map(complete(tables))); err != nil {
		t.Fatalf("complete settings: %v", err)
	}
	for name := range complete(tables) {
		env := complete(tables)
		delete(env, name)
		if _, err := run(t.Context(), config.Map(env)); (err == nil || !strings.Contains(err.Error(), name)) && name != "ALLOWED_ORIGINS" && name != "INBOUND_ADDRESS" {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, test := range []struct{ name, value string }{{"INQUIRY_DAYS", "0"}, {"INQUIRY_DAYS", "1826"}, {"INQUIRY_CLOSED_DAYS", "29"},
		{"INQUIRY_STAFF_ADDRESS", "office"}, {"INQUIRY_STAFF_ADDRESS", inquiriestest.Inbound}, {"LINK_KEYS", "short"}} {
		env := complete(tables)
		env[test.name] = test.value
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), test.name) {
			t.Errorf("%s=%s: %v", test.name, test.value, err)
		}
	}
}

// logged collects what the package's own tests log.
var logged syncBuffer

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// TestMain looks through the log of all tests at the end: nothing that was typed may be in it (R45, hard case 33).
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	for _, word := range []string{"example.jp", "example.com", "hanako", "花子", "資料", "evil"} {
		if strings.Contains(logged.b.String(), word) {
			fmt.Printf("the log holds %q\n", word)
			code = 1
		}
	}
	os.Exit(code)
}
