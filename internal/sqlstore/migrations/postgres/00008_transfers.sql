-- +goose Up
INSERT INTO series (name, next) VALUES ('transfer', 1);

CREATE TABLE transfer (
	key          TEXT COLLATE "C" PRIMARY KEY, -- channel/external_transfer_id, or channel:number
	secret       TEXT COLLATE "C" NOT NULL UNIQUE, -- keyed hash of the transferId
	code         TEXT COLLATE "C" NOT NULL UNIQUE, -- confirmationCd
	channel      TEXT COLLATE "C" NOT NULL,
	organization BIGINT NOT NULL REFERENCES organization (id),
	zone         TEXT COLLATE "C" NOT NULL,
	distributor  TEXT COLLATE "C" NOT NULL,
	state        TEXT COLLATE "C" NOT NULL,
	content      TEXT COLLATE "C" NOT NULL,
	form         TEXT COLLATE "C" NOT NULL,
	tokens       TEXT COLLATE "C" NOT NULL,
	sender       TEXT COLLATE "C" NOT NULL,
	recipient    TEXT COLLATE "C" NOT NULL, -- '' until it is accepted
	invitee      TEXT COLLATE "C" NOT NULL, -- keyed hash
	details      TEXT COLLATE "C" NOT NULL, -- sealed: the transferId, who was invited, the page, what was said
	sent_at      BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	ended_at     BIGINT NOT NULL,
	misses       BIGINT NOT NULL,
	missed_at    BIGINT NOT NULL,
	version      BIGINT NOT NULL
);
CREATE TABLE transfer_step (
	transfer TEXT COLLATE "C" NOT NULL REFERENCES transfer (key),
	op       TEXT COLLATE "C" NOT NULL,
	initiator TEXT COLLATE "C" NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (transfer, op) -- none is taken twice
);
-- What happened to a transfer is never unsaid.
-- +goose StatementBegin
CREATE FUNCTION transfer_step_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the history of a transfer is only added to';
END $$;
-- +goose StatementEnd
CREATE TRIGGER transfer_step_stays BEFORE UPDATE OR DELETE ON transfer_step
	FOR EACH ROW EXECUTE FUNCTION transfer_step_stays();
