-- +goose Up
-- Mails of late, to send nobody too many.
CREATE TABLE mail (
	id        TEXT COLLATE "C" PRIMARY KEY, -- of its task
	recipient TEXT COLLATE "C" NOT NULL, -- keyed hash
	at        BIGINT NOT NULL -- of the last attempt
);
CREATE INDEX mail_of_recipient ON mail (recipient, at);
CREATE INDEX mail_age ON mail (at);
