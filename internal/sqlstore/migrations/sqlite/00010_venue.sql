-- +goose Up
-- What the venue does to many tickets, portion by portion.
CREATE TABLE venue_work (
	id           TEXT    PRIMARY KEY,
	organization BIGINT  NOT NULL,
	event        TEXT    NOT NULL REFERENCES event (id),
	verb         TEXT    NOT NULL,
	application  TEXT    NOT NULL,
	request_id   TEXT    NOT NULL,
	reason       TEXT    NOT NULL,
	at           BIGINT  NOT NULL,
	listed       BOOLEAN NOT NULL -- its portions are all there
);
CREATE TABLE venue_portion (
	key      TEXT   PRIMARY KEY, -- work/number
	work     TEXT   NOT NULL REFERENCES venue_work (id),
	tickets  BIGINT NOT NULL,
	tokens   TEXT   NOT NULL,
	done_at  BIGINT NOT NULL,
	changed  BIGINT NOT NULL,
	same     BIGINT NOT NULL,
	refusals BIGINT NOT NULL,
	refused  TEXT   NOT NULL
);
CREATE INDEX venue_portion_of_work ON venue_portion (work, key);
