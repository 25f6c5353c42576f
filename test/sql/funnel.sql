-- window_funnel, window_funnel_opt, funnel_times, funnel_match, funnel_completions, funnel_summary

SET timezone = 'UTC';
SET extra_float_digits = 0;

-- a second after the epoch of these tests for each unit of t
CREATE FUNCTION at(t float8) RETURNS timestamptz IMMUTABLE LANGUAGE sql RETURN timestamptz '2024-06-18 20:00:00+00' + t * interval '1 second';

-- published values: events 1000 to 1008 at 0 to 8 s
CREATE TABLE nine AS SELECT at(i) AS ts, 1000 + i AS e FROM generate_series(0, 8) i;
SELECT window_funnel(ts, '10000 s', e = 1000, e = 1001, e = 1002, e = 1008) AS four,
       window_funnel(ts, '2 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_2,
       window_funnel(ts, '3 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_3,
       window_funnel(ts, '4 s', e = 1003, e = 1004, e = 1005, e = 1006, e = 1007) AS within_4,
       window_funnel(ts, '1 day', e = 1008, e = 1001) AS wrong_order
FROM nine;
SELECT window_funnel_opt(at(t), '10000 s', 'strict_deduplication', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS deduplication,
       window_funnel_opt(at(t), '10000 s', '', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS no_option,
       window_funnel(at(t), '10000 s', e = 1000, e = 1001, e = 1002, e = 1003, e = 1004, e = 1005, e = 1006) AS "default"
FROM (VALUES (0, 1000), (10, 1001), (20, 1002), (30, 1003), (40, 1004), (50, 1005), (51, 1005), (60, 1006)) v(t, e);
SELECT window_funnel(at(0), '1 s', true, true, true) AS "default",
       window_funnel_opt(at(0), '1 s', 'strict_once', true, true, true) AS once,
       window_funnel_opt(at(0), '1 s', 'strict_increase', true, true, true) AS increase;
SELECT s, window_funnel(at(t), '1 day', e = 'a', e = 'b', e = 'c') AS "default",
       window_funnel_opt(at(t), '1 day', 'strict_order', e = 'a', e = 'b', e = 'c') AS strict_order
FROM unnest('{abc,adbc,aabbcc,aaaabbcc,aabbdcc,ccbbaa}'::text[]) WITH ORDINALITY s(s, i), LATERAL regexp_split_to_table(s, '') WITH ORDINALITY e(e, t)
GROUP BY i, s ORDER BY i;
SELECT window_funnel(ts, '1800 s', e = 'Browse', e = 'Click', e = 'Order', e = 'Pay') AS "default",
       window_funnel_opt(ts, '1800 s', 'strict_deduplication', e = 'Browse', e = 'Click', e = 'Order', e = 'Pay') AS deduplication
FROM (VALUES (timestamptz '2022-06-10 11:00:00', 'Browse'), ('2022-06-10 11:10:00', 'Click'), ('2022-06-10 11:29:00', 'Order'),
             ('2022-06-10 11:29:50', 'Click'), ('2022-06-10 11:30:00', 'Pay')) v(ts, e);
SELECT window_funnel_opt(at(t), '1 min', 'strict_increase', e = 's1', e = 's2')
FROM (VALUES (8.5, 's1'), (9.5, 's1'), (9.5, 's2')) v(t, e);
SELECT window_funnel_opt(at(t), '1 day', 'strict_deduplication', e = 'login', e = 'visit', e = 'order', e = 'payment') AS first_step_may_repeat
FROM (VALUES (0, 'login'), (1, 'visit'), (2, 'login'), (3, 'order'), (4, 'payment')) v(t, e);
