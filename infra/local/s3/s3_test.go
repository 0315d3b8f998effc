package s3

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjectsSurviveARestartAndEachIsTold(t *testing.T) {
	var told []Object
	o := Options{
		File: filepath.Join(t.TempDir(), "s3", "objects.db"), Buckets: []string{"one-bucket", "two-bucket"},
		OnCreated: func(o Object) { told = append(told, o) },
	}
	for round := range 2 {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if err := s.Put("one-bucket", "mail/1", "message/rfc822", []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if err := s.Put("three-bucket", "mail/1", "message/rfc822", []byte("hello")); err == nil {
				t.Error("a bucket that is not there took an object")
			}
			if _, err := s.backend.CopyObject("one-bucket", "mail/1", "two-bucket", "copy", map[string]string{}); err != nil {
				t.Fatal(err)
			}
			if _, err := New(o); err == nil {
				t.Error("two servers on one file")
			}
		}
		usage, err := s.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Usage{{"one-bucket", 1, 5}, {"two-bucket", 1, 5}}, usage); diff != "" {
			t.Errorf("round %d: %s", round, diff)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const etag = "5d41402abc4b2a76b9719d911017c592"
	if diff := cmp.Diff([]Object{{"one-bucket", "mail/1", 5, etag}, {"two-bucket", "copy", 5, etag}}, told); diff != "" {
		t.Error(diff)
	}
}

func TestABucketThatAWSWouldRefuse(t *testing.T) {
	if _, err := New(Options{File: filepath.Join(t.TempDir(), "objects.db"), Buckets: []string{"Upper_Case"}}); err == nil {
		t.Error("it was made")
	}
}
