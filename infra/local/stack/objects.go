package stack

import (
	"encoding/json"
	"path/filepath"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/s3"
	"madoguchi/infra/local/template"
	"madoguchi/shared/objects"
)

func (s *Stack) startObjects() error {
	var names []string
	for _, b := range s.template.Buckets {
		names = append(names, b.Name)
	}
	var err error
	s.objects, err = s3.New(s3.Options{
		File: filepath.Join(s.options.DataDir, "objects.db"), Buckets: names, Secret: runtime.SecretKey, OnCreated: s.objectEvent,
	})
	if err != nil {
		return err
	}
	return s.service("S3", "AWS_ENDPOINT_URL_S3", 3, s.objects.API())
}

// objectEvent publishes that an object was stored, if its bucket tells EventBridge of such things.
func (s *Stack) objectEvent(o s3.Object) {
	events := false
	for _, b := range s.template.Buckets {
		events = events || b.Name == o.Bucket && b.Events
	}
	if !events {
		return
	}
	select {
	case <-s.ready:
	case <-s.closed:
		return
	}
	type object struct {
		Key  string `json:"key"`
		Size int64  `json:"size"`
		ETag string `json:"etag"`
	}
	detail, _ := json.Marshal(map[string]any{ // texts and numbers
		"version": "0", "bucket": map[string]string{"name": o.Bucket}, "object": object{o.Key, o.Size, o.ETag},
		"requester": template.Account, "reason": "PutObject",
	})
	_ = s.triggers.Emit("aws.s3", "Object Created", []string{"arn:aws:s3:::" + o.Bucket}, detail)
}

// objectStore is a client of the local S3 for what belongs to the stack itself: with the address that functions have, so that what
// it stores is stored as by them.
func (s *Stack) objectStore(bucket string) objects.Bucket {
	return objects.At(s.endpoints["AWS_ENDPOINT_URL_S3"], template.Region, "stack", runtime.SecretKey).Bucket(bucket)
}
