-- Included by the examples last: how long each step took.
INSERT INTO step (name) VALUES ('end');
\echo 'Where the time went'
SELECT name AS step, round(1000 * extract(epoch FROM lead(began) OVER (ORDER BY n) - began)) AS ms
FROM step ORDER BY n LIMIT (SELECT count(*) - 1 FROM step);
