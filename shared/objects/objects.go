// Package objects is a bucket of S3 for the functions that keep files: put, get within a limit, delete, and a link that opens one
// object for some minutes. Keys are chosen by the program: never anything that a person typed, and nothing of a person.
package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Errors that a caller can act on.
var (
	// ErrNotFound: there is no such object. A role without s3:ListBucket is told "access denied" instead, which stays a defect:
	// whoever asks must know from its table that the object is there.
	ErrNotFound = errors.New("no such object")
	// ErrTooLarge: the object has more bytes than the caller takes. No more than that was read.
	ErrTooLarge = errors.New("object too large")
	// ErrUnavailable: S3 could not be reached or did not answer. Asking again is safe.
	ErrUnavailable error = unavailable{}
)

type unavailable struct{}

func (unavailable) Error() string { return "object store unavailable" }

// Unavailable lets shared/web tell this error from a defect without knowing S3.
func (unavailable) Unavailable() bool { return true }

// Client reaches S3 in the process's region, or at AWS_ENDPOINT_URL_S3.
type Client struct {
	s3   *s3.Client
	link *s3.PresignClient
}

// NewClient reads the region and the credentials of the process. Buckets are named in the path, which AWS takes as well as in the
// name of the host: so one form serves AWS, an address by number and a host of containers, and a page's content policy names one host.
func NewClient(ctx context.Context) (*Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	return newClient(s3.NewFromConfig(cfg, pathStyle)), nil
}

// At is a client of another S3 than the process's own, such as a local stack's.
func At(endpoint, region, key, secret string) *Client {
	return newClient(s3.New(s3.Options{BaseEndpoint: &endpoint, Region: region, Credentials: credentials.NewStaticCredentialsProvider(key, secret, "")}, pathStyle))
}

func pathStyle(o *s3.Options) {
	o.UsePathStyle = true
	// Not every object carries a checksum - SES's mails do not - and a line that says so for each is no news.
	o.DisableLogOutputChecksumValidationSkipped = true
}

func newClient(c *s3.Client) *Client { return &Client{s3: c, link: s3.NewPresignClient(c)} }

// Bucket is one bucket of the client.
func (c *Client) Bucket(name string) Bucket { return Bucket{client: c, name: name} }

// Bucket keeps objects. It is safe for use by several goroutines.
type Bucket struct {
	client *Client
	name   string
}

// Object is an object with its content in memory.
type Object struct {
	Content     []byte
	ContentType string
}

// Put stores an object, over one of the same key.
func (b Bucket) Put(ctx context.Context, key string, o Object) error {
	_, err := b.client.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(o.Content), ContentType: &o.ContentType,
	})
	return wrap("put object", err)
}

// Get reads an object of at most limit bytes. Errors: ErrNotFound, ErrTooLarge, ErrUnavailable.
func (b Bucket) Get(ctx context.Context, key string, limit int64) (Object, error) {
	out, err := b.client.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Object{}, wrap("get object", err)
	}
	defer func() { _ = out.Body.Close() }()
	if aws.ToInt64(out.ContentLength) > limit {
		return Object{}, ErrTooLarge
	}
	content, err := io.ReadAll(io.LimitReader(out.Body, limit+1))
	switch {
	case err != nil:
		return Object{}, fmt.Errorf("get object: %w: %w", ErrUnavailable, err)
	case int64(len(content)) > limit:
		return Object{}, ErrTooLarge
	}
	return Object{Content: content, ContentType: aws.ToString(out.ContentType)}, nil
}

// Begin reads the first n bytes of an object, or all of it, and tells its whole size. Errors: ErrNotFound, ErrUnavailable.
func (b Bucket) Begin(ctx context.Context, key string, n int64) (content []byte, size int64, err error) {
	out, err := b.client.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: aws.String(fmt.Sprintf("bytes=0-%d", n-1))},
		// The checksum is that of the whole object, and a part of it cannot have it.
		func(o *s3.Options) { o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired })
	if err != nil {
		return nil, 0, wrap("get the beginning of an object", err)
	}
	defer func() { _ = out.Body.Close() }()
	content, err = io.ReadAll(io.LimitReader(out.Body, n))
	if err != nil {
		return nil, 0, fmt.Errorf("get the beginning of an object: %w: %w", ErrUnavailable, err)
	}
	// "bytes 0-9/100"; without it the answer is the whole object.
	if _, whole, found := strings.Cut(aws.ToString(out.ContentRange), "/"); found {
		if size, err = strconv.ParseInt(whole, 10, 64); err == nil {
			return content, size, nil
		}
	}
	return content, int64(len(content)), nil
}

// Delete removes an object; one that is not there is removed already. Where the bucket keeps versions, the old ones stay until its
// lifecycle ends them.
func (b Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return wrap("delete object", err)
}

// Link is an address that downloads an object under a file name, for whoever has it, until it expires; in AWS at the latest when the
// credentials of the function's process do. Making it calls nobody.
func (b Bucket) Link(ctx context.Context, key, fileName string, expires time.Duration) (string, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key}
	if fileName != "" {
		in.ResponseContentDisposition = aws.String(mime.FormatMediaType("attachment", map[string]string{"filename": fileName}))
	}
	request, err := b.client.link.PresignGetObject(ctx, in, s3.WithPresignExpires(expires))
	if err != nil {
		return "", fmt.Errorf("sign a link to an object: %w", err)
	}
	return request.URL, nil
}

// wrap names the operation, and tells what may pass by itself from a refusal, which is a defect of ours.
func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return fmt.Errorf("%s: %w", operation, ErrNotFound)
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		if status := answer.HTTPStatusCode(); status >= 400 && status < 500 && status != http.StatusTooManyRequests {
			return fmt.Errorf("%s: %w", operation, err)
		}
	}
	return fmt.Errorf("%s: %w: %w", operation, ErrUnavailable, err)
}
