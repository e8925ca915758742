//go:build !seed_answer_before_commit

package sqlstore

// answersEarly is a bug that the crash test must find: it is true only in a
// program built with the tag seed_answer_before_commit.
const answersEarly = false
