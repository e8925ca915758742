-- +goose Up
-- A copy from another database that goes on: what is not done yet. While it has
-- rows these books are not whole, and not served.
CREATE TABLE copying (
	name   TEXT PRIMARY KEY, -- of a table
	copied BIGINT NOT NULL,  -- of its rows
	done   BOOLEAN NOT NULL
);
