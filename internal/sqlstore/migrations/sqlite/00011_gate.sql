-- +goose Up
-- The scans at the gates: of each ticket that is in, one is in force.
CREATE TABLE admission (
	scan         TEXT   PRIMARY KEY, -- organization/the scanner's own id
	organization BIGINT NOT NULL,
	event        TEXT   NOT NULL,
	barcode      TEXT   NOT NULL, -- as it was scanned
	token        TEXT   NOT NULL, -- '' where the barcode names no ticket
	gate         TEXT   NOT NULL,
	at           BIGINT NOT NULL, -- of the scan
	kept_at      BIGINT NOT NULL, -- when the books had it
	state        TEXT   NOT NULL, -- admitted, later, refused, undone, ended
	reason       TEXT   NOT NULL, -- of a refusal, its code
	venue        TEXT   NOT NULL  -- who of the venue held the ticket before
) WITHOUT ROWID;
CREATE UNIQUE INDEX admission_in_force ON admission (token) WHERE state = 'admitted';
CREATE INDEX admission_of_event ON admission (event, state, at);

-- Barcodes that opened the gate once, and do no longer.
CREATE TABLE replaced_barcode (
	event   TEXT   NOT NULL,
	barcode TEXT   NOT NULL,
	token   TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (event, barcode)
) WITHOUT ROWID;
CREATE INDEX replaced_barcode_of_ticket ON replaced_barcode (token);

CREATE TABLE gate_key (
	id           TEXT   PRIMARY KEY,
	organization BIGINT NOT NULL,
	name         TEXT   NOT NULL,
	events       TEXT   NOT NULL, -- '' is all of the organization
	mac          TEXT   NOT NULL,
	created      BIGINT NOT NULL,
	ended        BIGINT NOT NULL -- 0 while it is good
) WITHOUT ROWID;
