# A random forest grown by several processes: the same bytes whoever grows it
# and wherever the query stands, and nothing left behind when it is cut short.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

# Segments of shared memory are files in the data directory here, where those
# of other servers on the machine are not in the way of counting them.
my $node = PostgreSQL::Test::Cluster->new('forest_parallel');
init_server(
	$node,
	sub { $_[0]->start },
	'dynamic_shared_memory_type = mmap',
	'max_worker_processes = 16',
	'restart_after_crash = on');
my @kept = temporary_files();
my $started = sql('SELECT pg_postmaster_start_time()');
my $version = sql('SHOW server_version_num');
my $force = $version >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode';

# 20,000 different rows: enough work for four workers from 200 trees on
my $rows = 'SELECT rf_train(label, ARRAY[a, b, c], %s) FROM viewer';
my $options = '{"trees": 200, "mtry": 2, "seed": %d}';
my $train = sprintf($rows, q{'} . sprintf($options, 1) . q{'});
my $md5 = md5_of($train, 0);

test_same_bytes();
test_settings();
test_no_workers();
test_places();
test_too_large();
test_errors();
test_cut_short();
test_progress();

is(sql('SELECT pg_postmaster_start_time()'), $started, 'the server has not restarted');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak|was not closed/,
	'the log is clean');

test_crash();
$node->stop;

test_file_size_limit();
test_small_shm();
done_testing();

sub init_server
{
	my ($server, $start, @settings) = @_;

	$server->init(extra => [ '--encoding=UTF8', '--locale=C', '--wal-segsize=1' ]);
	$server->append_conf('postgresql.conf',
		join("\n", 'fsync = off', 'jit = off', 'max_parallel_workers_per_gather = 0', @settings));
	$start->($server) or return 0;
	$server->safe_psql('postgres', q{
CREATE EXTENSION liveanalytics;
CREATE FUNCTION random_number(i bigint, salt bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(i, salt) >> 17) & 65535;
CREATE TABLE viewer AS
SELECT random_number(i, 1) AS a, random_number(i, 2) AS b, random_number(i, 3) & 7 AS c,
       (ARRAY['none', 'follow', 'buy'])[1 + (random_number(i, 1) + random_number(i, 4)) / 44000] AS label
FROM generate_series(1, 20000::bigint) i;
	});
	return 1;
}

sub sql
{
	return $node->safe_psql('postgres', @_);
}

# The MD5 of the model of a query, with so many workers at most.
sub md5_of
{
	my ($query, $workers, @settings) = @_;

	return (md5_and_workers($query, $workers, @settings))[0];
}

# And how many workers grew each forest, as in "2/4" for two of four.
sub md5_and_workers
{
	my ($query, $workers, @settings) = @_;
	my ($out, $messages) = run_sql($node,
		"SET max_parallel_maintenance_workers = $workers", @settings, "SELECT md5(($query))");

	return ($out, workers_in($messages));
}

# Run statements, the messages of the server about workers apart; errors too.
sub run_sql
{
	my ($server, @statements) = @_;
	my ($out, $messages);

	$server->psql('postgres', join(";\n", 'SET client_min_messages = debug1', @statements),
		stdout => \$out, stderr => \$messages, on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return ($out, $messages);
}

sub workers_in
{
	return join(' ', map { s/ of /\//r } $_[0] =~ /random forest grows with (\d+ of \d+) workers/g);
}

# --- the same bytes -----------------------------------------------------------

sub test_same_bytes
{
	foreach my $seed (1 .. 4)
	{
		my $query = sprintf($rows, q{'} . sprintf($options, $seed) . q{'});
		my $expected = md5_of($query, 0);

		foreach my $workers (1, 2, 4)
		{
			is_deeply([ md5_and_workers($query, $workers) ], [ $expected, "$workers/$workers" ],
				"seed $seed: the same bytes with $workers workers");
		}
	}
	is((md5_and_workers(sprintf($rows, q{'{"trees": 2}'}), 4))[1], '', 'a small forest is grown alone');

	# rows that are equal and held once, one class, more than 256 classes
	foreach my $query (
		q{SELECT rf_train(label, ARRAY[a % 10, b % 300], '{"trees": 1000}') FROM viewer},
		q{SELECT rf_train(true, ARRAY[a, b], '{"trees": 1000}') FROM viewer},
		q{SELECT rf_train((a % 300)::bigint, ARRAY[a, b], '{"trees": 100, "max_depth": 5}') FROM viewer})
	{
		is(md5_of($query, 2), md5_of($query, 0), "the same bytes: $query");
	}
	return;
}

# Forests of all kinds, whatever the order of the rows, the plan and the memory;
# 60,000 rows are more than 1 MB.
sub test_settings
{
	my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; '
	  . 'SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0';
	my @settings = (
		q{SET liveanalytics.collect_mem = '1MB'},
		q{SET work_mem = '64kB'; SET enable_sort = off},
		q{SET work_mem = '1GB'; SET enable_hashagg = off},
		$parallel,
		"SET liveanalytics.collect_mem = '1MB'; $parallel",
		'SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0');
	my @trainings = (
		q{rf_train(label, f, '{"trees": 40, "class_weight": "balanced", "permutation": true}')},
		q{rf_train(mod(a, 300), f, '{"trees": 15, "max_depth": 8, "permutation": true}')},
		q{rf_train_regression(a * 0.1 + b, f, '{"trees": 20, "sample": 0.7, "permutation": true}')});

	sql(q{
CREATE TABLE audience AS
SELECT a, b, c, label, ARRAY[a, NULLIF(b % 100, 7), c, i] AS f FROM viewer, generate_series(1, 3) i;
CREATE TABLE shuffled AS SELECT * FROM audience ORDER BY random_number(a, b + c + f[4]::int), f});
	foreach my $train (@trainings)
	{
		my $whole = "SELECT $train FROM %s";
		my $groups = q{SELECT string_agg(forest, NULL ORDER BY g) FROM }
		  . "(SELECT c & 1 AS g, $train AS forest FROM %s GROUP BY 1) x";

		foreach my $query ($whole, $groups)
		{
			my $expected = md5_of(sprintf($query, 'audience'), 0);

			like($expected, qr/^[0-9a-f]{32}$/, "a model: $query");
			foreach my $i (0 .. $#settings)
			{
				is(md5_of(sprintf($query, 'shuffled'), $i % 3, $settings[$i]), $expected,
					"the same bytes: $query, $settings[$i]");
			}
		}
	}
	nothing_left('settings');
	return;
}

sub test_no_workers
{
	is_deeply([ md5_and_workers($train, 4, 'SET max_parallel_workers = 0') ], [ $md5, '0/4' ],
		'no worker slot: the leader grows all');
	is_deeply([ md5_and_workers($train, 4, 'SET max_parallel_workers = 1') ], [ $md5, '1/4' ],
		'one worker slot');
	return;
}

# --- wherever the query stands ------------------------------------------------

sub test_places
{
	my $safe = 'CREATE FUNCTION trained() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS '
	  . "\$\$ BEGIN RETURN (SELECT md5(($train))); END \$\$";
	my $gather = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; '
	  . 'SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0';

	sql($safe);
	like(sql("$gather; EXPLAIN $train"), qr/Gather/, 'a plan with a Gather');
	place('above a Gather', $gather, "SELECT md5(($train))");
	place('INSERT ... SELECT', 'CREATE TABLE model (forest bytea)', "INSERT INTO model $train",
		'SELECT md5(forest) FROM model', 'DROP TABLE model');
	place('UPDATE of a subselect', 'CREATE TEMP TABLE model AS SELECT NULL::bytea AS forest',
		"UPDATE model SET forest = ($train)", 'SELECT md5(forest) FROM model');
	place('CREATE TABLE AS', "CREATE TABLE model AS $train", 'SELECT md5(rf_train) FROM model', 'DROP TABLE model');
	place('a materialized view', "CREATE MATERIALIZED VIEW model AS $train",
		'SELECT md5(rf_train) FROM model', 'DROP MATERIALIZED VIEW model');
	place('SAVEPOINT', 'BEGIN', 'SAVEPOINT a', "CREATE TEMP TABLE lost AS $train", 'ROLLBACK TO a',
		'SAVEPOINT b', "CREATE TEMP TABLE model AS $train", 'RELEASE b', 'SELECT md5(rf_train) FROM model', 'COMMIT');
	place('WITH HOLD', 'BEGIN', "DECLARE c CURSOR WITH HOLD FOR SELECT md5(($train))", 'COMMIT', 'FETCH c');
	place('a cursor', 'BEGIN', "DECLARE c CURSOR FOR SELECT md5(($train))", 'FETCH c', 'COMMIT');
	place('SERIALIZABLE', 'BEGIN ISOLATION LEVEL SERIALIZABLE', "SELECT md5(($train))", 'COMMIT');
	place('read only', 'BEGIN READ ONLY', "SELECT md5(($train))", 'COMMIT');
	place('COPY TO', "COPY (SELECT md5(($train))) TO STDOUT");
	place('a prepared statement', "PREPARE p AS SELECT md5(($train))", 'SET plan_cache_mode = force_generic_plan',
		'EXECUTE p', 'DEALLOCATE p');
	place('after writes that have not committed', 'BEGIN', 'CREATE TEMP TABLE x (i int)',
		'INSERT INTO x SELECT generate_series(1, 10)', 'UPDATE x SET i = 0', "SELECT md5(($train))", 'ROLLBACK');
	place('PL/pgSQL with EXCEPTION', q{
DO $$
DECLARE
	digest text;
BEGIN
	BEGIN
		digest := md5((} . $train . q{));
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	CREATE TEMP TABLE digests AS SELECT digest;
END $$}, 'SELECT digest FROM digests');
	like(sql("SET max_parallel_maintenance_workers = 2; EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) $train"),
		qr/Aggregate/, 'EXPLAIN ANALYZE');

	# workers find the library where it was found before; since PostgreSQL 18
	# that is by its name alone, so the path must lead to it
	my $path = $version >= 180000 ? q{/nowhere:$libdir} : '/nowhere';
	place('with another dynamic_library_path', "SET dynamic_library_path = '$path'", "SELECT md5(($train))");

	my ($out, $messages) = run_sql($node, 'SET max_parallel_maintenance_workers = 2',
		'SET max_parallel_workers_per_gather = 2', "SET $force = on", 'SELECT trained()');
	is_deeply([ $out, workers_in($messages) ], [ $md5, '' ],
		'in a worker of another query, without workers of its own');

	my $groups = 'SELECT string_agg(md5(forest), $$,$$ ORDER BY c) FROM '
	  . q{(SELECT c, rf_train(label, ARRAY[a, b], '{"trees": 1500}') AS forest FROM viewer WHERE c < 3 GROUP BY c) g};
	my ($alone) = run_sql($node, 'SET max_parallel_maintenance_workers = 0', $groups);
	($out, $messages) = run_sql($node, 'SET max_parallel_maintenance_workers = 1', $groups);
	is($out, $alone, 'GROUP BY: the same bytes');
	is(workers_in($messages), '1/1 1/1 1/1', 'GROUP BY: every large group has workers');

	($out, $messages) = run_sql($node,
		"SELECT md5(rf_train) FROM (${\ ($train =~ s/ FROM/ OVER () FROM/r)} LIMIT 1) w");
	is_deeply([ $out, workers_in($messages) ], [ $md5, '' ], 'a window aggregate grows alone');
	nothing_left('places');
	return;
}

# Statements whose output is the digest of the model, grown by two workers.
sub place
{
	my ($name, @statements) = @_;
	my ($out, $messages) = run_sql($node, 'SET max_parallel_maintenance_workers = 2', @statements);

	is($out, $md5, "$name: the same bytes") or diag($messages);
	like(workers_in($messages), qr/^2\/2( 2\/2)*$/, "$name: with workers");
	unlike($messages, qr/WARNING|ERROR/, "$name: without complaint");
	return;
}

# --- errors -------------------------------------------------------------------

sub test_too_large
{
	# labels that nothing explains: the trees are as large as they can be
	my $large = 'SELECT rf_train(random_number(a * i, 5) % 2, ARRAY[random_number(a + i, 6), random_number(b + i, 7)], $${"trees": 10000}$$)'
	  . ' FROM viewer, generate_series(1, 10) i';

	foreach my $workers (0, 2)
	{
		my (undef, $messages) = run_sql($node, "SET max_parallel_maintenance_workers = $workers", $large);

		like($messages, qr/ERROR:  54000: random forest would be larger than a value can be/,
			"$workers workers: too large a forest is an error");
		like($messages, qr/DETAIL:  Its 10000 trees take about [0-9.]+ GB/, "$workers workers: and says how large");
	}
	nothing_left('too large');
	return;
}

# An error of a worker or of the leader, caught or not.
sub test_errors
{
	my @little = ('SET max_parallel_maintenance_workers = 2', "SET temp_file_limit = '128kB'");
	my ($out, $messages) = run_sql($node, @little, $train, 'RESET temp_file_limit',
		"SELECT md5(($train))");

	like($messages, qr/ERROR:  53400: temporary file size exceeds/, 'temp_file_limit is obeyed');
	is($out, $md5, 'the session trains on after the error');

	($out, $messages) = run_sql($node, @little, q{
DO $$
BEGIN
	FOR i IN 1 .. 3 LOOP
		BEGIN
			PERFORM (} . $train . q{);
			RAISE 'no error';
		EXCEPTION WHEN configuration_limit_exceeded THEN
			RAISE NOTICE 'caught, % trainings, % workers', (SELECT count(*) FROM rf_progress()),
				(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker');
			PERFORM pg_stat_clear_snapshot();
		END;
	END LOOP;
END $$}, 'RESET temp_file_limit', "SELECT md5(($train))");
	is(join(' ', $messages =~ /NOTICE:  00000: (caught.*)/g), join(' ', ('caught, 0 trainings, 0 workers') x 3),
		'a caught error leaves no worker and no progress');
	is($out, $md5, 'the session trains on after caught errors');
	nothing_left('errors');
	return;
}

# Workers, files and segments of shared memory that are still there.
sub nothing_left
{
	my ($name) = @_;
	my @files;

	is(sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'}), 0, "$name: no worker is left");
	is(sql('SELECT count(*) FROM rf_progress()'), 0, "$name: no progress is left");

	# a session that ends has a segment for a moment longer
	wait_until(sub { @files = temporary_files(); return @files <= @kept });
	is(scalar(@files), scalar(@kept), "$name: no file and no segment is left") or diag("@files");
	return;
}

# Temporary files, and the files that segments of shared memory are here.
sub temporary_files
{
	return (glob($node->data_dir . '/base/pgsql_tmp/*'), glob($node->data_dir . '/pg_dynshmem/*'));
}

# --- cut short ----------------------------------------------------------------

# Ten times the rows, 10,000 shallow trees: minutes of work.
sub long_training
{
	return 'SELECT length(rf_train(label, ARRAY[a, b, c], $${"trees": 10000, "max_depth": 9}$$))'
	  . ' FROM (SELECT a, b + i AS b, c, label FROM viewer, generate_series(1, 10) i) v';
}

# A session that runs the statements, and what it prints.
sub start_session
{
	my ($role, @statements) = @_;
	my $session = { out => '', error => '' };

	$session->{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') . " user=$role",
			map { ('-c', $_) } 'SET max_parallel_maintenance_workers = 2', @statements
		],
		'<', '/dev/null', '>', \$session->{out}, '2>', \$session->{error});
	return $session;
}

sub finish_session
{
	my ($session) = @_;

	IPC::Run::finish($session->{run});
	return;
}

# The processes of the one training that is going on, once both workers are at
# work: leader, worker, worker.
sub wait_for_workers
{
	my @pids;

	wait_until(
		sub {
			@pids = split(/\n/, sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker'}
				  . q{ AND query LIKE '%rf_train%' ORDER BY pid}));
			return @pids == 2;
		}) or die 'the workers did not start';
	return (sql("SELECT leader_pid FROM pg_stat_activity WHERE pid = $pids[0]"), @pids);
}

sub test_cut_short
{
	my $long = long_training();
	my $alive = q{SELECT 'alive'};

	foreach my $ms (1, 20, 100, 250, 400, 700, 1200)
	{
		# local to the transaction: over once the error is, however slow the machine
		my $session = start_session('postgres', 'BEGIN', "SET LOCAL statement_timeout = $ms", $long, 'ROLLBACK', $alive);

		finish_session($session);
		like($session->{error}, qr/ERROR:  57014: .*statement timeout/, "statement_timeout after $ms ms");
		is($session->{out}, "alive\n", "statement_timeout after $ms ms: the session is alive");
		nothing_left("statement_timeout after $ms ms");
	}

	my $session = start_session('postgres', $long, $alive);
	my ($leader, $worker) = wait_for_workers();
	sql("SELECT pg_cancel_backend($leader)");
	finish_session($session);
	like($session->{error}, qr/ERROR:  57014: /, 'cancel');
	is($session->{out}, "alive\n", 'cancel: the session is alive');
	nothing_left('cancel');

	$session = start_session('postgres', $long, $alive);
	($leader, $worker) = wait_for_workers();
	sql("SELECT pg_terminate_backend($worker)");
	finish_session($session);
	like($session->{error}, qr/ERROR:  57P01: /, 'a worker is terminated');
	is($session->{out}, "alive\n", 'a worker is terminated: the session is alive');
	nothing_left('a worker is terminated');

	$session = start_session('postgres', $long, $alive);
	($leader, $worker) = wait_for_workers();
	sql("SELECT pg_terminate_backend($leader, 60000)");
	finish_session($session);
	like($session->{error}, qr/FATAL:  57P01: /, 'the leader is terminated');
	nothing_left('the leader is terminated');
	return;
}

# --- progress -----------------------------------------------------------------

sub as_role
{
	my ($role, $query) = @_;

	return sql("SET ROLE $role; $query");
}

sub test_progress
{
	my $long = long_training();
	my $query = q{SELECT phase, rows, trees, trees_done > 0 AND trees_done < trees, workers, model_bytes > 10000,
	  memory_bytes > 600000, now() - started < '1 hour', elapsed > '0', remaining > '0', datname, usename FROM rf_progress()};
	my $nobody = q{SELECT pid IS NOT NULL, num_nulls(phase, rows, trees, trees_done, workers, model_bytes, memory_bytes,
	  started, elapsed, remaining) FROM rf_progress()};

	sql(q{CREATE ROLE alice LOGIN; CREATE ROLE bob; CREATE ROLE auditor IN ROLE pg_read_all_stats;
		GRANT SELECT ON viewer TO alice});
	my $session = start_session('alice', $long);
	my ($leader) = wait_for_workers();
	ok($node->poll_query_until('postgres', 'SELECT trees_done > 0 FROM rf_progress()'), 'progress is seen');

	my $expected = 'growing|200000|10000|t|2|t|t|t|t|t|postgres|alice';
	is(sql($query), $expected, 'progress of another session');
	is(sql('SELECT pid FROM rf_progress()'), $leader, 'it is that of the leader');
	is(as_role('alice', $query), $expected, 'one sees the own');
	is(as_role('auditor', $query), $expected, 'so does who may read all statistics');
	is(as_role('bob', $nobody), 't|10', 'others see that there is one');

	# by the first trees it is clear that there is long to wait
	wait_until(sub { IPC::Run::pump_nb($session->{run}); return $session->{error} =~ /NOTICE/ });
	sql("SELECT pg_cancel_backend($leader)");
	finish_session($session);
	like($session->{error}, qr/NOTICE:  00000: random forest: 10000 trees over 200000 rows take about \d+ (s|min) and \d+ MB\nDETAIL:  rf_progress/,
		'a long training says how long');
	is(scalar(() = $session->{error} =~ /NOTICE/g), 1, 'once');
	nothing_left('progress');

	# a command that reports its own progress goes on doing so
	$session = start_session('postgres', "COPY ($long) TO STDOUT");
	($leader) = wait_for_workers();
	is(sql(q{SELECT command FROM pg_stat_progress_copy}), 'COPY TO', 'COPY reports its own progress');
	is(sql('SELECT count(*) FROM rf_progress()'), 0, 'and the training none');
	sql("SELECT pg_cancel_backend($leader)");
	finish_session($session);

	my ($out) = run_sql($node, 'SET track_activities = off', "SELECT md5(($train))", 'SET track_activities = on',
		"SELECT md5(($train))");
	is($out, "$md5\n$md5", 'track_activities off');
	nothing_left('progress of COPY');
	return;
}

# --- a worker dies --------------------------------------------------------------

sub test_crash
{
	my $session = start_session('postgres', long_training());
	my ($leader, $worker) = wait_for_workers();

	kill('KILL', $worker);
	finish_session($session);
	wait_until(sub { return system('pg_isready', '-q', '-d', $node->connstr('postgres')) == 0 });
	is(md5_of($train, 2), $md5, 'and trains on');
	nothing_left('the death of a worker');
	return;
}

# --- no room ----------------------------------------------------------------------

# Sizes of records from little to more than fits, in a server with little shared
# memory: one of them fits, but not with what workers need besides.
sub try_sizes
{
	my ($server, @sizes) = @_;
	my (%with, %same);

	foreach my $kb (@sizes)
	{
		my $query = sprintf(
			q{SELECT md5(rf_train(label, array_fill(a::float8, ARRAY[%d]) || b, '{"trees": 30, "max_depth": 4}')) FROM viewer},
			$kb / 20);
		my ($alone) = run_sql($server, 'SET max_parallel_maintenance_workers = 0', $query);
		my ($out, $messages) = run_sql($server, 'SET max_parallel_maintenance_workers = 2', $query, 'SELECT 1 + 1');

		$with{ $messages =~ /grows with [12] of/ ? 'workers' : $messages =~ /grows without workers/ ? 'none' : '?' }++;
		like($alone, qr/^\w{32}$/, "$kb kB of rows: there is a model");
		is($out, "$alone\n2", "$kb kB of rows: the same bytes");
		unlike($messages, qr/ERROR|WARNING/, "$kb kB of rows: without complaint");
	}
	is(join(' ', sort keys %with), 'none workers', 'with and without workers');
	unlike(slurp_file($server->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak|was not closed/,
		'the log is clean');
	return;
}

# Start a server by way of another command; false if that cannot be done.
sub start_by
{
	my ($server, @command) = @_;
	my @start = ('pg_ctl', '-w', '-D', $server->data_dir, '-l', $server->logfile, 'start');

	system(@command, @start) == 0 or return 0;
	$server->_update_pid(1);
	return 1;
}

# A server that may write files of 4 MB at most, and segments are files too.
sub test_file_size_limit
{
	my $server = PostgreSQL::Test::Cluster->new('forest_file_size');

	ok(init_server($server, sub { start_by($_[0], 'sh', '-c', 'ulimit -f $((4 * 1024 * 1024 / 512)) && exec "$@"', 'sh') }),
		'a server that may write small files only');
	try_sizes($server, 1000, 3000, 6000);
	$server->stop;
	return;
}

# A server with a /dev/shm of 4 MB.
sub test_small_shm
{
	my $server = PostgreSQL::Test::Cluster->new('forest_small_shm');
	my @namespace = ('unshare', '--user', '--map-current-user', '--keep-caps', '--mount');
	my @mount = ('sh', '-c', 'mount -t tmpfs -o size=4m none /dev/shm && exec "$@"', 'sh');

  SKIP:
	{
		skip 'this system does not let users mount a small /dev/shm of their own', 1
		  unless system("@namespace sh -c '$mount[2]' sh true >/dev/null 2>&1") == 0;
		ok(init_server($server, sub { start_by($_[0], @namespace, @mount) }), 'a server with a small /dev/shm');
		try_sizes($server, 1000, 2500, map({ 3400 + 60 * $_ } 0 .. 11), 6000);
		$server->stop;
	}
	return;
}
