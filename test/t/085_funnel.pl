# Funnels on real data against plain SQL, a viewer with very many events, cancel,
# and states that no server sent.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

my $data = $ENV{LIVEANALYTICS_DATA};

$ENV{PGTZ} = 'UTC';
my $node = PostgreSQL::Test::Cluster->new('funnel');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nwork_mem = '64MB'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

SKIP:
{
	skip 'the Taobao data set is not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -f "$data/taobao_userbehavior/UserBehavior_first100k.csv.gz";

	check_taobao("$data/taobao_userbehavior/UserBehavior_first100k.csv.gz");
}

check_many_events();
check_binary();

$node->stop;
done_testing();

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# Levels by window functions: the latest start of a chain of each length so far,
# from that of the length before, rows of equal time included.
sub levels_by_window_functions
{
	my ($table, $window, @steps) = @_;
	my $inner = "SELECT *, max(ts) FILTER (WHERE type = '$steps[0]') OVER (PARTITION BY viewer ORDER BY ts) AS s1 FROM $table";

	foreach my $k (1 .. $#steps)
	{
		my $next = $k + 1;
		$inner = "SELECT *, max(s$k) FILTER (WHERE type = '$steps[$k]' AND ts <= s$k + interval '$window')
			OVER (PARTITION BY viewer ORDER BY ts) AS s$next FROM ($inner) q";
	}
	my $case = join(' ', map { "WHEN s$_ IS NOT NULL THEN $_" } reverse(1 .. @steps));
	return "SELECT viewer, max(CASE $case ELSE 0 END) AS level FROM ($inner) q GROUP BY viewer";
}

sub check_taobao
{
	my ($file) = @_;

	sql(qq{
CREATE TABLE taobao (viewer bigint, item bigint, category bigint, type text, seconds bigint);
COPY taobao FROM PROGRAM 'gzip -dc $file' (FORMAT csv);
CREATE VIEW shopping AS SELECT viewer, item, type, to_timestamp(seconds) AS ts FROM taobao;
	});
	foreach my $window ('0 s', '10 min', '1 day', '3000 days')
	{
		foreach my $steps ([qw(pv cart buy)], [qw(pv fav cart buy)], [qw(buy pv buy)], [qw(pv pv pv)])
		{
			my $conditions = join(', ', map { "type = '$_'" } @$steps);
			my $plain = levels_by_window_functions('shopping', $window, @$steps);

			is(sql("SELECT count(*), count(*) FILTER (WHERE a.level = b.level)
				FROM (SELECT viewer, window_funnel(ts, '$window', $conditions) AS level FROM shopping GROUP BY viewer) a
				FULL JOIN ($plain) b USING (viewer)"), '983|983', "within $window, @$steps: as window functions have it");
		}
	}
	is(sql(q{
SELECT string_agg(viewers::text, ' ' ORDER BY step)
FROM (SELECT funnel_summary(level, 3) AS summary
      FROM (SELECT window_funnel(ts, '2 days', type = 'pv', type = 'cart', type = 'buy') AS level FROM shopping GROUP BY viewer) l) s,
     funnel_summary_rows(summary)}), '980 713 397', 'the page on funnels has these viewers');
	is(sql(q{
SELECT string_agg(viewers::text, ' ' ORDER BY step)
FROM (SELECT funnel_summary(level, 3) AS summary
      FROM (SELECT funnel_match(ts, '2 days', item, type = 'pv', type = 'cart', type = 'buy') AS level FROM shopping GROUP BY viewer) l) s,
     funnel_summary_rows(summary)}), '980 360 62', 'and these of one item');
	is(sql(q{
SELECT count(*) FROM (SELECT viewer, funnel_match(ts, '1 day', item, type = 'pv', type = 'cart', type = 'buy') AS level FROM shopping GROUP BY viewer) a
JOIN (SELECT viewer, max(level) AS level FROM (SELECT viewer, item, window_funnel(ts, '1 day', type = 'pv', type = 'cart', type = 'buy') AS level
        FROM shopping GROUP BY viewer, item) i GROUP BY viewer) b USING (viewer) WHERE a.level = b.level}), 983, 'the best of all items');
	return;
}

sub check_many_events
{
	my $funnel = q{window_funnel(timestamptz 'epoch' + %s * interval '1 ms', '1 ms', CASE i %% 4 WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 0 THEN 3 END)};
	my $rows = 2_000_000;
	my $in_order = sprintf($funnel, 'i');
	my $shuffled = sprintf($funnel, "(i * 1299709 % $rows)");

	is(sql("SELECT $in_order FROM generate_series(1, ${rows}::bigint) i"), 2, 'a viewer with two million events in order');
	is(sql("SELECT $shuffled FROM generate_series(1, ${rows}::bigint) i"),
		sql("SELECT window_funnel(ts, '1 ms', k) FROM (SELECT timestamptz 'epoch' + (i * 1299709 % $rows) * interval '1 ms' AS ts,
			CASE i % 4 WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 0 THEN 3 END AS k FROM generate_series(1, ${rows}::bigint) i ORDER BY 1) s"),
		'and in none');

	# a function that never ends by itself: one state, combined with itself
	my ($status, undef, $err) = $node->psql('postgres', q{
\set VERBOSITY sqlstate
CREATE TEMP TABLE list AS SELECT funnel_combine(NULL, NULL) AS s;
CREATE AGGREGATE pg_temp.collected(timestamptz, interval, int) (SFUNC = funnel_accum, STYPE = funnel_events);
UPDATE list SET s = (SELECT pg_temp.collected(timestamptz 'epoch' + i * 7919 % 300007 * interval '1 s', '1 h', (1 + i % 5)::int) FROM generate_series(1, 300000::bigint) i);
SET statement_timeout = '300ms';
SELECT sum(window_funnel_final(s)) FROM list, generate_series(1, 1000000);});
	like($err, qr/57014/, 'computing a level can be cancelled');
	return;
}

# Bytes that no server sent, of lists with and without keys.
sub check_binary
{
	my %values = (
		window_funnel_final => q{collected(to_timestamp(i * 7 % 5), '2 s', ARRAY[i = 1, i = 2, i = 3])},
		funnel_match_final => q{collected(to_timestamp(i * 7 % 5), '2 s', i % 2, ARRAY[i = 1, i = 3])});

	sql('CREATE AGGREGATE collected(timestamptz, interval, bigint, boolean[]) (SFUNC = funnel_accum_key, STYPE = funnel_events);
		CREATE AGGREGATE collected(timestamptz, interval, boolean[]) (SFUNC = funnel_accum, STYPE = funnel_events)');
	foreach my $final (sort keys %values)
	{
		check_binary_input($node,
			type => 'funnel_events',
			value => "SELECT encode(funnel_events_send($values{$final}), 'hex') FROM generate_series(1, 4::bigint) i",
			use => "SELECT $final(value), value FROM received",
			lengths => [ 0 .. 3, 15, 16, 20 ],
			places => [ 0 .. 999 ],
			cut => [qw(22P03 08P01)],
			changed => [qw(22P03 08P01 22023)]);
	}
	return;
}
