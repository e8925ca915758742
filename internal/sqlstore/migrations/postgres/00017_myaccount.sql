-- +goose Up
-- MyAccount. Whose tickets are whose: of nobody's there are many, and nobody asks.
CREATE INDEX ticket_of_owner ON ticket (owner) WHERE owner <> '';
ALTER TABLE listing ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0; -- when its patron took it back
CREATE INDEX listing_of_patron ON listing (patron);
ALTER TABLE application ADD COLUMN page TEXT COLLATE "C" NOT NULL DEFAULT ''; -- where patrons go with a listing
CREATE INDEX transfer_of_sender ON transfer (sender);
CREATE INDEX transfer_of_recipient ON transfer (recipient) WHERE recipient <> '';
CREATE INDEX transfer_of_invitee ON transfer (invitee) WHERE invitee <> '';

-- A visit is somebody signed in, in one browser.
CREATE TABLE visit (
	id       TEXT COLLATE "C" PRIMARY KEY, -- hash of what the browser has
	person   TEXT COLLATE "C" NOT NULL, -- keyed hash of the mail address
	began_at BIGINT NOT NULL,
	seen_at  BIGINT NOT NULL
);
CREATE INDEX visit_age ON visit (seen_at);
CREATE TABLE visit_account (
	visit        TEXT COLLATE "C" NOT NULL REFERENCES visit (id) ON DELETE CASCADE,
	organization BIGINT NOT NULL,
	patron       TEXT COLLATE "C" NOT NULL,
	password     TEXT COLLATE "C" NOT NULL, -- hash of the password's hash: with another password it counts no more
	PRIMARY KEY (visit, organization, patron),
	FOREIGN KEY (organization, patron) REFERENCES patron (organization, id)
);
CREATE INDEX visit_of_account ON visit_account (organization, patron);
-- The address in a mail by which somebody may set a password, once.
CREATE TABLE password_link (
	id      TEXT COLLATE "C" PRIMARY KEY,
	person  TEXT COLLATE "C" NOT NULL,
	ends_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL
);
CREATE INDEX password_link_age ON password_link (ends_at);
