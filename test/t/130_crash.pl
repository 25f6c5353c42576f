# A server that is killed at work, again and again: models and rows that were
# committed are there, rollups equal their recomputation after one refresh, and
# pg_amcheck finds nothing.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

$ENV{PGCLIENTENCODING} = 'UTF8';
my $rounds = $ENV{LIVEANALYTICS_LONG} ? 20 : 2;
srand(20261124);

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# it is the processes that die, not the machine: what they have written stays written
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nrestart_after_crash = on\nmax_worker_processes = 12");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION liveanalytics;
	CREATE EXTENSION amcheck;
	SELECT live_setup();
	SELECT live_simulate('live', '{"seed": 7, "start": "2026-03-02", "viewers": 300, "streams": 3}');
	CALL live_refresh();
	CREATE TABLE viewer AS SELECT i AS id, 'c' || i % 4 AS t, (i % 97)::float8 AS x, (i * 7919 % 1009)::float8 AS y FROM generate_series(1, 60000) AS i;
	CREATE TABLE model AS SELECT 1 AS id, rf_train(t, ARRAY[x, y], '{"trees": 10}') AS forest, linreg_fit(y, ARRAY[x]) AS line, viewer_set_agg(id) AS audience FROM viewer;
	CREATE INDEX model_size_idx ON model (cardinality(audience));
});
my $models = q{SELECT md5(string_agg(m::text, ',' ORDER BY id)) FROM model AS m WHERE id <= %d};
my %script = (
	train => q{INSERT INTO model SELECT (SELECT max(id) + 1 FROM model), rf_train(t, ARRAY[x, y], '{"trees": 40}'), linreg_fit(y, ARRAY[x]), viewer_set_agg(id) FROM viewer;},
	ingest => '\set n random(1, 100000000)' . "\n" . q{SELECT live_ingest('live', 'generic', jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('id', :n + i, 'stream', 's' || i % 3, 'viewer', 'v' || (:n + i) % 200, 'type', (ARRAY['enter', 'like', 'leave'])[1 + i % 3],
		'ts', '2026-03-02 12:00:00'::timestamp + (:n % 5000 + i) * interval '1 second')) FROM generate_series(1, 20) AS i)));},
	refresh => q{CALL live_refresh('live', 50);});

foreach my $round (1 .. $rounds)
{
	foreach my $how ('a client process is killed', 'a worker is killed', 'the server is stopped at once')
	{
		crash("round $round, $how", $how);
	}
}
$node->command_ok([ 'pg_amcheck', '--all', '--heapallindexed', '-p', $node->port, '-h', $node->host ], 'pg_amcheck finds nothing');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|problem in alloc set/, 'the log has no more than the kills');
$node->stop;
done_testing();

sub crash
{
	my ($what, $how) = @_;
	my @clients;
	my $last = $node->safe_psql('postgres', 'SELECT max(id) FROM model');
	my $before = $node->safe_psql('postgres', sprintf($models, $last));
	my $started = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'});

	foreach my $name (sort keys %script)
	{
		my $file = $node->basedir . "/$name.pgbench";
		open(my $out, '>', $file) or die "could not write $file: $!";
		print $out "$script{$name}\n";
		close($out);
		push @clients, IPC::Run::start([ 'pgbench', '-n', '-c', 1, '-T', 60, '-h', $node->host, '-p', $node->port, '-f', $file, 'postgres' ], '>', \my $o, '2>', \my $e);
	}
	usleep(200_000 + int(rand(800_000)));
	if ($how eq 'the server is stopped at once')
	{
		$node->stop('immediate');
		$_->finish foreach @clients;
		$node->start;
	}
	else
	{
		my $kind = $how =~ /worker/ ? 'parallel worker' : 'client backend';
		my $wanted = "SELECT pid FROM pg_stat_activity WHERE backend_type = '$kind' AND pid <> pg_backend_pid() AND query ~ 'rf_train|live_' ORDER BY random() LIMIT 1";
		my $pid;
		for (1 .. 300)
		{
			last if $pid = $node->safe_psql('postgres', $wanted);
			usleep(50_000);
		}
		ok($pid, "$what: there was one");
		kill('KILL', $pid) if $pid;
		$_->finish foreach @clients;
		# the clients know before the server does, which still takes connections then
		for (1 .. 1800)
		{
			my ($answer) = run_command([ 'psql', '-XAt', '-d', $node->connstr('postgres'), '-c', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'} ]);
			last if !$pid || ($answer =~ /^\d+$/ && $answer ne $started);
			usleep(100_000);
		}
	}
	is($node->safe_psql('postgres', sprintf($models, $last)), $before, "$what: models are as they were");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM model WHERE rf_predict(forest, '{1,2}') IS NULL}), '0', "$what: those that came since can be used");
	$node->safe_psql('postgres', 'CALL live_refresh()');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM live_verify('live')}), '0', "$what: after one refresh the rollups equal their recomputation");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM live.dirty_bucket}), '0', "$what: nothing is left to do");
	return;
}
