package suppression_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/suppression"
)

var start = time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)

// open returns the list of a local SES whose clock the test holds.
func open(t *testing.T, now *time.Time) suppression.Account {
	t.Helper()
	server, err := ses.New(ses.Options{Dir: t.TempDir(), Clock: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server.API())
	t.Cleanup(func() {
		api.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return at(t, api.URL)
}

func at(t *testing.T, url string) suppression.Account {
	t.Helper()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_SESV2": url, "AWS_REGION": "ap-northeast-1", "AWS_ACCESS_KEY_ID": "test",
		"AWS_SECRET_ACCESS_KEY": "test", "AWS_MAX_ATTEMPTS": "1"} {
		t.Setenv(name, value)
	}
	a, err := suppression.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func put(t *testing.T, a suppression.Account, address string, reason types.SuppressionListReason) {
	t.Helper()
	if _, err := a.Client.PutSuppressedDestination(t.Context(), &sesv2.PutSuppressedDestinationInput{EmailAddress: &address, Reason: reason}); err != nil {
		t.Fatal(err)
	}
}

func TestFindAndRemove(t *testing.T) {
	now := start
	a := open(t, &now)
	const address = `"a..b"@docomo.ne.jp` // hard case 8
	if _, found, err := a.Find(t.Context(), address); found || err != nil {
		t.Fatalf("nothing is there: %v, %v", found, err)
	}
	put(t, a, address, types.SuppressionListReasonComplaint)
	e, found, err := a.Find(t.Context(), address)
	if err != nil || !found || !e.Complaint || !e.At.Equal(start) {
		t.Fatalf("%+v, %v, %v", e, found, err)
	}
	for range 2 {
		if err := a.Remove(t.Context(), address); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := a.Find(t.Context(), address); found || err != nil {
		t.Errorf("removed: %v, %v", found, err)
	}
}

// All pages, from a moment on; the first error ends it.
func TestSince(t *testing.T) {
	now := start
	a := open(t, &now)
	for i := range 250 {
		now = start.Add(time.Duration(i) * time.Minute)
		reason := types.SuppressionListReasonBounce
		if i%10 == 0 {
			reason = types.SuppressionListReasonComplaint
		}
		put(t, a, fmt.Sprintf("a%03d@example.jp", i), reason)
	}
	for _, test := range []struct {
		name                     string
		from                     time.Time
		pages, entries, complain int
	}{
		{"everything", time.Time{}, 3, 250, 25},
		{"the last 150 minutes", start.Add(100 * time.Minute), 2, 150, 15},
		{"nothing", start.Add(24 * time.Hour), 1, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			pages, seen, complaints := 0, map[string]bool{}, 0
			if err := a.Since(t.Context(), test.from, func(page []suppression.Entry) error {
				pages++
				for _, e := range page {
					seen[e.Address] = true
					if e.Complaint {
						complaints++
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if pages != test.pages || len(seen) != test.entries || complaints != test.complain {
				t.Errorf("%d pages, %d addresses, %d complaints; want %+v", pages, len(seen), complaints, test)
			}
		})
	}
	broken, pages := errors.New("broken"), 0
	if err := a.Since(t.Context(), time.Time{}, func([]suppression.Entry) error { pages++; return broken }); !errors.Is(err, broken) || pages != 1 {
		t.Errorf("%v after %d pages", err, pages)
	}
}

// Hard case 33: SES repeats the address in its messages, and the SDK the URL with it in its errors.
func TestErrorsNameNobody(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "BadRequestException")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"message": "hanako@example.jp is wrong"}`))
	}))
	t.Cleanup(refusing.Close)
	for url, says := range map[string]string{refusing.URL: "BadRequestException", "http://127.0.0.1:1": "no answer"} {
		a := at(t, url)
		_, _, found := a.Find(t.Context(), "hanako@example.jp")
		list := a.Since(t.Context(), start, func([]suppression.Entry) error { return nil })
		for _, err := range []error{a.Remove(t.Context(), "hanako@example.jp"), found, list} {
			if err == nil || strings.Contains(err.Error(), "hanako") || !strings.Contains(err.Error(), says) {
				t.Errorf("%v", err)
			}
		}
	}
}
