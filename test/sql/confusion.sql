-- confusion_matrix, classification_report, their rows, and type confusion

SELECT confusion_matrix(a, p) FROM (VALUES ('cat', 'cat'), ('cat', 'dog'), ('dog', 'dog'), ('dog', 'dog')) v(a, p);
SELECT jsonb_pretty(classification_report(a, p))
FROM (VALUES ('cat', 'cat'), ('cat', 'dog'), ('dog', 'dog'), ('dog', 'dog')) v(a, p);
SELECT r.* FROM (SELECT confusion_matrix(a, p) AS m
                 FROM (VALUES ('cat', 'cat'), ('cat', 'dog'), ('dog', 'dog'), ('dog', 'fox')) v(a, p)) s,
                confusion_matrix_rows(m) r;
SELECT class, round("precision"::numeric, 4) AS "precision", round(recall::numeric, 4) AS recall,
       round(f1::numeric, 4) AS f1, support
FROM (SELECT classification_report(a, p) AS report
      FROM (VALUES ('cat', 'cat'), ('cat', 'dog'), ('dog', 'dog'), ('dog', 'fox')) v(a, p)) s,
     classification_report_rows(report);

-- scikit-learn's figures, to 1e-15 of each: see test/data/README.md
\getenv abs_srcdir PG_ABS_SRCDIR
\set reference :abs_srcdir '/data/evaluate_reference.jsonl'
CREATE TABLE reference_line (line jsonb);
SET client_encoding = 'UTF8';
\set load '\\copy reference_line FROM ' :'reference' ' WITH (FORMAT csv, QUOTE E''\\x01'', DELIMITER E''\\x02'')'
:load
CREATE TABLE reference AS SELECT line ->> 'case' AS name, line AS r FROM reference_line;
CREATE TABLE reference_row AS
  SELECT name, i, actual, predicted
  FROM reference, ROWS FROM (jsonb_array_elements_text(r -> 'actual'), jsonb_array_elements_text(r -> 'predicted'))
                  WITH ORDINALITY v(actual, predicted, i);
CREATE FUNCTION close_to(x float8, y float8) RETURNS boolean LANGUAGE sql
  RETURN abs(x - y) <= 1e-15 * abs(y);
CREATE FUNCTION means_close_to(mean jsonb, reference jsonb) RETURNS boolean LANGUAGE sql
  RETURN close_to((mean ->> 'precision')::float8, (reference ->> 0)::float8)
     AND close_to((mean ->> 'recall')::float8, (reference ->> 1)::float8)
     AND close_to((mean ->> 'f1')::float8, (reference ->> 2)::float8)
     AND (mean ->> 'support')::numeric = (reference ->> 3)::numeric;

SELECT name, count(*) AS rows, jsonb_array_length(r -> 'labels') AS labels,
       confusion_matrix(actual, predicted) = jsonb_build_object('labels', r -> 'labels', 'matrix', r -> 'matrix') AS matrix,
       close_to((classification_report(actual, predicted) ->> 'accuracy')::float8, (r ->> 'accuracy')::float8) AS accuracy,
       means_close_to(classification_report(actual, predicted) -> 'macro_avg', r -> 'macro') AS macro,
       means_close_to(classification_report(actual, predicted) -> 'weighted_avg', r -> 'weighted') AS weighted,
       close_to(accuracy(actual, predicted), (r ->> 'accuracy')::float8) AS accuracy_aggregate
FROM reference JOIN reference_row USING (name)
GROUP BY name, r ORDER BY name;
SELECT name, count(*) AS classes, bool_and(class = label) AS names,
       bool_and(close_to("precision", (c ->> 0)::float8)) AS "precision",
       bool_and(close_to(recall, (c ->> 1)::float8)) AS recall,
       bool_and(close_to(f1, (c ->> 2)::float8)) AS f1, bool_and(support = (c ->> 3)::numeric) AS support
FROM reference,
     LATERAL (SELECT classification_report(actual, predicted) AS report FROM reference_row w WHERE w.name = reference.name) s,
     ROWS FROM (classification_report_rows(report), jsonb_array_elements_text(r -> 'labels'), jsonb_array_elements(r -> 'classes'))
       v(class, "precision", recall, f1, support, label, c)
GROUP BY name ORDER BY name;

-- every cell comes back as a row
SELECT bool_and(n = (m -> 'matrix' -> i ->> j)::bigint AND actual = m -> 'labels' ->> i AND predicted = m -> 'labels' ->> j) AS equal,
       count(*) AS cells, sum(n) AS rows
FROM (SELECT m, c.*, (ordinality - 1)::int / k AS i, (ordinality - 1)::int % k AS j
      FROM (SELECT confusion_matrix(actual, predicted) AS m FROM reference_row WHERE name = 'forty classes') s,
           jsonb_array_length(m -> 'labels') k,
           confusion_matrix_rows(m) WITH ORDINALITY c) s;

-- rows with a NULL on either side do not count; without a row there is no result
SELECT confusion_matrix(a, p) FROM (VALUES ('a', 'a'), ('b', NULL), (NULL, 'c'), (NULL, NULL), ('a', 'b')) v(a, p);
SELECT confusion_matrix(a, p) IS NULL AS matrix, classification_report(a, p) IS NULL AS report
FROM (VALUES (NULL::text, NULL::text), ('a', NULL)) v(a, p);
SELECT confusion_matrix(a::text, a::text) IS NULL AS matrix, classification_report(a::text, a::text) IS NULL AS report
FROM generate_series(1, 0) a;
SELECT count(*) FROM confusion_matrix_rows(NULL);
SELECT count(*) FROM classification_report_rows(NULL);

-- labels of every kind: quotes, control characters, classes that differ in case only, a class of 1 MB
SELECT jsonb_pretty(confusion_matrix(a, p) -> 'labels') AS labels FROM (VALUES ('"', E'\\'), (E'\t', E'\x01'), ('', ' '), ('A', 'a'), ('观众', 'ä')) v(a, p);
SELECT actual, predicted FROM (SELECT confusion_matrix(a, p) AS m FROM (VALUES (E'a"\\\n', '{"x": [1]}')) v(a, p)) s,
  confusion_matrix_rows(m) WHERE n > 0;
SELECT length(actual), right(actual, 3) AS actual, right(predicted, 3) AS predicted, n
FROM (SELECT confusion_matrix(a, p) AS m
      FROM (SELECT repeat('x', 1000000) || i % 3 AS a, repeat('x', 1000000) || i % 2 AS p FROM generate_series(1, 60) i) v) s,
     confusion_matrix_rows(m);

-- the digits do not depend on extra_float_digits
SET extra_float_digits = 0;
SELECT classification_report(a, p) -> 'accuracy' AS accuracy FROM (VALUES ('a', 'a'), ('a', 'b'), ('a', 'b')) v(a, p);
RESET extra_float_digits;

-- both aggregates share one transition: it is run once for each row
CREATE TABLE judged AS
  SELECT i, 'class ' || (i * 7919 % 100) AS a, 'class ' || (i * i % 101) AS p FROM generate_series(1, 30000::bigint) i;
ANALYZE judged;
CREATE FUNCTION noticed(x text) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'seen %', x; RETURN x; END $$;
SELECT confusion_matrix(noticed(a), a), jsonb_array_length(classification_report(noticed(a), a) -> 'classes') AS classes
FROM (VALUES ('x')) v(a);

-- the same for any order of rows, in parallel, in groups, filtered and in a window frame
CREATE TABLE serial AS SELECT confusion_matrix(a, p) AS m, classification_report(a, p) AS r FROM judged;
SELECT count(*) AS orders, bool_and(c.m = s.m AND c.r = s.r) AS equal
FROM serial s, (VALUES (1), (7919), (104729)) v(x),
     LATERAL (SELECT confusion_matrix(a, p ORDER BY i * x % 30011) AS m, classification_report(a, p ORDER BY i * x % 30011) AS r
              FROM judged) c;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT confusion_matrix(a, p), classification_report(a, p) FROM judged;
CREATE TABLE parallel AS SELECT confusion_matrix(a, p) AS m, classification_report(a, p) AS r FROM judged;
CREATE TABLE parallel_groups AS SELECT i % 50 AS g, confusion_matrix(a, p) AS m FROM judged GROUP BY g;
CREATE TABLE parallel_small AS SELECT i % 50 AS g, confusion_matrix(left(a, 7), left(p, 7)) AS m FROM judged GROUP BY g;
SET max_parallel_workers_per_gather = 0;
SELECT s.m = p.m AS matrix, s.r = p.r AS report FROM serial s, parallel p;
SELECT count(*) AS groups, count(*) FILTER (WHERE p.m = s.m) AS equal
FROM parallel_groups p JOIN (SELECT i % 50 AS g, confusion_matrix(a, p) AS m FROM judged GROUP BY 1) s USING (g);
SELECT count(*) AS groups, count(*) FILTER (WHERE p.m = s.m) AS equal
FROM parallel_small p JOIN (SELECT i % 50 AS g, confusion_matrix(left(a, 7), left(p, 7)) AS m FROM judged GROUP BY 1) s USING (g);
RESET max_parallel_workers_per_gather;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;

-- the matrix against GROUP BY
SELECT count(*) AS cells, count(*) FILTER (WHERE c.n = coalesce(g.n, 0)) AS equal, sum(c.n) AS rows
FROM serial, confusion_matrix_rows(m) c
  LEFT JOIN (SELECT a, p, count(*) AS n FROM judged GROUP BY a, p) g ON g.a = c.actual AND g.p = c.predicted;
SELECT count(*) AS groups, sum(jsonb_array_length(m -> 'labels')) AS labels
FROM (SELECT confusion_matrix(a, p) AS m FROM judged GROUP BY i / 2) s;
SELECT confusion_matrix(a, p) FILTER (WHERE i < 3) AS few, confusion_matrix(a, p) FILTER (WHERE i < 0) IS NULL AS none FROM judged;
SELECT count(*) AS frames, count(*) FILTER (WHERE framed = again) AS equal, count(*) FILTER (WHERE f1 = again_f1) AS equal_f1
FROM (SELECT confusion_matrix(a, p) OVER w AS framed, classification_report(a, p) OVER w AS f1,
             (SELECT confusion_matrix(b.a, b.p) FROM judged b WHERE b.i <= 300 AND b.i BETWEEN j.i - 7 AND j.i + 3) AS again,
             (SELECT classification_report(b.a, b.p) FROM judged b WHERE b.i <= 300 AND b.i BETWEEN j.i - 7 AND j.i + 3) AS again_f1
      FROM judged j WHERE i <= 300 WINDOW w AS (ORDER BY i ROWS BETWEEN 7 PRECEDING AND 3 FOLLOWING)) s;
SELECT count(*) AS running, (array_agg(m ORDER BY i DESC))[1] = (SELECT confusion_matrix(a, p) FROM judged WHERE i <= 500) AS last_is_whole
FROM (SELECT i, confusion_matrix(a, p) OVER (ORDER BY i) AS m FROM judged WHERE i <= 500) s;

-- support functions called by hand: a copy, never the caller's value; combine with nothing on either side
CREATE TABLE stored (id int, c confusion);
INSERT INTO stored VALUES (1, '{"labels": ["b", "a"], "cells": [[0, 1, 5], [1, 1, 2]]}'), (2, '{"labels": [], "cells": []}'), (3, NULL);
SELECT c, confusion_accum(c, 'b', 'z') AS more, confusion_accum(c, NULL, 'z') AS left_out FROM stored ORDER BY id;
SELECT x.id, y.id, confusion_combine(x.c, y.c) FROM stored x, stored y ORDER BY x.id, y.id;
SELECT id, c, confusion_matrix_final(c) AS matrix, classification_report_final(c) -> 'accuracy' AS accuracy FROM stored ORDER BY id;
-- a label without a cell is a class that does not occur
SELECT confusion_matrix_final('{"labels": ["b", "a"], "cells": [[0, 0, 1]]}'),
       confusion_matrix_final('{"labels": ["b", "a"], "cells": []}') IS NULL AS no_rows;
-- states that were stored, or came as text or in binary, combine as those of a query do
CREATE AGGREGATE rolled_up(confusion) (SFUNC = confusion_combine, STYPE = confusion, FINALFUNC = confusion_matrix_final);
CREATE AGGREGATE counted(text, text) (SFUNC = confusion_accum, STYPE = confusion);
INSERT INTO stored SELECT 10 + i % 7, counted(a, p) FROM judged GROUP BY i % 7;
CREATE TEMP TABLE sent AS SELECT id, confusion_send(c) AS c FROM stored;
SELECT rolled_up(c) = m AS stored, rolled_up(c::text::confusion) = m AS as_text FROM stored, serial WHERE id >= 10 GROUP BY m;
SELECT count(*) AS sent, count(DISTINCT c) AS different FROM sent WHERE id >= 10;
SELECT confusion_send('{"labels": ["b", "a"], "cells": [[0, 1, 5], [1, 1, 2]]}') =
       confusion_send(confusion_combine('{"labels": ["a"], "cells": [[0, 0, 2]]}', '{"labels": ["a", "b"], "cells": [[1, 0, 5]]}')) AS canonical;
\set VERBOSITY sqlstate
SELECT '{}'::confusion;
SELECT ''::confusion;
SELECT '[]'::confusion;
SELECT '"labels"'::confusion;
SELECT '{"labels": ["a"]}'::confusion;
SELECT '{"labels": "a", "cells": []}'::confusion;
SELECT '{"labels": {}, "cells": []}'::confusion;
SELECT '{"labels": [1], "cells": []}'::confusion;
SELECT '{"labels": ["a", "a"], "cells": []}'::confusion;
SELECT '{"labels": ["a"], "cells": [], "more": 1}'::confusion;
SELECT '{"labels": ["a"], "cells": [1]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, 1, 1]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, "1"]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 1, 1]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[-1, 0, 1]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0.5, 0, 1]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, 0]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, 1.5]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[4294967296, 0, 1]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, 9223372036854775808]]}'::confusion;
SELECT '{"labels": ["a"], "cells": [[0, 0, 1], [0, 0, 1]]}'::confusion;
SELECT '{"labels": ["a", "b"], "cells": [[0, 0, 9223372036854775807], [0, 1, 1]]}'::confusion;
SELECT confusion_accum('{"labels": ["a"], "cells": [[0, 0, 9223372036854775807]]}', 'a', 'a');
SELECT confusion_combine('{"labels": ["a"], "cells": [[0, 0, 9223372036854775807]]}', '{"labels": ["a"], "cells": [[0, 0, 1]]}');

-- binary: a round trip, and bytes that are no such value (bytea is sent as it is)
\set VERBOSITY terse
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/confusion.bin'
\set write_file '\\copy wire TO ' :'file' ' WITH (FORMAT binary)'
\set read_file '\\copy received FROM ' :'file' ' WITH (FORMAT binary)'
CREATE TABLE received (c confusion);
CREATE TABLE wire AS SELECT c FROM stored;
:write_file
:read_file
SELECT count(*) AS received, count(*) FILTER (WHERE r.c::text = s.c::text) AS equal
FROM received r LEFT JOIN stored s ON s.c::text = r.c::text;
DROP TABLE wire;
CREATE TABLE wire (bytes bytea);
INSERT INTO wire VALUES ('\x');  -- nothing
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x02 00000000 00000000');  -- another version
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001');  -- a label too few
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 7fffffff 00000000');  -- more labels than bytes
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 ffffffff 00000000');  -- a label of negative length
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000009 61 00000000');  -- a label longer than the value
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 ff 00000000');  -- a label that is not UTF-8
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 00 00000000');  -- a label with a zero byte
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000002 00000001 61 00000001 61 00000000');  -- a label twice
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 10000000');  -- more cells than bytes
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000001 00000000 00000001 0000000000000001');  -- a class that is not there
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000001 ffffffff 00000000 0000000000000001');  -- a class below 0
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000001 00000000 00000000 0000000000000000');  -- a cell of no rows
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000001 00000000 00000000 8000000000000000');  -- a cell of a negative number of rows
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000002 00000000 00000000 0000000000000001 00000000 00000000 0000000000000001');  -- a cell twice
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000002 00000001 61 00000001 62 00000002 00000000 00000000 7fffffffffffffff 00000001 00000000 0000000000000001');  -- more rows than fit
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000000 00000000 00');  -- a byte too many
:write_file
:read_file
TRUNCATE wire;
INSERT INTO wire VALUES ('\x01 00000001 00000001 61 00000001 00000000 00000000 0000000000000007');  -- right
:write_file
:read_file
TRUNCATE wire;
SELECT c FROM received WHERE c::text = '{"labels": ["a"], "cells": [[0, 0, 7]]}';
\set VERBOSITY sqlstate

-- limits: 65,535 classes, of which a matrix shows 2,000
SELECT counted(i::text, i::text) IS NOT NULL AS fits FROM generate_series(1, 65535) i;
SELECT counted(i::text, i::text) IS NOT NULL AS fits FROM generate_series(1, 65536) i;
SELECT jsonb_array_length(classification_report(i::text, '1') -> 'classes') AS classes FROM generate_series(1, 65535) i;
SELECT jsonb_array_length(confusion_matrix(i::text, '1') -> 'matrix') AS classes FROM generate_series(1, 2000) i;
SELECT confusion_matrix(i::text, '1') FROM generate_series(1, 2001) i;

-- rows of what is not a matrix or a report
SELECT * FROM confusion_matrix_rows('{}');
SELECT * FROM confusion_matrix_rows('[]');
SELECT * FROM confusion_matrix_rows('1');
SELECT * FROM confusion_matrix_rows('null');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [[1], [2]]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a", "b"], "matrix": [[1, 2], [3]]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [1]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [{"a": 1}]}');
SELECT * FROM confusion_matrix_rows('{"labels": [null], "matrix": [[1]]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [[null]]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [[-1]]}');
SELECT * FROM confusion_matrix_rows('{"labels": ["a"], "matrix": [[1e30]]}');
SELECT * FROM classification_report_rows('{}');
SELECT * FROM classification_report_rows('{"classes": {"class": "a"}}');
SELECT * FROM classification_report_rows('{"classes": [1]}');
SELECT * FROM classification_report_rows('{"classes": [["a"]]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": 1, "precision": 1, "recall": 1, "f1": 1, "support": 1}]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": "1", "recall": 1, "f1": 1, "support": 1}]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": 1, "f1": 1, "support": 1}]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": 1, "recall": 1, "f1": 1, "support": 0.5}]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": 1, "recall": 1, "f1": 1}]}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": 1e400, "recall": 1, "f1": 1, "support": 1}]}');
SELECT count(*) FROM confusion_matrix_rows('{"labels": [], "matrix": []}');

\set VERBOSITY default
SELECT '{"labels": ["a"], "cells": [[0, 1, 1]]}'::confusion;
SELECT '{"labels": ["a", "b", "a"], "cells": []}'::confusion;
SELECT confusion_matrix(i::text, '1') FROM generate_series(1, 2001) i;
SELECT counted(i::text, i::text) FROM generate_series(1, 65536) i;
SELECT * FROM confusion_matrix_rows('{"labels": ["a", "b"], "matrix": [[1, 2], [3]]}');
SELECT * FROM confusion_matrix_rows('{"classes": []}');
SELECT * FROM classification_report_rows('{"labels": [], "matrix": []}');
SELECT * FROM classification_report_rows('{"classes": [{"class": "a", "precision": 1, "f1": 1, "support": 1}]}');

DROP AGGREGATE rolled_up(confusion), counted(text, text);
DROP FUNCTION close_to, means_close_to, noticed;
DROP TABLE received, wire, reference_line, reference, reference_row, judged, serial, parallel, parallel_groups, parallel_small, stored;
