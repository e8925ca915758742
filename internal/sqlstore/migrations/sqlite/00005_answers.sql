-- +goose Up
-- What requests were told, for their repeats.
CREATE TABLE answer (
	key         TEXT   PRIMARY KEY, -- hash of what names the request
	application TEXT   NOT NULL,
	asked       TEXT   NOT NULL, -- hash of the request
	words       TEXT   NOT NULL, -- sealed
	at          BIGINT NOT NULL
);
CREATE INDEX answer_age ON answer (at);
