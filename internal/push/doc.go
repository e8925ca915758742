// Package push is the door out: what this system sends to other people's
// machines, unasked, goes through it.
//
// A Door dials only addresses that belong to the public internet, judged when
// they are dialled, so neither a name nor a redirect leads anybody's request
// into the house's own network (guard.go). What could not be delivered is tried
// again for three days (schedule.go). A Courier delivers the callbacks of orders
// that were PENDING (callback.go).
package push
