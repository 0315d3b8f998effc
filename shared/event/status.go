package event

import "time"

// Status is where an event stands at a moment.
type Status string

// The statuses.
const (
	StatusDraft     Status = "draft"     // nobody outside sees it
	StatusPublished Status = "published" // the registration has not begun
	StatusOpen      Status = "open"
	StatusWaiting   Status = "waiting" // full; the waiting list is open
	StatusFull      Status = "full"
	StatusClosed    Status = "closed" // the registration has ended
	StatusCancelled Status = "cancelled"
	StatusPostponed Status = "postponed"
	StatusPast      Status = "past"
)

// Status returns where the event stands, as far as the clock and staff decide. Whether an open one has seats left is told by
// StatusWith.
func (e *Event) Status(now time.Time) Status {
	switch {
	case e.State == Draft:
		return StatusDraft
	case e.State == Cancelled:
		return StatusCancelled
	case e.State == Postponed:
		return StatusPostponed
	case !now.Before(e.EndsAt):
		return StatusPast
	case now.Before(e.OpensAt):
		return StatusPublished
	case !now.Before(e.ClosesAt):
		return StatusClosed
	}
	return StatusOpen
}

// StatusWith is Status where the seats that are left are known.
func (e *Event) StatusWith(now time.Time, left int) Status {
	status := e.Status(now)
	switch {
	case status != StatusOpen || left > 0:
		return status
	case e.WaitingList:
		return StatusWaiting
	}
	return StatusFull
}

// Public is the status in the words of the public list (contract): what takes no registrations now, and will take some, is
// closed there.
func (s Status) Public() Status {
	if s == StatusPublished || s == StatusPostponed {
		return StatusClosed
	}
	return s
}

// Takes reports whether registrations may change at a moment: their owners may still edit and cancel them, and seats that
// become free are handed on.
func (e *Event) Takes(now time.Time) bool {
	return (e.State == Published || e.State == "") && now.Before(e.StartsAt)
}
