-- Bytes from anywhere as states: a result or an error, never more than that.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE TABLE state (aggregate text, bytes bytea, more text);
INSERT INTO state
SELECT 'watch_time', watch_time_accum(watch_time_accum(NULL, '2026-06-01', '2026-06-02'), '2026-05-01', '2026-05-02'), '''2026-06-01''::timestamptz, ''2026-06-03''::timestamptz'
UNION ALL SELECT 'concurrency_peak', concurrency_peak_accum(concurrency_peak_accum(NULL, '2026-06-01', '2026-06-02'), '2026-05-01', '2026-05-02'), '''2026-06-01''::timestamptz, ''2026-06-03''::timestamptz'
UNION ALL SELECT 'concurrency_avg', concurrency_avg_accum(NULL, '2026-06-01', '2026-06-02', '2026-06-01', '2026-06-03'), '''2026-06-01''::timestamptz, NULL, ''2026-06-01''::timestamptz, ''2026-06-03''::timestamptz'
UNION ALL SELECT 'concurrency_series', concurrency_series_accum(NULL, '2026-06-01', '2026-06-02', '2026-06-01', '2026-06-03', '6 hours'),
  '''2026-06-01''::timestamptz, NULL, ''2026-06-01''::timestamptz, ''2026-06-03''::timestamptz, ''6 hours'''
UNION ALL SELECT 'stay_curve', stay_curve_accum(stay_curve_accum(NULL, '2026-06-01', '2026-06-02', '2026-06-03', '6 hours'), '2026-06-01', NULL, '2026-06-03', '6 hours'),
  '''2026-06-01''::timestamptz, NULL, ''2026-06-03''::timestamptz, ''6 hours'''
UNION ALL SELECT 'retention_ordered', retention_ordered_accum(NULL, '2026-06-01', '{t,f}'), '''2026-06-02''::timestamptz, ''{f,t}'''
UNION ALL SELECT 'active_days', active_days_accum(active_days_accum(NULL, '2026-06-01'::date), '2020-06-01'::date), '''2024-06-02''::date'
UNION ALL SELECT 'cohort_retention', cohort_retention_accum(cohort_retention_accum(NULL, '{2026-06-01}', '{2026-06-02}', 'day', '{0,1}', '2026-06-09'), '{2026-06-02}', NULL, 'day', '{0,1}', '2026-06-09'),
  '''{2026-06-03}''::date[], NULL, ''day'', ''{0,1}'', ''2026-06-09'''
UNION ALL SELECT 'cohort_events', cohort_events_accum(cohort_events_accum(NULL, 1, '2026-06-01', true, true, 'UTC', 'day', '{0,1}', '2026-06-09'), 1, '2020-06-02', true, true, 'UTC', 'day', '{0,1}', '2026-06-09'),
  '3, ''2026-06-03''::timestamptz, true, true, ''UTC'', ''day'', ''{0,1}'', ''2026-06-09''';
SELECT aggregate, length(bytes) FROM state ORDER BY aggregate;

-- each state cut anywhere, with each byte changed to each of these, or longer; by no worker, which
-- would be started thousands of times where parallel plans are forced
SET max_parallel_workers_per_gather = 0;
DO $$
DECLARE
  s record;
  bad bytea;
  done int;
  failed int;
BEGIN
  FOR s IN SELECT * FROM state ORDER BY aggregate LOOP
    done := 0;
    failed := 0;
    FOR bad IN
      SELECT substring(s.bytes FOR n) FROM generate_series(0, length(s.bytes) - 1) n
      UNION ALL SELECT set_byte(s.bytes, i, v) FROM generate_series(0, length(s.bytes) - 1) i, unnest('{0,127,255}'::int[]) v
      UNION ALL SELECT s.bytes || decode(repeat('ff', n), 'hex') FROM generate_series(1, 40) n
      UNION ALL SELECT set_byte(set_byte(s.bytes, i, 255), (i + 1) % length(s.bytes), 127) FROM generate_series(0, length(s.bytes) - 1) i
      UNION ALL SELECT bytes FROM state WHERE aggregate <> s.aggregate
    LOOP
      BEGIN
        EXECUTE format('SELECT %1$s_final($1), %1$s_final(%1$s_accum($1, %2$s)), %1$s_final(%1$s_combine($1, $2)), %1$s_final(%1$s_combine($2, $1)), %1$s_final(%1$s_combine(NULL, $1))',
          s.aggregate, s.more) USING bad, s.bytes;
        done := done + 1;
      EXCEPTION WHEN OTHERS THEN
        IF sqlstate NOT IN ('22P03', '22023', '22008', '22003', '54000', '2202E') THEN
          RAISE NOTICE '%: % %', s.aggregate, sqlstate, sqlerrm;
        END IF;
        failed := failed + 1;
      END;
    END LOOP;
    IF done = 0 OR failed = 0 THEN
      RAISE NOTICE '%: % done, % failed', s.aggregate, done, failed;
    END IF;
  END LOOP;
END $$;

RESET max_parallel_workers_per_gather;
-- as the first state of an aggregate of one's own
CREATE AGGREGATE hostile_watch(timestamptz, timestamptz) (SFUNC = watch_time_accum, STYPE = bytea, FINALFUNC = watch_time_final, INITCOND = '\x7702000001000000ffffffff');
CREATE AGGREGATE hostile_peak(timestamptz, timestamptz) (SFUNC = concurrency_peak_accum, STYPE = bytea, FINALFUNC = concurrency_peak_final, INITCOND = '\x7002000000000000');
CREATE AGGREGATE hostile_days(date) (SFUNC = active_days_accum, STYPE = bytea, FINALFUNC = active_days_final, INITCOND = '\xffffffff');
CREATE AGGREGATE hostile_average(timestamptz, timestamptz, timestamptz, timestamptz) (SFUNC = concurrency_avg_accum, STYPE = bytea, FINALFUNC = concurrency_avg_final, INITCOND = '\x61');
SELECT hostile_watch('2026-06-01', '2026-06-02');
SELECT hostile_peak('2026-06-01', '2026-06-02');
SELECT hostile_days('2026-06-01');
SELECT hostile_average('2026-06-01', '2026-06-02', '2026-06-01', '2026-06-02');
DROP AGGREGATE hostile_watch(timestamptz, timestamptz), hostile_peak(timestamptz, timestamptz), hostile_days(date),
  hostile_average(timestamptz, timestamptz, timestamptz, timestamptz);

-- states larger than 8 kB are expanded; many of them, and one handed to a function by hand
CREATE TABLE many AS SELECT i % 7 AS g, i, '2026-06-01'::timestamptz + (i * 7919 % 100003) * interval '1 s' AS entered FROM generate_series(1, 30000::bigint) i;
SELECT g, watch_time(entered, entered + '0.5 s'), (concurrency_peak(entered, entered + '1000 s')).peak FROM many GROUP BY g ORDER BY g;
SELECT max((p).peak) FROM (SELECT concurrency_peak(entered, entered + '1000 s') OVER (PARTITION BY g) AS p FROM many) s;
CREATE AGGREGATE peak_state(timestamptz, timestamptz) (SFUNC = concurrency_peak_accum, STYPE = bytea);
SELECT length(s) > 16 * 30000 AS whole, (concurrency_peak_final(s)).peak, (concurrency_peak_final(concurrency_peak_combine(s, s))).peak AS twice,
  (concurrency_peak_final(concurrency_peak_accum(s, '2026-06-01', NULL))).peak AS more, (concurrency_peak_final(s)).peak AS as_before
FROM (SELECT peak_state(entered, entered + '1000 s') AS s FROM many) v;
DROP AGGREGATE peak_state(timestamptz, timestamptz);
-- so are those of viewers by the thousand, which grow while rows wait to be added
SELECT c.cohort, c.period, c.cohort_size, c.retained, c.is_complete
FROM (SELECT cohort_retention(i % v, entered + i * interval '1 s', true, true, 'UTC', 'day', '{0,1}', '2026-06-03') AS cells FROM many, unnest('{29989,7}'::int[]) v GROUP BY v) s, unnest(cells) c
ORDER BY c.cohort_size, c.cohort, c.period;
SELECT count(*) AS viewers, sum(size) FROM (SELECT i, (cohort_retention(i, entered, true, true, 'UTC', 'month', '{0}', '2026-06-30'))[1].cohort_size AS size FROM many GROUP BY i) s;
CREATE TABLE great AS SELECT i FROM generate_series(1, 200000) i;
SELECT c.* FROM (SELECT cohort_retention(i, '2026-06-01'::timestamptz + i % 3 * interval '80 days', true, true, 'UTC', 'month', '{0}', '2026-12-31') AS cells FROM great) s, unnest(cells) c;
SELECT c.* FROM (SELECT cohort_retention(i, '2026-06-01'::timestamptz + g * interval '80 days', true, true, 'UTC', 'month', '{0,2,3,5}', '2026-12-31') AS cells FROM great, generate_series(0, 2) g) s, unnest(cells) c;
DROP TABLE state, many, great;
