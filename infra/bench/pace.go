package main

import "time"

// paceWindow is over what the account's rate is held (design, "Budgets").
const paceWindow = 10 * time.Second

// pace is the least and the most recipients that arrived in any window of ten seconds.
type pace struct{ least, most int }

// paceOf looks at every window that begins, or ends, with an arrival; false where the calls last less than one window.
func paceOf(calls []arrival) (pace, bool) {
	if len(calls) == 0 || calls[len(calls)-1].at.Sub(calls[0].at) < paceWindow {
		return pace{}, false
	}
	p := pace{least: -1}
	end := calls[len(calls)-1].at
	last, sum := 0, 0 // calls before last are within the window, and are sum recipients
	for _, c := range calls {
		for last < len(calls) && calls[last].at.Before(c.at.Add(paceWindow)) {
			sum += calls[last].recipients
			last++
		}
		p.most = max(p.most, sum)
		sum -= c.recipients
		// A window that begins right after this call holds the fewest: what is left of this one, and what comes until its end.
		if until := c.at.Add(paceWindow); until.Before(end) {
			within := sum
			if last < len(calls) && calls[last].at.Equal(until) {
				within += calls[last].recipients
			}
			if p.least < 0 || within < p.least {
				p.least = within
			}
		}
	}
	return p, p.least >= 0
}

// error is by how much of the rate the windows miss it, beyond one call, in percent.
func (p pace) error(perSecond float64, perCall int) float64 {
	want := perSecond * paceWindow.Seconds()
	off := max(float64(p.most)-want, want-float64(p.least)) - float64(perCall)
	return max(0, off) / want * 100
}
