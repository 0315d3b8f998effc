package main

import (
	"fmt"
	"time"

	"madoguchi/shared/campaign"
)

// chart is what happened over time: one bar for each span, and the numbers beside it as a table.
type chart struct {
	Title, Description string
	Bars               []bar
	Labels             []label
	Top                int
	Width, Height      int
}

type bar struct {
	X, Y, Width, Height int
	From                string
	Sent, Failed, Out   int
}

type label struct {
	X    int
	Text string
}

const (
	chartWidth, chartHeight = 600, 160
	mostBars                = 48
)

// newChart draws the minutes, several to a bar where there are many; nil where nothing has happened.
func newChart(v view, minutes []campaign.Minute) *chart {
	if len(minutes) == 0 {
		return nil
	}
	first, last := minutes[0].At, minutes[len(minutes)-1].At
	span := time.Minute
	for _, longer := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if last.Sub(first)/span < mostBars {
			break
		}
		span = longer
	}
	first = first.Truncate(span)
	n := int(last.Sub(first)/span) + 1
	c := &chart{Width: chartWidth, Height: chartHeight, Bars: make([]bar, n)}
	for _, m := range minutes {
		b := &c.Bars[int(m.At.Sub(first)/span)]
		b.Sent += m.Tally[campaign.ClassAccepted]
		b.Failed += m.Tally[campaign.ClassFailed]
		b.Out += m.Tally[campaign.ClassExcluded]
		c.Top = max(c.Top, b.Sent)
	}
	c.Top = max(c.Top, 1)
	step := chartWidth / max(n, 12)
	total := 0
	for i := range c.Bars {
		b := &c.Bars[i]
		total += b.Sent
		b.X, b.Width = i*step+1, max(1, step-2)
		if b.Sent > 0 {
			b.Height = max(1, b.Sent*chartHeight/c.Top)
		}
		b.Y = chartHeight - b.Height
		at := first.Add(time.Duration(i) * span).In(tokyo)
		b.From = at.Format("1/2 15:04")
		if every := max(1, n/6); i%every == 0 && (len(c.Labels) == 0 || b.X-c.Labels[len(c.Labels)-1].X >= 64) {
			c.Labels = append(c.Labels, label{b.X, b.From})
		}
	}
	c.Title = v.T("送信の推移", "Sent over time")
	c.Description = fmt.Sprintf(v.T("%sから%sまでに%s件を送信。いちばん多いとき（%d分間）で%s件。", "From %s to %s, %s were sent; at most %[5]s within %[4]d minutes."),
		c.Bars[0].From, c.Bars[n-1].From, v.Number(total), int(span.Minutes()), v.Number(c.Top))
	return c
}

// Right and Bottom are the size of the picture with room for the numbers; Under is where those of the time stand.
func (c *chart) Right() int  { return c.Width + 50 }
func (c *chart) Bottom() int { return c.Height + 40 }
func (c *chart) Under() int  { return c.Height + 18 }
