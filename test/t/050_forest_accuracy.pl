# On real data a forest predicts as well as scikit-learn's default one, within a
# point, from the same numeric columns and on the same held-out rows.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
my $data = $ENV{LIVEANALYTICS_DATA};

plan skip_all => 'the public data sets are not here (LIVEANALYTICS_DATA)'
  unless $data && -d "$data/adult" && -d "$data/online_shoppers";

# per data set: its label, the numeric columns by position, and its files
my %set = (
	adult => {
		label => 'c15',
		features => [ 1, 3, 5, 11, 12, 13 ],
		columns => 15,
		train => "$data/adult/adult-train.csv.gz",
		test => "$data/adult/adult-test.csv.gz",
	},
	online_shoppers => {
		label => 'c18',
		features => [ 1 .. 10, 12 .. 15 ],
		columns => 18,
		train => "$data/online_shoppers/online_shoppers_intention.csv.gz",
	});

my $node = PostgreSQL::Test::Cluster->new('accuracy');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

open(my $reference, '<', "$top/test/data/forest_accuracy.csv") or die "no reference: $!";
<$reference>;
while (my $line = <$reference>)
{
	chomp $line;
	my ($name, $features, $expected, $library) = split /,/, $line;

	is(scalar @{ $set{$name}{features} }, $features, "$name: as many features");
	load($name);

	my $accuracy = $node->safe_psql('postgres', accuracy_query($name));
	note "$name: $accuracy, $library $expected";
	cmp_ok($accuracy, '>', $expected - 0.01, "$name: accuracy within a point of $library");
	cmp_ok($accuracy, '<', $expected + 0.05, "$name: and not too good to be true");
}

$node->stop;
done_testing();

# A table of text columns c1, c2, ... and whether a row is held out: the rows of
# the test file, or without one every fifth row.
sub load
{
	my ($name) = @_;
	my @columns = map { "c$_" } 1 .. $set{$name}{columns};
	my $names = join ', ', @columns;
	my $types = join ', ', map { "$_ text" } @columns;

	$node->safe_psql('postgres',
		"CREATE TABLE $name (row_number bigserial, part text DEFAULT 'train', $types)");
	copy_file("$name ($names)", $set{$name}{train});
	if ($set{$name}{test})
	{
		$node->safe_psql('postgres', "ALTER TABLE $name ALTER part SET DEFAULT 'test'");
		copy_file("$name ($names)", $set{$name}{test});
	}
	else
	{
		$node->safe_psql('postgres', "UPDATE $name SET part = 'test' WHERE row_number % 5 = 0");
	}
	return;
}

sub copy_file
{
	my ($table, $file) = @_;

	$node->safe_psql('postgres', "COPY $table FROM PROGRAM 'gzip -dc \"$file\"' (FORMAT csv, HEADER)");
	return;
}

sub accuracy_query
{
	my ($name) = @_;
	my $features = join ', ', map { "nullif(c$_, '?')::float8" } @{ $set{$name}{features} };

	return "WITH model AS (
	  SELECT rf_train($set{$name}{label}, ARRAY[$features]) AS forest FROM $name WHERE part = 'train')
	SELECT accuracy($set{$name}{label}, rf_predict((SELECT forest FROM model), ARRAY[$features]))
	FROM $name WHERE part = 'test'";
}
