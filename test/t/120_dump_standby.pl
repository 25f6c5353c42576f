# What leaves the server comes back the same: a dump, restored, gives the same
# dump, with all that users have added; a standby reads what the primary reads,
# refuses to write, and goes on when it is promoted; DROP EXTENSION takes no row.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE brand LOGIN; CREATE ROLE analyst LOGIN; CREATE DATABASE shop OWNER brand');
$node->safe_psql('shop', 'CREATE EXTENSION liveanalytics; GRANT USAGE ON SCHEMA public TO brand');

# a value of every type, models, and a schema with what its owner has added
as_brand(q{
	CREATE SCHEMA own;
	CREATE TABLE own.fit AS
	SELECT i % 3 AS g, linreg_fit(y, ARRAY[x, x * x]) AS line, logreg_fit(i % 7 < 3, ARRAY[x]) AS odds, kmeans_fit(ARRAY[x, y], 3) AS clusters, rf_train('c' || i % 4, ARRAY[x, y], '{"trees": 5}') AS forest,
	       viewer_set_agg(i * 77) AS audience, confusion_matrix('c' || i % 3, 'c' || i % 4) AS matrix, quantile_edges(x, 4) AS edges
	FROM (SELECT i, i::float8 AS x, (i * i % 101)::float8 AS y FROM generate_series(1, 500) AS i) AS r GROUP BY 1;
	CREATE INDEX fit_size_idx ON own.fit (cardinality(audience));
	ALTER TABLE own.fit ADD predicted float8 GENERATED ALWAYS AS (linreg_predict(line, '{2,4}'::float8[])) STORED, ADD CHECK (kmeans_predict(clusters, '{1,2}') BETWEEN 1 AND 3);
	CREATE VIEW own.told AS SELECT g, rf_predict(forest, '{3,9}') AS class, logreg_predict(odds, '{3}') AS p, edges, segment_of(10, edges) FROM own.fit;
	CREATE MATERIALIZED VIEW own.kept AS SELECT * FROM own.told;
	CREATE AGGREGATE own.union_of(viewer_set) (SFUNC = viewer_set_union_accum, STYPE = viewer_set, FINALFUNC = viewer_set_final);
	SELECT live_setup('live');
	SELECT live_simulate('live', '{"seed": 7, "start": "2026-03-02", "viewers": 300, "streams": 3}');
	CALL live_refresh('live');
	SELECT live_grant('live', 'reader', 'analyst', '{douyin}');
	ALTER TABLE live.viewer ADD COLUMN note text DEFAULT 'none';
	ALTER TABLE live.event ADD COLUMN more jsonb;
	CREATE INDEX viewer_note_idx ON live.viewer (note);
	CREATE POLICY everybody ON live.viewer FOR SELECT TO analyst USING (true);
	GRANT SELECT ON live.ingest_reject TO analyst;
	SELECT live_partitions('live', '2027-01-01', '2029-03-01') > 0;
	CREATE VIEW live.mine AS SELECT * FROM live.stream_overview;
	COMMENT ON TABLE live.viewer IS 'ours';
	-- work that a copy has to do
	SELECT live_ingest('live', 'generic', '{"events": [{"id": "late", "stream": "s1", "viewer": "late", "type": "enter", "ts": "2026-03-10 01:00"}]}')});
# figures of every relation, and what functions say of the values; data_as_of is when one asks
my $figures = q{
	CREATE FUNCTION pg_temp.figures() RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE r regclass; t text;
	BEGIN
		FOR r IN SELECT c.oid FROM pg_class c WHERE relnamespace IN ('live'::regnamespace, 'own'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition ORDER BY c.oid::regclass::text COLLATE "C" LOOP
			EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(j, '','' ORDER BY j COLLATE "C")), '''') FROM (SELECT (to_jsonb(x) - ''data_as_of'')::text AS j FROM %s AS x) AS s', r) INTO t;
			RETURN NEXT r || ' ' || t;
		END LOOP;
	END $$;
	SELECT * FROM pg_temp.figures();
};

check_dump();
check_drop();
check_standby();
$node->stop;
done_testing();

sub as_brand
{
	my ($sql, $database, $server) = @_;

	return ($server || $node)->safe_psql($database || 'shop', $sql, extra_params => [ '-U', 'brand' ]);
}

# In the form of a script and of an archive
sub check_dump
{
	my $dump = $node->basedir . '/shop.sql';
	my $before = as_brand($figures);

	$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('shop') ], 'pg_dump');
	$node->safe_psql('postgres', 'CREATE DATABASE copy OWNER brand; CREATE DATABASE archive OWNER brand');
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ], 'restored without an error');
	$node->command_ok([ 'pg_dump', '-f', "$dump.2", '-d', $node->connstr('copy') ], 'dumped again');
	is_same_dump("$dump.2", $dump);
	is(as_brand($figures, 'copy'), $before, 'every table and view of the copy has the same rows, and predicts the same');
	as_brand(q{CALL live_refresh('live')}, 'copy');
	is(as_brand(q{SELECT count(*) FROM live_verify('live')}, 'copy'), '0', 'the copy does the work that was left');
	is(as_brand(q{SELECT count(*) FROM live.dirty_bucket}, 'copy'), '0', 'and none is left');

	$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.c", '-d', $node->connstr('shop') ], 'pg_dump, an archive');
	$node->command_ok([ 'pg_restore', '-j', 2, '--exit-on-error', '-d', $node->connstr('archive'), "$dump.c" ], 'restored by two processes');
	$node->command_ok([ 'pg_dump', '-f', "$dump.3", '-d', $node->connstr('archive') ], 'dumped again');
	is_same_dump("$dump.3", $dump);
	return;
}

# Objects that do not depend on each other may change places, and PostgreSQL writes parentheses
# around a BETWEEN that it leaves out once it has read them.
sub is_same_dump
{
	my @lines = map { [ sort map { tr/()//dr } grep { !/^\\(?:un)?restrict / } split(/^/, slurp_file($_)) ] } @_;
	my %count;

	$count{$_}++ foreach @{ $lines[0] };
	$count{$_}-- foreach @{ $lines[1] };
	cmp_ok(scalar(@{ $lines[1] }), '>', 1000, 'the dump is a long one');
	is(join('', grep { $count{$_} } sort keys %count), '', 'the dump of the copy is the same');
	return;
}

# The extension goes and comes again; what users own stays.
sub check_drop
{
	my $tables = q{SELECT string_agg(format('%s %s', relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM live.%I', relname), true, true, '')))[1]), ', ' ORDER BY relname)
		FROM pg_class WHERE relnamespace = 'live'::regnamespace AND relkind IN ('r', 'p')};
	my $before = as_brand($tables, 'copy');

	$node->safe_psql('copy', 'SET client_min_messages = warning; DROP EXTENSION liveanalytics CASCADE');
	is(as_brand($tables, 'copy'), $before, 'DROP EXTENSION CASCADE leaves every table and every row of the live schema');
	$node->safe_psql('copy', 'CREATE EXTENSION liveanalytics');
	as_brand(q{SELECT live_upgrade('live')}, 'copy');
	as_brand(q{CALL live_refresh('live')}, 'copy');
	is(as_brand(q{SELECT count(*) FROM live_verify('live')}, 'copy'), '0', 'and back again it goes on with them');
	return;
}

sub check_standby
{
	$node->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	as_brand(q{SELECT live_ingest('live', 'generic', '{"events": [{"id": "later", "stream": "s1", "viewer": "later", "type": "enter", "ts": "2026-03-10 02:00"}]}')});
	as_brand(q{CALL live_refresh('live')});
	as_brand(q{SELECT live_ingest('live', 'generic', '{"events": [{"id": "last", "stream": "s1", "viewer": "last", "type": "enter", "ts": "2026-03-10 03:00"}]}')});
	$node->wait_for_catchup($standby);
	my $read = $figures =~ s/CREATE FUNCTION pg_temp.*?\$\$;//sr =~ s/SELECT \* FROM pg_temp\.figures\(\);/SELECT * FROM own.figures()/r;
	as_brand($figures =~ s/pg_temp\.figures/own.figures/gr);
	$node->wait_for_catchup($standby);
	is(as_brand($read, 'shop', $standby), as_brand($read), 'a standby: every table and view as on the primary');
	my $fits = q{SELECT md5(linreg_fit(x, y)::text), md5(rf_train(x > 5, ARRAY[x, y], '{"trees": 3}')), md5(kmeans_fit(ARRAY[x, y], 2)::text) FROM (SELECT i::float8 AS x, (i * 7 % 11)::float8 AS y FROM generate_series(1, 40) AS i) AS r};
	is(as_brand($fits, 'shop', $standby), as_brand($fits), 'and the same fits');

	foreach my $sql (q{CALL live_refresh('live')}, q{SELECT live_ingest('live', 'generic', '{"events": [{"id": "no", "stream": "s1", "viewer": "v", "type": "enter", "ts": "2026-03-10 02:00"}]}')}, q{SELECT live_setup('more')}, q{SELECT live_forget('live', 'generic', 'late')})
	{
		my ($code, $out, $err) = $standby->psql('shop', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', 'brand' ]);
		like($err, qr/ERROR:  25006/, "$sql: refused there");
	}
	$standby->promote;
	as_brand(q{CALL live_refresh('live')}, 'shop', $standby);
	is(as_brand(q{SELECT count(*) FROM live_verify('live')}, 'shop', $standby), '0', 'promoted: a refresh works');
	is(as_brand(q{SELECT count(*) FROM live.dirty_bucket}, 'shop', $standby), '0', 'and nothing is left to do');
	$standby->stop;
	return;
}
