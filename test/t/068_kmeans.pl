# k-means on real data: inertia beside that of scikit-learn with as many starts;
# cancelling; and binary input that no server sent.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
my $data = $ENV{LIVEANALYTICS_DATA};

my $node = PostgreSQL::Test::Cluster->new('kmeans');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nextra_float_digits = 1");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

# name, file, columns of the table, features
my @sets = (
	[ 'facebook', 'facebook_live_sellers/Live.csv',
		'status_id text, status_type text, status_published text, a int, b int, c int, d int, e int, f int, g int, h int, i int',
		'a, b, c, d, e, f, g, h, i' ],
	[ 'shoppers', 'online_shoppers/online_shoppers_intention.csv.gz',
		'a float8, b float8, c float8, d float8, e float8, f float8, g float8, h float8, i float8, j float8, month text, '
		  . 'os text, browser text, region text, traffic text, visitor text, weekend text, revenue text',
		'a, b, c, d, e, f, g, h, i, j' ],
	[ 'adult', 'adult/adult-train.csv.gz',
		'a int, workclass text, b int, education text, c int, marital text, occupation text, relationship text, race text, '
		  . 'sex text, d int, e int, f int, country text, income text',
		'a, b, c, d, e, f' ]);

foreach my $set (@sets)
{
	my ($name, $file) = @$set;

  SKIP:
	{
		skip "the data set $name is not here (LIVEANALYTICS_DATA)", 1 unless $data && -f "$data/$file";

		check_set(@$set);
	}
}

check_cancel();
check_binary();

$node->stop;
done_testing();

# At most 0.1 % above scikit-learn, and every row predicted as its size says.
sub check_set
{
	my ($name, $file, $columns, $features) = @_;
	my $worst = -1;
	my $read = $file =~ /\.gz$/ ? "PROGRAM 'gzip -dc $data/$file'" : "'$data/$file'";
	my @lines = grep { /^$name,/ } split /\n/, slurp_file("$top/test/data/kmeans_reference.csv");

	$node->safe_psql('postgres', "CREATE TABLE $name ($columns); COPY $name FROM $read (FORMAT csv, HEADER);");
	foreach (@lines)
	{
		my (undef, $standardize, $k, $rows, $inertia) = split /,/;
		my ($n, $ours) = split /\|/, $node->safe_psql('postgres', qq{
			SELECT n, inertia FROM kmeans_stats((
			  SELECT kmeans_fit(ARRAY[$features]::float8[], $k, '{"standardize": $standardize}') FROM $name))});

		is($n, $rows, "$name: all rows") if $k == 2;
		$worst = $ours / $inertia - 1 if $ours / $inertia - 1 > $worst;
	}
	ok($worst < 0.001, sprintf('%s: inertia at most %+.4f %% that of scikit-learn', $name, 100 * $worst));
	is($node->safe_psql('postgres', qq{
		WITH model AS (SELECT kmeans_fit(ARRAY[$features]::float8[], 8, '{"standardize": true}') AS model FROM $name),
		predicted AS (SELECT kmeans_predict(model, ARRAY[$features]::float8[]) AS cluster, count(*) AS size FROM model, $name GROUP BY 1)
		SELECT count(*) FILTER (WHERE c.size = p.size) FROM model, kmeans_centroids(model) c JOIN predicted p USING (cluster)}),
		'8', "$name: sizes are those of prediction");
	return;
}

# A fit stops soon after it is told to, in each of its stages.
sub check_cancel
{
	$node->safe_psql('postgres', q{
		CREATE TABLE many AS SELECT ARRAY[random(), random(), random(), random()] AS x FROM generate_series(1, 300000);
		VACUUM many});
	foreach my $ms (200, 400, 800)
	{
		my ($status, undef, $err) = $node->psql('postgres',
			"SET statement_timeout = $ms; SELECT kmeans_fit(x, 100, '{\"restarts\": 1000}') FROM many");

		like($err, qr/canceling statement due to statement timeout/, "cancelled after $ms ms");
	}
	return;
}

# Bytes that no server sent.
sub check_binary
{
	check_binary_input($node,
		type => 'kmeans',
		value => q{SELECT encode(kmeans_send(kmeans_fit(ARRAY[i, 0.1 * i * i], 3)), 'hex') FROM generate_series(1, 9) i},
		use => 'SELECT kmeans_predict(value, ARRAY[1, 2]), kmeans_stats(value), kmeans_centroids(value), value, '
		  . 'kmeans_silhouette_accum(ARRAY[0, 0, 0], value, ARRAY[1, 2]) FROM received',
		lengths => [ 0 .. 4, 38 .. 41 ],
		places => [ 0 .. 39, map { 40 + 8 * $_ } 0 .. 99 ],
		bytes => [ "\377", "\0", "\125" ],
		cut => ['22P03'],
		changed => [qw(22P03 22003 2202E)]);
	return;
}
