# Trainings of one model at once: each gets a version of its own, one is
# current, and the later is compared with what the earlier left.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('train');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off");
$node->start;

# somebody who is no superuser, another who may read only
$node->safe_psql('postgres', 'CREATE ROLE brand LOGIN; CREATE ROLE reader LOGIN; CREATE DATABASE shop OWNER brand');
$node->safe_psql('shop', 'CREATE EXTENSION liveanalytics');
as_brand(q{
	SELECT live_setup();
	SELECT live_ingest('live', 'generic', jsonb_build_object(
		'streams', (SELECT jsonb_agg(jsonb_build_object('stream', d, 'start', timestamp '2024-03-01 12:00' + d * interval '1 day', 'end', timestamp '2024-03-01 13:00' + d * interval '1 day'))
			FROM generate_series(0, 4) AS d),
		'events', (SELECT jsonb_agg(jsonb_build_object('id', n * 10 + d, 'stream', d, 'viewer', n, 'type', 'enter', 'ts', timestamp '2024-03-01 12:00' + d * interval '1 day' + n % 50 * interval '1 minute'))
			FROM generate_series(1, 300) AS n, generate_series(0, 4) AS d WHERE hashint4(n * 7 + d) % 3 <> 0)));
	CALL live_refresh();
	GRANT USAGE ON SCHEMA live TO reader;
	GRANT SELECT ON ALL TABLES IN SCHEMA live TO reader;
});

check_concurrent();
check_snapshot();
check_reader();

$node->stop;
done_testing();

sub as_brand
{
	my ($sql) = @_;

	return $node->safe_psql('shop', $sql, extra_params => [ '-U', 'brand' ]);
}

sub check_concurrent
{
	my @sessions;

	foreach my $i (1 .. 4)
	{
		my ($in, $out, $err) = ('', '', '');
		my @command = ('psql', '-XAtq', '-U', 'brand', '-d', $node->connstr('shop'), '-c',
			"SELECT version, previous_version FROM live_train('live', 'return', '{\"days\": 1, \"model\": {\"trees\": 50}}')");

		push @sessions, { run => IPC::Run::start(\@command, '<', \$in, '>', \$out, '2>', \$err), out => \$out, err => \$err };
	}
	$_->{run}->finish foreach @sessions;
	is(join('', map { ${ $_->{err} } } @sessions), '', 'four trainings at once: no error');
	is(join(' ', sort map { ${ $_->{out} } =~ s/\n//gr } @sessions), '1| 2|1 3|2 4|3', 'each is compared with the one before');
	is(as_brand('SELECT count(*), max(version), count(*) FILTER (WHERE is_current), max(version) FILTER (WHERE is_current) FROM live.model'),
		'4|4|1|4', 'four versions, one of them current');
	is(as_brand('SELECT count(DISTINCT md5(model)) FROM live.model'), '1', 'the same model from the same data');
	return;
}

# A transaction with a snapshot from before another training cannot see it.
sub check_snapshot
{
	my $late = $node->background_psql('shop', on_error_stop => 0);

	$late->query_safe(q{SET ROLE brand; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM live.model});
	as_brand(q{SELECT live_train('live', 'return', '{"days": 1}')});
	$late->query(q{DO $$ BEGIN PERFORM live_train('live', 'return', '{"days": 1}'); RAISE WARNING 'trained'; EXCEPTION WHEN OTHERS THEN RAISE WARNING 'error %', SQLSTATE; END $$});
	like($late->{stderr}, qr/error 40001/, 'an older snapshot: a serialization failure');
	$late->query('ROLLBACK');
	$late->quit;
	is(as_brand('SELECT count(*), count(*) FILTER (WHERE is_current) FROM live.model'), '5|1', 'and nothing of it is left');
	return;
}

sub check_reader
{
	my ($out, $err) = ('', '');

	$node->psql('shop', q{SELECT live_train('live', 'return', '{"days": 1}')}, stdout => \$out, stderr => \$err, extra_params => [ '-U', 'reader' ]);
	like($err, qr/permission denied for table model/, 'who may only read cannot train');
	is($node->safe_psql('shop', 'SELECT count(return_score) > 200 FROM live.viewer_profile', extra_params => [ '-U', 'reader' ]), 't', 'but has the scores');
	return;
}
