package publications

import "slices"

// State is where a request stands. Absent and expired are the same.
type State string

// The states of a request. The last four are final: what is kept of the person ends some time after them (decisions: "Retention of a
// publication request").
const (
	Received  State = "received"  // the form was sent; its copies are reserved
	Approved  State = "approved"  // staff will send it
	Packed    State = "packed"    // the parcel is made up
	Sent      State = "sent"      // given to the carrier
	Declined  State = "declined"  // staff do not send it
	Withdrawn State = "withdrawn" // the person no longer wants it
	Returned  State = "returned"  // the parcel came back; its copies are in stock again
)

// final is the state of the policy's retention for all of them.
const (
	finalRetention = "final"
	openRetention  = "open"
)

// shift is what one copy does to the counters of its publication: they always add up to what was supplied.
type shift struct{ left, reserved, sent int }

var (
	stays    = shift{}
	reserves = shift{left: -1, reserved: +1}
	restores = shift{left: +1, reserved: -1}
	leaves   = shift{reserved: -1, sent: +1}
	comes    = shift{left: +1, sent: -1}
)

// moves are all moves that there are: from, to, and what it does to the stock. A request starts as Received, which reserves.
var moves = map[State]map[State]shift{
	Received: {Approved: stays, Declined: restores, Withdrawn: restores},
	Approved: {Packed: stays, Declined: restores, Withdrawn: restores},
	Packed:   {Sent: leaves, Declined: restores, Withdrawn: restores},
	Sent:     {Returned: comes},
}

// Next are the states that may follow, in the order of their names.
func (s State) Next() []State {
	var next []State
	for to := range moves[s] {
		next = append(next, to)
	}
	slices.Sort(next)
	return next
}

// Final tells whether the request is settled. What was sent may still come back.
func (s State) Final() bool {
	return s == Sent || s == Declined || s == Withdrawn || s == Returned
}
