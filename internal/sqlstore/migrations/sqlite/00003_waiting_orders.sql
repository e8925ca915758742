-- +goose Up
ALTER TABLE orders ADD COLUMN wait TEXT NOT NULL DEFAULT ''; -- what it waits for while it is pending, and waited for since
ALTER TABLE orders ADD COLUMN call_back BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE orders ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN refused TEXT NOT NULL DEFAULT ''; -- why it ended in ERROR
ALTER TABLE orders ADD COLUMN joined BIGINT NOT NULL DEFAULT 0; -- how often later carts added to its process
CREATE INDEX orders_pending ON orders (at) WHERE state = 'PENDING';

CREATE TABLE callback (
	process  TEXT PRIMARY KEY,
	channel  TEXT NOT NULL,
	url      TEXT NOT NULL, -- sealed
	state    TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	note     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	round    BIGINT NOT NULL -- how often it became owed
) WITHOUT ROWID;

ALTER TABLE application ADD COLUMN callback_hosts TEXT NOT NULL DEFAULT ''; -- that its callbacks may go to; none is any
