# Sessions that bring the same events at once: each event is taken once, whoever
# commits, and nothing is lost.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('live_load');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off\ndeadlock_timeout = 200ms");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION liveanalytics; SELECT live_setup()});
# two sources that have half of their events in common, in opposite order
$node->safe_psql('postgres', q{CREATE VIEW live.file_1 AS
	SELECT 'e' || k AS event_id, 's' || k % 3 AS stream, 'v' || k % 50 AS viewer, 'enter' AS type, '2026-03-01 12:00:00' AS ts FROM generate_series(1, 1000) AS k;
	CREATE VIEW live.file_2 AS
	SELECT 'e' || k AS event_id, 's' || k % 3 AS stream, 'v' || k % 50 AS viewer, 'enter' AS type, '2026-03-01 12:00:00' AS ts FROM generate_series(1500, 501, -1) AS k});

check_waiting('COMMIT', '500|500|0');
check_waiting('ROLLBACK', '1000|0|0');
check_many();

$node->stop;
done_testing();

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# The second comes while the first has not committed: it waits, and takes what the first has not.
sub check_waiting
{
	my ($end, $expected) = @_;
	my ($in, $out, $err) = ('', '', '');
	my $first = $node->background_psql('postgres');
	my $second;

	sql('TRUNCATE live.event, live.event_dedup, live.dirty_bucket');
	# names that are known: a session waits for nothing but the events
	sql(q{SELECT live_load('live', 'generic', r) FROM unnest('{live.file_1,live.file_2}'::regclass[]) AS r; TRUNCATE live.event, live.event_dedup, live.dirty_bucket});
	is($first->query_safe(q{BEGIN; SELECT accepted, duplicate, rejected FROM live_load('live', 'generic', 'live.file_1')}), '1000|0|0', 'the first takes all');
	$second = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', q{SELECT accepted, duplicate, rejected FROM live_load('live', 'generic', 'live.file_2')} ],
		'<', \$in, '>', \$out, '2>', \$err);
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'}), 'the second waits');
	$first->query_safe($end);
	$first->quit;
	$second->finish;
	is($err, '', "$end: no error");
	is($out =~ s/\n//r, $expected, "$end: the second takes the rest");
	is(sql('SELECT count(*), count(DISTINCT event_uid) FROM live.event'), $end eq 'COMMIT' ? '1500|1500' : '1000|1000', "$end: each event once");
	is(sql('SELECT count(*) FROM live.event e FULL JOIN live.event_dedup d USING (event_uid) WHERE e.event_uid IS NULL OR d.event_uid IS NULL'), '0', "$end: with a key each");
	is(sql(q{CALL live_refresh(); SELECT count(*) FROM live_verify('live')}), '0', "$end: noted for the rollups");
	return;
}

# Six at once, on an empty schema.
sub check_many
{
	my ($accepted, @sessions);

	sql('DROP VIEW live.file_1, live.file_2');
	sql(q{CREATE VIEW live.file_} . $_ . qq{ AS SELECT 'm' || (k * 7919 + $_) % 5000 AS event_id, 't' || k % 3 AS stream, 'w' || k % 500 AS viewer, 'enter' AS type,
		'2026-03-01 12:00:00' AS ts FROM generate_series(1, 3000) AS k}) foreach 1 .. 6;
	foreach my $i (1 .. 6)
	{
		my ($in, $out, $err) = ('', '', '');

		push @sessions, { run => IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SELECT accepted FROM live_load('live', 'generic', 'live.file_$i')" ],
			'<', \$in, '>', \$out, '2>', \$err), out => \$out, err => \$err };
	}
	$_->{run}->finish foreach @sessions;
	is(join('', map { ${ $_->{err} } } @sessions), '', 'six at once: no error');
	$accepted += ${ $_->{out} } foreach @sessions;
	is($accepted, sql(q{SELECT count(DISTINCT event_uid) FROM live.event JOIN live.stream USING (stream_id) WHERE external_id LIKE 't%'}), 'six at once: as many as they say');
	is(sql(q{SELECT count(*) FROM live.event JOIN live.stream USING (stream_id) WHERE external_id LIKE 't%'}), $accepted, 'six at once: each event once');
	is(sql(q{SELECT count(*) FROM (SELECT 'm' || (k * 7919 + i) % 5000 FROM generate_series(1, 3000) AS k, generate_series(1, 6) AS i GROUP BY 1) AS g}), $accepted, 'six at once: none is lost');
	return;
}
