-- +goose Up
-- How the request that began a transfer is worked on; process '' is none.
ALTER TABLE transfer ADD COLUMN process TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE transfer ADD COLUMN process_state TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE transfer ADD COLUMN wait TEXT COLLATE "C" NOT NULL DEFAULT ''; -- what it waits for while it is pending, and waited for since
ALTER TABLE transfer ADD COLUMN hands_over BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE transfer ADD COLUMN call_back BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE transfer ADD COLUMN refused TEXT COLLATE "C" NOT NULL DEFAULT ''; -- why it ended in ERROR
CREATE UNIQUE INDEX transfer_process ON transfer (process) WHERE process <> '';
