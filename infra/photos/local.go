package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"madoguchi/shared/gallery"
)

// local is a local stack, which makes the files itself.
type local struct{ url string }

func (l local) add(ctx context.Context, e gallery.Entry, _ gallery.Picture, content []byte) error {
	body, err := json.Marshal(map[string]any{"photos": []any{map[string]any{
		"album": e.Album, "name": e.Name, "caption": e.Caption, "credit": e.Credit, "terms": e.Terms, "image": content,
	}}})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url+"/_local/load", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusCreated {
		return nil
	}
	why, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<12))
	return fmt.Errorf("%s: %s", answer.Status, why)
}
