-- The best single statement: the whole lock of four tickets in one round trip.
\set block random(0, :blocks - 1)
WITH b AS (SELECT nextval('bench_batch') AS n), held AS (
	UPDATE ticket SET hold = 'lock', hold_by = 'DEMOMARKET', hold_since = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT),
		hold_terms = '{"source":"MY_ACCOUNT","listing":"L-1","total":40000,"price":10000}', version = version + 1, latest = b.n
	FROM b WHERE token = ANY ((SELECT tokens FROM bench_block WHERE id = :block)::text[]) AND hold IN ('', 'lock') AND NOT void
	RETURNING token, organization, version, owner
)
INSERT INTO journal (batch, n, organization, entity, subject, version, what, application, channel, request_id, at, state, prior)
SELECT b.n, row_number() OVER (), organization, 'seats', token, version, 'lock', 'com.example.demo.market', 'DEMOMARKET', '7f3c2b1e-5d4a-4c6b-9e8f-0a1b2c3d4e5f',
	CAST(extract(epoch FROM now()) * 1000000 AS BIGINT), '{"owner":"' || owner || '","hold":"lock","by":"DEMOMARKET"}', b.n
FROM held CROSS JOIN b;
