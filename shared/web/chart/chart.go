// Package chart lays out bar charts and draws them as SVG for the pages: no script, no picture that is loaded, colours of the style
// sheet. A chart is a picture of a table, which the page shows as well.
package chart

import (
	"bytes"
	"html/template"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Width and Height are those of the picture, in units of the SVG. It is as wide as a phone, so that the letters are not shrunk there;
// style.css makes them smaller in proportion where the picture is shown larger.
const (
	Width  = 360
	Height = 200
)

// Top and Bottom are between what the bars stand, in the same units.
const (
	Top    = 12
	Bottom = 172
)

const (
	letter      = 7  // at most how wide a letter of a label is
	besideLine  = 6  // between a line and its number
	underBars   = 18 // from the bars down to the foot of their labels
	widestGap   = 3  // between two bars
	fewest      = 12 // columns have room for; where there are fewer, they are no wider
	hiddenStub  = 6  // height of a bar that stands for "not shown"
	linesWanted = 4  // beside that of zero, about
)

// Column is one place on the axis.
type Column struct {
	Up, Down int    // how much; Down is drawn from zero downwards. Negative numbers are drawn as 0
	Hidden   bool   // the number is not shown: an outlined stub stands for it
	Label    string // under it; "" for none. It is left out where it would run into the one before or out of the picture
}

// Chart is a chart that has been laid out. Left and Right are where its lines begin and end, Bars[i] and Downs[i] those of column i;
// Downs is empty where nothing goes down.
type Chart struct {
	Title, Description string // Description is read out in place of the picture
	Left, Right        int
	Lines              []Line
	Bars, Downs        []Bar
	Labels             []Label
}

// Line is a line across, at a round number.
type Line struct {
	Y     int
	Label string
}

// Bar is a bar, X and Y its upper left corner.
type Bar struct {
	X, Y, Width, Height int
	Hidden              bool
}

// Label is a text with its middle at X.
type Label struct {
	X    int
	Text string
}

// New lays a chart out.
func New(title, description string, columns []Column) *Chart {
	c := &Chart{Title: title, Description: description, Right: Width - 4}
	up, down := 1, 0
	for _, one := range columns {
		up, down = max(up, one.Up), max(down, one.Down)
	}
	step := Step(up+down, linesWanted)
	round := func(n int) int { return (n + step - 1) / step * step }
	above, below := round(up), round(down)
	zero := Top + (Bottom-Top)*above/(above+below)
	tall := func(n int) int {
		if n <= 0 {
			return 0
		}
		return max(1, n*(Bottom-Top)/(above+below))
	}
	line := func(y int, text string) {
		c.Lines = append(c.Lines, Line{y, text})
		c.Left = max(c.Left, utf8.RuneCountInString(text)*letter+besideLine)
	}
	for n := 0; n <= above; n += step {
		line(zero-tall(n), Number(n))
	}
	for n := step; n <= below; n += step {
		line(zero+tall(n), "−"+Number(n))
	}
	if len(columns) > 0 {
		c.Left = max(c.Left, halfOf(columns[0].Label)) // the first label has room
	}
	wide := (c.Right - c.Left) / max(len(columns), fewest)
	gap := min(widestGap, max(1, wide/3))
	for i, one := range columns {
		b := Bar{X: c.Left + gap + i*wide, Width: max(1, wide-gap), Height: tall(one.Up), Hidden: one.Hidden}
		if one.Hidden {
			b.Height = hiddenStub
		}
		b.Y = zero - b.Height
		c.Bars = append(c.Bars, b)
		if down > 0 {
			c.Downs = append(c.Downs, Bar{X: b.X, Y: zero, Width: b.Width, Height: tall(one.Down)})
		}
		c.label(b.X+b.Width/2, one.Label)
	}
	return c
}

// halfOf is half the width of a label.
func halfOf(text string) int { return (utf8.RuneCountInString(text)*letter + 1) / 2 }

func (c *Chart) label(x int, text string) {
	if text == "" || x+halfOf(text) > Width {
		return
	}
	if n := len(c.Labels); n > 0 && c.Labels[n-1].X+halfOf(c.Labels[n-1].Text) > x-halfOf(text) {
		return
	}
	c.Labels = append(c.Labels, Label{x, text})
}

// Step is how far apart lines stand so that about as many as wanted reach up to most: 1, 2 or 5 times a power of ten. Both are at
// least 1.
func Step(most, wanted int) int {
	for power := 1; ; power *= 10 {
		for _, n := range []int{1, 2, 5} {
			if n*power*wanted >= most {
				return n * power
			}
		}
	}
}

// Number writes a number of 0 or more with commas: 12,345.
func Number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

var drawing = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("chart").Parse(`<svg viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-labelledby="chart-title chart-desc"><title id="chart-title">{{.Title}}</title><desc id="chart-desc">{{.Description}}</desc>
{{range .Lines}}<line class="grid" x1="{{$.Left}}" x2="{{$.Right}}" y1="{{.Y}}" y2="{{.Y}}"/><text class="y" x="{{$.Left}}" dx="-{{$.Beside}}" y="{{.Y}}" dy="4">{{.Label}}</text>
{{end}}{{range .Bars}}<rect class="{{if .Hidden}}hidden-bar{{else}}bar{{end}}" x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.Height}}"/>
{{end}}{{range .Downs}}<rect class="down-bar" x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.Height}}"/>
{{end}}{{range .Labels}}<text class="x" x="{{.X}}" y="{{$.Foot}}">{{.Text}}</text>
{{end}}</svg>`))
})

// SVG is the picture. A page has one at most, as its title and description are found by their IDs.
func (c *Chart) SVG() (template.HTML, error) {
	var out bytes.Buffer
	err := drawing().Execute(&out, struct {
		*Chart
		Width, Height, Beside, Foot int
	}{c, Width, Height, besideLine, Bottom + underBars})
	return template.HTML(out.String()), err //nolint:gosec // rendered by html/template just above
}
