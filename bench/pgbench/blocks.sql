-- bench_block has the tokens of a block of four adjacent tickets by its number, for pgbench picks numbers.
CREATE SEQUENCE bench_batch START 1000000000;
CREATE TABLE bench_block (id INTEGER PRIMARY KEY, tokens TEXT[] NOT NULL);
INSERT INTO bench_block
SELECT n, array_agg(token ORDER BY token)
FROM (SELECT token, CAST((row_number() OVER (ORDER BY token) - 1) / 4 AS INTEGER) AS n FROM ticket) AS t
GROUP BY n HAVING COUNT(*) = 4;
ANALYZE
