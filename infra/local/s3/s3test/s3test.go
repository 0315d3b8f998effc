// Package s3test gives tests the local S3: one server per test, with fresh buckets.
package s3test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/infra/local/s3"
)

// secret is the key with which the clients of the test sign.
const secret = "test"

// Start runs a server with the buckets until the test ends; shared/objects finds it by the environment. clock may be nil.
func Start(t testing.TB, clock func() time.Time, buckets ...string) *s3.Server {
	t.Helper()
	server, err := s3.New(s3.Options{File: filepath.Join(t.TempDir(), "objects.db"), Buckets: buckets, Secret: secret, Clock: clock})
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
	t.Setenv("AWS_ENDPOINT_URL_S3", api.URL)
	t.Setenv("AWS_REGION", "ap-northeast-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	return server
}
