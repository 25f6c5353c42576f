-- Included by the examples: how good the forest is. The table "judged" holds
-- actual and predicted for rows that the forest never saw, "model" the forest,
-- or one for each fold.
SELECT count(*) AS forests, round(avg((info ->> 'rows')::int)) AS trained_on, min((info ->> 'trees')::int) AS trees,
       round(avg((info ->> 'nodes')::int)) AS nodes, pg_size_pretty(round(avg((info ->> 'bytes')::bigint))) AS size
FROM (SELECT rf_info(forest) AS info FROM model) AS m;

\echo 'Accuracy on held-out rows, and what always saying the commonest class would give, in percent'
WITH class AS (SELECT actual, count(*) AS n FROM judged GROUP BY actual)
SELECT count(*) AS held_out,
       round(100 * accuracy(actual, predicted)::numeric, 1) AS accuracy,
       (SELECT actual FROM class ORDER BY n DESC, actual LIMIT 1) AS commonest,
       round((SELECT 100 * max(n) / sum(n) FROM class), 1) AS baseline,
       round(100 * accuracy(actual, predicted)::numeric - (SELECT 100 * max(n) / sum(n) FROM class), 1) AS gain
FROM judged;

\echo 'Confusion matrix (rows: what was; columns: what the forest said)'
SELECT actual AS "was", 'said ' || predicted AS said, n
FROM confusion_matrix_rows((SELECT confusion_matrix(actual, predicted) FROM judged))
ORDER BY actual, predicted
\crosstabview

\echo 'Classification report, in percent'
SELECT class, round(100 * precision::numeric, 1) AS precision, round(100 * recall::numeric, 1) AS recall,
       round(100 * f1::numeric, 1) AS f1, support
FROM classification_report_rows((SELECT classification_report(actual, predicted) FROM judged));
