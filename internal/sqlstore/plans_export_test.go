package sqlstore

// Statements are those that the store has run on SQLite, as they were run.
func (s *Store) Statements() (texts []string) {
	s.db.(*sqliteEngine).d.expanded.Range(func(_, own any) bool {
		texts = append(texts, own.(string))
		return true
	})
	return texts
}
