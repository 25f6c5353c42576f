# Citus: a coordinator and two workers give what one server gives. Condensed
# fits are split over the shards, collected ones run whole where the shards
# hold whole groups, and models reach the workers as values.
#
# citus.coordinator_aggregation_strategy is off, so that a query which would
# quietly take every row to the coordinator fails instead.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = make_node('coordinator');
$node->start;
plan skip_all => 'the extension citus is not installed for this server'
  unless $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'});
$node->stop;
preload_citus($node);
$node->append_conf('postgresql.conf', q{
search_path = 'public, analytics'
citus.shard_count = 8
citus.coordinator_aggregation_strategy = 'disabled'
});
plan skip_all => 'the server does not start with citus preloaded: ' . last_log_line($node)
  unless $node->start(fail_ok => 1);

# The workers know nothing of the schema. Their float8 loses digits as text,
# which is how Citus 13 moves the states of aggregates.
my @workers = map { make_node($_) } ('worker1', 'worker2');
foreach my $worker (@workers)
{
	preload_citus($worker);
	$worker->append_conf('postgresql.conf', 'extra_float_digits = -5');
	$worker->start;
	$worker->safe_psql('postgres', 'CREATE EXTENSION citus');
}
sql('CREATE EXTENSION citus');
sql(sprintf(q{SELECT citus_add_node('%s', %d)}, $_->host, $_->port)) foreach @workers;
note sql('SELECT citus_version()');
sql('CREATE SCHEMA analytics; CREATE EXTENSION liveanalytics SCHEMA analytics');

# the default
my $gather = q{SET citus.coordinator_aggregation_strategy = 'row-gather';};

# All that linreg_stats tells but the condition number, which is good for few
# digits where columns depend on each other.
my $statistics = 'linreg_coef(fit), n, skipped, df_residual, r2, adj_r2, residual_se, f_value, log_likelihood, aic, bic, loss';

make_viewers();
test_extension();
test_split();
test_nothing();
test_rollup();
test_once_per_column();
test_unsplit();
test_predict();
test_forest_per_part();
test_errors();

foreach my $n ($node, @workers)
{
	unlike(slurp_file($n->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak:|was not closed/,
		$n->name . ': the log is clean');
	$n->stop;
}
done_testing();

sub make_node
{
	my ($name) = @_;
	my $new = PostgreSQL::Test::Cluster->new($name);

	$new->init(extra => [ '--encoding=UTF8', '--locale=C' ]);

	$new->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_connections = 100");
	return $new;
}

# No certificates for a socket, and no word to the makers of Citus.
sub preload_citus
{
	my ($n) = @_;

	$n->append_conf('postgresql.conf', q{
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=prefer'
citus.enable_statistics_collection = off
});
}

sub last_log_line
{
	my ($n) = @_;

	my @errors = slurp_file($n->logfile) =~ /(?:FATAL|ERROR): +(.*)/g;

	return $errors[-1] // 'its log does not say why';
}

sub sql
{
	return $node->safe_psql('postgres', @_);
}

sub error_of
{
	my ($query) = @_;
	my ($result, $out, $error) = $node->psql('postgres', $query, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return $error;
}

# What the nodes are asked: the queries of the plan, for one shard each.
sub sent
{
	my ($query, $settings) = @_;

	$settings //= '';
	return join("\n", sql("$settings EXPLAIN (VERBOSE, COSTS OFF) $query") =~ /^ *Query: (.*)/mg);
}

# --- the same here and there -------------------------------------------------

# A query over viewer, and over viewer_local instead.
sub both
{
	my ($query, $settings) = @_;
	my $local = $query =~ s/\bviewer\b/viewer_local/gr;

	$settings //= '';
	return (sql("$settings $query"), sql("$settings $local"));
}

sub same
{
	my ($what, $query, $settings) = @_;
	my ($there, $here) = both($query, $settings);

	isnt($here, '', "$what: there is a result");
	is($there, $here, "$what: the same over the shards");
}

# Numbers may differ in their last digits: the states of the shards are
# combined in the order in which they arrive.
sub near
{
	my ($what, $query) = @_;

	near_results($what, both($query));
}

sub near_results
{
	my ($what, $there, $here) = @_;
	my $number = qr/-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/;
	my @there = $there =~ /$number/g;
	my @here = $here =~ /$number/g;
	my $worst = 0;

	is($there =~ s/$number/#/gr, $here =~ s/$number/#/gr, "$what: results of the same form");
	cmp_ok(scalar(@here), '>', 0, "$what: there are numbers");
	return if @there != @here;
	foreach my $i (0 .. $#here)
	{
		my $off = abs($there[$i] - $here[$i]) / (abs($here[$i]) || 1);

		$worst = $off if $off > $worst;
	}
	cmp_ok($worst, '<=', 1e-13, "$what: the same numbers over the shards");
}

sub split_over_shards
{
	my ($what, $query, $times) = @_;

	$times //= 1;
	my $partial = () = sent($query) =~ /worker_partial_agg\(/g;

	is($partial, $times, "$what: the shards compute it in part, times $times");
}

# --- data ----------------------------------------------------------------------

# 20,000 viewers of 12 shops, in 8 shards: some have several shops, some none.
sub make_viewers
{
	sql(q{
CREATE TABLE viewer_local (
  id bigint, shop_id int, channel text, watch float8, interactions float8, spent float8, features float8[], bought boolean);
INSERT INTO viewer_local
SELECT id, id % 12, channel, watch, interactions,
       round((3 + watch * 0.0125 + interactions * 1.75 + id * 15485863 % 977 / 100.0)::numeric, 2),
       ARRAY[watch, interactions, (channel = 'douyin')::int],
       watch + 40 * coalesce(interactions, 0) + id * 15485863 % 1200 > 2600
FROM (SELECT id, (ARRAY['wechat', 'weibo', 'douyin'])[1 + id * 31 % 7 % 3] AS channel, (id * 7919 % 3600)::float8 AS watch,
             CASE WHEN id % 13 > 0 THEN greatest(id * 104729 % 97 - 40, 0) END::float8 AS interactions
      FROM generate_series(1, 20000::bigint) id) v;
CREATE TABLE viewer (LIKE viewer_local);
CREATE TABLE empty (LIKE viewer_local);
SELECT create_distributed_table('viewer', 'shop_id'), create_distributed_table('empty', 'shop_id');
INSERT INTO viewer SELECT * FROM viewer_local;
	});
	is(sql('SELECT count(*) FROM viewer'), 20000, 'the viewers are distributed');
	is(sql(q{SELECT count(DISTINCT nodename || nodeport) FROM citus_shards WHERE table_name = 'viewer'::regclass}), 2, 'over two workers');
	cmp_ok(sql(q{SELECT count(*) FROM run_command_on_shards('viewer', 'SELECT count(*) FROM %s') WHERE result = '0'}),
		'>', 0, 'some shards have no rows');
}

sub test_extension
{
	is(sql(q{SELECT string_agg(DISTINCT result, ' ') FROM run_command_on_workers(
			$$SELECT nspname || '.' || extname FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'liveanalytics'$$)}),
		'analytics.liveanalytics', 'CREATE EXTENSION reached the workers, in its schema');
}

# --- condensed -----------------------------------------------------------------

sub test_split
{
	my %exact = (
		'accuracy of text' => 'accuracy(bought::text, (watch > 1800)::text)',
		'accuracy of bigint' => 'accuracy(interactions::bigint, (watch / 60)::bigint)',
		'accuracy of boolean' => 'accuracy(bought, watch > 1800)',
		'confusion_matrix' => 'confusion_matrix(channel, CASE WHEN id % 3 > 0 THEN channel ELSE nullif(bought::text, $$$$) END)',
		'classification_report' => 'classification_report(channel, CASE WHEN id % 5 < 3 THEN channel WHEN watch > 900 THEN $$weibo$$ END)',
		'levels' => 'levels(channel)');
	my %sums = (
		'errors of numbers' => 'rmse(spent, watch / 60), mae(spent, watch / 60), mape(spent, watch / 60), r2_score(spent, watch / 60)',
		'errors of probabilities' => 'log_loss(bought, watch / 3600), brier_score(bought, watch / 3600)',
		'errors of classes' => 'log_loss(channel, ARRAY[0.25, 0.25, 0.5], $${douyin,wechat,weibo}$$)');
	my %close = (
		'a line' => 'linreg_fit(spent, watch)',
		'a regression' => 'linreg_fit(spent, features)',
		'a regression over expressions' => 'linreg_fit(spent, ARRAY[watch, watch * watch, interactions])');

	foreach my $what (sort keys %exact)
	{
		split_over_shards($what, "SELECT $exact{$what} FROM viewer");
		same($what, "SELECT $exact{$what} FROM viewer");
		split_over_shards("$what by channel", "SELECT channel, $exact{$what} FROM viewer GROUP BY channel");
		same("$what by channel", "SELECT channel, $exact{$what} FROM viewer GROUP BY channel ORDER BY channel");
		split_over_shards("$what by shop", "SELECT shop_id, $exact{$what} FROM viewer GROUP BY shop_id", 0);
		same("$what by shop", "SELECT shop_id, $exact{$what} FROM viewer GROUP BY shop_id ORDER BY shop_id");
	}
	foreach my $what (sort keys %sums)
	{
		my $aggregates = () = $sums{$what} =~ /\w+\(/g;

		split_over_shards($what, "SELECT $sums{$what} FROM viewer", $aggregates);
		near($what, "SELECT $sums{$what} FROM viewer");
		split_over_shards("$what by channel", "SELECT channel, $sums{$what} FROM viewer GROUP BY channel", $aggregates);
		near("$what by channel", "SELECT channel, $sums{$what} FROM viewer GROUP BY channel ORDER BY channel");
	}
	foreach my $what (sort keys %close)
	{
		my $by = 'SELECT %s, ' . $statistics . " FROM (SELECT %s, $close{$what} AS fit FROM viewer GROUP BY %s) m, linreg_stats(fit) ORDER BY %s";

		split_over_shards($what, "SELECT $close{$what} FROM viewer");
		near($what, "SELECT $statistics FROM (SELECT $close{$what} AS fit FROM viewer) m, linreg_stats(fit)");
		split_over_shards("$what by channel", "SELECT channel, $close{$what} FROM viewer GROUP BY channel");
		near("$what by channel", $by =~ s/%s/channel/gr);
		split_over_shards("$what by shop", "SELECT shop_id, $close{$what} FROM viewer GROUP BY shop_id", 0);
		near("$what by shop", $by =~ s/%s/shop_id/gr);
	}
	near('FILTER and HAVING', q{SELECT channel, linreg_coef(linreg_fit(spent, watch) FILTER (WHERE bought)), count(DISTINCT id)
		FROM viewer GROUP BY channel HAVING accuracy(bought, watch > 1800) > 0.5 ORDER BY channel});
}

# A shard, a group, or all of them without a row that counts.
sub test_nothing
{
	is(sql(q{SELECT coalesce(linreg_fit(spent, watch)::text, 'NULL'), coalesce(linreg_fit(spent, features)::text, 'NULL'),
			coalesce(accuracy(channel, channel)::text, 'NULL'), coalesce(confusion_matrix(channel, channel)::text, 'NULL'),
			coalesce(classification_report(channel, channel)::text, 'NULL'), coalesce(rmse(spent, watch)::text, 'NULL'),
			coalesce(log_loss(bought, watch)::text, 'NULL'), coalesce(levels(channel)::text, 'NULL') FROM empty}),
		'NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL', 'no rows at all: NULL');
	near('rows of a single shop count', q{SELECT linreg_coef(linreg_fit(CASE WHEN shop_id = 3 THEN spent END, watch)),
		confusion_matrix(CASE WHEN shop_id = 3 THEN channel END, channel) FROM viewer});
}

# Models are kept in a distributed table, and joined there or over all shards.
sub test_rollup
{
	sql(q{
CREATE TABLE daily (shop_id int, day int, fit linreg);
SELECT create_distributed_table('daily', 'shop_id');
INSERT INTO daily SELECT shop_id, (id % 30)::int, linreg_fit(spent, features) FROM viewer GROUP BY shop_id, id % 30;
CREATE TABLE channel_fit AS SELECT channel, linreg_fit(spent, features) AS fit FROM viewer GROUP BY channel;
	});
	is(sql('SELECT count(*) FROM daily'), 60, 'daily models are kept in the shards');
	split_over_shards('rollup', 'SELECT rollup(fit) FROM daily');

	my %fits = (
		'all days' => 'SELECT rollup(fit) AS fit FROM daily',
		'all shops by day' => 'SELECT rollup(fit) AS fit FROM (SELECT rollup(fit) AS fit FROM daily GROUP BY day) d',
		'all days by shop' => 'SELECT rollup(fit) AS fit FROM (SELECT rollup(fit) AS fit FROM daily GROUP BY shop_id) s',
		'all channels' => 'SELECT rollup(fit) AS fit FROM channel_fit');
	my $whole = sql("SELECT $statistics FROM (SELECT linreg_fit(spent, features) AS fit FROM viewer_local) m, linreg_stats(fit)");

	foreach my $what (sort keys %fits)
	{
		near_results("rollup of $what", sql("SELECT $statistics FROM ($fits{$what}) m, linreg_stats(fit)"), $whole);
	}
}

# A composite result taken apart in the same query costs one fit per column.
sub test_once_per_column
{
	my $stats = 'linreg_stats(linreg_fit(spent, watch))';
	my $fit = 'SELECT linreg_fit(spent, watch) AS fit FROM viewer';

	split_over_shards('two fields of a result', "SELECT ($stats).n, ($stats).r2 FROM viewer", 2);
	split_over_shards('two fields of a kept fit', "SELECT (linreg_stats(fit)).n, (linreg_stats(fit)).r2 FROM ($fit) m");
	split_over_shards('all fields of a kept fit', "SELECT s.* FROM ($fit) m, linreg_stats(fit) s");
}

# --- collected -------------------------------------------------------------------

sub test_unsplit
{
	my %fits = (
		'rf_train' => q{md5(rf_train(bought, features, '{"trees": 5}'))},
		'quantile_edges' => 'quantile_edges(spent, 4)');

	foreach my $what (sort keys %fits)
	{
		like(error_of("SELECT $fits{$what} FROM viewer"), qr/unsupported aggregate function $what/, "$what is not split");
		same("$what, rows gathered", "SELECT $fits{$what} FROM viewer", $gather);
		same("$what by channel, rows gathered", "SELECT channel, $fits{$what} FROM viewer GROUP BY channel ORDER BY channel",
			$gather);

		my $by_shop = "SELECT shop_id, $fits{$what} FROM viewer GROUP BY shop_id";
		like(sent($by_shop), qr/^SELECT .*\Q$what\E\(.* GROUP BY /m, "$what by shop runs in the shards");
		same("$what by shop", "$by_shop ORDER BY shop_id");
		same("$what by shop and channel", "SELECT shop_id, channel, $fits{$what} FROM viewer GROUP BY shop_id, channel ORDER BY shop_id, channel");
	}

	my $segments = 'SELECT id, quartile_segment(spent) OVER (PARTITION BY shop_id) AS segment FROM viewer';
	like(sent($segments), qr/^SELECT .*quartile_segment\(/m, 'segments within shops are found in the shards');
	same('segments within shops', "SELECT md5(string_agg(id || ' ' || segment, ',' ORDER BY id)) FROM ($segments OFFSET 0) s");
	same('segments of all', q{SELECT md5(string_agg(id || ' ' || segment, ',' ORDER BY id))
		FROM (SELECT id, quartile_segment(spent) OVER () AS segment FROM viewer OFFSET 0) s});
	sql('CREATE TABLE edge AS SELECT quantile_edges(spent, 4) AS edges FROM viewer_local');
	my $stored = 'SELECT segment_of(spent, (SELECT edges FROM edge)) AS segment, count(*) FROM viewer GROUP BY 1';
	like(sent($stored), qr/^SELECT .*segment_of\(/m, 'segments by stored edges are found in the shards');
	same('segments by stored edges', "$stored ORDER BY 1");
}

# --- models as values --------------------------------------------------------------

sub test_predict
{
	sql(q{
CREATE TABLE model AS
SELECT rf_train(bought, features, '{"trees": 20}') AS forest, linreg_fit(spent, features) AS fit FROM viewer_local;
CREATE TABLE channel_model AS
SELECT channel, rf_train(bought, features, '{"trees": 5}') AS forest FROM viewer_local GROUP BY channel;
CREATE TABLE shop_model (shop_id int, forest bytea);
SELECT create_distributed_table('shop_model', 'shop_id');
INSERT INTO shop_model SELECT shop_id, rf_train(bought, features, '{"trees": 5}') FROM viewer GROUP BY shop_id;
CREATE TABLE shared_model (LIKE channel_model);
SELECT create_reference_table('shared_model');
INSERT INTO shared_model SELECT * FROM channel_model;
	});

	my %predictions = (
		'a model from a subquery' => 'SELECT id, rf_predict((SELECT forest FROM model), features) AS p FROM viewer',
		'a joined model' => 'SELECT id, rf_predict(forest, features) AS p FROM viewer, model',
		'a model per channel' => 'SELECT id, rf_predict(forest, features) AS p FROM viewer JOIN channel_model USING (channel)',
		'a model per channel in a reference table' => 'SELECT id, rf_predict(forest, features) AS p FROM viewer JOIN shared_model USING (channel)',
		'probabilities' => 'SELECT id, rf_predict_proba((SELECT forest FROM model), features) AS p FROM viewer');
	foreach my $what (sort keys %predictions)
	{
		like(sent($predictions{$what}), qr/^SELECT .*rf_predict(?:_proba)?\(/m, "$what predicts in the shards");
		same($what, "SELECT md5(string_agg(id || ' ' || p::text, ',' ORDER BY id)), count(p) FROM ($predictions{$what} OFFSET 0) s");
	}
	same('values by regression', q{SELECT md5(string_agg(id || ' ' || p, ',' ORDER BY id)), count(p)
		FROM (SELECT id, linreg_predict((SELECT fit FROM model), features) AS p FROM viewer OFFSET 0) s});

	# every shop by its own forest, which never leaves its shard
	my $own = 'SELECT id, rf_predict(forest, features) AS p FROM viewer JOIN shop_model USING (shop_id)';
	like(sent($own), qr/^SELECT .*rf_predict\(/m, 'a forest per shop predicts in its shard');
	is(sql("SELECT md5(string_agg(id || ' ' || p, ',' ORDER BY id)) FROM ($own OFFSET 0) s"),
		sql(q{SELECT md5(string_agg(id || ' ' || p, ',' ORDER BY id)) FROM (
			SELECT id, rf_predict(forest, features) AS p FROM viewer_local JOIN (
				SELECT shop_id, rf_train(bought, features, '{"trees": 5}') AS forest FROM viewer_local GROUP BY shop_id) m USING (shop_id)) s}),
		'a forest per shop predicts the same');

	my $judged = 'SELECT accuracy(bought::text, rf_predict((SELECT forest FROM model), features)) FROM viewer';
	split_over_shards('accuracy of predictions', $judged);
	same('accuracy of predictions', $judged);
	same('a report of predictions', 'SELECT classification_report(bought::text, rf_predict((SELECT forest FROM model), features)) FROM viewer');

	sql(q{ALTER TABLE viewer ADD predicted text;
		UPDATE viewer SET predicted = rf_predict((SELECT forest FROM model), features)});
	is(sql('SELECT accuracy(bought::text, predicted) FROM viewer'), (both($judged))[1], 'predictions are kept by UPDATE');
}

# One forest per shop or per shard, and one of all their trees.
sub test_forest_per_part
{
	my $part = q{SELECT shop_id, rf_train(bought, features, '{"trees": 5}') AS forest FROM viewer GROUP BY shop_id};
	my $merged = "SELECT rf_merge(forest) AS forest FROM ($part) p";
	my $materialized = "WITH p AS MATERIALIZED ($part) SELECT rf_merge(forest) AS forest FROM p";
	my $md5 = 'SELECT md5(forest::text) FROM (%s) m';

	like(sent($merged, $gather), qr/rf_train\(.* GROUP BY /m, 'a forest per shop is trained in the shards');
	same('a forest per shop, merged', $md5 =~ s/%s/$merged/r, $gather);
	is(sql("$gather SELECT rf_info(forest) ->> 'trees' FROM ($merged) m"), 60, 'the merged forest has all trees');
	same('a forest per shop, kept, then merged', $md5 =~ s/%s/$materialized/r);
	is( sql("$gather SELECT md5(rf_merge(forest)::text) FROM shop_model"),
		(both($md5 =~ s/%s/$merged/r, $gather))[1], 'forests out of a table, merged, are the same');

	# a forest per shard, whatever the table is distributed by
	sql(q{CREATE TABLE merged AS
		SELECT rf_merge(nullif(result, '')::bytea) AS forest, count(nullif(result, '')) AS parts
		FROM run_command_on_shards('viewer', $$SELECT analytics.rf_train(bought, features, '{"trees": 10}') FROM %s$$)});
	is( sql(q{SELECT parts, rf_info(forest) ->> 'trees' = (10 * parts)::text FROM merged}),
		sql(q{SELECT count(DISTINCT get_shard_id_for_distribution_column('viewer', shop_id)), true FROM viewer_local}),
		'a forest per shard, merged, has all trees');
	cmp_ok(sql('SELECT accuracy(bought::text, rf_predict((SELECT forest FROM merged), features)) FROM viewer'),
		'>', 0.9, 'and predicts in the shards');

	test_page();
}

# The code of docs/scaling.md runs, where it is told which schema has the extension.
sub test_page
{
	my $page = slurp_file("$top/docs/scaling.md");
	my @blocks = $page =~ /^```plpgsql\n(.*?)^```$/msg;
	my $fill = 'INSERT INTO viewer SELECT id, shop_id, channel, features, spent, bought FROM viewer_local;';
	my $settings = "$gather SET search_path = page, public, analytics;";

	cmp_ok(scalar(@blocks), '>', 0, 'docs/scaling.md has code');
	sql('CREATE SCHEMA page');
	foreach my $i (0 .. $#blocks)
	{
		my $code = $blocks[$i] =~ s/public\.rf_train/analytics.rf_train/r;

		is(error_of("$settings $code " . ($i == 0 ? $fill : '')), '', 'docs/scaling.md, block ' . ($i + 1) . ', runs');
	}
}

# --- errors -----------------------------------------------------------------------

sub test_errors
{
	like(error_of(q{SELECT linreg_fit(CASE WHEN id = 777 THEN 'Infinity' ELSE spent END, watch) FROM viewer}),
		qr/ERROR:  22003: .*infin/i, 'an error in a shard keeps its SQLSTATE and message');
	like(error_of('SELECT channel, linreg_fit(spent, watch) FROM viewer GROUP BY ROLLUP (channel)'),
		qr/GROUPING SETS/, 'GROUPING SETS are an error');
	like(error_of('SELECT linreg_fit(spent, watch), quantile_edges(spent, 4) FROM viewer'),
		qr/unsupported aggregate function/, 'one fit that is not split keeps its neighbours from it');
	like(error_of('SELECT linreg_fit(spent, watch ORDER BY id) FROM viewer'),
		qr/unsupported aggregate function/, 'ORDER BY in the call keeps a fit from being split');
}
