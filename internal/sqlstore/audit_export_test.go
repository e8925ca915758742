package sqlstore

import "context"

// AuditInSlices is Audit with fewer tickets at a time.
func AuditInSlices(ctx context.Context, url string, tickets int) (Report, error) {
	return audit(ctx, url, tickets)
}
