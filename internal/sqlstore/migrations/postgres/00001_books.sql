-- +goose Up
CREATE TABLE installation (
	id         BIGINT PRIMARY KEY CHECK (id = 1),
	epoch      BIGINT NOT NULL,
	loading    BOOLEAN NOT NULL, -- the unique indexes of ticket are to be made again
	key_check  TEXT COLLATE "C"   NOT NULL
);
CREATE TABLE head (
	id       BIGINT PRIMARY KEY CHECK (id = 1),
	position BIGINT NOT NULL
);
INSERT INTO head (id, position) VALUES (1, 0);
CREATE TABLE series (
	name TEXT COLLATE "C"   PRIMARY KEY,
	next BIGINT NOT NULL
);
INSERT INTO series (name, next) VALUES ('patron', 1000001), ('transaction', 1);

CREATE TABLE organization (
	id               BIGINT  PRIMARY KEY,
	name             TEXT COLLATE "C"    NOT NULL,
	distributor_code TEXT COLLATE "C"    NOT NULL UNIQUE,
	zone             TEXT COLLATE "C"    NOT NULL,
	currency         TEXT COLLATE "C"    NOT NULL,
	strict_sums      BOOLEAN NOT NULL,
	catalog_version  BIGINT  NOT NULL
);
CREATE TABLE event (
	id                 TEXT COLLATE "C"    PRIMARY KEY,
	organization       BIGINT  NOT NULL REFERENCES organization (id),
	season             TEXT COLLATE "C"    NOT NULL,
	item               TEXT COLLATE "C"    NOT NULL,
	basis              TEXT COLLATE "C"    NOT NULL,
	name               TEXT COLLATE "C"    NOT NULL,
	item_name          TEXT COLLATE "C"    NOT NULL,
	internet_name      TEXT COLLATE "C"    NOT NULL,
	start_at           BIGINT  NOT NULL,
	start_date         TEXT COLLATE "C"    NOT NULL,
	end_at             BIGINT  NOT NULL,
	end_date           TEXT COLLATE "C"    NOT NULL,
	over_at            BIGINT  NOT NULL,
	facility_code      TEXT COLLATE "C"    NOT NULL,
	facility_name      TEXT COLLATE "C"    NOT NULL,
	configuration_code TEXT COLLATE "C"    NOT NULL,
	associations       TEXT COLLATE "C"    NOT NULL,
	price_types        TEXT COLLATE "C"    NOT NULL,
	secondary          BOOLEAN NOT NULL,
	cancelled          BOOLEAN NOT NULL,
	version            BIGINT  NOT NULL
);
CREATE INDEX event_of_organization ON event (organization);

CREATE TABLE patron (
	organization  BIGINT NOT NULL REFERENCES organization (id),
	id            TEXT COLLATE "C"   NOT NULL,
	contact       TEXT COLLATE "C"   NOT NULL, -- sealed
	password_hash TEXT COLLATE "C"   NOT NULL,
	since         BIGINT NOT NULL,
	PRIMARY KEY (organization, id)
);
CREATE TABLE patron_key (
	key          TEXT COLLATE "C"   NOT NULL,
	organization BIGINT NOT NULL,
	patron       TEXT COLLATE "C"   NOT NULL,
	since        BIGINT NOT NULL,
	PRIMARY KEY (key, organization, patron)
);

-- Rows lie in the order they were loaded in, which is that of the seats.
CREATE TABLE ticket (
	token            TEXT COLLATE "C"    PRIMARY KEY,
	organization     BIGINT  NOT NULL,
	event            TEXT COLLATE "C"    NOT NULL REFERENCES event (id),
	section          TEXT COLLATE "C"    NOT NULL,
	row              TEXT COLLATE "C"    NOT NULL,
	seat             TEXT COLLATE "C"    NOT NULL,
	seating_type     TEXT COLLATE "C"    NOT NULL,
	association_type TEXT COLLATE "C"    NOT NULL,
	attributes       TEXT COLLATE "C"    NOT NULL,
	price_level      BIGINT  NOT NULL,
	price_type       TEXT COLLATE "C"    NOT NULL,
	face             BIGINT  NOT NULL,
	owner            TEXT COLLATE "C"    NOT NULL,
	owned            BIGINT  NOT NULL,
	barcode          TEXT COLLATE "C"    NOT NULL,
	void             BOOLEAN NOT NULL,
	hold             TEXT COLLATE "C"    NOT NULL,
	hold_by          TEXT COLLATE "C"    NOT NULL,
	hold_since       BIGINT  NOT NULL,
	hold_terms       TEXT COLLATE "C"    NOT NULL,
	version          BIGINT  NOT NULL
) WITH (fillfactor = 80);
-- A first load goes without these two (loader.go).
CREATE UNIQUE INDEX ticket_live_seat ON ticket (event, section, row, seat) WHERE NOT void;
CREATE UNIQUE INDEX ticket_barcode ON ticket (event, barcode);

CREATE TABLE listing (
	id           TEXT COLLATE "C"   PRIMARY KEY,
	organization BIGINT NOT NULL,
	channel      TEXT COLLATE "C"   NOT NULL,
	patron       TEXT COLLATE "C"   NOT NULL,
	tokens       TEXT COLLATE "C"   NOT NULL,
	created_at   BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL
);

CREATE TABLE orders (
	key                 TEXT COLLATE "C"    PRIMARY KEY, -- channel/external_order_id
	channel             TEXT COLLATE "C"    NOT NULL,
	process             TEXT COLLATE "C"    NOT NULL,
	organization        BIGINT  NOT NULL,
	state               TEXT COLLATE "C"    NOT NULL,
	content             TEXT COLLATE "C"    NOT NULL,
	external_listing_id TEXT COLLATE "C"    NOT NULL,
	currency            TEXT COLLATE "C"    NOT NULL,
	price               BIGINT  NOT NULL,
	fees                BIGINT  NOT NULL,
	settled_paid        BIGINT  NOT NULL,
	settled_to_seller   BIGINT  NOT NULL,
	paid_share          BIGINT  NOT NULL,
	to_seller_share     BIGINT  NOT NULL,
	differs             BOOLEAN NOT NULL,
	buyer               TEXT COLLATE "C"    NOT NULL,
	lines               TEXT COLLATE "C"    NOT NULL,
	offers              TEXT COLLATE "C"    NOT NULL,
	transactions        TEXT COLLATE "C"    NOT NULL,
	at                  BIGINT  NOT NULL,
	place               BIGINT  NOT NULL,
	version             BIGINT  NOT NULL,
	settled_request     TEXT COLLATE "C"    NOT NULL -- orders of one request share its settlement
);
CREATE INDEX orders_of_process ON orders (process);
CREATE TABLE ledger (
	number    BIGINT NOT NULL,
	n         BIGINT NOT NULL,
	order_key TEXT COLLATE "C"   NOT NULL,
	season    TEXT COLLATE "C"   NOT NULL,
	account   TEXT COLLATE "C"   NOT NULL,
	amount    BIGINT NOT NULL,
	currency  TEXT COLLATE "C"   NOT NULL,
	at        BIGINT NOT NULL,
	PRIMARY KEY (number, n)
);
CREATE TABLE document (
	id        TEXT COLLATE "C"   PRIMARY KEY,
	order_key TEXT COLLATE "C"   NOT NULL,
	token     TEXT COLLATE "C"   NOT NULL,
	owned     BIGINT NOT NULL,
	issued_at BIGINT NOT NULL
);

-- Drawn in save, when the transaction holds all its row locks. Not cached: a
-- later transaction on the same seat must draw a larger number.
CREATE SEQUENCE batch_number;
CREATE TABLE batch (
	number   BIGINT PRIMARY KEY DEFAULT nextval('batch_number'),
	id       TEXT COLLATE "C"   NOT NULL UNIQUE,
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
	entity       TEXT COLLATE "C"   NOT NULL, -- seats or events
	subject      TEXT COLLATE "C"   NOT NULL, -- token or event
	version      BIGINT NOT NULL,
	what         TEXT COLLATE "C"   NOT NULL,
	application  TEXT COLLATE "C"   NOT NULL,
	channel      TEXT COLLATE "C"   NOT NULL,
	request_id   TEXT COLLATE "C"   NOT NULL,
	at           BIGINT NOT NULL,
	state        TEXT COLLATE "C"   NOT NULL,
	PRIMARY KEY (batch, n)
);
CREATE UNIQUE INDEX journal_story ON journal (subject, version, entity);

CREATE TABLE task (
	id          TEXT COLLATE "C"   PRIMARY KEY,
	kind        TEXT COLLATE "C"   NOT NULL,
	subject     TEXT COLLATE "C"   NOT NULL,
	due_at      BIGINT NOT NULL,
	attempts    BIGINT NOT NULL
);
CREATE INDEX task_due ON task (due_at);

-- Credentials: hashes only, but for replay, which is sealed. 0 is no instant.
CREATE TABLE application (
	id    TEXT COLLATE "C"   PRIMARY KEY,
	name  TEXT COLLATE "C"   NOT NULL,
	epoch BIGINT NOT NULL -- families of an earlier one are revoked
);
CREATE TABLE channel (
	code        TEXT COLLATE "C" PRIMARY KEY,
	application TEXT COLLATE "C" NOT NULL REFERENCES application (id)
);
CREATE INDEX channel_of_application ON channel (application);
-- A partner may be granted an organization that is loaded later.
CREATE TABLE granted (
	application  TEXT COLLATE "C"   NOT NULL REFERENCES application (id),
	organization BIGINT NOT NULL,
	PRIMARY KEY (application, organization)
);
CREATE TABLE api_key (
	id          TEXT COLLATE "C"   PRIMARY KEY,
	application TEXT COLLATE "C"   NOT NULL REFERENCES application (id),
	mac         TEXT COLLATE "C"   NOT NULL,
	created     BIGINT NOT NULL,
	ends        BIGINT NOT NULL
);
CREATE INDEX api_key_of_application ON api_key (application);
CREATE TABLE family (
	id           TEXT COLLATE "C"    PRIMARY KEY,
	application  TEXT COLLATE "C"    NOT NULL REFERENCES application (id),
	epoch        BIGINT  NOT NULL,
	code_hash    TEXT COLLATE "C"    NOT NULL UNIQUE,
	code_expires BIGINT  NOT NULL,
	ends         BIGINT  NOT NULL,
	revoked      BIGINT  NOT NULL,
	generation   BIGINT  NOT NULL, -- of the newest pair
	used         BOOLEAN NOT NULL,
	issued       BIGINT  NOT NULL,
	replay       TEXT COLLATE "C"    NOT NULL, -- sealed
	keep_until   BIGINT  NOT NULL
);
CREATE INDEX family_of_application ON family (application);
CREATE INDEX family_ended ON family (keep_until);
CREATE INDEX family_replay ON family (issued) WHERE replay <> '';
CREATE TABLE token_pair (
	family          TEXT COLLATE "C"   NOT NULL REFERENCES family (id) ON DELETE CASCADE,
	generation      BIGINT NOT NULL,
	access_hash     TEXT COLLATE "C"   NOT NULL UNIQUE,
	access_expires  BIGINT NOT NULL,
	refresh_hash    TEXT COLLATE "C"   NOT NULL UNIQUE,
	refresh_expires BIGINT NOT NULL,
	PRIMARY KEY (family, generation)
);
CREATE INDEX token_pair_ended ON token_pair (refresh_expires);
