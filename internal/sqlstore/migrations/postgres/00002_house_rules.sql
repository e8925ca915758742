-- +goose Up
ALTER TABLE organization ADD COLUMN review TEXT COLLATE "C" NOT NULL DEFAULT ''; -- which orders wait for the operator
ALTER TABLE organization ADD COLUMN review_above BIGINT NOT NULL DEFAULT 0; -- minor units
ALTER TABLE organization ADD COLUMN pages TEXT COLLATE "C" NOT NULL DEFAULT ''; -- allowed base URLs of acceptance pages
ALTER TABLE organization ADD COLUMN callbacks TEXT COLLATE "C" NOT NULL DEFAULT ''; -- allowed hosts of callbacks
