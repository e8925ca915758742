package files

import "fmt"

// maxProblems is how many a Report tells; the others are counted.
const maxProblems = 50

// A Problem is what is wrong at one place of a house. Lines and columns count from
// 1, columns in characters; 0 is the file or the folder as a whole.
type Problem struct {
	File   string `json:"file"` // within the house's folder
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Says   string `json:"says"` // what was found, and what may stand there
}

// String is the problem as compilers write theirs, for editors to jump to.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Says
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Says)
}

// A Report tells what a house has, and what is wrong with it.
type Report struct {
	Organizations int       `json:"organizations"`
	Manifests     int       `json:"manifests"`
	Events        int       `json:"events"`
	Patrons       int       `json:"patrons"`
	Tickets       int       `json:"tickets"`
	Listings      int       `json:"listings"`
	Loaded        int       `json:"loaded"` // events whose tickets were there already, of a load
	Problems      []Problem `json:"problems"`
	More          int       `json:"more"` // problems that are not told
}

// Good reports whether nothing is wrong.
func (r *Report) Good() bool { return len(r.Problems) == 0 }

func (r *Report) add(file string, line, column int, format string, args ...any) {
	if len(r.Problems) == maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{file, line, column, fmt.Sprintf(format, args...)})
}

// Progress tells how far a house has been read.
type Progress struct {
	Doing      string // checking, comparing or loading
	File       string
	Rows       int   // of the file
	Read, Size int64 // bytes of the file
}

// everyRows is how often progress is told, and the end of a context looked for.
const everyRows = 5_000
