-- +goose Up
-- What the venue does to many tickets, portion by portion.
CREATE TABLE venue_work (
	id           TEXT COLLATE "C"    PRIMARY KEY,
	organization BIGINT  NOT NULL,
	event        TEXT COLLATE "C"    NOT NULL REFERENCES event (id),
	verb         TEXT COLLATE "C"    NOT NULL,
	application  TEXT COLLATE "C"    NOT NULL,
	request_id   TEXT COLLATE "C"    NOT NULL,
	reason       TEXT COLLATE "C"    NOT NULL,
	at           BIGINT  NOT NULL,
	listed       BOOLEAN NOT NULL -- its portions are all there
);
CREATE TABLE venue_portion (
	key      TEXT COLLATE "C"   PRIMARY KEY, -- work/number
	work     TEXT COLLATE "C"   NOT NULL REFERENCES venue_work (id),
	tickets  BIGINT NOT NULL,
	tokens   TEXT COLLATE "C"   NOT NULL,
	done_at  BIGINT NOT NULL,
	changed  BIGINT NOT NULL,
	same     BIGINT NOT NULL,
	refusals BIGINT NOT NULL,
	refused  TEXT COLLATE "C"   NOT NULL
);
CREATE INDEX venue_portion_of_work ON venue_portion (work, key);
