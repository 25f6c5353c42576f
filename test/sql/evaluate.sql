-- train_test_split, kfold and accuracy

-- Splits are part of the interface: a key stays where it is for ever.
SELECT string_agg(train_test_split(i), ' ' ORDER BY i) AS ids FROM generate_series(1, 12) i;
SELECT string_agg(train_test_split(i, 0.5, 7), ' ' ORDER BY i) AS ids FROM generate_series(1, 12) i;
SELECT left(k, 12) AS k, train_test_split(k) AS side, train_test_split(k, 0.5) AS half, kfold(k, 5) AS fold
FROM unnest(ARRAY['', 'a', 'wechat:1001', '观众', repeat('long ', 100)]) u(k) ORDER BY u.k COLLATE "C";
SELECT kfold(i, 3) AS three, kfold(i, 10) AS ten, kfold(i, 10, 43) AS other_seed
FROM unnest(ARRAY[-9223372036854775808, -1, 0, 1, 9223372036854775807]) i ORDER BY i;

-- every type of key finds its function; the width of an integer does not matter
CREATE TABLE keys (i2 smallint, i4 int, i8 bigint, t text, v varchar(10), c char(5), u uuid);
INSERT INTO keys SELECT i, i, i, i, i, i, md5(i::text)::uuid FROM generate_series(1, 1000) i;
SELECT count(*) FILTER (WHERE train_test_split(i2) = train_test_split(i8)) AS smallint_as_bigint,
       count(*) FILTER (WHERE train_test_split(i4) = train_test_split(i8)) AS int_as_bigint,
       count(*) FILTER (WHERE train_test_split(v) = train_test_split(t)) AS varchar_as_text,
       count(*) FILTER (WHERE train_test_split(c) = train_test_split(c::text)) AS char_as_text,
       count(train_test_split(u::text)) AS uuid,
       count(kfold(i2, 2)) AS fold_smallint, count(kfold(i4, 2)) AS fold_int, count(kfold(v, 2)) AS fold_varchar
FROM keys;
SELECT train_test_split('abc') = train_test_split('abc'::text) AS literal_is_text,
       train_test_split(17) = train_test_split(17::bigint) AS number_is_bigint;

-- by name, with defaults
SELECT train_test_split(key => 5) = train_test_split(5, 0.2, 42) AS defaults,
       train_test_split(5, seed => 9) = train_test_split(5, 0.2, 9) AS seed_by_name,
       kfold(5, k => 4) = kfold(5, 4, 42) AS kfold_default;

-- bounds of the fraction, NULL
SELECT count(*) FILTER (WHERE train_test_split(i, 0) = 'train') AS none,
       count(*) FILTER (WHERE train_test_split(i, 1) = 'test') AS all_of_them
FROM generate_series(1, 10000) i;
SELECT train_test_split(NULL::bigint) IS NULL AS key_bigint, train_test_split(NULL::text) IS NULL AS key_text,
       train_test_split(1, NULL) IS NULL AS fraction, train_test_split(1, 0.2, NULL) IS NULL AS seed,
       kfold(NULL::text, 3) IS NULL AS fold_key, kfold(1, NULL) IS NULL AS fold_k;

-- text does not depend on a collation, and its storage does not matter
CREATE TEMP TABLE stored (i int, k text, ext text);
ALTER TABLE stored ALTER k SET STORAGE EXTERNAL;
INSERT INTO stored SELECT i, repeat(md5(i::text), 200), repeat(md5(i::text), 200) FROM generate_series(1, 50) i;
SELECT bool_and(train_test_split(k, 0.5) = train_test_split(repeat(md5(i::text), 200), 0.5)
            AND train_test_split(ext, 0.5) = train_test_split(k, 0.5)
            AND kfold(ext, 9) = kfold(k COLLATE "C", 9)) AS same
FROM stored;

-- Uniform: shares of 100,000 keys within four standard deviations of the fraction.
SELECT f AS fraction, what,
       abs(count(*) FILTER (WHERE side = 'test') - 100000 * f) < 4 * sqrt(100000 * f * (1 - f)) AS close
FROM generate_series(1, 100000) i, unnest(ARRAY[0.01, 0.2, 0.5, 0.9]::float8[]) f,
     LATERAL (VALUES ('sequential', train_test_split(i, f)), ('spread', train_test_split(i * 1000003::bigint, f)),
                     ('text', train_test_split('viewer-' || i, f)), ('other seed', train_test_split(i, f, -1))) v(what, side)
GROUP BY f, what ORDER BY f, what;

-- Chi-square over 20 folds: 43.8 is passed by one random sample in a thousand (19 degrees of freedom).
SELECT what, count(*) AS folds, min(fold), max(fold), sum((n - 5000.0) ^ 2 / 5000) < 43.8 AS uniform
FROM (SELECT what, fold, count(*) AS n
      FROM generate_series(1, 100000) i,
           LATERAL (VALUES ('bigint', kfold(i, 20)), ('text', kfold(i::text, 20)), ('seed 43', kfold(i, 20, 43))) v(what, fold)
      GROUP BY what, fold) s
GROUP BY what ORDER BY what;

-- Independent: of two splits with different seeds, of the split and the folds with the same seed. The expected
-- count of a cell of 2 x 10 is known, so the bound is chi-square's for 19 degrees of freedom.
SELECT what, sum((n - expected) ^ 2 / expected) < 43.8 AS independent
FROM (SELECT what, count(*) AS n, CASE side WHEN 'test' THEN 2000.0 ELSE 8000.0 END AS expected
      FROM generate_series(1, 100000) i,
           LATERAL (VALUES ('fold of the same seed', train_test_split(i), kfold(i, 10)),
                           ('fold of the next seed', train_test_split(i), kfold(i, 10, 43)),
                           ('text', train_test_split(i::text), kfold(i::text, 10))) v(what, side, fold)
      GROUP BY what, side, fold) s
GROUP BY what ORDER BY what;
SELECT abs(count(*) - 4000) < 4 * sqrt(100000 * 0.04 * 0.96) AS seeds_are_independent
FROM generate_series(1, 100000) i WHERE train_test_split(i) = 'test' AND train_test_split(i, 0.2, 43) = 'test';

-- a larger test set holds the smaller one
SELECT count(*) AS left_the_test_set
FROM generate_series(1, 20000) i, generate_series(1, 9) step
WHERE train_test_split(i, step / 10.0) = 'test' AND train_test_split(i, (step + 1) / 10.0) = 'train';

\set VERBOSITY sqlstate
SELECT train_test_split(1, -0.0001);
SELECT train_test_split(1, 1.0001);
SELECT train_test_split(1, 'NaN');
SELECT train_test_split('a', 'Infinity');
SELECT kfold(1, 1);
SELECT kfold('a', 0);
SELECT kfold(1, -2147483648);
SELECT train_test_split(md5('a')::uuid);
\set VERBOSITY terse
SELECT train_test_split(1, 20);
SELECT kfold('a', 1);

-- accuracy

SELECT accuracy(a, p) FROM (VALUES ('a', 'a'), ('b', 'a'), ('c', 'c'), ('', '')) v(a, p);
SELECT accuracy(a, p) FROM (VALUES (1, 1), (2, 3), (-5, -5)) v(a, p);
SELECT accuracy(a, p) FROM (VALUES (9223372036854775807, 9223372036854775807), (0, 1)) v(a, p);
SELECT accuracy(a, p) FROM (VALUES (true, true), (false, true), (false, false), (true, false)) v(a, p);
SELECT accuracy(a::varchar, p) FROM (VALUES ('a', 'a'), ('b', 'a')) v(a, p);

-- rows with a NULL on either side do not count; without a row there is no accuracy
SELECT accuracy(a, p) FROM (VALUES ('a', 'a'), ('b', NULL), (NULL, 'c'), (NULL, NULL), ('a', 'b')) v(a, p);
SELECT accuracy(a, p) IS NULL AS all_null FROM (VALUES (NULL::text, NULL::text), ('a', NULL)) v(a, p);
SELECT accuracy(a, a) IS NULL AS no_rows FROM generate_series(1, 0) a;

-- equal means the same bytes, whatever the collation says
SELECT accuracy(a, p) AS same_bytes FROM (VALUES ('Yes', 'yes'), ('é', E'e\u0301'), ('a', 'a ')) v(a, p);

-- groups, FILTER and window frames
SELECT i % 3 AS g, accuracy(i % 2, i % 3) AS all_rows, accuracy(i % 2, i % 3) FILTER (WHERE i <= 10) AS filtered
FROM generate_series(1, 30) i GROUP BY g ORDER BY g;
SELECT count(*) AS groups, sum(acc) FROM (SELECT accuracy(i % 7, i % 5) AS acc FROM generate_series(1, 50000) i GROUP BY i / 2) s;
CREATE TABLE judged AS
  SELECT i, (i * 7919 % 13)::text AS a, (i * 104729 % 11)::text AS p FROM generate_series(1, 30000::bigint) i;
SELECT count(*) FILTER (WHERE framed IS DISTINCT FROM again) AS differ, count(framed) AS n
FROM (SELECT i, accuracy(a, p) OVER (ORDER BY i ROWS BETWEEN 7 PRECEDING AND 3 FOLLOWING) AS framed,
             (SELECT accuracy(b.a, b.p) FROM judged b WHERE b.i <= 300 AND b.i BETWEEN j.i - 7 AND j.i + 3) AS again
      FROM judged j WHERE i <= 300) s;

-- in parallel: the same plan splits and combines the same figure
ANALYZE judged;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
EXPLAIN (COSTS OFF) SELECT accuracy(a, p), accuracy(i, i), accuracy(i > 3, true) FROM judged;
CREATE TABLE parallel_accuracy AS SELECT i % 10 AS g, accuracy(a, p) AS acc FROM judged GROUP BY g;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS groups, count(*) FILTER (WHERE acc = serial) AS equal
FROM parallel_accuracy JOIN (SELECT i % 10 AS g, avg((a = p)::int)::float8 AS serial FROM judged GROUP BY 1) s USING (g);
RESET max_parallel_workers_per_gather;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
RESET min_parallel_table_scan_size;

-- support functions called by hand: a copy, never the caller's value
SELECT s, accuracy_accum(s, 'a', 'a') AS once, accuracy_accum(accuracy_accum(s, 1, 2), true, true) AS twice, s AS unchanged
FROM (VALUES ('{3,4}'::bigint[])) v(s);
SELECT accuracy_combine('{3,4}', '{0,0}'), accuracy_combine('{0,0}', '{3,4}'), accuracy_combine('[5:6]={1,2}', '{2,3}');
SELECT accuracy_final('{0,0}') IS NULL AS empty, accuracy_final('{1,3}');
\set VERBOSITY sqlstate
SELECT accuracy_final('{}');
SELECT accuracy_final('{1}');
SELECT accuracy_final('{1,2,3}');
SELECT accuracy_final('{{1,2}}');
SELECT accuracy_final('{NULL,2}');
SELECT accuracy_final('{3,2}');
SELECT accuracy_final('{-1,2}');
SELECT accuracy_accum('{-1,-1}', 1, 1);
SELECT accuracy_accum('{1,9223372036854775807}', 'a', 'b');
SELECT accuracy_combine('{1,9223372036854775807}', '{1,1}');
SELECT accuracy_combine('{1,1}', '{1}');
\set VERBOSITY terse
SELECT accuracy_combine('{1,1}', '{2,1}');
SELECT accuracy_accum('{1,9223372036854775807}', 'a', 'b');

DROP TABLE keys, judged, parallel_accuracy;
