// Package operatorapi is the operators' door: what the commands of an operator
// ask of the process that has the books (design.md §4).
//
// It is HTTP and JSON over a socket in the data folder, which only the user who
// runs the server may open; where no server runs, a command holds the same door
// in its own process and walks through it directly. So a command is written
// once, against a Client. Everybody who comes in may do everything, and gives a
// name, which the journal and the orders keep.
//
// The scanners at the gates have a door of their own, on TCP (scanner.go,
// api/operator.yaml): the calls of gates and no others, for who shows a gate key.
package operatorapi
