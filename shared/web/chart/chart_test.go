package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Lines stand at round numbers, and never more of them than wanted.
func TestStep(t *testing.T) {
	for most, want := range map[int]int{1: 1, 4: 1, 5: 2, 20: 5, 40: 10, 230: 100, 4001: 2000, 100000: 50000} {
		if got := Step(most, 4); got != want {
			t.Errorf("a step of %d for %d, want %d", got, most, want)
		}
	}
	for wanted := 1; wanted <= 5; wanted++ {
		for most := 1; most < 5000; most++ {
			if s := Step(most, wanted); (most+s-1)/s > wanted {
				t.Fatalf("%d lines up to %d, want %d at most", (most+s-1)/s, most, wanted)
			}
		}
	}
}

// Numbers are written in threes.
func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Number(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

// Whatever is drawn stands in the picture, to scale, beside its neighbours and not on them.
func TestNew(t *testing.T) {
	for _, n := range []int{1, 12, 13, 24, 31, 49} {
		for _, most := range []int{0, 1, 7, 230, 199_999, 12_345_678} {
			for _, down := range []bool{false, true} {
				columns := make([]Column, n)
				for i := range columns {
					columns[i] = Column{Up: most * (i + 1) / n, Label: "11/30 12:00"}
					if down {
						columns[i].Down = most / (i + 1)
					}
				}
				c := New("件数", "", columns)
				if len(c.Bars) != n || len(c.Labels) == 0 || len(c.Lines) < 2 {
					t.Fatalf("%d bars, %d labels, %d lines of %d", len(c.Bars), len(c.Labels), len(c.Lines), n)
				}
				if most > 0 && down != (len(c.Downs) == n) {
					t.Errorf("%d bars go down of %d", len(c.Downs), n)
				}
				for i, b := range append(append([]Bar{}, c.Bars...), c.Downs...) {
					if b.X < c.Left || b.X+b.Width > c.Right || b.Y < Top || b.Y+b.Height > Bottom || b.Width < 1 {
						t.Fatalf("%d of %d to %d: a bar stands out: %+v", i, n, most, b)
					}
					if i > 0 && i < n && c.Bars[i-1].X+c.Bars[i-1].Width >= b.X {
						t.Fatalf("bar %d of %d touches the one before", i, n)
					}
				}
				for i, l := range c.Labels {
					if half := len(l.Text) * letter / 2; l.X < half || l.X+half > Width || i > 0 && l.X-c.Labels[i-1].X < 2*half {
						t.Errorf("label %d of %d stands at %d", i, n, l.X)
					}
				}
				for _, l := range c.Lines {
					if l.Y < Top || l.Y > Bottom || len([]rune(l.Label))*letter+besideLine > c.Left {
						t.Errorf("line %+v, left %d", l, c.Left)
					}
				}
			}
		}
	}
}

// What is not nothing is seen, what is hidden has a height that tells nothing, and up and down have one scale.
func TestHeights(t *testing.T) {
	c := New("", "", []Column{{Up: 1000, Down: 500}, {Up: 1}, {Up: -3, Down: 1000}, {Up: 900, Hidden: true}})
	var heights [][2]int
	for i := range c.Bars {
		heights = append(heights, [2]int{c.Bars[i].Height, c.Downs[i].Height})
	}
	if diff := cmp.Diff([][2]int{{80, 40}, {1, 0}, {0, 80}, {hiddenStub, 0}}, heights); diff != "" {
		t.Error(diff)
	}
	var lines []string
	for _, l := range c.Lines {
		lines = append(lines, l.Label)
	}
	if diff := cmp.Diff([]string{"0", "500", "1,000", "−500", "−1,000"}, lines); diff != "" {
		t.Error(diff)
	}
}

// The picture is well formed, says what it shows, and takes no text for markup (hard case 4).
func TestSVG(t *testing.T) {
	svg, err := New("a<b", `"c"`, []Column{{Up: 3, Label: "<x>"}, {Hidden: true}, {Down: 2}}).SVG()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
	if diff := cmp.Diff(map[string]int{"svg": 1, "title": 1, "desc": 1, "line": 4, "rect": 6, "text": 5}, count); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(svg), `class="hidden-bar"`) || !strings.Contains(string(svg), "a&lt;b") {
		t.Error(svg)
	}
}
