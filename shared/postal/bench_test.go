package postal

import "testing"

// A question costs one decompression: some milliseconds, of a function that is asked rarely.
func BenchmarkFind(b *testing.B) {
	for b.Loop() {
		if _, err := Find("105-0004"); err != nil {
			b.Fatal(err)
		}
	}
}
