-- +goose Up
-- The clerk asks for one kind at a time: many tasks of another must not be in its way.
DROP INDEX task_due;
CREATE INDEX task_due ON task (kind, due_at);
