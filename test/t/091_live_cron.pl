# live_schedule with the real pg_cron.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($library) = `pg_config --pkglibdir` =~ /(.*)/;
plan skip_all => 'pg_cron is not installed for this server (Debian: postgresql-15-cron and the like)' unless -e "$library/pg_cron.so";

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf',
	"fsync = off\nshared_preload_libraries = 'pg_cron'\ncron.database_name = 'shop'\ncron.use_background_workers = on\nmax_worker_processes = 20");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE brand LOGIN; CREATE DATABASE shop OWNER brand');
$node->safe_psql('shop', 'CREATE EXTENSION liveanalytics');
as_brand(q{SELECT live_setup('live it''s')});

my (undef, undef, $err) = $node->psql('shop', q{SELECT live_schedule('live it''s', '* * * * *')}, extra_params => [ '-U', 'brand' ]);
like($err, qr/pg_cron is not installed in database "shop".*postgresql-\d+-cron/s, 'without the extension: how to get it');

$node->safe_psql('shop', 'CREATE EXTENSION pg_cron; GRANT USAGE ON SCHEMA cron TO brand');
(undef, undef, $err) = $node->psql('shop', q{SELECT live_schedule('live it''s', 'every now and then')}, extra_params => [ '-U', 'brand' ]);
like($err, qr/invalid schedule/, 'a schedule that is none');

like(as_brand(q{SELECT live_schedule('live it''s', '0 0 1 1 *')}), qr/^\d+$/, 'a job');
like(as_brand(q{SELECT live_schedule('live it''s', '* * * * *')}), qr/^\d+$/, 'another schedule');
is(as_brand(q{SELECT count(*), max(schedule), max(command) FROM cron.job}), q{1|* * * * *|CALL public.live_refresh('live it''s')}, 'replaces the first');

as_brand(q{SELECT live_ingest('live it''s', 'generic', '{"events": [{"stream": "s", "viewer": "v", "type": "enter", "ts": "2024-03-01 12:00"}]}')});
ok($node->poll_query_until('shop', q{SELECT EXISTS (SELECT FROM "live it's".roll_stream)}), 'the job refreshes the rollups');
is(as_brand(q{SELECT * FROM live_verify('live it''s')}), '', 'and rightly so');
ok($node->poll_query_until('shop', q{SELECT status = 'succeeded' FROM cron.job_run_details ORDER BY runid LIMIT 1}), 'pg_cron says so, too');

is(as_brand(q{SELECT live_unschedule('live it''s')}), 't', 'unscheduled');
is(as_brand(q{SELECT live_unschedule('live it''s')}), 'f', 'once');
is(as_brand('SELECT count(*) FROM cron.job'), '0', 'no job is left');

$node->stop;
done_testing();

sub as_brand
{
	my ($sql) = @_;

	return $node->safe_psql('shop', $sql, extra_params => [ '-U', 'brand' ]);
}
