-- interaction_score: values, missing counts, weights, errors

SELECT interaction_score(3, 5, 7);
SELECT interaction_score(3, NULL, 7), interaction_score(NULL, NULL, NULL);
SELECT interaction_score(9223372036854775807, 0, NULL);
SELECT interaction_score(3, 5, 7, 2, 1, 3), interaction_score(NULL, 5, NULL, 2, 0.5, 3);
SELECT interaction_score(3, 5, 7, 2, NULL, 3) IS NULL AS null_weight;
SELECT interaction_score(0, 0, NULL, -1, -2, -0.5) AS no_negative_zero;

\set VERBOSITY sqlstate
SELECT interaction_score(-1, 0, 0);
SELECT interaction_score(9223372036854775807, 1, 0);
SELECT interaction_score(1, 2, -3, 1, 1, 1);
SELECT interaction_score(1, 2, 3, 'NaN', 1, 1);
SELECT interaction_score(1, 2, 3, 1, 'Infinity', 1);
SELECT interaction_score(9, 0, 0, 1e308, 1, 1);
\set VERBOSITY terse
SELECT interaction_score(0, -12, 0);
SELECT interaction_score(1, 2, 3, 1, 1, '-Infinity');
SELECT interaction_score(9223372036854775807, 9223372036854775807, 9223372036854775807);
