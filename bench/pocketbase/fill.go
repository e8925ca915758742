package main

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// A ticket may be changed while nobody holds it, or by whom it is held already:
// the condition of a lock, as a rule of the collection. Whoever asks need not sign
// in, which is to PocketBase's advantage.
const mayLock = `hold = "" || (hold = "lock" && hold_by = @request.body.hold_by)`

// fill makes the collection with the columns and the indexes that a lock of
// seatlink touches, allows batches, and enters the tickets by SQL.
func fill(app core.App, tickets int) error {
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	settings := app.Settings()
	settings.Batch.Enabled, settings.Batch.MaxRequests = true, 50
	if err := app.Save(settings); err != nil {
		return err
	}
	c := core.NewBaseCollection("tickets")
	c.UpdateRule = types.Pointer(mayLock)
	c.ViewRule = types.Pointer("") // an update answers with the record
	for _, name := range []string{"event", "section", "row", "seat", "owner", "barcode", "hold", "hold_by", "hold_terms"} {
		c.Fields.Add(&core.TextField{Name: name})
	}
	for _, name := range []string{"hold_since", "version", "price_level", "face"} {
		c.Fields.Add(&core.NumberField{Name: name})
	}
	c.AddIndex("live_seat", true, "event, section, row, seat", "")
	c.AddIndex("barcode", true, "event, barcode", "")
	if err := app.Save(c); err != nil {
		return err
	}
	return app.RunInTransaction(func(tx core.App) error {
		_, err := tx.NonconcurrentDB().NewQuery(`
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {:tickets})
INSERT INTO tickets (id, event, section, row, seat, owner, barcode, hold, hold_by, hold_terms, hold_since, version, price_level, face)
SELECT printf('%015d', i), printf('999:F26:E%04d', i / 10000), 'U:' || (i / 1000 % 10), i / 20 % 50, i % 20, printf('%04d', 1000 + i / 4 % 1000),
	printf('999%011d', i), '', '', '', 0, 0, 1, 5000
FROM n`).Bind(dbx.Params{"tickets": tickets}).Execute()
		return err
	})
}
