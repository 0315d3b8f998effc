// Package guard keeps the short-lived marks that hold floods and repetitions back: spent form tokens, submissions per
// network, mails per address. Nothing in it lives longer than two days, and nothing names a person: networks and
// addresses are keyed hashes.
package guard

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// SpentFor is how long the mark of a spent form token lives.
const SpentFor = 48 * time.Hour

// TokenAction is the name of the action that spends a token in a record.Transaction.
const TokenAction = "token"

// Store keeps the marks in the guard table.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Key    config.Key // the address key; hashes of different kinds are kept apart by their prefix
}

// Spent is the mark of a spent form token: which answer it got, and for which values.
type Spent struct {
	PK        string `dynamodbav:"pk"`
	Reference string `dynamodbav:"ref"`
	Values    string `dynamodbav:"vals"`             // keyed hash of the cleaned values
	Status    string `dynamodbav:"status,omitempty"` // what became of the submission, in the word that the first answer said
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// SpendToken adds the spending of a token to a transaction.
func (s Store) SpendToken(tx *record.Transaction, nonce, reference, values, status string, now time.Time) {
	tx.Put(TokenAction, s.Table, Spent{"token#" + nonce, reference, values, status, now.Add(SpentFor).Unix()}, record.IfAbsent(now))
}

// FindSpent reads the mark of a token; false where it was not spent. The error is record.ErrUnavailable.
func (s Store) FindSpent(ctx context.Context, nonce string, now time.Time) (Spent, bool, error) {
	var spent Spent
	found, err := record.Get(ctx, s.Client, s.Table, record.Key("token#"+nonce, ""), now, &spent)
	return spent, found, err
}

// Cap adds to a transaction that something happens once more today to one person, and at most limit times a day (in
// Japan). The action's condition fails where the limit is reached.
func (s Store) Cap(tx *record.Transaction, action, what, person string, limit int, now time.Time) {
	day := now.In(policy.JapanTime).Format(time.DateOnly)
	tx.Update(action, s.Table, record.Key(strings.Join([]string{"cap", what, day, person}, "#"), ""),
		"SET expires_at = :expires ADD n :one", record.Values{"expires": now.Add(48 * time.Hour).Unix(), "one": 1},
		record.Condition{Expression: "attribute_not_exists(n) OR n < :limit", Values: record.Values{"limit": limit}})
}

// Rate counts one more submission from a network in this hour. It reports false where that is more than limit, and how
// long to wait. The error is record.ErrUnavailable.
func (s Store) Rate(ctx context.Context, address string, limit int, now time.Time) (allowed bool, wait time.Duration, err error) {
	hour := now.Truncate(time.Hour)
	key := record.Key(fmt.Sprintf("rate#%s#%s", hour.UTC().Format("2006010215"), s.Hash("network", Network(address))), "")
	var bucket struct {
		N int `dynamodbav:"n"`
	}
	if _, err := record.Update(ctx, s.Client, s.Table, key, "SET expires_at = :expires ADD n :one",
		record.Values{"expires": hour.Add(2 * time.Hour).Unix(), "one": 1}, record.Condition{}, &bucket); err != nil {
		return false, 0, err
	}
	return bucket.N <= limit, hour.Add(time.Hour).Sub(now), nil
}

// Hash is a keyed hash (HMAC-SHA-256, 128 bits, hex) of a value of one kind.
func (s Store) Hash(kind, value string) string {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(kind + "\x00" + value))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Network is what a rate bucket belongs to: an IPv4 address, or the /64 of an IPv6 address, of which one household or
// office usually holds a whole one. What is no address shares one bucket.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap()
	if ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
