// Package storetest holds what every store of the books must keep, as tests,
// and the databases to test it on: an empty PostgreSQL database takes one line,
// on a real server that the tests start themselves. Production code never
// imports it.
package storetest
