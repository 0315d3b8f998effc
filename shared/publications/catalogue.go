package publications

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/record"
)

// Words are a text of the catalogue.
type Words struct {
	JA string `dynamodbav:"ja" json:"ja"`
	EN string `dynamodbav:"en,omitempty" json:"en,omitempty"`
}

// Publication is an item of the catalogue with its counters. Left, Reserved and Sent add up to Supplied, always.
type Publication struct {
	Kind      string `dynamodbav:"pk"` // publicationKind
	ID        string `dynamodbav:"sk"`
	Title     Words  `dynamodbav:"title"`
	About     Words  `dynamodbav:"about"`
	Languages string `dynamodbav:"language"` // of the publication: "ja", or several with commas
	Pages     int    `dynamodbav:"pages,omitempty"`
	Limit     int    `dynamodbav:"per_request"` // copies that one request may ask for
	Withdrawn bool   `dynamodbav:"withdrawn"`   // not given out any more
	Cover     string `dynamodbav:"cover,omitempty"`
	Order     int    `dynamodbav:"position"`
	Left      int    `dynamodbav:"n_left"`
	Reserved  int    `dynamodbav:"n_reserved"`
	Sent      int    `dynamodbav:"n_sent"`
	Supplied  int    `dynamodbav:"n_supplied"`
}

// Offered tells whether the publication can be asked for now.
func (p Publication) Offered() bool { return !p.Withdrawn && p.Left > 0 }

// languages are the languages that publications are in; the office's own and those of ASEAN and its neighbours.
var languages = map[string]string{"ja": "日本語", "en": "英語", "id": "インドネシア語", "km": "クメール語", "lo": "ラオス語", "ms": "マレー語", "my": "ミャンマー語",
	"fil": "フィリピノ語", "ta": "タミル語", "tet": "テトゥン語", "th": "タイ語", "vi": "ベトナム語", "zh": "中国語", "ko": "韓国語", "pt": "ポルトガル語", "fr": "フランス語"}

// LanguageName is the publication's language in Japanese: 日本語・英語.
func (p Publication) LanguageName() string {
	var names []string
	for code := range strings.SplitSeq(p.Languages, ",") {
		names = append(names, languages[strings.TrimSpace(code)])
	}
	return strings.Join(names, "・")
}

// All reads the catalogue, in its order. The error is record.ErrUnavailable.
func (s *Store) All(ctx context.Context) ([]Publication, error) {
	all, err := queryAll[Publication](ctx, s, &dynamodb.QueryInput{TableName: &s.Catalogue, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: record.Item{":p": record.Key(publicationKind, "")["pk"]}})
	slices.SortStableFunc(all, func(a, b Publication) int { return a.Order - b.Order })
	return all, err
}

const (
	// keptFor is how long a process may go on with the titles and limits that it has read (design: 30 seconds). The stock of a
	// submission is never taken from here: its transaction decides.
	keptFor = 30 * time.Second
	// A page does not wait long for the catalogue where it has an older one.
	freshWait = 800 * time.Millisecond
)

// Shelf keeps the catalogue in the process.
type Shelf struct {
	Store *Store

	mu   sync.Mutex
	read time.Time
	kept []Publication
}

// Fresh returns the catalogue as it is now, for a page that shows the stock; where the store is out of reach, as it was when it was
// read last. The error is record.ErrUnavailable.
func (s *Shelf) Fresh(ctx context.Context) ([]Publication, error) {
	s.mu.Lock()
	kept, now := s.kept, s.Store.Now()
	s.mu.Unlock()
	if kept != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, freshWait)
		defer cancel()
	}
	all, err := s.Store.All(ctx)
	if err != nil {
		if kept != nil {
			return kept, nil
		}
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read, s.kept = now, all
	return all, nil
}

// Known returns the catalogue as it was at most 30 seconds ago. The error is record.ErrUnavailable.
func (s *Shelf) Known(ctx context.Context) ([]Publication, error) {
	s.mu.Lock()
	kept, read := s.kept, s.read
	s.mu.Unlock()
	if kept != nil && s.Store.Now().Sub(read) < keptFor {
		return kept, nil
	}
	return s.Fresh(ctx)
}
