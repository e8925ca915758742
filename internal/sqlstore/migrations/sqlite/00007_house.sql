-- +goose Up
CREATE TABLE season (
	organization BIGINT NOT NULL REFERENCES organization (id),
	code         TEXT NOT NULL,
	name         TEXT NOT NULL,
	PRIMARY KEY (organization, code)
) WITHOUT ROWID;
-- The seats of a configuration in order; season '' is every season.
CREATE TABLE manifest (
	organization  BIGINT NOT NULL REFERENCES organization (id),
	facility      TEXT NOT NULL,
	configuration TEXT NOT NULL,
	season        TEXT NOT NULL,
	facility_name TEXT NOT NULL,
	areas         TEXT NOT NULL, -- JSON
	changed_at    BIGINT NOT NULL,
	PRIMARY KEY (organization, facility, configuration, season)
);
