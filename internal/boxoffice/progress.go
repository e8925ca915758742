package boxoffice

// Progress is how far the books are with what follows a commit, for operators.
type Progress struct {
	Position   int64 // of the last row of the journal that has one
	Unnumbered int64 // batches whose rows have none yet
	Due        int64 // tasks that should be worked on
}
