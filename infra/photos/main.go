// Command photos adds photos to the library: go run ./infra/photos -dir FOLDER -captions captions.csv and where to.
//
// The captions are a CSV file in UTF-8 (Excel: "CSV UTF-8") whose first line names its columns:
//
//	file, album, album_title, caption, credit   each row needs them; file is a JPEG or PNG of the folder
//	name, terms                                 may be left out: a name is made of the file's, and the library's terms hold
//
// Everything is checked before anything is added, and every fault is told. A photo whose album and name are there already is replaced.
// Thumbnails are made here; what the camera wrote into a file, above all the place, is left behind.
//
//	go run ./infra/photos -dir photos -captions photos/captions.csv -url http://127.0.0.1:3000     # a local stack
//	go run ./infra/photos -dir photos -captions photos/captions.csv -table TABLE -bucket BUCKET   # AWS: outputs of the stack, own credentials
//	go run ./infra/photos -remove ALBUM-NAME -table TABLE -bucket BUCKET                          # takes a photo out again
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"madoguchi/shared/gallery"
	"madoguchi/shared/gallery/picture"
	"madoguchi/shared/objects"
	"madoguchi/shared/record"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// destination takes photos, one after the other.
type destination interface {
	// add stores a photo, or replaces it. content is its file as it lies in the folder.
	add(ctx context.Context, e gallery.Entry, made gallery.Picture, content []byte) error
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("photos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "folder with the photos (JPEG, PNG)")
	captions := flags.String("captions", "", "CSV file in UTF-8: file, album, album_title, caption, credit and, if wished, name, terms")
	url := flags.String("url", "", "address of a local stack")
	table := flags.String("table", "", "table of the catalogue (output PhotoCatalogue of the stack)")
	bucket := flags.String("bucket", "", "bucket of the files (output PhotoFiles of the stack)")
	remove := flags.String("remove", "", "take this photo out of a deployment's library instead, at once")
	check := flags.Bool("check", false, "only check, add nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	case *remove != "":
		if *dir != "" || *captions != "" || *url != "" || *check || *table == "" || *bucket == "" {
			return errors.New("give -remove with -table and -bucket alone")
		}
		return takeOut(ctx, *table, *bucket, *remove, stdout)
	case *dir == "" || *captions == "":
		return errors.New("give -dir and -captions")
	case *check:
	case (*url == "") == (*table == "" && *bucket == "") || (*table == "") != (*bucket == ""):
		return errors.New("give either -url (a local stack) or -table and -bucket (AWS), or -check")
	}
	ready, err := read(*dir, *captions)
	if err != nil {
		return err
	}
	if *check {
		_, err := fmt.Fprintf(stdout, "%d photos can be added\n", len(ready))
		return err
	}
	var to destination = local{*url}
	if *url == "" {
		if to, err = deployed(ctx, *table, *bucket); err != nil {
			return err
		}
	}
	for _, p := range ready {
		content, err := os.ReadFile(p.path)
		if err != nil {
			return fmt.Errorf("read a photo: %w", err)
		}
		// Made a second time rather than kept: a folder of photos does not fit into memory.
		made, err := picture.Make(content, p.entry)
		if err != nil {
			return fmt.Errorf("%s: %w", p.path, err)
		}
		if err := to.add(ctx, p.entry, made, content); err != nil {
			return fmt.Errorf("add %s: %w", p.entry.ID(), err)
		}
		if _, err := fmt.Fprintln(stdout, p.entry.ID()); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "%d photos added\n", len(ready))
	return err
}

// aws is the library of a deployment.
type aws struct{ store *gallery.Store }

func deployed(ctx context.Context, table, bucket string) (aws, error) {
	client, err := record.NewClient(ctx)
	if err != nil {
		return aws{}, err
	}
	files, err := objects.NewClient(ctx)
	if err != nil {
		return aws{}, err
	}
	return aws{&gallery.Store{Client: client, Table: table, Files: files.Bucket(bucket), Shelf: files.Bucket(bucket), Now: time.Now}}, nil
}

// takeOut removes a photo: a mistaken id is an error, so that nobody believes that it is gone.
func takeOut(ctx context.Context, table, bucket, id string, stdout io.Writer) error {
	library, err := deployed(ctx, table, bucket)
	if err != nil {
		return err
	}
	if _, found, err := library.store.Find(ctx, id); err != nil || !found {
		return errors.Join(fmt.Errorf("there is no photo %q", id), err)
	}
	if err := library.store.Remove(ctx, id); err != nil {
		return fmt.Errorf("take %s out: %w", id, err)
	}
	_, err = fmt.Fprintln(stdout, id, "is taken out; its files stay as old versions for 30 days")
	return err
}

func (a aws) add(ctx context.Context, e gallery.Entry, made gallery.Picture, _ []byte) error {
	return a.store.Save(ctx, e, made)
}
