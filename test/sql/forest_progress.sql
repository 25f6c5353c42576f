-- rf_progress() from within: nobody trains; test/t/070_forest_parallel.pl has the rest
SELECT * FROM rf_progress();

-- a small forest tells nothing
SELECT length(rf_train(i % 2, ARRAY[i])) > 0 AS trained FROM generate_series(1, 100::bigint) i;
SELECT count(*) FROM rf_progress();

-- the columns, which are read by name
SELECT parameter_name, data_type FROM information_schema.parameters
WHERE specific_name LIKE 'rf\_progress\_%' ORDER BY ordinal_position;
