// Package sample draws the photos of the sample content: landscapes of South-East Asia in plain shapes, made by this project so that
// nobody's rights and nobody's face are in them. The same name always gives the same picture.
package sample

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"maps"
	"math"
	"slices"
)

// The size of the pictures, in pixels.
const (
	width  = 1500
	height = 1000
)

var scenes = map[string]func(canvas){
	"bay": bay, "market": market, "terraces": terraces, "temple": temple, "skyline": skyline, "beach": beach,
}

// Names are the pictures that there are.
func Names() []string { return slices.Sorted(maps.Keys(scenes)) }

// Draw returns a picture as a JPEG; ok is false for a name that is none.
func Draw(name string) (file []byte, ok bool) {
	scene, ok := scenes[name]
	if !ok {
		return nil, false
	}
	c := newCanvas(width, height)
	scene(c)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, c, &jpeg.Options{Quality: 90}); err != nil {
		panic(fmt.Sprintf("sample: encode %s: %v", name, err)) // the size is legal and a Buffer never fails
	}
	return out.Bytes(), true
}

// bay is a bay of limestone islands at sunset, with a junk.
func bay(c canvas) {
	c.sky(0x3B4A8C, 0xA6608F, 0xF2976B, 0xFBD28B)
	c.disc(rgb(0xFFF1C1, 0.35), 0.66, 0.56, 0.085)
	c.disc(rgb(0xFFF6DA, 1), 0.66, 0.56, 0.055)
	for i, layer := range []struct {
		color int
		peaks [][3]float64 // middle, half width, height
	}{
		{0x8A6C93, [][3]float64{{0.12, 0.09, 0.2}, {0.3, 0.06, 0.13}, {0.52, 0.08, 0.16}, {0.88, 0.1, 0.22}}},
		{0x5D5180, [][3]float64{{0.03, 0.08, 0.28}, {0.22, 0.07, 0.24}, {0.42, 0.05, 0.17}, {0.8, 0.06, 0.26}, {0.97, 0.08, 0.34}}},
	} {
		base := 0.66 + 0.02*float64(i)
		for _, p := range layer.peaks {
			var outline []point
			for k := range 41 {
				t := float64(k)/20 - 1
				h := p[2] * math.Pow(1-math.Pow(math.Abs(t), 3.2), 0.7) * (1 + 0.06*math.Sin(9*t+40*p[0]))
				outline = append(outline, point{p[0] + t*p[1], base - h})
			}
			c.area(rgb(layer.color, 1), append(outline, point{p[0] + p[1], base}, point{p[0] - p[1], base})...)
		}
	}
	c.land(rgb(0x6F5E8E, 1), waves(0.67))
	for i := range 60 {
		y := 0.68 + 0.32*math.Pow(float64(i)/60, 1.5)
		x := 0.66 + 0.12*math.Sin(float64(i)*2.4)*(0.4+float64(i)/60)
		c.oval(rgb(0xFFD9A0, 0.42), x, y, 0.02+0.04*float64(i)/60, 0.05)
	}
	c.area(rgb(0x2B2140, 1), point{0.2, 0.83}, point{0.41, 0.83}, point{0.38, 0.88}, point{0.23, 0.88})
	for i, s := range [][2]float64{{0.235, 0.2}, {0.31, 0.27}, {0.375, 0.17}} {
		c.box(rgb(0x2B2140, 1), s[0], 0.83-s[1]-0.02, 0.003, s[1]+0.02)
		c.area(rgb(mix(0xB5482F, 0x8C2F2A, float64(i)/2), 1), point{s[0] - 0.035, 0.82}, point{s[0] - 0.02, 0.83 - s[1]}, point{s[0] + 0.03, 0.84 - s[1]}, point{s[0] + 0.04, 0.815})
	}
}

// market is a night market: stalls under striped roofs, lanterns above.
func market(c canvas) {
	c.sky(0x16203F, 0x2B2F5B, 0x4A3A5E)
	c.land(rgb(0x3A2C3A, 1), waves(0.86))
	roofs := []int{0xC0392B, 0x1F7A6D, 0xD98E04, 0x2E5E9E, 0xA63A6B}
	for i := range 5 {
		x := 0.005 + 0.2*float64(i)
		c.box(rgb(0x6B4A32, 1), x+0.012, 0.56, 0.01, 0.3)
		c.box(rgb(0x6B4A32, 1), x+0.168, 0.56, 0.01, 0.3)
		c.box(rgb(0xFFDFA0, 0.85), x+0.022, 0.58, 0.146, 0.13)
		c.box(rgb(0x7C5637, 1), x+0.005, 0.71, 0.18, 0.15)
		for k := range 6 {
			c.area(rgb(mix(roofs[i], 0xFFF4E0, float64(k%2)), 1), point{x + 0.03*float64(k) + 0.012, 0.48}, point{x + 0.03*float64(k+1) + 0.004, 0.48},
				point{x + 0.031*float64(k+1), 0.58}, point{x + 0.031*float64(k), 0.58})
		}
		fruit := []int{0xE67E22, 0xE74C3C, 0x7CB342, 0xF4D03F}
		for k := range 14 {
			c.disc(rgb(fruit[(k/2+i)%4], 1), x+0.02+0.0115*float64(k), 0.705-0.018*float64(k%2), 0.0085)
		}
	}
	for row := range 2 {
		for i := range 11 {
			x := 0.03 + 0.094*float64(i) + 0.04*float64(row)
			y := 0.2 + 0.16*float64(row) + 0.05*math.Sin(float64(i)*0.9)
			c.box(rgb(0x0E142B, 1), x-0.0008, 0, 0.0016, y)
			c.disc(rgb(0xFFB347, 0.2), x, y, 0.04)
			c.oval(rgb(mix(0xE8452C, 0xF5A623, float64((i+row)%3)/2), 1), x, y, 0.019, 1.15)
			c.oval(rgb(0xFFE9B0, 0.75), x, y, 0.009, 1.3)
			c.box(rgb(0x8E2A1E, 1), x-0.008, y-0.036, 0.016, 0.008)
		}
	}
	for i := range 9 {
		x := 0.06 + 0.11*float64(i) + 0.02*math.Sin(float64(i)*3)
		tall := 0.05 * math.Abs(math.Sin(float64(i)*1.7))
		c.disc(rgb(0x120D1C, 1), x, 0.83-tall, 0.017)
		c.area(rgb(0x120D1C, 1), point{x - 0.03, 1}, point{x - 0.022, 0.87 - tall}, point{x + 0.022, 0.87 - tall}, point{x + 0.03, 1})
	}
}

// terraces are rice terraces after rain, with the sky in their water.
func terraces(c canvas) {
	c.sky(0x7FB7D9, 0xCFE6E8, 0xF6EFD2)
	c.land(rgb(0x8FA9A0, 1), waves(0.4, [3]float64{1.3, 0.06, 0.1}, [3]float64{3.1, 0.02, 0.4}))
	c.land(rgb(0x6C9078, 1), waves(0.46, [3]float64{0.9, 0.05, 0.6}, [3]float64{2.7, 0.02, 0.2}))
	for i := range 16 {
		y := 0.5 + 0.036*float64(i)
		line := waves(y, [3]float64{0.7, 0.05, 0.03 * float64(i)}, [3]float64{1.9, 0.018, 0.05*float64(i) + 0.3})
		c.land(rgb(mix(0xA8CF6A, 0x3E7A35, float64(i)/15), 1), line)
		if i%3 != 0 {
			c.land(rgb(mix(0xDCEBEA, 0x9CC3CF, float64(i)/15), 0.9), func(x float64) float64 { return line(x) + 0.009 })
			c.land(rgb(mix(0x86B04F, 0x2F6429, float64(i)/15), 1), func(x float64) float64 { return line(x) + 0.022 + 0.004*math.Sin(50*x) })
		}
	}
	c.area(rgb(0x5B4630, 1), point{0.7, 0.7}, point{0.755, 0.61}, point{0.81, 0.7})
	c.box(rgb(0x8A6A45, 1), 0.717, 0.7, 0.076, 0.055)
	c.box(rgb(0x3B2C1C, 1), 0.745, 0.715, 0.018, 0.04)
	for i := range 3 {
		x := 0.18 + 0.045*float64(i)
		c.area(rgb(0x2F4F2A, 1), point{x - 0.008, 0.86}, point{x, 0.82}, point{x + 0.008, 0.86})
		c.area(rgb(0xE3C878, 1), point{x - 0.016, 0.822}, point{x, 0.802}, point{x + 0.016, 0.822})
	}
}

// temple is a plain of stupas in the morning, with balloons.
func temple(c canvas) {
	c.sky(0x5B6FA8, 0xC98BA2, 0xF7B98B, 0xFBE3B6)
	c.disc(rgb(0xFFF3CF, 0.9), 0.28, 0.52, 0.05)
	for _, b := range [][3]float64{{0.55, 0.2, 0.032}, {0.72, 0.32, 0.022}, {0.86, 0.16, 0.026}, {0.42, 0.34, 0.016}} {
		c.oval(rgb(0xA8463A, 1), b[0], b[1], b[2], 1.1)
		c.oval(rgb(0xD98C5F, 1), b[0], b[1], b[2]*0.45, 2.4)
		c.box(rgb(0x5A3326, 1), b[0]-b[2]*0.2, b[1]+b[2]*2.0, b[2]*0.4, b[2]*0.5)
	}
	stupa := func(x, base, size float64, color int) {
		fill := rgb(color, 1)
		for i := range 4 {
			w := size * (1 - 0.16*float64(i))
			c.box(fill, x-w/2, base-size*0.2*float64(i+1), w, size*0.21)
		}
		top := base - size*0.8
		c.oval(fill, x, top, size*0.24, 1.15)
		c.area(fill, point{x - size*0.13, top - size*0.25}, point{x + size*0.13, top - size*0.25}, point{x + size*0.012, top - size*0.95}, point{x - size*0.012, top - size*0.95})
	}
	c.land(rgb(0xC79A93, 1), waves(0.62, [3]float64{1.1, 0.02, 0.2}))
	for i := range 6 {
		stupa(0.08+0.17*float64(i), 0.67, 0.055+0.012*math.Sin(float64(i)*2.3), 0x9F6F78)
	}
	c.land(rgb(0x8B5F63, 1), waves(0.68, [3]float64{1.7, 0.015, 0.5}))
	for i := range 4 {
		stupa(0.16+0.24*float64(i), 0.79, 0.11+0.02*math.Cos(float64(i)*3.1), 0x6B4450)
	}
	c.land(rgb(0x55343F, 1), waves(0.8, [3]float64{0.8, 0.015, 0.1}))
	stupa(0.64, 0.95, 0.24, 0x3C2430)
	c.land(rgb(0x2A1823, 1), waves(0.93, [3]float64{6, 0.012, 0.2}, [3]float64{13, 0.006, 0.5}))
}

// skyline is a city by the water at night.
func skyline(c canvas) {
	c.sky(0x0B1330, 0x1D2A5A, 0x54478A, 0xC97B9A)
	for i := range 70 {
		t := float64(i)
		c.disc(rgb(0xFFFFFF, 0.35+0.4*math.Abs(math.Sin(t))), math.Mod(t*0.618, 1), math.Mod(t*0.271, 0.4), 0.0011)
	}
	tower := func(x, w, top float64, color int, lit float64) {
		c.box(rgb(color, 1), x, top, w, 0.72-top)
		for row := 0.0; top+0.03+row*0.026 < 0.7; row++ {
			for k := 0.0; k < 5; k++ {
				if math.Sin(x*97+row*7.3+k*3.9) > lit {
					c.box(rgb(0xFFE2A0, 0.9), x+w*(0.1+0.17*k), top+0.02+row*0.026, w*0.1, 0.012)
				}
			}
		}
	}
	for i := range 14 {
		t := float64(i)
		tower(0.072*t-0.01, 0.06, 0.42+0.1*math.Sin(t*1.9), 0x2A2D5E, 0.5)
	}
	for i := range 9 {
		t := float64(i)
		tower(0.02+0.112*t, 0.062, 0.34+0.17*math.Abs(math.Sin(t*2.7)), 0x1B1E45, 0.1)
	}
	for _, x := range []float64{0.46, 0.53} {
		tower(x, 0.045, 0.17, 0x262A5C, -0.1)
		c.area(rgb(0x3A3F7A, 1), point{x, 0.17}, point{x + 0.0225, 0.04}, point{x + 0.045, 0.17})
	}
	c.box(rgb(0x4A4F8C, 1), 0.49, 0.4, 0.055, 0.018)
	c.land(rgb(0x121736, 1), waves(0.72))
	for i := range 90 {
		t := float64(i)
		colors := []int{0xFFE2A0, 0xE88BB0, 0x8FB7FF}
		c.oval(rgb(colors[i%3], 0.28), math.Mod(t*0.6180339, 1), 0.735+0.24*math.Mod(t*0.37, 1), 0.012+0.02*math.Mod(t*0.13, 1), 0.06)
	}
}

// beach is a beach with palms and an outrigger boat.
func beach(c canvas) {
	c.sky(0x4FA7DE, 0xA8D8EE, 0xE4F4F0)
	for _, cloud := range [][3]float64{{0.2, 0.16, 0.05}, {0.26, 0.18, 0.04}, {0.15, 0.19, 0.035}, {0.7, 0.1, 0.04}, {0.75, 0.115, 0.05}, {0.8, 0.12, 0.03}} {
		c.oval(rgb(0xFFFFFF, 0.8), cloud[0], cloud[1], cloud[2], 0.45)
	}
	c.land(rgb(0x5E9C83, 1), func(x float64) float64 {
		return 0.5 - 0.09*math.Exp(-40*(x-0.75)*(x-0.75)) - 0.05*math.Exp(-60*(x-0.58)*(x-0.58))
	})
	for i := range 8 {
		c.land(rgb(mix(0x1C7FA6, 0x8FE0D6, float64(i)/7), 1), waves(0.5+0.04*float64(i), [3]float64{1.5, 0.003 * float64(i), 0.1 * float64(i)}))
	}
	c.land(rgb(0xFFFFFF, 0.85), waves(0.795, [3]float64{1.3, 0.025, 0.3}, [3]float64{4, 0.006, 0}))
	c.land(rgb(0xF3E3BD, 1), waves(0.81, [3]float64{1.3, 0.027, 0.3}, [3]float64{4, 0.006, 0.05}))
	c.land(rgb(0xE9D3A2, 1), waves(0.88, [3]float64{1.1, 0.02, 0.4}))
	c.area(rgb(0x8C3B2B, 1), point{0.44, 0.68}, point{0.66, 0.68}, point{0.63, 0.72}, point{0.47, 0.72})
	c.box(rgb(0xE8B04A, 1), 0.44, 0.676, 0.22, 0.008)
	c.box(rgb(0x5B3A22, 1), 0.548, 0.42, 0.004, 0.26)
	c.area(rgb(0xFFF7E6, 1), point{0.555, 0.43}, point{0.65, 0.65}, point{0.555, 0.65})
	c.box(rgb(0x5B3A22, 1), 0.42, 0.735, 0.26, 0.006)
	palm := func(x, y, size, lean float64) {
		top := point{x + lean*size, y - size}
		c.area(rgb(0x7A5A3A, 1), point{x - 0.014, y}, point{x + 0.014, y}, point{x + lean*size*0.55 + 0.01, y - size*0.55}, point{top.x + 0.006, top.y},
			point{top.x - 0.006, top.y}, point{x + lean*size*0.45 - 0.01, y - size*0.55})
		for i := range 9 {
			a := math.Pi * (0.98 + 0.13*float64(i))
			long := size * 0.42
			tip := point{top.x + long*0.75*math.Cos(a), top.y + long*(0.5*math.Sin(a)+0.28*math.Abs(math.Cos(a)))}
			middle := point{(top.x + tip.x) / 2, (top.y+tip.y)/2 - long*0.3}
			c.area(rgb(mix(0x1E5B2E, 0x4C9A48, float64(i%3)/2), 1), top, middle, tip, point{middle.x, middle.y + long*0.14})
		}
		c.disc(rgb(0x6B4423, 1), top.x-0.008, top.y+0.02, 0.009)
		c.disc(rgb(0x7D5230, 1), top.x+0.009, top.y+0.022, 0.009)
	}
	palm(0.13, 0.96, 0.68, 0.1)
	palm(0.03, 0.99, 0.52, 0.18)
	palm(0.93, 0.97, 0.6, -0.16)
}
