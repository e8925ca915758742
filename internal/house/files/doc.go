// Package files keeps a venue's house in files that people and their programs can
// write: CSV and JSON in a folder for each organization. docs/house.md describes
// them, and a test holds it to the tables of this package.
//
// Check reads a house from end to end and tells what is wrong with file, line and
// column. Load checks, then compares with the books, and only then loads. A Writer
// is the other way: a boxoffice.Loader that writes files, for the export of a
// database and for the generator's house. What a Writer would write of a database
// is also its digest, so that two databases with equal digests are the same house.
//
// Whatever the size, memory has the events, the manifests, and for each patron and
// ticket only some bytes (set.go, seats.go); the rows themselves stream past.
package files
