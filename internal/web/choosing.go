package web

// choosingRoutes are the pages where seats are chosen.
func (s *site) choosingRoutes() map[string]handler { return nil }
