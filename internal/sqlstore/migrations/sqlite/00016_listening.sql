-- +goose Up
-- When a subscription ends unless it is renewed; 0 is never.
ALTER TABLE subscription ADD COLUMN ends_at INTEGER NOT NULL DEFAULT 0;
