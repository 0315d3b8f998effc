package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Reader reads objects of one bucket and hands out links to them, for functions that do nothing else with S3. It signs with the SDK's
// signer but does without the S3 client: that brings all hundred operations into the program, a megabyte of the six that a form's
// package may have and half of its start (its own construction makes the linker keep them).
type Reader struct {
	endpoint string // without a slash at the end
	bucket   string
	region   string
	keys     aws.CredentialsProvider
	signer   *v4.Signer
	client   *http.Client
	now      func() time.Time
}

// NewReader reads region, credentials and AWS_ENDPOINT_URL_S3 as the SDK does.
func NewReader(ctx context.Context, bucket string, now func() time.Time) (*Reader, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	env, err := config.NewEnvConfig()
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	endpoint, given, err := env.GetServiceBaseEndpoint(ctx, "S3")
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	if !given {
		endpoint = "https://s3." + cfg.Region + ".amazonaws.com"
	}
	return &Reader{endpoint: strings.TrimSuffix(endpoint, "/"), bucket: bucket, region: cfg.Region, keys: cfg.Credentials,
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }), // S3 signs the path as it is sent
		client: &http.Client{Timeout: readTimeout}, now: now}, nil
}

const (
	readTimeout  = 5 * time.Second
	readAttempts = 3
	readLink     = time.Minute // life of the links that the reader itself follows
)

// Link is as Bucket.Link.
func (r *Reader) Link(ctx context.Context, key, fileName string, expires time.Duration) (string, error) {
	if strings.ContainsFunc(key, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_./", c)
	}) {
		return "", errors.New("sign a link to an object: the key holds more than plain letters") // how others are escaped is S3's affair
	}
	credentials, err := r.keys.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("sign a link to an object: %w", err)
	}
	query := url.Values{"X-Amz-Expires": {strconv.Itoa(int(expires / time.Second))}, "x-id": {"GetObject"}}
	if fileName != "" {
		query.Set("response-content-disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName}))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.endpoint+"/"+r.bucket+"/"+key+"?"+query.Encode(), nil)
	if err != nil {
		return "", fmt.Errorf("sign a link to an object: %w", err)
	}
	link, _, err := r.signer.PresignHTTP(ctx, credentials, request, "UNSIGNED-PAYLOAD", "s3", r.region, r.now())
	if err != nil {
		return "", fmt.Errorf("sign a link to an object: %w", err)
	}
	return link, nil
}

// Get is as Bucket.Get.
func (r *Reader) Get(ctx context.Context, key string, limit int64) (Object, error) {
	for attempt := 1; ; attempt++ {
		o, err := r.get(ctx, key, limit)
		if !errors.Is(err, ErrUnavailable) || attempt == readAttempts || ctx.Err() != nil {
			return o, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(100 * time.Millisecond << attempt)): //nolint:gosec // jitter needs no secrecy
		}
	}
}

func (r *Reader) get(ctx context.Context, key string, limit int64) (Object, error) {
	link, err := r.Link(ctx, key, "", readLink)
	if err != nil {
		return Object{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return Object{}, fmt.Errorf("get object: %w", err)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		var about *url.Error // its text holds the signed address, which belongs in no log
		if errors.As(err, &about) {
			err = about.Err
		}
		return Object{}, fmt.Errorf("get object: %w: %w", ErrUnavailable, err)
	}
	defer func() { _ = answer.Body.Close() }()
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound:
		return Object{}, fmt.Errorf("get object: %w", ErrNotFound)
	case status >= 500, status == http.StatusTooManyRequests:
		return Object{}, fmt.Errorf("get object: %w: status %d", ErrUnavailable, status)
	case status != http.StatusOK:
		return Object{}, fmt.Errorf("get object: status %d", status)
	case answer.ContentLength > limit:
		return Object{}, ErrTooLarge
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return Object{}, fmt.Errorf("get object: %w: %w", ErrUnavailable, err)
	case int64(len(content)) > limit:
		return Object{}, ErrTooLarge
	}
	return Object{Content: content, ContentType: answer.Header.Get("Content-Type")}, nil
}
