# Rollups of the live-commerce schema equal their recomputation from the base
# tables, whatever writers, refreshes, crashes, dumps and settings do.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

$ENV{PGCLIENTENCODING} = 'UTF8';

# random writers, and servers killed at work: for whoever asks, not for every run
my $seconds = $ENV{LIVEANALYTICS_SOAK}
  or plan skip_all => 'a soak of some seconds, as many as LIVEANALYTICS_SOAK says, was not asked for';

my $node = PostgreSQL::Test::Cluster->new('live');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 40\nmax_prepared_transactions = 1\nrestart_after_crash = on\njit = off\ndeadlock_timeout = 200ms");
$node->start;

$node->safe_psql('postgres', 'CREATE ROLE brand LOGIN; CREATE DATABASE shop OWNER brand');
$node->safe_psql('shop', 'CREATE EXTENSION liveanalytics; GRANT USAGE ON SCHEMA public TO brand');
# a name that needs quotes, and a settings row that moves the business day
psql_as_brand(q{
	SELECT live_setup('Live 直播');
	UPDATE "Live 直播".setting SET stats_tz = 'America/New_York', day_cut = '04:00';
});

check_writers();
check_deliveries();
check_crash();
check_changes();
check_dump();
check_drop();

$node->stop;
done_testing();

sub psql_as_brand
{
	my ($sql, $database) = @_;

	return $node->safe_psql($database || 'shop', $sql, extra_params => [ '-U', 'brand' ]);
}

# Bring up to date, then compare.
sub is_equal
{
	my ($what, $database) = @_;

	psql_as_brand(q{CALL live_refresh('Live 直播')}, $database);
	is(psql_as_brand(q{SELECT * FROM live_verify('Live 直播') LIMIT 3}, $database), '', "$what: rollups equal their recomputation");
	is(psql_as_brand(q{SELECT count(*) FROM "Live 直播".dirty_bucket}, $database), '0', "$what: nothing is left to do");
	return;
}

# Writers that commit late, roll back, change and delete, and two refresh loops.
sub check_writers
{
	my $payload = q{jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('id', :id + i, 'stream', 's' || :s, 'viewer', 'v' || (:v + i * 7) % 50,
		'type', (ARRAY['expose_room', 'enter', 'leave', 'like', 'comment', 'product_show', 'product_click', 'share'])[1 + (:id + i) % 8], 'product', 'p' || i % 3,
		'ts', '2026-11-01 12:00:00'::timestamp + ((:late * 37 + i * 11) % 90000) * interval '1 second')) FROM generate_series(1, 10) AS i),
		'orders', jsonb_build_array(jsonb_build_object('order', 'o' || :o, 'viewer', 'v' || :v, 'stream', 's' || :s, 'created', '2026-11-01 12:30:00',
		'paid', '2026-11-01 12:40:00', 'updated', '2026-11-02 00:00:00'::timestamp + :late * interval '1 second', 'paid_amt', 20 + :v,
		'items', jsonb_build_array(jsonb_build_object('product', 'p1', 'qty', 1, 'price', 20 + :v)))))};
	my $start = '\set id random(1, 1000000000)
\set s random(1, 4)
\set v random(1, 50)
\set o random(1, 400)
\set late random(0, 3000)
\set ms random(0, 30)
';
	my %script = (
		commit => qq{$start BEGIN;\nSELECT live_ingest('Live 直播', 'generic', $payload);\n\\sleep :ms ms\nCOMMIT;\n},
		rollback => qq{$start BEGIN;\nSELECT live_ingest('Live 直播', 'generic', $payload);\n\\sleep :ms ms\nROLLBACK;\n},
		refund => qq{$start SELECT live_ingest('Live 直播', 'generic', jsonb_build_object('refunds', jsonb_build_array(jsonb_build_object('refund', 'r' || :o,
			'order', 'o' || :o, 'refunded', '2026-11-20 12:30:00', 'updated', '2026-11-21 00:00:00'::timestamp + :late * interval '1 second', 'amount', :v))));\n},
		change => qq{$start BEGIN;\nUPDATE "Live 直播".event SET event_ts = event_ts + interval '90 seconds', qty = 2
			WHERE (tableoid, ctid) IN (SELECT tableoid, ctid FROM "Live 直播".event ORDER BY hashint8(:id + viewer_id) LIMIT 1 FOR UPDATE SKIP LOCKED);\n\\sleep :ms ms\nCOMMIT;\n},
		delete => qq{$start DELETE FROM "Live 直播".event WHERE event_uid = (SELECT event_uid FROM "Live 直播".event ORDER BY hashint8(:id + viewer_id) LIMIT 1 FOR UPDATE SKIP LOCKED);\n},
		refresh => qq{CALL live_refresh('Live 直播', 400);\n\\sleep 100 ms\n});
	my %times = (commit => 5, rollback => 1, refund => 2, change => 1, delete => 1);
	my @files;

	foreach my $name (sort keys %script)
	{
		my $file = $node->basedir . "/$name.pgbench";
		open(my $out, '>', $file) or die "could not write $file: $!";
		print $out $script{$name};
		close($out);
		push @files, '-f', "$file\@$times{$name}" if $times{$name};
	}
	my @pgbench = ('pgbench', '-n', '-U', 'brand', '-h', $node->host, '-p', $node->port, '-T', $seconds);
	my ($out, $err, $refresh_out, $refresh_err) = ('') x 4;
	my $refresh = IPC::Run::start([ @pgbench, '-c', 2, '-f', $node->basedir . '/refresh.pgbench', 'shop' ], '>', \$refresh_out, '2>', \$refresh_err);
	my $write = IPC::Run::start([ @pgbench, '-c', 8, '-s', 1, @files, 'shop' ], '>', \$out, '2>', \$err);

	ok($write->finish, 'writers end') or diag($err);
	ok($refresh->finish, 'refreshes end') or diag($refresh_err);
	unlike($err . $refresh_err, qr/ERROR|aborted/, 'no writer and no refresh failed');
	like($out, qr/number of transactions actually processed: [1-9]/, 'writers have written');
	is($node->safe_psql('shop', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'shop'}), '0', 'no deadlock');
	is_equal('8 writers and 2 refresh loops');
	return;
}

# The same payloads shuffled and repeated make the same tables.
sub check_deliveries
{
	my $figures = q{SELECT (SELECT count(*) FROM "Live 直播".event), (SELECT sum(paid_amt) FROM "Live 直播".orders),
		(SELECT md5(string_agg(to_jsonb(m)::text, ',' ORDER BY stream_id, minute)) FROM "Live 直播".roll_minute AS m),
		(SELECT sum(accepted) FROM "Live 直播".ingest_batch)};

	psql_as_brand(q{
		CREATE TABLE delivery AS
		SELECT i, jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('id', 'd' || i * 10 + j, 'stream', 'd' || i % 3, 'viewer', 'w' || (i * j) % 17,
		         'type', (ARRAY['enter', 'like', 'leave'])[1 + j % 3], 'ts', '2026-11-05 12:00:00'::timestamp + (i * 10 + j) * interval '1 second'))
		       FROM generate_series(0, 9) AS j),
		       'orders', jsonb_build_array(jsonb_build_object('order', 'd' || i % 20, 'viewer', 'w' || i % 17, 'stream', 'd' || i % 3,
		         'created', '2026-11-05 12:00:00', 'paid', '2026-11-05 12:10:00', 'paid_amt', i, 'updated', '2026-11-06 00:00:00'::timestamp + i * interval '1 second'))) AS payload
		FROM generate_series(1, 100) AS i;
		SELECT count(live_ingest('Live 直播', 'generic', payload)) FROM (SELECT * FROM delivery ORDER BY i) AS d;
	});
	is_equal('100 deliveries');
	my $before = psql_as_brand($figures);
	psql_as_brand(q{
		SELECT count(live_ingest('Live 直播', 'generic', payload))
		FROM (SELECT payload FROM delivery, generate_series(1, 5) AS again ORDER BY md5(i::text || again)) AS d;
		-- the same records in other payloads
		SELECT count(live_ingest('Live 直播', 'generic', payload || jsonb_build_object('again', again)))
		FROM (SELECT payload, again FROM delivery, generate_series(1, 5) AS again ORDER BY md5(again || 'x' || i::text)) AS d;
	});
	is_equal('1000 more, shuffled');
	is(psql_as_brand($figures), $before, 'shuffled and repeated deliveries change nothing');
	return;
}

# SIGKILL to a refresh at work, and an immediate shutdown: in the first of its
# transactions, and in the last. A prepared transaction has the table that it writes next.
sub check_crash
{
	foreach my $how ('a killed refresh', 'an immediate shutdown')
	{
		foreach my $table ('roll_product', 'roll_online')
		{
			crash($how, $table);
		}
	}
	return;
}

sub crash
{
	my ($how, $table) = @_;
	my $what = "$how before $table";

	psql_as_brand(qq{
		SELECT live_ingest('Live 直播', 'generic', jsonb_build_object('events', (SELECT jsonb_agg(jsonb_build_object('id', '$what' || i, 'stream', 'k' || i % 5,
			'viewer', 'v' || i % 500, 'type', (ARRAY['enter', 'like', 'leave'])[1 + i % 3], 'ts', '2026-11-07 12:00:00'::timestamp + i * interval '1 second'))
			FROM generate_series(1, 4000) AS i)))});
	psql_as_brand(qq{BEGIN; LOCK TABLE "Live 直播".$table IN SHARE MODE; PREPARE TRANSACTION 'reader'});
	my ($out, $err) = ('', '');
	my $refresh = IPC::Run::start([ 'psql', '-X', '-U', 'brand', '-d', $node->connstr('shop'), '-c', q{CALL live_refresh('Live 直播', 100)} ],
		'>', \$out, '2>', \$err);
	my $waiting = q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL live_refresh%' AND wait_event_type = 'Lock'};
	$node->poll_query_until('postgres', "SELECT EXISTS ($waiting)") or die 'the refresh does not wait';
	my $checkpointer = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'};
	my $before = $node->safe_psql('postgres', $checkpointer);

	if ($how eq 'a killed refresh')
	{
		kill('KILL', $node->safe_psql('postgres', $waiting));
		$refresh->finish;
		# its client knows before the server does, which still takes connections then
		wait_for_other($checkpointer, $before);
	}
	else
	{
		$node->stop('immediate');
		$refresh->finish;
		$node->start;
	}
	psql_as_brand(q{ROLLBACK PREPARED 'reader'});
	isnt(psql_as_brand(q{SELECT count(*) FROM "Live 直播".dirty_bucket}), '0', "$what: work was left");
	is_equal($what);
	return;
}

# Until the server gives another answer. It may turn connections away meanwhile: then
# psql reads nothing, and a query given to it on standard input breaks the pipe.
sub wait_for_other
{
	my ($sql, $before) = @_;

	wait_until(
		sub {
			my ($answer) = run_command([ 'psql', '-XAt', '-d', $node->connstr('postgres'), '-c', $sql ]);

			return $answer ne '' && $answer ne $before;
		}) or die 'the server did not come back';
}

# What is changed by hand in the tables, and in the settings.
sub check_changes
{
	my @changes = (
		[ 'the business day', q{UPDATE "Live 直播".setting SET day_cut = '00:30', stats_tz = 'Asia/Tokyo', heartbeat_timeout = '5 minutes'} ],
		[ 'bounds of streams', q{UPDATE "Live 直播".stream SET start_ts = '2026-11-01 12:05:00+00', end_ts = '2026-11-01 13:05:00+00' WHERE external_id IN ('s1', 's2')} ],
		[ 'orders to another stream', q{UPDATE "Live 直播".orders SET stream_id = (SELECT stream_id FROM "Live 直播".stream WHERE external_id = 's3'), paid_ts = paid_ts + interval '1 day'
			WHERE order_id % 3 = 0} ],
		[ 'orders without a viewer', q{UPDATE "Live 直播".orders SET viewer_id = NULL WHERE order_id % 5 = 0} ],
		[ 'deleted orders', q{DELETE FROM "Live 直播".orders WHERE order_id % 4 = 0} ],
		[ 'deleted refunds', q{DELETE FROM "Live 直播".refund WHERE refund_id % 2 = 0} ],
		[ 'rows written to a partition', q{INSERT INTO "Live 直播".event_202611 SELECT event_ts + interval '1 hour', channel_id, stream_id, viewer_id, type, product_id, source,
			qty, amount, props, gen_random_uuid(), batch_id FROM "Live 直播".event LIMIT 500; DELETE FROM "Live 直播".event_202611 WHERE type = 'share'} ],
		[ 'anonymous events', q{UPDATE "Live 直播".event SET viewer_id = NULL WHERE viewer_id % 7 = 0} ],
		[ 'totals beside events', q{SELECT live_ingest('Live 直播', 'generic', '{"totals": [{"stream": "s1", "viewer": "only totals", "watch_s": 70, "likes": 3},
			{"stream": "s1", "viewer": "v1", "watch_s": 99}, {"stream": "t9", "viewer": "v1", "comments": 2, "captured": "2026-11-09"}]}')} ],
		[ 'events after totals', q{SELECT live_ingest('Live 直播', 'generic', '{"events": [{"stream": "t9", "viewer": "v1", "type": "enter", "ts": "2026-11-09 01:00"}]}')} ],
		[ 'an emptied partition', q{TRUNCATE "Live 直播".event_202611} ]);

	foreach (@changes)
	{
		my ($what, $sql) = @$_;

		psql_as_brand($sql);
		isnt(psql_as_brand(q{SELECT count(*) FROM "Live 直播".dirty_bucket}), '0', "$what: noted") unless $what eq 'deleted refunds';
		is_equal($what);
	}
	psql_as_brand(q{SELECT count(live_ingest('Live 直播', 'generic', payload || '{"once": "more"}')) FROM delivery});
	my ($code, $out, $err) = $node->psql('shop', q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM live_refresh_step('Live 直播', 10)}, extra_params => [ '-U', 'brand' ]);
	like($err, qr/read committed only, not repeatable read/, 'no refresh with an old snapshot');
	return;
}

# Dump and restore, into another database; with work left to do.
sub check_dump
{
	my $dump = $node->basedir . '/shop.sql';

	psql_as_brand(q{
		ALTER TABLE "Live 直播".viewer ADD COLUMN note text;
		CREATE INDEX viewer_note_idx ON "Live 直播".viewer (note);
		ALTER TABLE "Live 直播".viewer ENABLE ROW LEVEL SECURITY;
		CREATE POLICY everybody ON "Live 直播".viewer USING (true);
		SELECT live_ingest('Live 直播', 'generic', '{"events": [{"stream": "s1", "viewer": "late", "type": "enter", "ts": "2026-11-10 01:00"}]}')});
	$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('shop') ], 'pg_dump');
	$node->safe_psql('postgres', 'CREATE DATABASE copy OWNER brand');
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'restore');
	$node->command_ok([ 'pg_dump', '-f', "$dump.2", '-d', $node->connstr('copy') ], 'pg_dump of the copy');
	is(tidy_dump("$dump.2"), tidy_dump($dump), 'the dump of the copy is the same');
	is_equal('a copy', 'copy');
	return;
}

# Its lines in order: objects that do not depend on each other may change places.
sub tidy_dump
{
	my ($file) = @_;

	return join('', sort grep { !/^\\(un)?restrict / } split(/^/, slurp_file($file)));
}

# The extension goes, the data stays, and the triggers go on noting changes.
sub check_drop
{
	my $rows = q{SELECT count(*) FROM "Live 直播".event UNION ALL SELECT count(*) FROM "Live 直播".orders UNION ALL SELECT count(*) FROM "Live 直播".roll_viewer};
	my $before = psql_as_brand($rows, 'copy');

	$node->safe_psql('copy', 'DROP EXTENSION liveanalytics CASCADE');
	is(psql_as_brand($rows, 'copy'), $before, 'DROP EXTENSION CASCADE leaves every row');
	psql_as_brand(q{INSERT INTO "Live 直播".event (event_ts, channel_id, stream_id, viewer_id, type, event_uid, batch_id)
		SELECT event_ts + interval '1 minute', channel_id, stream_id, viewer_id, 'like', gen_random_uuid(), batch_id FROM "Live 直播".event}, 'copy');
	$node->safe_psql('copy', 'CREATE EXTENSION liveanalytics');
	psql_as_brand(q{SELECT live_upgrade('Live 直播')}, 'copy');
	is_equal('the extension back again', 'copy');
	return;
}
