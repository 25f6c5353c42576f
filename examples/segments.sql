-- Included by the examples: what to do for each segment of the table "scored".
\echo 'What to do for each segment'
SELECT segment_label(s.segment) || ' ' || segment_label(s.segment, 'zh') AS segment, count(a.segment) AS size,
       content_strategy, "内容策略"
FROM strategy AS s LEFT JOIN scored AS a USING (segment)
GROUP BY s.segment, content_strategy, "内容策略" ORDER BY s.segment;
