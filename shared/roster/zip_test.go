package roster

import (
	"archive/zip"
	"bytes"
)

// zipOf is an archive of one file.
func zipOf(name, content string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	if err != nil {
		panic(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}
