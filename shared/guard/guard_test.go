package guard_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

var now = time.Date(2026, 11, 23, 12, 40, 0, 0, time.UTC)

func store(t *testing.T) guard.Store {
	client := recordtest.Start(t)
	return guard.Store{Client: client, Table: recordtest.Table(t, client, "guard", false), Key: config.Key("address-key-of-thirty-two-bytes--")}
}

func TestTokenIsSpentOnceForTwoDays(t *testing.T) {
	s := store(t)
	spend := func(at time.Time, reference, values string) (guard.Spent, error) {
		var tx record.Transaction
		s.SpendToken(&tx, "NONCE", reference, values, "", at)
		err := tx.Commit(t.Context(), s.Client)
		var cancelled *record.Cancelled
		var old guard.Spent
		if errors.As(err, &cancelled) {
			if stood, oldErr := cancelled.Old(guard.TokenAction, &old); !stood || oldErr != nil {
				t.Fatalf("the token is not what stood in the way: %v", oldErr)
			}
		}
		return old, err
	}
	if _, err := spend(now, "N-1", "a"); err != nil {
		t.Fatal(err)
	}
	want := guard.Spent{PK: "token#NONCE", Reference: "N-1", Values: "a", ExpiresAt: now.Add(48 * time.Hour).Unix()}
	old, err := spend(now.Add(48*time.Hour-time.Second), "N-2", "b")
	if err == nil {
		t.Fatal("spent twice within 48 hours")
	}
	if diff := cmp.Diff(want, old); diff != "" {
		t.Errorf("what stood in the way: %s", diff)
	}
	for name, c := range map[string]struct {
		nonce string
		at    time.Time
		found bool
	}{
		"at once":            {"NONCE", now, true},
		"before 48 hours":    {"NONCE", now.Add(48*time.Hour - time.Second), true},
		"expired is absent":  {"NONCE", now.Add(48 * time.Hour), false}, // hard case 24
		"another token":      {"OTHER", now, false},
		"an empty one is no": {"", now, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, found, err := s.FindSpent(t.Context(), c.nonce, c.at)
			if err != nil || found != c.found || (found && got != want) {
				t.Errorf("got %+v, %v, %v", got, found, err)
			}
		})
	}
	if _, err := spend(now.Add(48*time.Hour), "N-3", "c"); err != nil {
		t.Errorf("an expired mark that is not deleted yet stands in the way: %v", err) // hard case 24
	}
}

func TestCapCountsPerPersonAndJapaneseDay(t *testing.T) {
	s := store(t)
	midnight := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) // 00:00 of the 24th in Japan
	for _, step := range []struct {
		name, what, person string
		at                 time.Time
		ok                 bool
	}{
		{"first", "mail/newsletter", "a", midnight.Add(-3 * time.Minute), true},
		{"second", "mail/newsletter", "a", midnight.Add(-2 * time.Minute), true},
		{"over the limit", "mail/newsletter", "a", midnight.Add(-time.Second), false},
		{"again over the limit", "mail/newsletter", "a", midnight.Add(-time.Second), false},
		{"another person", "mail/newsletter", "b", midnight.Add(-time.Second), true},
		{"another list", "mail/press", "a", midnight.Add(-time.Second), true},
		{"the next day in Japan", "mail/newsletter", "a", midnight, true},
	} {
		t.Run(step.name, func(t *testing.T) {
			var tx record.Transaction
			s.Cap(&tx, "cap", step.what, step.person, 2, step.at)
			err := tx.Commit(t.Context(), s.Client)
			var cancelled *record.Cancelled
			if step.ok != (err == nil) || (!step.ok && !errors.As(err, &cancelled)) {
				t.Errorf("got %v, want allowed = %v", err, step.ok)
			}
		})
	}
}

func TestRateCountsPerNetworkAndHour(t *testing.T) {
	s := store(t)
	for _, step := range []struct {
		name, address string
		at            time.Time
		allowed       bool
		wait          time.Duration
	}{
		{"first", "192.0.2.1", now, true, 20 * time.Minute},
		{"second", "192.0.2.1", now.Add(time.Minute), true, 19 * time.Minute},
		{"over the limit", "192.0.2.1", now.Add(2 * time.Minute), false, 18 * time.Minute},
		{"another network", "192.0.2.2", now, true, 20 * time.Minute},
		{"the next hour", "192.0.2.1", now.Add(20 * time.Minute), true, time.Hour},
		{"IPv6", "2001:db8::1", now, true, 20 * time.Minute},
		{"the same /64", "2001:db8::ffff:1", now, true, 20 * time.Minute},
		{"the same /64 over the limit", "2001:db8:0:0:1::", now, false, 20 * time.Minute},
		{"the next /64", "2001:db8:0:1::1", now, true, 20 * time.Minute},
	} {
		t.Run(step.name, func(t *testing.T) {
			allowed, wait, err := s.Rate(t.Context(), step.address, 2, step.at)
			if err != nil || allowed != step.allowed || wait != step.wait {
				t.Errorf("got %v, %v, %v; want %v, %v", allowed, wait, err, step.allowed, step.wait)
			}
		})
	}
	out, err := s.Client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(s.Table)})
	if err != nil || len(out.Items) == 0 {
		t.Fatal(err, len(out.Items))
	}
	for _, item := range out.Items { // R12: never an address outside the access log, only its hash
		var bucket struct {
			PK        string `dynamodbav:"pk"`
			ExpiresAt int64  `dynamodbav:"expires_at"`
		}
		if _, err := record.Get(t.Context(), s.Client, s.Table, record.Item{"pk": item["pk"]}, now, &bucket); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(bucket.PK, "192.0.2") || strings.Contains(bucket.PK, "2001") {
			t.Errorf("an IP address in the key %q", bucket.PK)
		}
		if bucket.ExpiresAt == 0 || bucket.ExpiresAt > now.Add(3*time.Hour).Unix() {
			t.Errorf("%s lives until %d", bucket.PK, bucket.ExpiresAt)
		}
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "unknown", "192.0.2.1:80": "unknown", "taro": "unknown", "192.0.2.1, 192.0.2.2": "unknown",
	} {
		if got := guard.Network(address); got != want {
			t.Errorf("Network(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestHashIsKeyedAndKeptApartByKind(t *testing.T) {
	a := guard.Store{Key: config.Key("address-key-of-thirty-two-bytes--")}
	b := guard.Store{Key: config.Key("another-key-of-thirty-two-bytes--")}
	if len(a.Hash("network", "192.0.2.1")) != 32 {
		t.Errorf("not 128 bits in hex: %q", a.Hash("network", "192.0.2.1"))
	}
	seen := map[string]string{}
	for name, hash := range map[string]string{"a": a.Hash("network", "192.0.2.1"), "other kind": a.Hash("person", "192.0.2.1"),
		"other key": b.Hash("network", "192.0.2.1"), "other value": a.Hash("network", "192.0.2.2")} {
		if twin, ok := seen[hash]; ok {
			t.Errorf("%s and %s have one hash", name, twin)
		}
		seen[hash] = name
	}
}

func TestUnreachableStore(t *testing.T) {
	recordtest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	client, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := guard.Store{Client: client, Table: "guard", Key: config.Key("address-key-of-thirty-two-bytes--")}
	if _, _, err := s.Rate(t.Context(), "192.0.2.1", 1, now); !errors.Is(err, record.ErrUnavailable) {
		t.Errorf("Rate: %v, want ErrUnavailable", err)
	}
	if _, _, err := s.FindSpent(t.Context(), "N", now); !errors.Is(err, record.ErrUnavailable) {
		t.Errorf("FindSpent: %v, want ErrUnavailable", err)
	}
}
