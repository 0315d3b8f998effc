package objects_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/objects"
)

const bucketName = "madoguchi-test"

func open(t *testing.T, clock func() time.Time) objects.Bucket {
	t.Helper()
	s3test.Start(t, clock, bucketName)
	client, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client.Bucket(bucketName)
}

func put(t *testing.T, b objects.Bucket, key, content string) {
	t.Helper()
	if err := b.Put(t.Context(), key, objects.Object{Content: []byte(content), ContentType: "text/plain"}); err != nil {
		t.Fatal(err)
	}
}

func TestAnObjectIsPutReadAndDeleted(t *testing.T) {
	b := open(t, nil)
	put(t, b, "a/b c/写真.txt", "first")
	put(t, b, "a/b c/写真.txt", "second")
	got, err := b.Get(t.Context(), "a/b c/写真.txt", 6)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(objects.Object{Content: []byte("second"), ContentType: "text/plain"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := b.Get(t.Context(), "a/b c/写真.txt", 5); !errors.Is(err, objects.ErrTooLarge) {
		t.Errorf("6 bytes where 5 are taken: %v", err)
	}
	for range 2 {
		if err := b.Delete(t.Context(), "a/b c/写真.txt"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Get(t.Context(), "a/b c/写真.txt", 5); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("a deleted object: %v", err)
	}
}

func TestADefectIsNotTakenForAFault(t *testing.T) {
	s3test.Start(t, nil, bucketName)
	client, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Bucket("another-bucket").Put(t.Context(), "a", objects.Object{}); err == nil || errors.Is(err, objects.ErrUnavailable) {
		t.Errorf("a bucket that is not there: %v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	if client, err = objects.NewClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Bucket(bucketName).Get(t.Context(), "a", 1); !errors.Is(err, objects.ErrUnavailable) {
		t.Errorf("S3 out of reach: %v", err)
	}
}

func get(t *testing.T, link string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

// A link opens its own object as a browser would, under the name it was given, until it expires, and no other.
func TestALinkOpensOneObjectForAWhile(t *testing.T) {
	now := time.Now()
	b := open(t, func() time.Time { return now })
	put(t, b, "web/a b.jpg", strings.Repeat("picture ", 1000))
	put(t, b, "web/other.jpg", "secret")
	link, err := b.Link(t.Context(), "web/a b.jpg", "市場 1.jpg", 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	status, header, body := get(t, link)
	if status != http.StatusOK || body != strings.Repeat("picture ", 1000) || header.Get("Content-Type") != "text/plain" {
		t.Errorf("status %d, type %q, body of %d bytes", status, header.Get("Content-Type"), len(body))
	}
	if got := header.Get("Content-Disposition"); got != "attachment; filename*=utf-8''%E5%B8%82%E5%A0%B4%201.jpg" {
		t.Errorf("Content-Disposition %q", got)
	}
	parsed, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(name, value string) string {
		u := *parsed
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	unsigned := *parsed
	unsigned.RawQuery = ""
	for name, forged := range map[string]string{
		"without a signature":  unsigned.String(),
		"another object":       strings.Replace(link, "a%20b.jpg", "other.jpg", 1),
		"a longer life":        changed("X-Amz-Expires", "3000"),
		"another file name":    changed("response-content-disposition", "inline"),
		"a signature of zeros": changed("X-Amz-Signature", strings.Repeat("0", 64)),
		"the list of all":      strings.Replace(link, "/web/a%20b.jpg", "", 1),
	} {
		if status, _, body := get(t, forged); status != http.StatusForbidden || strings.Contains(body, "secret") {
			t.Errorf("%s: status %d", name, status)
		}
	}
	now = now.Add(5*time.Minute + time.Second)
	if status, _, _ := get(t, link); status != http.StatusForbidden {
		t.Errorf("an expired link: status %d", status)
	}
}

// The reader's links are the client's, but for the time of the signature, and it reads as the client does.
func TestReader(t *testing.T) {
	b := open(t, nil)
	put(t, b, "web/a-1.jpg", "picture")
	shape := func(link string, err error) (string, url.Values) {
		u, parseErr := url.Parse(link)
		if err != nil || parseErr != nil {
			t.Fatal(err, parseErr)
		}
		q := u.Query()
		for _, of := range []string{"X-Amz-Date", "X-Amz-Signature"} {
			if q.Get(of) == "" {
				t.Errorf("no %s", of)
			}
			q.Del(of)
		}
		q.Del("X-Amz-Checksum-Mode") // the client asks for checksums that nobody reads
		u.RawQuery = ""
		return u.String(), q
	}
	t.Setenv("AWS_SESSION_TOKEN", "session") // as in Lambda
	b, r := reopen(t)
	wantPlace, wantQuery := shape(b.Link(t.Context(), "web/a-1.jpg", "市場 1.jpg", 5*time.Minute))
	place, query := shape(r.Link(t.Context(), "web/a-1.jpg", "市場 1.jpg", 5*time.Minute))
	if diff := cmp.Diff(wantQuery, query); diff != "" || place != wantPlace {
		t.Errorf("%s, want %s: %s", place, wantPlace, diff)
	}
	link, err := r.Link(t.Context(), "web/a-1.jpg", "a.jpg", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if status, header, body := get(t, link); status != http.StatusOK || body != "picture" || header.Get("Content-Disposition") != "attachment; filename=a.jpg" {
		t.Errorf("status %d, %q, %v", status, body, header)
	}
	got, err := r.Get(t.Context(), "web/a-1.jpg", 7)
	if diff := cmp.Diff(objects.Object{Content: []byte("picture"), ContentType: "text/plain"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := r.Get(t.Context(), "web/a-1.jpg", 6); !errors.Is(err, objects.ErrTooLarge) {
		t.Errorf("7 bytes where 6 are taken: %v", err)
	}
	if _, err := r.Get(t.Context(), "web/none.jpg", 6); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("an object that is not there: %v", err)
	}
	if _, err := r.Link(t.Context(), "web/a b.jpg", "", time.Minute); err == nil {
		t.Error("a key that must be escaped is signed")
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	if _, r = reopen(t); r != nil {
		if _, err := r.Get(t.Context(), "web/a-1.jpg", 7); err == nil || errors.Is(err, objects.ErrUnavailable) {
			t.Errorf("a wrong signature: %v", err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	if _, r = reopen(t); r != nil {
		if _, err := r.Get(t.Context(), "web/a-1.jpg", 7); !errors.Is(err, objects.ErrUnavailable) || strings.Contains(err.Error(), "X-Amz") {
			t.Errorf("S3 out of reach: %v", err)
		}
	}
}

func reopen(t *testing.T) (objects.Bucket, *objects.Reader) {
	t.Helper()
	client, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := objects.NewReader(t.Context(), bucketName, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return client.Bucket(bucketName), r
}

func TestLargeObjectsPass(t *testing.T) {
	b := open(t, nil)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	if err := b.Put(t.Context(), "large", objects.Object{Content: large, ContentType: "application/octet-stream"}); err != nil {
		t.Fatal(err)
	}
	got, err := b.Get(t.Context(), "large", 1<<25)
	if err != nil || !bytes.Equal(got.Content, large) {
		t.Errorf("%d bytes came back, error %v", len(got.Content), err)
	}
}

func TestTheBeginningOfAnObject(t *testing.T) {
	b := open(t, nil)
	put(t, b, "a", "0123456789")
	for n, want := range map[int64]string{4: "0123", 10: "0123456789", 100: "0123456789"} {
		content, size, err := b.Begin(t.Context(), "a", n)
		if err != nil || string(content) != want || size != 10 {
			t.Errorf("%d bytes: %q of %d, error %v", n, content, size, err)
		}
	}
	if _, _, err := b.Begin(t.Context(), "nothing", 4); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("no object: %v", err)
	}
}
