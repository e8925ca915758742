package sqlstore

// Queued is how many acts wait to be taken, for tests that fill the queue.
func (s *Store) Queued() int { return len(s.queue) }
