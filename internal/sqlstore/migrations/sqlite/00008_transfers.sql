-- +goose Up
INSERT INTO series (name, next) VALUES ('transfer', 1);

CREATE TABLE transfer (
	key          TEXT   PRIMARY KEY, -- channel/external_transfer_id, or channel:number
	secret       TEXT   NOT NULL UNIQUE, -- keyed hash of the transferId
	code         TEXT   NOT NULL UNIQUE, -- confirmationCd
	channel      TEXT   NOT NULL,
	organization BIGINT NOT NULL REFERENCES organization (id),
	zone         TEXT   NOT NULL,
	distributor  TEXT   NOT NULL,
	state        TEXT   NOT NULL,
	content      TEXT   NOT NULL,
	form         TEXT   NOT NULL,
	tokens       TEXT   NOT NULL,
	sender       TEXT   NOT NULL,
	recipient    TEXT   NOT NULL, -- '' until it is accepted
	invitee      TEXT   NOT NULL, -- keyed hash
	details      TEXT   NOT NULL, -- sealed: the transferId, who was invited, the page, what was said
	sent_at      BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	ended_at     BIGINT NOT NULL,
	misses       BIGINT NOT NULL,
	missed_at    BIGINT NOT NULL,
	version      BIGINT NOT NULL
);
CREATE TABLE transfer_step (
	transfer TEXT   NOT NULL REFERENCES transfer (key),
	op       TEXT   NOT NULL,
	initiator TEXT  NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (transfer, op) -- none is taken twice
);
-- What happened to a transfer is never unsaid.
-- +goose StatementBegin
CREATE TRIGGER transfer_step_stays BEFORE UPDATE ON transfer_step BEGIN
	SELECT RAISE(ABORT, 'the history of a transfer is only added to');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER transfer_step_remains BEFORE DELETE ON transfer_step BEGIN
	SELECT RAISE(ABORT, 'the history of a transfer is only added to');
END;
-- +goose StatementEnd
