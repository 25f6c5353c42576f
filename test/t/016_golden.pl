# Models and states that earlier versions wrote are read, and answer as they
# did: by way of their text (pg_dump), of their binary form (COPY BINARY,
# replication, nodes of Citus), and in the pages of a table (pg_upgrade, a new
# library).
#
# test/data/golden_VERSION.txt has them.  A release writes one more:
#
#   LIVEANALYTICS_GOLDEN=/tmp/golden_1.0.0.txt ./check tap
use strict;
use warnings FATAL => 'all';

use IO::Compress::Gzip qw(gzip);
use IO::Uncompress::Gunzip qw(gunzip);
use MIME::Base64 qw(encode_base64 decode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
$ENV{PGCLIENTENCODING} = 'UTF8';
$ENV{PGTZ} = 'UTC';

# Answers are compared to 15 digits: the last ones are those of the machine's libm.

# What a value takes at most to be stored in the page, which has 8 kB.
my $stored_bytes = 700;

# States of aggregates, which no function of ours gives to anybody who could
# store them: they travel as text or in binary, and what they are in memory may
# change.
my %travels = map { $_ => 1 } qw(confusion error_sums funnel_events sequence_state path_state);

# An aggregate without a final function gives its state.
my $partial_aggregates = q{
	CREATE AGGREGATE p_confusion(text, text) (SFUNC = confusion_accum, STYPE = confusion);
	CREATE AGGREGATE p_error(float8, float8) (SFUNC = error_accum, STYPE = error_sums);
	CREATE AGGREGATE p_funnel(timestamptz, interval, VARIADIC boolean[]) (SFUNC = funnel_accum, STYPE = funnel_events);
	CREATE AGGREGATE p_match(timestamptz, interval, text, VARIADIC boolean[]) (SFUNC = funnel_accum_key, STYPE = funnel_events);
	CREATE AGGREGATE p_sequence(text, timestamptz, VARIADIC boolean[]) (SFUNC = sequence_accum, STYPE = sequence_state);
	CREATE AGGREGATE p_path(timestamptz, text, interval, int) (SFUNC = path_accum, STYPE = path_state);
	CREATE AGGREGATE p_viewers(bigint) (SFUNC = viewer_set_accum, STYPE = viewer_set);
	CREATE AGGREGATE p_retention(timestamptz, VARIADIC boolean[]) (SFUNC = retention_ordered_accum, STYPE = bytea);
	CREATE AGGREGATE p_days(timestamptz, text) (SFUNC = active_days_accum, STYPE = bytea);
	CREATE AGGREGATE p_cohort(date[], date[], text, int[], date) (SFUNC = cohort_retention_accum, STYPE = bytea);
	CREATE AGGREGATE p_watch(timestamptz, timestamptz) (SFUNC = watch_time_accum, STYPE = bytea);
	CREATE AGGREGATE p_peak(timestamptz, timestamptz) (SFUNC = concurrency_peak_accum, STYPE = bytea);
	CREATE AGGREGATE p_avg(timestamptz, timestamptz, timestamptz, timestamptz) (SFUNC = concurrency_avg_accum, STYPE = bytea);
	CREATE AGGREGATE p_series(timestamptz, timestamptz, timestamptz, timestamptz, interval) (SFUNC = concurrency_series_accum, STYPE = bytea);
	CREATE AGGREGATE p_stay(timestamptz, timestamptz, timestamptz, interval) (SFUNC = stay_curve_accum, STYPE = bytea);
};

# rows i = 1 to 40 with numbers x and y, an array f, times t to u, a word w
my $rows = q{(SELECT i, (i * 37 % 11)::float8 AS x, (i * 7 % 5 - i / 4.0)::float8 AS y,
	ARRAY[i * 37 % 11, CASE WHEN i % 9 > 0 THEN i * i % 7 END, i / 8.0]::float8[] AS f,
	'2026-11-01 12:00+00'::timestamptz + i * 61 % 40 * interval '50 seconds' AS t,
	'2026-11-01 12:00+00'::timestamptz + (i * 61 % 40 * 50 + i * 17 % 300) * interval '1 second' AS u,
	(ARRAY['看', 'like', 'buy "it"'])[1 + i * i % 3] AS w FROM generate_series(1, 40) AS i) AS r};
my $day = q{'2026-11-01'::date};

# name, type, what makes it, what is asked of it ("v")
my @values = (
	[ 'forest of texts', 'bytea', q{rf_train(w, f, '{"trees": 3}')}, q{(SELECT array_agg(rf_predict_proba(v, f) ORDER BY i) FROM %R)} ],
	[ 'forest of booleans', 'bytea', q{rf_train(x > 5, f, '{"trees": 2, "permutation": true}')}, q{(SELECT jsonb_agg(m) FROM rf_importance(v) AS m)} ],
	[ 'forest of integers', 'bytea', q{rf_train(i % 4, f, '{"trees": 2, "class_weight": "balanced"}')}, q{(SELECT array_agg(rf_predict(v, f) ORDER BY i) FROM %R)} ],
	[ 'forest of numbers', 'bytea', q{rf_train_regression(y, f, '{"trees": 2}')}, q{(SELECT array_agg(rf_predict_value(v, f) ORDER BY i) FROM %R)} ],
	[ 'one forest of two', 'bytea', q{(SELECT rf_merge(m) FROM (SELECT rf_train(w, f, '{"trees": 1}') AS m FROM %R GROUP BY i % 2) AS g)}, q{rf_info(v)} ],
	[ 'line', 'linreg', q{linreg_fit(y, x)}, q{linreg_stats(v)} ],
	[ 'line through the origin', 'linreg', q{linreg_fit_origin(y, x)}, q{(SELECT jsonb_agg(t) FROM linreg_terms(v) AS t)} ],
	[ 'plane', 'linreg', q{linreg_fit(y, f)}, q{ROW(linreg_stats(v), linreg_interval(v, '{1,2,3}'::float8[], 0.9))} ],
	[ 'weighted line', 'linreg', q{linreg_fit(y, x, i)}, q{(SELECT linreg_coef(rollup(m)) FROM (VALUES (v), (v)) AS g (m))} ],
	[ 'logistic of two classes', 'logreg', q{logreg_fit(i * i % 7 > 3, ARRAY[x, y], '{"l2": 0.5}')}, q{ROW(logreg_stats(v), logreg_predict(v, '{1,2}'::float8[]))} ],
	[ 'logistic of three classes', 'logreg', q{logreg_fit(w, ARRAY[x, y])}, q{ROW(logreg_classes(v), logreg_predict_proba(v, '{1,2}'::float8[]))} ],
	[ 'clusters', 'kmeans', q{kmeans_fit(ARRAY[x, y], 3, '{"standardize": true}')}, q{ROW(kmeans_stats(v), kmeans_predict(v, '{1,2}'::float8[]))} ],
	[ 'audience', 'viewer_set', q{(SELECT viewer_set_agg(n) FROM (SELECT i * 1000000007::bigint FROM generate_series(0, 20) AS i UNION ALL SELECT * FROM generate_series(70000, 90000)) AS s (n))},
		q{ROW(cardinality(v), (SELECT sum(m) FROM viewer_set_members(v) AS m))} ],
	[ 'audience of many', 'viewer_set', q{(SELECT viewer_set_agg(n * 13) FROM generate_series(1, 5000) AS n)}, q{ROW(cardinality(v), cardinality(v & v))} ],
	[ 'audience that is not complete', 'viewer_set', q{p_viewers(i * 977)}, q{ROW(cardinality(v), v)} ],
	[ 'counts of classes', 'confusion', q{p_confusion(w, (ARRAY['buy "it"', 'like'])[1 + i % 2])}, q{confusion_matrix_final(v)} ],
	[ 'sums of errors', 'error_sums', q{p_error(y, x)}, q{ROW(rmse_final(v), mae_final(v), r2_score_final(v))} ],
	[ 'events of a funnel', 'funnel_events', q{p_funnel(t, '5 minutes', i % 3 = 0, i % 3 = 1, i % 5 = 2)}, q{ROW(window_funnel_final(v), funnel_times_final(v))} ],
	[ 'events with keys', 'funnel_events', q{p_match(t, '30 minutes', w, i % 3 = 0, i % 3 = 1)}, q{funnel_match_final(v)} ],
	[ 'events of a sequence', 'sequence_state', q{p_sequence('(?1)(?t<300)(?2)', t, i % 3 = 0, i % 7 = 1)}, q{ROW(sequence_count_final(v), sequence_times_final(v))} ],
	[ 'steps of a path', 'path_state', q{p_path(t, w, '3 minutes', 4)}, q{path_edges_final(v)} ],
	[ 'conditions met', 'bytea', q{p_retention(t, i > 1, i % 7 = 0, i > 50)}, q{retention_ordered_final(v)} ],
	[ 'days', 'bytea', q{p_days(t + i * i * interval '1 hour', 'Asia/Shanghai')}, q{active_days_final(v)} ],
	[ 'cohorts', 'bytea', qq{p_cohort(ARRAY[$day + i % 3], ARRAY[$day + i % 3, $day + i], 'day', '{0,1,3}', $day + 9)}, q{cohort_retention_final(v)} ],
	[ 'time watched', 'bytea', q{p_watch(t, u)}, q{watch_time_final(v)} ],
	[ 'stays', 'bytea', q{p_peak(t, u)}, q{concurrency_peak_final(v)} ],
	[ 'time together', 'bytea', q{p_avg(t, u, '2026-11-01 12:00+00', '2026-11-01 13:00+00')}, q{concurrency_avg_final(v)} ],
	[ 'stays in buckets', 'bytea', q{p_series(t, u, '2026-11-01 12:00+00', '2026-11-01 12:30+00', '10 minutes')}, q{concurrency_series_final(v)} ],
	[ 'lengths of stays', 'bytea', q{p_stay(t, u, '2026-11-01 13:00+00', '1 minute')}, q{stay_curve_final(v)} ]);

my $node = PostgreSQL::Test::Cluster->new('golden');
my @options = ('--encoding=UTF8', '--locale=C');
# a page from elsewhere has no checksum
push @options, '--no-data-checksums' if $node->pg_version >= 18;
$node->init(extra => \@options);
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nautovacuum = off\nextra_float_digits = 0");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

if (my $file = $ENV{LIVEANALYTICS_GOLDEN})
{
	write_golden($file);
	ok(-s $file, "$file is written");
	check_golden($file);
}
else
{
	check_golden($_) foreach glob("$top/test/data/golden_*.txt");
}
$node->stop;
done_testing();

# --- writing -----------------------------------------------------------------

# A line per value, of name, type, question, text, binary, answer; then one with
# the columns of a table and its only page, gzipped.
sub write_golden
{
	my ($file) = @_;
	my (@columns, $out);

	$node->safe_psql('postgres', $partial_aggregates);
	open($out, '>:raw', $file) or die "could not write $file: $!";
	foreach my $value (@values)
	{
		my ($name, $type, $made, $asked) = map { s/%R/$rows/gr =~ s/\s+/ /gr } @$value;
		my $table = 'v' . (scalar(@columns) + 1);

		$made = $made =~ /^\(/ ? "SELECT $made AS v" : "SELECT $made AS v FROM $rows";
		$node->safe_psql('postgres', "CREATE TABLE $table AS $made");
		die "$name is null" if $node->safe_psql('postgres', "SELECT v IS NULL FROM $table") ne 'f';
		print $out join("\t", $name, $type, $asked, $node->safe_psql('postgres', qq{
			SELECT v, encode(} . ($type eq 'bytea' ? 'v' : "${type}_send(v)") . qq{, 'hex'), $asked FROM $table
		}, extra_params => [ '-F', "\t" ])), "\n";
		push @columns, [ $table, $type ];
	}
	my @stored = grep { !$travels{ $_->[1] } && $node->safe_psql('postgres', "SELECT pg_column_size(v) <= $stored_bytes FROM $_->[0]") eq 't' } @columns;
	print $out "page\t", join(', ', map { "$_->[0] $_->[1]" } @stored), "\t", encode_base64(page_of(@stored), ''), "\n";
	close($out) or die "could not write $file: $!";
	return;
}

# The page of a table with these columns, its only row frozen, without the
# position in a log that is not known elsewhere.
sub page_of
{
	my @columns = @_;
	my $page;

	create_page_table(map { "$_->[0] $_->[1]" } @columns);
	$node->safe_psql('postgres', 'INSERT INTO page SELECT ' . join(', ', map { "$_->[0].v" } @columns) . ' FROM ' . join(', ', map { $_->[0] } @columns));
	$node->safe_psql('postgres', 'VACUUM (FREEZE) page');
	$node->safe_psql('postgres', 'CHECKPOINT');
	my $bytes = slurp_file($node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('page')}));
	die 'the values do not fit into a page' if length($bytes) != 8192;
	substr($bytes, 0, 8) = "\0" x 8;
	gzip(\$bytes => \$page, -Minimal => 1, -Level => 9) or die 'gzip failed';
	return $page;
}

sub create_page_table
{
	my @columns = @_;

	$node->safe_psql('postgres', join(";\n", 'DROP TABLE IF EXISTS page', 'CREATE TABLE page (' . join(', ', @columns) . ')',
		map { 'ALTER TABLE page ALTER ' . s/ .*//r . ' SET STORAGE PLAIN' } @columns));
	return;
}

# --- reading -----------------------------------------------------------------

sub check_golden
{
	my ($file) = @_;
	my $version = $file =~ s/.*golden_(.*)\.txt/$1/r;
	my @golden = map { [ split /\t/, $_, -1 ] } split /\n/, slurp_file($file);
	my $page = pop @golden;
	my @answers;

	foreach my $value (@golden)
	{
		my ($name, $type, $asked, $text, $bytes, $answer) = @$value;

		push @answers, [ $name, $asked, $answer ];
		is(ask("'" . $text =~ s/'/''/gr . "'::$type", $asked), $answer, "$version: $name, from its text");
		is(ask(received($type, $bytes), $asked), $answer, "$version: $name, from its binary form") if $type ne 'bytea';
	}
	check_page($version, $page, @answers);
	return;
}

sub ask
{
	my ($value, $asked) = @_;
	my ($out, $err) = ('', '');

	$node->psql('postgres', "WITH value AS MATERIALIZED (SELECT $value AS v) SELECT $asked FROM value", stdout => \$out, stderr => \$err);
	return $out . $err;
}

# An expression that gives the value of a type that its receive function reads
# from the bytes (hex): by COPY, since it cannot be called.
sub received
{
	my ($type, $bytes) = @_;
	my $raw = pack('H*', $bytes);
	my $file = PostgreSQL::Test::Utils::tempdir() . '/value.bin';

	open(my $out, '>:raw', $file) or die "could not write $file: $!";
	print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), pack('nN', 1, length($raw)), $raw, pack('n', 0xffff);
	close($out) or die "could not write $file: $!";
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS received; CREATE TABLE received (v $type); COPY received FROM '$file' WITH (FORMAT binary)");
	return '(SELECT v FROM received)';
}

# The page put in place of that of a table with the same columns.
sub check_page
{
	my ($version, $line, @answers) = @_;
	my (undef, $columns, $encoded) = @$line;
	my @columns = split /, /, $columns;
	my $packed = decode_base64($encoded);
	my $bytes;

	gunzip(\$packed => \$bytes) or die 'gunzip failed';
  SKIP:
	{
		skip("$version: pages are of little-endian machines with blocks of 8 kB", scalar(@columns))
		  if unpack('V', pack('L', 1)) != 1 || $node->safe_psql('postgres', 'SHOW block_size') ne '8192';

		create_page_table(@columns);
		$node->safe_psql('postgres', 'INSERT INTO page DEFAULT VALUES');
		my $place = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('page')});
		$node->stop;
		open(my $out, '+<:raw', $place) or die "could not write $place: $!";
		print $out $bytes;
		close($out) or die "could not write $place: $!";
		$node->start;
		foreach my $column (@columns)
		{
			my ($n) = $column =~ /^v(\d+) /;
			my ($name, $asked, $answer) = @{ $answers[ $n - 1 ] };

			is(ask("(SELECT v$n FROM page)", $asked), $answer, "$version: $name, from a page");
		}
	}
	return;
}
