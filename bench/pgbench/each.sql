-- The same lock with statements for each ticket.
\set block random(0, :blocks - 1)
BEGIN;
SELECT tokens[1] AS t1, tokens[2] AS t2, tokens[3] AS t3, tokens[4] AS t4, nextval('bench_batch') AS batch FROM bench_block WHERE id = :block \gset
SELECT version FROM ticket WHERE token = :t1 AND hold IN ('', 'lock') AND NOT void FOR NO KEY UPDATE;
UPDATE ticket SET hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1, latest = :batch WHERE token = :t1;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT :batch, 1, organization, 'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}', :batch FROM ticket WHERE token = :t1;
SELECT version FROM ticket WHERE token = :t2 AND hold IN ('', 'lock') AND NOT void FOR NO KEY UPDATE;
UPDATE ticket SET hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1, latest = :batch WHERE token = :t2;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT :batch, 2, organization, 'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}', :batch FROM ticket WHERE token = :t2;
SELECT version FROM ticket WHERE token = :t3 AND hold IN ('', 'lock') AND NOT void FOR NO KEY UPDATE;
UPDATE ticket SET hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1, latest = :batch WHERE token = :t3;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT :batch, 3, organization, 'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}', :batch FROM ticket WHERE token = :t3;
SELECT version FROM ticket WHERE token = :t4 AND hold IN ('', 'lock') AND NOT void FOR NO KEY UPDATE;
UPDATE ticket SET hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
	hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1, latest = :batch WHERE token = :t4;
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT :batch, 4, organization, 'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}', :batch FROM ticket WHERE token = :t4;
COMMIT;
