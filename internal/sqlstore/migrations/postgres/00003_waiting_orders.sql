-- +goose Up
ALTER TABLE orders ADD COLUMN wait TEXT COLLATE "C" NOT NULL DEFAULT ''; -- what it waits for while it is pending, and waited for since
ALTER TABLE orders ADD COLUMN call_back BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE orders ADD COLUMN verdict TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN refused TEXT COLLATE "C" NOT NULL DEFAULT ''; -- why it ended in ERROR
ALTER TABLE orders ADD COLUMN joined BIGINT NOT NULL DEFAULT 0; -- how often later carts added to its process
CREATE INDEX orders_pending ON orders (at) WHERE state = 'PENDING';

CREATE TABLE callback (
	process  TEXT COLLATE "C" PRIMARY KEY,
	channel  TEXT COLLATE "C" NOT NULL,
	url      TEXT COLLATE "C" NOT NULL, -- sealed
	state    TEXT COLLATE "C" NOT NULL,
	attempts BIGINT NOT NULL,
	note     TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL,
	round    BIGINT NOT NULL -- how often it became owed
);

ALTER TABLE application ADD COLUMN callback_hosts TEXT COLLATE "C" NOT NULL DEFAULT ''; -- that its callbacks may go to; none is any
