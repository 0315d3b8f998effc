package sample

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// canvas is a picture that is drawn in parts of its size: x and y run from 0 to 1, from the top left.
type canvas struct{ *image.RGBA }

func newCanvas(width, height int) canvas {
	return canvas{image.NewRGBA(image.Rect(0, 0, width, height))}
}

type point struct{ x, y float64 }

// rgb is a colour as on the web, with its opacity from 0 to 1.
func rgb(hex int, opacity float64) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: uint8(math.Round(opacity * 255))} //nolint:gosec // three bytes of a colour
}

func mix(a, b int, t float64) int {
	part := func(shift int) int {
		from, to := float64(a>>shift&0xFF), float64(b>>shift&0xFF)
		return int(math.Round(from+(to-from)*t)) << shift
	}
	return part(16) | part(8) | part(0)
}

// sky fills everything from one colour to another, downwards.
func (c canvas) sky(colors ...int) {
	h := c.Bounds().Dy()
	for y := range h {
		at := float64(y) / float64(h) * float64(len(colors)-1)
		i := min(int(at), len(colors)-2)
		line := image.Rect(0, y, c.Bounds().Dx(), y+1)
		draw.Draw(c, line, image.NewUniform(rgb(mix(colors[i], colors[i+1], at-float64(i)), 1)), image.Point{}, draw.Src)
	}
}

// area fills a shape. Only the part of the picture that it covers is looked at: most shapes are small.
func (c canvas) area(fill color.Color, outline ...point) {
	w, h := float64(c.Bounds().Dx()), float64(c.Bounds().Dy())
	low, high := outline[0], outline[0]
	for _, p := range outline {
		low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
	}
	covered := image.Rect(int(math.Floor(low.x*w)), int(math.Floor(low.y*h)), int(math.Ceil(high.x*w)), int(math.Ceil(high.y*h))).Intersect(c.Bounds())
	if covered.Empty() {
		return
	}
	r := vector.NewRasterizer(covered.Dx(), covered.Dy())
	for i, p := range outline {
		x, y := float32(p.x*w-float64(covered.Min.X)), float32(p.y*h-float64(covered.Min.Y))
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.Draw(c, covered, image.NewUniform(fill), image.Point{})
}

func (c canvas) box(fill color.Color, x, y, w, h float64) {
	c.area(fill, point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
}

// disc is round whatever the picture's shape; r is in parts of the width.
func (c canvas) disc(fill color.Color, x, y, r float64) { c.oval(fill, x, y, r, 1) }

func (c canvas) oval(fill color.Color, x, y, r, flat float64) {
	ratio := float64(c.Bounds().Dx()) / float64(c.Bounds().Dy()) * flat
	var outline []point
	for i := range 72 {
		a := float64(i) / 72 * 2 * math.Pi
		outline = append(outline, point{x + r*math.Cos(a), y + r*ratio*math.Sin(a)})
	}
	c.area(fill, outline...)
}

// land fills everything below a line that is given as y over x.
func (c canvas) land(fill color.Color, line func(x float64) float64) {
	outline := []point{{0, 1}}
	for i := range 241 {
		x := float64(i) / 240
		outline = append(outline, point{x, line(x)})
	}
	c.area(fill, append(outline, point{1, 1})...)
}

// waves is a line of hills: a height, and sines by how often they come and how high they are.
func waves(at float64, sines ...[3]float64) func(float64) float64 {
	return func(x float64) float64 {
		y := at
		for _, s := range sines {
			y += s[1] * math.Sin(2*math.Pi*(s[0]*x+s[2]))
		}
		return y
	}
}
