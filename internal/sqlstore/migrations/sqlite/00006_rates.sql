-- +goose Up
ALTER TABLE application ADD COLUMN rate_per_second BIGINT NOT NULL DEFAULT 0; -- requests; 0 is no limit
ALTER TABLE application ADD COLUMN rate_burst BIGINT NOT NULL DEFAULT 0;
