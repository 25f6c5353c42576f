# One session for many statements: its memory does not grow, whatever is called
# and however often; and what a timeout cuts short leaves nothing behind.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';
my $long = $ENV{LIVEANALYTICS_LONG};

my $node = PostgreSQL::Test::Cluster->new('sessions');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# shared memory of workers in the data directory, where it can be counted
$node->append_conf('postgresql.conf', "fsync = off\njit = off\ntimezone = 'UTC'\ndynamic_shared_memory_type = mmap\nlog_min_error_statement = panic");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION liveanalytics;
	CREATE TABLE viewer AS
	SELECT i AS id, i % 20000 AS n, (i % 97)::float8 AS x, (i * 7919 % 1009)::float8 AS y, i % 3 = 0 AS b, 'c' || i % 4 AS t, 'c' || i % 3 AS u, i % 5 AS e,
	       '2026-06-01'::timestamptz + (i * 31 % 86400) * interval '1 s' AS ts, '2026-06-01'::timestamptz + (i * 31 % 86400 + i % 900) * interval '1 s' AS later
	FROM generate_series(1, 150000) AS i;
	CREATE TABLE model AS SELECT linreg_fit(y, ARRAY[x, y * y]) AS line, linreg_fit(y, x) AS line1, logreg_fit(b, ARRAY[x, y]) AS odds, kmeans_fit(ARRAY[x, y], 3) AS clusters,
	  rf_train(t, ARRAY[x, y], '{"trees": 3, "permutation": true}') AS forest, rf_train_regression(y, ARRAY[x], '{"trees": 3}') AS numbers, viewer_set_agg(n) AS audience, quantile_edges(x, 4) AS edges,
	  confusion_matrix(t, u) AS matrix, classification_report(t, u) AS report, gain_table(b, x, 5) AS gains FROM viewer WHERE id <= 300;
	CREATE TABLE few AS SELECT * FROM viewer WHERE id <= 40;
	ANALYZE;
});

# What is called with values, over the columns of viewer and model
my @scalar = (
	'interaction_score(n, id, NULL)', 'interaction_score(n, id, 1, x, 1, 2)', 'segment_of(x, edges)', q{segment_label(1 + (id % 4)::int, 'zh')}, 'kfold(n, 5)', 'kfold(t, 5, id)', 'train_test_split(n)', 'train_test_split(t, 0.2, id)',
	'linreg_predict(line, ARRAY[x, y])', 'linreg_predict(line1, x)', 'linreg_interval(line, ARRAY[x, y], 0.9)', 'linreg_interval(line1, x, 0.9)', 'linreg_coef(line)', 'linreg_stats(line)', 'line::text::linreg', 'linreg_send(line)', '(SELECT count(*) FROM linreg_terms(line))',
	'logreg_predict(odds, ARRAY[x, y])', 'logreg_predict_class(odds, ARRAY[x, y])', 'logreg_predict_proba(odds, ARRAY[x, y])', 'logreg_classes(odds)', 'logreg_stats(odds)', '(SELECT count(*) FROM logreg_terms(odds))', 'odds::text::logreg',
	'kmeans_predict(clusters, ARRAY[x, y])', 'kmeans_stats(clusters)', '(SELECT count(*) FROM kmeans_centroids(clusters))', 'clusters::text::kmeans', 'kmeans_send(clusters)',
	'rf_predict(forest, ARRAY[x, y])', 'rf_predict_proba(forest, ARRAY[x, y])', 'rf_predict_value(numbers, ARRAY[x])', 'rf_classes(forest)', 'rf_info(forest)', '(SELECT count(*) FROM rf_importance(forest))', '(SELECT count(*) FROM rf_nodes(forest))',
	q{one_hot(u, '{c0,c1,c2}', 'zeros')}, 'n = ANY (ARRAY(SELECT viewer_set_members(audience)))', 'audience @> n', 'audience | audience', 'audience & audience', 'audience - audience', 'audience = audience', 'cardinality(audience)', 'audience::text::viewer_set', 'viewer_set_from_roaring(viewer_set_to_roaring(audience))',
	'(SELECT count(*) FROM confusion_matrix_rows(matrix))', '(SELECT count(*) FROM classification_report_rows(report))', '(SELECT count(*) FROM gain_table_rows(gains))',
	'rf_info(CASE WHEN id % 2 = 0 THEN forest ELSE numbers END)');
# and aggregates and window functions, over some rows
my @aggregate = (
	'linreg_fit(y, ARRAY[x])', 'linreg_fit(y, x) OVER (ORDER BY id ROWS 5 PRECEDING)', 'logreg_fit(b, ARRAY[x, y])', 'kmeans_fit(ARRAY[x, y], 2)', q{rf_train(t, ARRAY[x, y], '{"trees": 2}')}, q{rf_train_regression(y, ARRAY[x], '{"trees": 2}')},
	'quantile_edges(x, 4)', 'quartile_segment(x) OVER ()', 'standardize(x) OVER ()', 'accuracy(t, u)', 'confusion_matrix(t, u)', 'classification_report(t, u)', 'levels(t)', 'roc_auc(b, x)', 'pr_auc(b, x)', 'gain_table(b, x, 3)', 'brier_score(b, x / 200)', 'rmse(x, y)',
	q{window_funnel(ts, '1 day', e = 1, e = 2)}, q{funnel_times(ts, '1 day', e = 1, e = 2)}, q{funnel_match(ts, '1 day', u, e = 1, e = 2)}, 'retention(b, e = 1)', 'retention_ordered(ts, b, e = 1)', q{active_days(ts, 'UTC')}, q{sessionize(ts, '1 minute') OVER (ORDER BY ts)},
	'watch_time(ts, later)', 'concurrency_peak(ts, later)', q{concurrency_series(ts, later, '2026-06-01', '2026-06-02', '1 hour')}, q{stay_curve(ts, later, '2026-06-03', '1 hour')}, q{sequence_match('(?1)(?2)', ts, e = 1, e = 2)}, q{sequence_times('(?1).*(?2)', ts, e = 1, e = 2)},
	q{path_edges(ts, u, '1 hour', 3)}, 'viewer_set_agg(n)', q{cohort_retention(n, ts, b, e = 1, 'UTC', 'day', '{0,1}', '2026-06-04')}, 'rf_merge((SELECT forest FROM model))', 'kmeans_silhouette((SELECT clusters FROM model), ARRAY[x, y])');

check_calls();
check_statements();
check_timeouts();

unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak:|was not closed/, 'the log is clean');
$node->stop;
done_testing();

# Very many calls in one statement: the memory of the session after 2,000 of them, and after all.
sub check_calls
{
	my $calls = $long ? 150_000 : 10_000;
	my @grown;

	foreach my $call (@scalar)
	{
		my $kilobytes = $node->safe_psql('postgres', qq{
			SET max_parallel_workers_per_gather = 0;
			SELECT (max(used) FILTER (WHERE id = $calls) - max(used) FILTER (WHERE id = 2000)) / 1024 + 0 * count(answer)
			FROM (SELECT id, CASE WHEN id IN (2000, $calls) THEN (SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE id > 0) END AS used, ($call) IS NULL AS answer
			      FROM viewer, model WHERE id <= $calls OFFSET 0) AS s});

		push @grown, "$call: $kilobytes kB" if $kilobytes > 64;
	}
	is(join("\n", @grown), '', scalar(@scalar) . " functions, $calls calls each in one statement: memory grows by 64 kB at most");
	return;
}

# Very many statements in one session, of all kinds, errors among them.
sub check_statements
{
	my $rounds = $long ? 1000 : 110;
	my @statements = ((map { "SELECT $_ FROM few, model WHERE id <= 10;" } @scalar), (map { "SELECT $_ FROM few;" } @aggregate),
		'SELECT linreg_predict(line, ARRAY[x]) FROM few, model;', q{SELECT rf_predict('\x4c414d31', '{1}');}, q{SELECT kmeans_fit(ARRAY[x], 0) FROM few;}, q{SELECT '{"format": 1}'::logreg;},
		q{SELECT rf_train(t, ARRAY[x], '{"trees": "x"}') FROM few;}, q{SELECT '{5-1}'::viewer_set;});
	my $round = join("\n", @statements) . "\n";
	my $memory = qq{\\o\nSELECT 'memory', sum(total_bytes), count(*) FROM pg_backend_memory_contexts;\n\\o /dev/null\n};
	my $file = $node->basedir . '/statements.sql';
	my ($out, $err);

	open(my $script, '>', $file) or die "could not write $file: $!";
	print $script "\\set VERBOSITY sqlstate\n\\o /dev/null\nSET client_min_messages = error;\n" . $round x 20 . $memory . $round x $rounds . $memory;
	close($script);
	$node->psql('postgres', undef, on_error_stop => 0, extra_params => [ '-f', $file ], stdout => \$out, stderr => \$err);
	my @memory = $out =~ /memory\|(\d+)\|/g;

	is(scalar(@memory), 2, scalar(@statements) * $rounds . ' statements in a session were run');
	cmp_ok(($memory[1] - $memory[0]) / 1024, '<=', 64, 'its memory has grown by 64 kB at most');
	is(join(' ', sort keys %{ { map { $_ => 1 } $err =~ /ERROR:  (\w+)/g } }), '22023 2202E 22P02 22P03', 'the errors were those meant');
	note(sprintf('%d statements: %d kB, then %d kB', scalar(@statements) * $rounds, $memory[0] / 1024, $memory[1] / 1024));
	return;
}

# Timeouts at moments all over the work of each fit, with and without workers.
sub check_timeouts
{
	my $rounds = $long ? 40 : 4;
	my @heavy = (
		'logreg_fit(b, ARRAY[x, y, x * y])', q{kmeans_fit(ARRAY[x, y], 20, '{"restarts": 20}')}, 'kmeans_choose(ARRAY[x, y], 2, 12)', 'rf_train(t, ARRAY[x, y])', 'rf_train_regression(y, ARRAY[x])', 'linreg_fit(y, array_fill(x, ARRAY[60]))',
		'quantile_edges(x, 4)', 'quantile_segment(x, 10) OVER ()', 'roc_auc(b, x)', 'gain_table(b, x, 10)', 'classification_report(n::text, t)', q{window_funnel(ts, '1 day', e = 1, e = 2, e = 3)}, q{window_funnel_opt(ts, '1 day', 'strict_increase', e = 1, e = 2, e = 3)},
		'retention_ordered(ts, b, e = 1)', q{cohort_retention(n, ts, b, e = 1, 'UTC', 'day', '{0,1,2}', '2026-06-04')}, 'watch_time(ts, later)', 'concurrency_peak(ts, later)', q{concurrency_series(ts, later, '2026-06-01', '2026-06-02', '1 second')},
		q{sequence_count('(?1).*(?2).*(?3)', ts, e = 1, e = 2, e = 3)}, q{path_edges(ts, t, '1 hour', 30)}, 'viewer_set_agg(n * n)', q{stay_curve(ts, later, '2026-06-03', '1 second')}, q{sessionize(ts, '1 minute') OVER (ORDER BY ts)}, 'standardize(x) OVER ()');
	my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
	my $segments = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_dir('pg_dynshmem')});
	my $file = $node->basedir . '/timeouts.sql';
	my ($out, $err);

	open(my $script, '>', $file) or die "could not write $file: $!";
	print $script "\\set VERBOSITY sqlstate\nSET client_min_messages = error;\nSET liveanalytics.collect_mem = '1MB';\n\\timing on\n";
	my $statements = 0;
	foreach my $round (1 .. $rounds)
	{
		print $script "\\o /dev/null\nSET max_parallel_workers_per_gather = " . 2 * ($round % 2) . ";\n";
		foreach my $call (@heavy)
		{
			my $timeout = 1 + ($statements * 37 + $round) % 50;
			print $script "SET statement_timeout = $timeout;\n\\echo timeout $timeout $call\nSELECT $call FROM viewer;\n";
			$statements++;
		}
	}
	print $script "RESET statement_timeout;\n\\o\nSELECT 'after', (SELECT count(*) FROM pg_ls_tmpdir()), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'), (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = 'viewer'::regclass);\n";
	close($script);
	$node->psql('postgres', undef, on_error_stop => 0, extra_params => [ '-f', $file ], stdout => \$out, stderr => \$err);

	my @states = $err =~ /(?:ERROR|FATAL):  (\w+)/g;
	is(join(' ', grep { $_ ne '57014' } @states), '', "$statements statements with timeouts of 1 to 50 ms: an answer or the timeout");
	cmp_ok(scalar(@states), '>', $statements / 3, 'many were cut short');
	like($out, qr/^after\|0\|0\|0$/m, 'no file, no worker and no lock is left');
	my ($slowest, $which) = (0, '');
	while ($out =~ /^timeout (\d+) (.*)\n(?:Time: [\d.]+ ms.*\n)*?Time: ([\d.]+) ms/mg)
	{
		($slowest, $which) = ($3 - $1, $2) if $3 - $1 > $slowest;
	}
	note(sprintf('the longest took %d ms more than it was allowed: %s', $slowest, $which));
	is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server has not restarted');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_ls_dir('pg_dynshmem')}), $segments, 'and there is no more shared memory than before');
	return;
}
