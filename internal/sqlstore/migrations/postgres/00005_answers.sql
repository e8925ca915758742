-- +goose Up
-- What requests were told, for their repeats.
CREATE TABLE answer (
	key         TEXT COLLATE "C"   PRIMARY KEY, -- hash of what names the request
	application TEXT COLLATE "C"   NOT NULL,
	asked       TEXT COLLATE "C"   NOT NULL, -- hash of the request
	words       TEXT COLLATE "C"   NOT NULL, -- sealed
	at          BIGINT NOT NULL
);
CREATE INDEX answer_age ON answer (at);
