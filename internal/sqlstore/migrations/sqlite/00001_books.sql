-- +goose Up
CREATE TABLE installation (
	id         INTEGER PRIMARY KEY CHECK (id = 1),
	epoch      BIGINT NOT NULL,
	loading    BOOLEAN NOT NULL, -- the unique indexes of ticket are to be made again
	key_check  TEXT   NOT NULL
);
CREATE TABLE head (
	id       INTEGER PRIMARY KEY CHECK (id = 1),
	position BIGINT NOT NULL
);
INSERT INTO head (id, position) VALUES (1, 0);
CREATE TABLE series (
	name TEXT   PRIMARY KEY,
	next BIGINT NOT NULL
);
INSERT INTO series (name, next) VALUES ('patron', 1000001), ('transaction', 1);

CREATE TABLE organization (
	id               BIGINT  PRIMARY KEY,
	name             TEXT    NOT NULL,
	distributor_code TEXT    NOT NULL UNIQUE,
	zone             TEXT    NOT NULL,
	currency         TEXT    NOT NULL,
	strict_sums      BOOLEAN NOT NULL,
	catalog_version  BIGINT  NOT NULL
);
CREATE TABLE event (
	id                 TEXT    PRIMARY KEY,
	organization       BIGINT  NOT NULL REFERENCES organization (id),
	season             TEXT    NOT NULL,
	item               TEXT    NOT NULL,
	basis              TEXT    NOT NULL,
	name               TEXT    NOT NULL,
	item_name          TEXT    NOT NULL,
	internet_name      TEXT    NOT NULL,
	start_at           BIGINT  NOT NULL,
	start_date         TEXT    NOT NULL,
	end_at             BIGINT  NOT NULL,
	end_date           TEXT    NOT NULL,
	over_at            BIGINT  NOT NULL,
	facility_code      TEXT    NOT NULL,
	facility_name      TEXT    NOT NULL,
	configuration_code TEXT    NOT NULL,
	associations       TEXT    NOT NULL,
	price_types        TEXT    NOT NULL,
	secondary          BOOLEAN NOT NULL,
	cancelled          BOOLEAN NOT NULL,
	version            BIGINT  NOT NULL
);
CREATE INDEX event_of_organization ON event (organization);

CREATE TABLE patron (
	organization  BIGINT NOT NULL REFERENCES organization (id),
	id            TEXT   NOT NULL,
	contact       TEXT   NOT NULL, -- sealed
	password_hash TEXT   NOT NULL,
	since         BIGINT NOT NULL,
	PRIMARY KEY (organization, id)
) WITHOUT ROWID;
CREATE TABLE patron_key (
	key          TEXT   NOT NULL,
	organization BIGINT NOT NULL,
	patron       TEXT   NOT NULL,
	since        BIGINT NOT NULL,
	PRIMARY KEY (key, organization, patron)
) WITHOUT ROWID;

-- Rows lie in the order they were loaded in, which is that of the seats.
CREATE TABLE ticket (
	token            TEXT    PRIMARY KEY,
	organization     BIGINT  NOT NULL,
	event            TEXT    NOT NULL REFERENCES event (id),
	section          TEXT    NOT NULL,
	row              TEXT    NOT NULL,
	seat             TEXT    NOT NULL,
	seating_type     TEXT    NOT NULL,
	association_type TEXT    NOT NULL,
	attributes       TEXT    NOT NULL,
	price_level      BIGINT  NOT NULL,
	price_type       TEXT    NOT NULL,
	face             BIGINT  NOT NULL,
	owner            TEXT    NOT NULL,
	owned            BIGINT  NOT NULL,
	barcode          TEXT    NOT NULL,
	void             BOOLEAN NOT NULL,
	hold             TEXT    NOT NULL,
	hold_by          TEXT    NOT NULL,
	hold_since       BIGINT  NOT NULL,
	hold_terms       TEXT    NOT NULL,
	version          BIGINT  NOT NULL
);
-- A first load goes without these two (loader.go).
CREATE UNIQUE INDEX ticket_live_seat ON ticket (event, section, row, seat) WHERE NOT void;
CREATE UNIQUE INDEX ticket_barcode ON ticket (event, barcode);

CREATE TABLE listing (
	id           TEXT   PRIMARY KEY,
	organization BIGINT NOT NULL,
	channel      TEXT   NOT NULL,
	patron       TEXT   NOT NULL,
	tokens       TEXT   NOT NULL,
	created_at   BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE orders (
	key                 TEXT    PRIMARY KEY, -- channel/external_order_id
	channel             TEXT    NOT NULL,
	process             TEXT    NOT NULL,
	organization        BIGINT  NOT NULL,
	state               TEXT    NOT NULL,
	content             TEXT    NOT NULL,
	external_listing_id TEXT    NOT NULL,
	currency            TEXT    NOT NULL,
	price               BIGINT  NOT NULL,
	fees                BIGINT  NOT NULL,
	settled_paid        BIGINT  NOT NULL,
	settled_to_seller   BIGINT  NOT NULL,
	paid_share          BIGINT  NOT NULL,
	to_seller_share     BIGINT  NOT NULL,
	differs             BOOLEAN NOT NULL,
	buyer               TEXT    NOT NULL,
	lines               TEXT    NOT NULL,
	offers              TEXT    NOT NULL,
	transactions        TEXT    NOT NULL,
	at                  BIGINT  NOT NULL,
	place               BIGINT  NOT NULL,
	version             BIGINT  NOT NULL,
	settled_request     TEXT    NOT NULL -- orders of one request share its settlement
) WITHOUT ROWID;
CREATE INDEX orders_of_process ON orders (process);
CREATE TABLE ledger (
	number    BIGINT NOT NULL,
	n         BIGINT NOT NULL,
	order_key TEXT   NOT NULL,
	season    TEXT   NOT NULL,
	account   TEXT   NOT NULL,
	amount    BIGINT NOT NULL,
	currency  TEXT   NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (number, n)
) WITHOUT ROWID;
CREATE TABLE document (
	id        TEXT   PRIMARY KEY,
	order_key TEXT   NOT NULL,
	token     TEXT   NOT NULL,
	owned     BIGINT NOT NULL,
	issued_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE batch (
	number   INTEGER PRIMARY KEY,
	id       TEXT   NOT NULL UNIQUE,
	at       BIGINT NOT NULL,
	size     BIGINT NOT NULL,
	position BIGINT -- of its first row; NULL until it is numbered
);
CREATE INDEX batch_unnumbered ON batch (number) WHERE position IS NULL;
CREATE INDEX batch_position ON batch (position);
CREATE TABLE journal (
	batch        BIGINT NOT NULL,
	n            BIGINT NOT NULL,
	organization BIGINT NOT NULL,
	entity       TEXT   NOT NULL, -- seats or events
	subject      TEXT   NOT NULL, -- token or event
	version      BIGINT NOT NULL,
	what         TEXT   NOT NULL,
	application  TEXT   NOT NULL,
	channel      TEXT   NOT NULL,
	request_id   TEXT   NOT NULL,
	at           BIGINT NOT NULL,
	state        TEXT   NOT NULL,
	PRIMARY KEY (batch, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX journal_story ON journal (subject, version, entity);

CREATE TABLE task (
	id          TEXT   PRIMARY KEY,
	kind        TEXT   NOT NULL,
	subject     TEXT   NOT NULL,
	due_at      BIGINT NOT NULL,
	attempts    BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX task_due ON task (due_at);

-- Credentials: hashes only, but for replay, which is sealed. 0 is no instant.
CREATE TABLE application (
	id    TEXT   PRIMARY KEY,
	name  TEXT   NOT NULL,
	epoch BIGINT NOT NULL -- families of an earlier one are revoked
) WITHOUT ROWID;
CREATE TABLE channel (
	code        TEXT PRIMARY KEY,
	application TEXT NOT NULL REFERENCES application (id)
) WITHOUT ROWID;
CREATE INDEX channel_of_application ON channel (application);
-- A partner may be granted an organization that is loaded later.
CREATE TABLE granted (
	application  TEXT   NOT NULL REFERENCES application (id),
	organization BIGINT NOT NULL,
	PRIMARY KEY (application, organization)
) WITHOUT ROWID;
CREATE TABLE api_key (
	id          TEXT   PRIMARY KEY,
	application TEXT   NOT NULL REFERENCES application (id),
	mac         TEXT   NOT NULL,
	created     BIGINT NOT NULL,
	ends        BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX api_key_of_application ON api_key (application);
CREATE TABLE family (
	id           TEXT    PRIMARY KEY,
	application  TEXT    NOT NULL REFERENCES application (id),
	epoch        BIGINT  NOT NULL,
	code_hash    TEXT    NOT NULL UNIQUE,
	code_expires BIGINT  NOT NULL,
	ends         BIGINT  NOT NULL,
	revoked      BIGINT  NOT NULL,
	generation   BIGINT  NOT NULL, -- of the newest pair
	used         BOOLEAN NOT NULL,
	issued       BIGINT  NOT NULL,
	replay       TEXT    NOT NULL, -- sealed
	keep_until   BIGINT  NOT NULL
) WITHOUT ROWID;
CREATE INDEX family_of_application ON family (application);
CREATE INDEX family_ended ON family (keep_until);
CREATE INDEX family_replay ON family (issued) WHERE replay <> '';
CREATE TABLE token_pair (
	family          TEXT   NOT NULL REFERENCES family (id) ON DELETE CASCADE,
	generation      BIGINT NOT NULL,
	access_hash     TEXT   NOT NULL UNIQUE,
	access_expires  BIGINT NOT NULL,
	refresh_hash    TEXT   NOT NULL UNIQUE,
	refresh_expires BIGINT NOT NULL,
	PRIMARY KEY (family, generation)
) WITHOUT ROWID;
CREATE INDEX token_pair_ended ON token_pair (refresh_expires);
