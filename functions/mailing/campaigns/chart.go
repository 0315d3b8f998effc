package main

import (
	"fmt"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/web/chart"
)

// timeline is what happened over time: one bar for each span, and the numbers beside it as a table.
type timeline struct {
	*chart.Chart
	Bars []span
}

// span is a bar with the numbers of its time.
type span struct {
	chart.Bar
	From              string
	Sent, Failed, Out int
}

const (
	chartWidth, chartHeight = chart.Width, chart.Bottom - chart.Top
	mostBars                = 48
)

// newChart draws the minutes, several to a bar where there are many; nil where nothing has happened.
func newChart(v view, minutes []campaign.Minute) *timeline {
	if len(minutes) == 0 {
		return nil
	}
	first, last := minutes[0].At, minutes[len(minutes)-1].At
	each := time.Minute
	for _, longer := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		if last.Sub(first)/each < mostBars {
			break
		}
		each = longer
	}
	first = first.Truncate(each)
	n := int(last.Sub(first)/each) + 1
	c := &timeline{Bars: make([]span, n)}
	for _, m := range minutes {
		b := &c.Bars[int(m.At.Sub(first)/each)]
		b.Sent += m.Tally[campaign.ClassAccepted]
		b.Failed += m.Tally[campaign.ClassFailed]
		b.Out += m.Tally[campaign.ClassExcluded]
	}
	columns, total, most := make([]chart.Column, n), 0, 0
	for i := range c.Bars {
		b := &c.Bars[i]
		b.From = first.Add(time.Duration(i) * each).In(tokyo).Format("1/2 15:04")
		columns[i] = chart.Column{Up: b.Sent, Label: b.From}
		total, most = total+b.Sent, max(most, b.Sent)
	}
	minutesEach := int(each.Minutes())
	says := fmt.Sprintf(v.T("%sから%sまでに%s件を送信。いちばん多いとき（%d分間）で%s件。", "From %s to %s, %s were sent; at most %[5]s within %[4]d minutes."),
		c.Bars[0].From, c.Bars[n-1].From, v.Number(total), minutesEach, v.Number(most))
	if n == 1 {
		says = fmt.Sprintf(v.T("%sからの%d分間に%s件を送信。", "Within %[2]d minutes from %[1]s, %[3]s were sent."), c.Bars[0].From, minutesEach, v.Number(total))
	}
	c.Chart = chart.New(v.T("送信の推移", "Sent over time"), says, columns)
	for i := range c.Bars {
		c.Bars[i].Bar = c.Chart.Bars[i]
	}
	return c
}
