package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/s3"
	"madoguchi/infra/local/template"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/roster"
	"madoguchi/shared/subscription"
)

const (
	importFolder  = "functions/upkeep/importer"
	importRows    = 100_000
	importKills   = 10
	importMemory  = 128 // MB
	importCalls   = 1.1 // DynamoDB calls of a row, dry run and work together (issue "the lists desk")
	quickImport   = 3_000
	importTooLong = 20 * time.Minute
)

// imports measures how the importer takes over a list: rows a second, calls, memory, and that being killed on the way changes
// nothing. The function's own program does it, called as the clock calls it.
func imports(ctx context.Context, b *bench) ([]Row, error) {
	rows, err := b.importLists(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return []Row{notMeasured("import", "importer", "a list", err)}, nil
	}
	return rows, nil
}

// importing is the importer over the bench's database and an S3 of its own.
type importing struct {
	*bench
	runtime *runtime.Runtime
	name    string
	store   *roster.Store
	files   objects.Bucket
}

// imported is how a list fared.
type imported struct {
	roster.Import
	check, apply time.Duration
	calls        int
	kills        int
	peak         int64 // bytes
}

func (b *bench) importLists(ctx context.Context) ([]Row, error) {
	i := slices.IndexFunc(b.template.Functions, func(f template.Function) bool { return f.CodeURI == importFolder })
	if i < 0 {
		return nil, fmt.Errorf("the template has no function in %s", importFolder)
	}
	f := b.template.Functions[i]
	binary, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return nil, err
	}
	bucket := f.Environment["IMPORT_FILES_BUCKET"]
	server, err := s3.New(s3.Options{File: filepath.Join(b.dir, "import-objects.db"), Buckets: []string{bucket}, Secret: runtime.SecretKey})
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Close() }()
	endpoint, err := b.serve(server.API())
	if err != nil {
		return nil, err
	}
	r, err := b.run(ctx, []runtime.Function{runnable(f, ours, binary, map[string]string{"AWS_ENDPOINT_URL_S3": endpoint})})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	w := &importing{bench: b, runtime: r, name: ours, files: objects.At(endpoint, template.Region, "bench", runtime.SecretKey).Bucket(bucket),
		store: &roster.Store{Client: b.database.client, Table: f.Environment["IMPORTS_TABLE"], Now: time.Now}}
	n := importRows
	if b.effort.coldPairs == quickEffort.coldPairs {
		n = quickImport
	}
	whole, err := w.take(ctx, "a", n, 0, zippedCSV)
	if err != nil {
		return nil, err
	}
	killed, err := w.take(ctx, "b", n, importKills, zippedCSV)
	if err != nil {
		return nil, err
	}
	book, err := w.take(ctx, "c", n, 0, workbook)
	if err != nil {
		return nil, err
	}
	size := fmt.Sprintf("%d rows", n)
	differ := 0.0
	if whole.Counts != killed.Counts || whole.Rows != killed.Rows || killed.Done != killed.Rows {
		differ = 1
	}
	perRow := func(d time.Duration) float64 { return float64(n) / d.Seconds() }
	row := func(subject, figure string, value float64, unit string, budget *Budget, note string) Row {
		return Row{Part: "import", Subject: subject, Figure: figure, Value: value, Unit: unit, Budget: budget, Note: note}.judged()
	}
	return []Row{
		row("importer, CSV", "dry run", perRow(whole.check), "rows/s", nil, size),
		row("importer, CSV", "taking over", perRow(whole.apply), "rows/s", nil, fmt.Sprintf("%d new", whole.Counts.New)),
		row("importer, CSV", "DynamoDB calls", float64(whole.calls)/float64(n), "a row", atMost(importCalls, "value"), "dry run and work"),
		row("importer, CSV", "memory", float64(whole.peak)/1e6, "MB", atMost(importMemory, "value"), "the most of any look at the process"),
		row("importer, XLSX", "dry run", perRow(book.check), "rows/s", nil, size),
		row("importer, XLSX", "memory", float64(book.peak)/1e6, "MB", atMost(importMemory, "value"), "likewise"),
		row(fmt.Sprintf("importer, killed %d times", killed.kills), "results that differ", differ, "of the same file's", exactly(0),
			fmt.Sprintf("%d new of %d rows, as without", killed.Counts.New, killed.Rows)),
	}, nil
}

// take imports a list of made-up people, and kills the importer so many times on the way.
func (w *importing) take(ctx context.Context, who string, n, kills int, file func(string, int) ([]byte, error)) (imported, error) {
	ctx, cancel := context.WithTimeout(ctx, importTooLong)
	defer cancel()
	content, err := file(who, n)
	if err != nil {
		return imported{}, err
	}
	if len(content) > roster.MaxFile {
		return imported{}, fmt.Errorf("the list has %d bytes", len(content))
	}
	i := roster.Import{ID: roster.NewID(), List: policy.Newsletter, What: roster.Subscribers, Size: len(content),
		Evidence: subscription.Evidence{Where: "見本", When: "2020-01-01", Words: "見本"}}
	if err := w.files.Put(ctx, roster.FileKey(i.ID), objects.Object{Content: content, ContentType: "application/octet-stream"}); err != nil {
		return imported{}, err
	}
	if _, err := w.store.Create(ctx, i); err != nil {
		return imported{}, err
	}
	var got imported
	before := w.counted()
	w.say("importing %d rows", n)
	got.check, err = w.until(ctx, i.ID, roster.Checked, n, kills/2, &got)
	if err != nil {
		return got, err
	}
	if _, err := w.store.Apply(ctx, i.ID); err != nil {
		return got, err
	}
	got.apply, err = w.until(ctx, i.ID, roster.Applied, n, kills-kills/2, &got)
	got.calls = w.counted() - before
	return got, err
}

// until lets the clock strike until an import has a status. The process is killed so many times, at even places of the file.
func (w *importing) until(ctx context.Context, id string, want roster.Status, n, kills int, got *imported) (time.Duration, error) {
	began := time.Now()
	done := make(chan error, 1)
	strike := func() {
		_, err := w.runtime.Invoke(ctx, w.name, []byte(`{"source":"aws.scheduler","detail":"{}"}`))
		done <- err
	}
	go strike()
	next := 1
	for {
		var struck bool
		var failed error
		select {
		case failed = <-done:
			struck = true
		case <-time.After(20 * time.Millisecond):
		}
		i, err := w.store.Get(ctx, id)
		if err != nil {
			return 0, err
		}
		got.Import = i
		for _, p := range w.runtime.Processes() {
			got.peak = max(got.peak, p.RSS)
		}
		switch {
		case i.Status == want && struck:
			return time.Since(began), nil
		case i.Status == roster.Refused:
			return 0, fmt.Errorf("the import was refused: %v", i.Problems)
		case next <= kills && i.Done > next*n/(kills+1) && !struck:
			got.kills += w.runtime.Kill(w.name)
			next++
		case struck && failed != nil && kills == 0:
			return 0, failed
		case struck:
			go strike()
		}
	}
}

// counted are the DynamoDB calls of the importer so far.
func (w *importing) counted() int {
	n := 0
	for _, ops := range w.database.proxy.Calls() {
		for _, calls := range ops {
			n += calls
		}
	}
	return n
}

const importHead = "email,name,prefecture,organization,business_category"

func importLine(who string, n int) []string {
	return []string{fmt.Sprintf("%s%06d@example.jp", who, n), fmt.Sprintf("見本 %d", n), fmt.Sprintf("%02d", 1+n%47), fmt.Sprintf("見本団体%d", n%1000), "trade"}
}

func zippedCSV(who string, n int) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	lines := bytes.NewBufferString(importHead + "\r\n")
	for k := range n {
		lines.WriteString(strings.Join(importLine(who, k), ",") + "\r\n")
	}
	if _, err := z.Write(lines.Bytes()); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

func workbook(who string, n int) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, err
	}
	for k := range n + 1 {
		cells := strings.Split(importHead, ",")
		if k > 0 {
			cells = importLine(who, k)
		}
		row := make([]any, len(cells))
		for c, cell := range cells {
			row[c] = cell
		}
		if err := s.SetRow(fmt.Sprintf("A%d", k+1), row); err != nil {
			return nil, err
		}
	}
	if err := s.Flush(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = f.Write(&b)
	return b.Bytes(), err
}
