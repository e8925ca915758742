-- +goose Up
-- The scans at the gates: of each ticket that is in, one is in force.
CREATE TABLE admission (
	scan         TEXT COLLATE "C" PRIMARY KEY, -- organization/the scanner's own id
	organization BIGINT NOT NULL,
	event        TEXT COLLATE "C" NOT NULL,
	barcode      TEXT COLLATE "C" NOT NULL, -- as it was scanned
	token        TEXT COLLATE "C" NOT NULL, -- '' where the barcode names no ticket
	gate         TEXT COLLATE "C" NOT NULL,
	at           BIGINT NOT NULL, -- of the scan
	kept_at      BIGINT NOT NULL, -- when the books had it
	state        TEXT COLLATE "C" NOT NULL, -- admitted, later, refused, undone, ended
	reason       TEXT COLLATE "C" NOT NULL, -- of a refusal, its code
	venue        TEXT COLLATE "C" NOT NULL  -- who of the venue held the ticket before
);
CREATE UNIQUE INDEX admission_in_force ON admission (token) WHERE state = 'admitted';
CREATE INDEX admission_of_event ON admission (event, state, at);

-- Barcodes that opened the gate once, and do no longer.
CREATE TABLE replaced_barcode (
	event   TEXT COLLATE "C" NOT NULL,
	barcode TEXT COLLATE "C" NOT NULL,
	token   TEXT COLLATE "C" NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (event, barcode)
);
CREATE INDEX replaced_barcode_of_ticket ON replaced_barcode (token);

CREATE TABLE gate_key (
	id           TEXT COLLATE "C" PRIMARY KEY,
	organization BIGINT NOT NULL,
	name         TEXT COLLATE "C" NOT NULL,
	events       TEXT COLLATE "C" NOT NULL, -- '' is all of the organization
	mac          TEXT COLLATE "C" NOT NULL,
	created      BIGINT NOT NULL,
	ended        BIGINT NOT NULL -- 0 while it is good
);
