//go:build seed_answer_before_commit

package sqlstore

const answersEarly = true
