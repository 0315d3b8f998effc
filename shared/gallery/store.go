package gallery

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/objects"
	"madoguchi/shared/record"
)

// Files are the files of photos to read; objects.Reader is one, objects.Bucket another. The errors are those of objects.
type Files interface {
	Get(ctx context.Context, key string, limit int64) (objects.Object, error)
	Link(ctx context.Context, key, fileName string, expires time.Duration) (string, error)
}

// Shelf is where files are put and taken away; objects.Bucket is one. The errors are those of objects.
type Shelf interface {
	Put(ctx context.Context, key string, o objects.Object) error
	Delete(ctx context.Context, key string) error
}

// Store is the catalogue and its files.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Files  Files
	Shelf  Shelf // nil where photos are only shown
	Now    func() time.Time
}

// The partitions of the table. All photos stand in one: a catalogue has thousands of small items, of which a page reads a dozen.
const (
	photos = "photo"
	albums = "album"
)

// mostAlbums bounds the navigation of a page.
const mostAlbums = 100

// ErrCursor says that a cursor is not one of ours.
var ErrCursor = errors.New("unknown cursor")

type albumItem struct {
	PK    string `dynamodbav:"pk"`
	ID    string `dynamodbav:"sk"`
	Title string `dynamodbav:"title"`
}

type photoItem struct {
	PK string `dynamodbav:"pk"`
	Photo
}

// Albums are all albums, by their id. The error is record.ErrUnavailable.
func (s *Store) Albums(ctx context.Context) ([]Album, error) {
	items, _, err := record.Query[albumItem](ctx, s.Client, s.query(albums, "", mostAlbums), s.Now(), nil)
	if err != nil {
		return nil, err
	}
	out := make([]Album, len(items))
	for i, item := range items {
		out[i] = Album{item.ID, item.Title}
	}
	return out, nil
}

// Page reads a page of the catalogue, of one album or ("") of all, in the order of ids. next is "" after the last page. Errors:
// ErrCursor, record.ErrUnavailable.
func (s *Store) Page(ctx context.Context, album, cursor string, size int) (page []Photo, next string, err error) {
	var after record.Item
	if cursor != "" {
		id, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil || !IsID(string(id)) || album != "" && !strings.HasPrefix(string(id), album+"-") {
			return nil, "", ErrCursor
		}
		after = record.Key(photos, string(id))
	}
	begins := ""
	if album != "" {
		begins = album + "-"
	}
	// One more than the page holds tells whether there is another.
	page, _, err = record.Query[Photo](ctx, s.Client, s.query(photos, begins, size+1), s.Now(), after)
	if err != nil || len(page) <= size {
		return page, "", err
	}
	page = page[:size]
	return page, base64.RawURLEncoding.EncodeToString([]byte(page[size-1].ID)), nil
}

func (s *Store) query(partition, begins string, limit int) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{TableName: &s.Table, Limit: aws.Int32(int32(limit)), //nolint:gosec // a page's size
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: partition}}}
	if begins != "" {
		in.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :begins)")
		in.ExpressionAttributeValues[":begins"] = &types.AttributeValueMemberS{Value: begins}
	}
	return in
}

// Find reads one photo. The error is record.ErrUnavailable.
func (s *Store) Find(ctx context.Context, id string) (p Photo, found bool, err error) {
	if !IsID(id) {
		return Photo{}, false, nil
	}
	found, err = record.Get(ctx, s.Client, s.Table, record.Key(photos, id), s.Now(), &p)
	return p, found, err
}

// maxServed bounds a file that passes through a function, whose answers have at most 6 MB.
const maxServed = 3 << 20

// Read returns a file that pages show. The errors are those of objects.
func (s *Store) Read(ctx context.Context, p Photo, size Size) ([]byte, error) {
	o, err := s.Files.Get(ctx, p.key(size), maxServed)
	return o.Content, err
}

// Link is an address that downloads a file under the photo's name until it expires.
func (s *Store) Link(ctx context.Context, p Photo, size Size, expires time.Duration) (string, error) {
	name := p.ID + ".jpg"
	if size != Full {
		name = p.ID + "-" + string(size) + ".jpg"
	}
	return s.Files.Link(ctx, p.key(size), name, expires)
}

// Save adds a photo, or replaces one of the same id. The description must have been checked. The files come before the entry that
// leads to them; those of the picture that was replaced go last, and a failure in between leaves nothing that a page could miss.
func (s *Store) Save(ctx context.Context, e Entry, made Picture) error {
	old, replaced, err := s.Find(ctx, e.ID())
	if err != nil {
		return err
	}
	p := Photo{ID: e.ID(), Album: e.Album.ID, Caption: e.Caption, Credit: e.Credit, Terms: e.Terms, Version: made.Version,
		Files: map[Size]File{}, AddedAt: s.Now().UTC().Format(time.RFC3339)}
	for size, file := range made.Files {
		p.Files[size] = File{file.Width, file.Height, len(file.Content)}
		if err := s.Shelf.Put(ctx, p.key(size), objects.Object{Content: file.Content, ContentType: "image/jpeg"}); err != nil {
			return err
		}
	}
	if err := record.PutAll(ctx, s.Client, s.Table, []albumItem{{albums, e.Album.ID, e.Album.Title}}); err != nil {
		return err
	}
	if err := record.PutAll(ctx, s.Client, s.Table, []photoItem{{photos, p}}); err != nil {
		return err
	}
	if !replaced || old.Version == p.Version {
		return nil
	}
	return s.removeFiles(ctx, old)
}

// Remove takes a photo out of the catalogue. The album stays, for the next photo. The errors are those of record and objects.
func (s *Store) Remove(ctx context.Context, id string) error {
	old, found, err := s.Find(ctx, id)
	if err != nil || !found {
		return err
	}
	var tx record.Transaction
	tx.Delete("photo", s.Table, record.Key(photos, id), record.Condition{})
	if err := tx.Commit(ctx, s.Client); err != nil {
		return err
	}
	return s.removeFiles(ctx, old)
}

func (s *Store) removeFiles(ctx context.Context, p Photo) error {
	var failed []error
	for size := range p.Files {
		failed = append(failed, s.Shelf.Delete(ctx, p.key(size)))
	}
	return errors.Join(failed...)
}
