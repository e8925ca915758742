-- +goose Up
-- A ticket leads to its rows in the journal by itself, from the newest back, instead of by an index that cost each change as much
-- as its row.
ALTER TABLE ticket ADD COLUMN latest BIGINT NOT NULL DEFAULT 0; -- the batch of its newest row
ALTER TABLE journal ADD COLUMN prior BIGINT NOT NULL DEFAULT 0; -- the batch of its ticket's row before this one
UPDATE journal SET prior = COALESCE((
	SELECT j.batch FROM journal AS j WHERE j.subject = journal.subject AND j.version = journal.version - 1 AND j.entity = journal.entity
), 0) WHERE entity = 'seats' AND version > 1;
UPDATE ticket SET latest = COALESCE((
	SELECT j.batch FROM journal AS j WHERE j.subject = ticket.token AND j.version = ticket.version AND j.entity = 'seats'
), 0) WHERE version > 0;
DROP INDEX journal_story;
CREATE UNIQUE INDEX journal_of_event ON journal (subject, version) WHERE entity = 'events';
