-- +goose Up
CREATE TABLE subscription (
	id            TEXT    PRIMARY KEY,
	channel       TEXT    NOT NULL,
	organization  BIGINT  NOT NULL,
	entity        TEXT    NOT NULL,
	echo          BOOLEAN NOT NULL, -- of the channel's own locks
	sealed        TEXT    NOT NULL, -- endpoint and credentials
	state         TEXT    NOT NULL,
	note          TEXT    NOT NULL,
	cursor        BIGINT  NOT NULL, -- the last row of the journal that was delivered
	flight        BIGINT  NOT NULL, -- the last row of the message that is tried again; 0 is none
	attempts      BIGINT  NOT NULL,
	due_at        BIGINT  NOT NULL,
	failing_since BIGINT  NOT NULL,
	delivered_at  BIGINT  NOT NULL,
	since         BIGINT  NOT NULL,
	lease         BIGINT  NOT NULL, -- grows with whoever takes or changes it
	lease_by      TEXT    NOT NULL,
	lease_until   BIGINT  NOT NULL
);
-- What a subscriber refused.
CREATE TABLE letter (
	subscription TEXT    NOT NULL REFERENCES subscription (id) ON DELETE CASCADE,
	subject      TEXT    NOT NULL,
	position     BIGINT  NOT NULL,
	note         TEXT    NOT NULL,
	at           BIGINT  NOT NULL,
	again        BOOLEAN NOT NULL, -- it is to be told as it stands then
	PRIMARY KEY (subscription, subject, position)
);
CREATE INDEX letter_age ON letter (at);
