-- +goose Up
CREATE TABLE season (
	organization BIGINT NOT NULL REFERENCES organization (id),
	code         TEXT COLLATE "C" NOT NULL,
	name         TEXT COLLATE "C" NOT NULL,
	PRIMARY KEY (organization, code)
);
-- The seats of a configuration in order; season '' is every season.
CREATE TABLE manifest (
	organization  BIGINT NOT NULL REFERENCES organization (id),
	facility      TEXT COLLATE "C" NOT NULL,
	configuration TEXT COLLATE "C" NOT NULL,
	season        TEXT COLLATE "C" NOT NULL,
	facility_name TEXT COLLATE "C" NOT NULL,
	areas         TEXT COLLATE "C" NOT NULL, -- JSON
	changed_at    BIGINT NOT NULL,
	PRIMARY KEY (organization, facility, configuration, season)
);
