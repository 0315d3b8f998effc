package main

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"madoguchi/shared/guard"
)

// parseNetworks reads the organisation's own networks, as 203.0.113.0/24 or 2001:db8::/32.
func parseNetworks(list []string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("OWN_NETWORKS: %q is not a network such as 203.0.113.0/24", s)
		}
		networks = append(networks, p.Masked())
	}
	return networks, nil
}

// isOwn tells whether an address is in one of the organisation's networks. There is no cookie for staff who work elsewhere:
// it would say of a visitor who it is.
func isOwn(address string, own []netip.Prefix) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	for _, p := range own {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// limit holds one network's views in an hour. It counts in the memory of the process and not in the guard table, as forms do:
// that would be one write more for each view, and what it protects is only a count. A process serves one request at a
// time and a view takes some milliseconds, so that the 100 requests a second which the API lets through keep a few
// processes busy: a flood meets a few times the limit, and then 429.
type limit struct {
	perHour int // 0: no limit

	mu   sync.Mutex
	hour time.Time
	seen map[string]int // network -> views in this hour
}

// mostNetworks that are told apart in one hour; all others share what one network may send.
const mostNetworks = 10000

// take counts one view of a network, and reports false, with the time to wait, where that is too many.
func (l *limit) take(address string, now time.Time) (wait time.Duration, ok bool) {
	if l.perHour == 0 {
		return 0, true
	}
	network := guard.Network(address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if hour := now.Truncate(time.Hour); !hour.Equal(l.hour) {
		l.hour, l.seen = hour, map[string]int{}
	}
	if _, known := l.seen[network]; !known && len(l.seen) >= mostNetworks {
		network = "others"
	}
	l.seen[network]++
	return l.hour.Add(time.Hour).Sub(now), l.seen[network] <= l.perHour
}
