// Package s3 is Amazon S3 on one machine: gofakes3 over one file, with what a program could come to rely on by mistake taken away.
// As in AWS a bucket of ours answers nobody without a signature, a presigned link ends when it says, and an object that has been
// stored is an event for those who asked for it. It keeps no versions: in AWS they are a matter of the template and of restoring,
// and no function reads them.
//
// It belongs to the local runner and to tests, and is never deployed.
package s3

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3bolt"
	bolt "go.etcd.io/bbolt"
)

// Object is what an event says of an object that has been stored.
type Object struct {
	Bucket, Key string
	Size        int64
	ETag        string // without quotation marks
}

// Options of a server.
type Options struct {
	File    string   // keeps all objects over a restart; its folder is made
	Buckets []string // are made where they are missing
	Secret  string   // the secret access key of every caller; presigned links are held to it
	// OnCreated is called after each object that was stored, before the caller has its answer. nil: nobody is told.
	OnCreated func(Object)
	Clock     func() time.Time // nil: time.Now
}

// Server is the account's S3. It is safe for use by several goroutines.
type Server struct {
	options Options
	db      *bolt.DB
	backend gofakes3.Backend
	api     http.Handler
}

// New opens the file and makes the buckets.
func New(o Options) (*Server, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(o.File), 0o700); err != nil {
		return nil, fmt.Errorf("local S3: %w", err)
	}
	db, err := bolt.Open(o.File, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("local S3: open %s: %w", o.File, err)
	}
	s := &Server{options: o, db: db}
	s.backend = observed{s3bolt.New(db), s}
	for _, name := range o.Buckets {
		if err := s.ensure(name); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	s.api = s.signed(gofakes3.New(s.backend, gofakes3.WithTimeSource(clock(o.Clock))).Server())
	return s, nil
}

func (s *Server) ensure(bucket string) error {
	if err := gofakes3.ValidateBucketName(bucket); err != nil {
		return fmt.Errorf("local S3: bucket %q: %w", bucket, err)
	}
	there, err := s.backend.BucketExists(bucket)
	if err == nil && !there {
		err = s.backend.CreateBucket(bucket)
	}
	if err != nil {
		return fmt.Errorf("local S3: make bucket %s: %w", bucket, err)
	}
	return nil
}

// API is the S3 endpoint (AWS_ENDPOINT_URL_S3).
func (s *Server) API() http.Handler { return s.api }

// Put stores an object as any caller would: whoever asked for events is told.
func (s *Server) Put(bucket, key, contentType string, content []byte) error {
	meta := map[string]string{"Content-Type": contentType, "Last-Modified": s.options.Clock().UTC().Format(http.TimeFormat)}
	if _, err := s.backend.PutObject(bucket, key, meta, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		return fmt.Errorf("local S3: put into %s: %w", bucket, err)
	}
	return nil
}

// Usage is one bucket's content.
type Usage struct {
	Bucket  string
	Objects int
	Bytes   int64
}

// Usage counts what each bucket holds; it reads every key, so it is for the overview of a small machine.
func (s *Server) Usage() ([]Usage, error) {
	var out []Usage
	for _, name := range s.options.Buckets {
		list, err := s.backend.ListBucket(name, nil, gofakes3.ListBucketPage{})
		if err != nil {
			return nil, fmt.Errorf("local S3: list %s: %w", name, err)
		}
		u := Usage{Bucket: name, Objects: len(list.Contents)}
		for _, c := range list.Contents {
			u.Bytes += c.Size
		}
		out = append(out, u)
	}
	return out, nil
}

// Close closes the file. Calls that come later fail.
func (s *Server) Close() error { return s.db.Close() }

// clock makes a function a gofakes3.TimeSource.
type clock func() time.Time

func (c clock) Now() time.Time                  { return c() }
func (c clock) Since(t time.Time) time.Duration { return c().Sub(t) }

// observed tells the server of each stored object, copies and finished uploads in parts too.
type observed struct {
	gofakes3.Backend
	server *Server
}

func (o observed) PutObject(bucket, key string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	result, err := o.Backend.PutObject(bucket, key, meta, input, size, conditions)
	if err != nil {
		return result, err
	}
	return result, o.stored(bucket, key)
}

func (o observed) CopyObject(fromBucket, fromKey, bucket, key string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	result, err := o.Backend.CopyObject(fromBucket, fromKey, bucket, key, meta)
	if err != nil {
		return result, err
	}
	return result, o.stored(bucket, key)
}

func (o observed) stored(bucket, key string) error {
	if o.server.options.OnCreated == nil {
		return nil
	}
	head, err := o.HeadObject(bucket, key)
	if err != nil {
		return err
	}
	o.server.options.OnCreated(Object{Bucket: bucket, Key: key, Size: head.Size, ETag: hex.EncodeToString(head.Hash)})
	return nil
}
