# Logistic regression against R's glm on published data, and statsmodels and
# scikit-learn on rows made of whole numbers; a fit that is cancelled; binary
# and text input that no server sent.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

my $data = $ENV{LIVEANALYTICS_DATA};
my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";

my $node = PostgreSQL::Test::Cluster->new('logreg');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nextra_float_digits = 1");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

SKIP:
{
	skip 'the reference data sets are not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -d "$data/logistic_reference";

	check_published('pima', 'pima_train.csv', 'npreg float8, glu float8, bp float8, skin float8, bmi float8, ped float8, age float8, type int',
		'type = 1', qw(npreg glu bp skin bmi ped age));
	check_published('spector', 'spector.csv', 'obs int, gpa float8, tuce float8, psi float8, grade int', 'grade = 1', qw(gpa tuce psi));
	check_held_out();
}

check_reference();
check_shuffled();
check_cancel();
check_input();

$node->stop;
done_testing();

sub near
{
	my ($got, $expected, $tolerance, $what) = @_;
	my $error = $got eq '' ? 'inf' : abs($got - $expected) / (abs($expected) || 1);

	ok($error <= $tolerance, "$what: $got") or diag("expected $expected, off by $error");
	return;
}

# Estimates to 1e-8, standard errors to 1e-6, likelihood to 1e-10; the digits
# that the file holds of the last two are fewer.
sub check_published
{
	my ($name, $file, $columns, $label, @features) = @_;
	my $list = join(', ', @features);
	my %coef;
	my %stat;

	foreach (split /\r?\n/, slurp_file("$data/logistic_reference/${name}_coef.csv"))
	{
		my ($term, $estimate, $error) = split /,/;
		$stat{$1} = $estimate if $term =~ /^#(\w+)/;
		$coef{$term} = [ $estimate, $error ] unless $term =~ /^#/ || $term eq 'term';
	}
	$node->safe_psql('postgres', "CREATE TABLE $name ($columns)");
	$node->psql('postgres', "\\copy $name FROM '$data/logistic_reference/$file' CSV HEADER", on_error_stop => 1);
	my @rows = split /\n/, $node->safe_psql('postgres', qq{
		SELECT term, estimate, std_error FROM logreg_terms((SELECT logreg_fit($label, ARRAY[$list]) FROM $name), string_to_array('$list', ', '))});
	is(scalar(@rows), scalar(keys %coef), "$name: a term for every one published");
	foreach (@rows)
	{
		my ($term, $estimate, $error) = split /\|/;
		near($estimate, $coef{$term}[0], 1e-8, "$name: estimate of $term");
		near($error, $coef{$term}[1], 1e-6, "$name: standard error of $term");
	}
	my ($n, $likelihood, $deviance, $null_deviance, $aic) = split /\|/, $node->safe_psql('postgres', qq{
		SELECT n, log_likelihood, deviance, null_deviance, aic FROM logreg_stats((SELECT logreg_fit($label, ARRAY[$list]) FROM $name))});
	is($n, $stat{n}, "$name: rows");
	near($likelihood, $stat{log_likelihood}, 1e-10, "$name: log-likelihood");
	near($deviance, $stat{deviance}, 1e-10, "$name: deviance");
	near($null_deviance, $stat{null_deviance}, 1e-10, "$name: null deviance");
	near($aic, $stat{aic}, 1e-10, "$name: AIC");
	return;
}

# R's predictions from the training rows are right for 266 of 332 test rows.
sub check_held_out
{
	$node->safe_psql('postgres', 'CREATE TABLE pima_test (LIKE pima)');
	$node->psql('postgres', "\\copy pima_test FROM '$data/logistic_reference/pima_test.csv' CSV HEADER", on_error_stop => 1);
	is($node->safe_psql('postgres', q{
		SELECT count(*) FILTER (WHERE (type = 1)::text = logreg_predict_class(fit, x)), count(*) FILTER (WHERE (type = 1) = (logreg_predict(fit, x) > 0.5))
		FROM (SELECT logreg_fit(type = 1, ARRAY[npreg, glu, bp, skin, bmi, ped, age]) AS fit FROM pima) f,
			(SELECT type, ARRAY[npreg, glu, bp, skin, bmi, ped, age] AS x FROM pima_test) t}), '266|266', 'held-out predictions as of R');
	return;
}

# test/data/logreg_reference.csv
sub check_reference
{
	my %options = ('two' => 'x', 'three' => 'x');
	$options{"$_ l2 0.5"} = q{x[:2], '{"l2": 0.5}'} foreach qw(two three);
	$options{"$_ l2 20.0"} = q{x[:2], '{"l2": 20}'} foreach qw(two three);

	$node->safe_psql('postgres', q{
		CREATE TABLE made AS SELECT ARRAY[i % 10, i * 31 % 17 / 4.0, (i * i % 23 - 11) * 1e3]::float8[] AS x,
			CASE WHEN i * 7919 % 101 < 40 - i % 10 THEN 'a' WHEN i * 104729 % 97 < 50 THEN 'b' ELSE 'c' END AS three,
			i * 7919 % 101 < 20 + 5 * (i % 10) AS two
		FROM generate_series(1, 500) i});
	my %fitted;
	foreach my $model (keys %options)
	{
		my ($label) = split / /, $model;
		my $fit = "(SELECT logreg_fit($label, $options{$model}) FROM made)";

		foreach (split /\n/, $node->safe_psql('postgres', qq{
			SELECT rank() OVER (ORDER BY class), row_number() OVER (PARTITION BY class ORDER BY term) - 1, estimate, std_error FROM logreg_terms($fit)
			UNION ALL SELECT NULL, NULL, log_likelihood, NULL FROM logreg_stats($fit)}))
		{
			my ($c, $term, $estimate, $error) = split /\|/, $_, -1;
			$c = $c <= 1 ? 1 : 2 if $c ne '';
			$fitted{"$model,$c," . ($term eq '' ? 'log_likelihood' : $term)} = [ $estimate, $error ];
		}
	}
	foreach (split /\n/, slurp_file("$top/test/data/logreg_reference.csv"))
	{
		my ($model, $c, $term, $estimate, $error) = split /,/, $_, -1;
		my $got = $fitted{"$model,$c,$term"} // ['', ''];

		near($got->[0], $estimate, $term eq 'log_likelihood' ? 1e-10 : 1e-8, "$model, class $c, $term");
		near($got->[1], $error, 1e-6, "$model, class $c, $term: standard error") if $error ne '';
	}
	return;
}

# Models of the same rows in ten orders, and split over workers, byte by byte.
sub check_shuffled
{
	is($node->safe_psql('postgres', q{
		SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
		CREATE TABLE shuffled AS SELECT ARRAY[sin(i), i % 7, exp(cos(i * 3))]::float8[] AS x, (i * 7919 % 101 < 50)::text AS two,
			(i * 7919 % 101 / 30)::text AS four, i FROM generate_series(1, 20000) i;
		SELECT count(DISTINCT logreg_send(a)), count(DISTINCT logreg_send(b))
		FROM (SELECT logreg_fit(two, x ORDER BY md5((i * k)::text)) AS a, logreg_fit(four, x ORDER BY md5((i * k)::text)) AS b
			FROM shuffled, generate_series(1, 9) k GROUP BY k
			UNION ALL SELECT logreg_fit(two, x), logreg_fit(four, x) FROM shuffled) f}), '1|1', 'the order of rows leaves no trace');
	return;
}

# A fit over many rows and features ends soon after a timeout.
sub check_cancel
{
	my (undef, undef, $err) = $node->psql('postgres', q{
		CREATE TABLE large AS SELECT i % 3 = 0 AS y, (SELECT array_agg(sin(i * j)) FROM generate_series(1, 200) j) AS x FROM generate_series(1, 20000) i;
		SET statement_timeout = '700ms';
		SELECT logreg_fit(y, x) FROM large, generate_series(1, 20)});

	like($err, qr/canceling statement due to statement timeout/, 'a long fit can be cancelled');
	return;
}

# Bytes and text that no server sent.
sub check_input
{
	my $use = q{SELECT logreg_predict_proba(value, ARRAY[1, 2, 3]), logreg_predict_class(value, ARRAY[1, 2, 3]), logreg_classes(value), logreg_stats(value), value FROM received;
		SELECT t.* FROM received, logreg_terms(value) t};

	# 22021: a label that is no text of this encoding; 2202E: another number of features
	check_binary_input($node,
		type => 'logreg',
		value => q{SELECT encode(logreg_send(logreg_fit(three, x)), 'hex') FROM made},
		use => $use,
		lengths => [ 0 .. 4, 7 .. 9, 40, 100 ],
		places => [ 0 .. 47, map { 48 + 8 * $_ } 0 .. 99 ],
		cut => [qw(22P03 08P01)],
		changed => [qw(22P03 08P01 22021 2202E)]);

	# random damage, by a generator of its own so that it repeats
	my $seed = 42;
	my $random = sub { $seed = ($seed * 1103515245 + 12345) & 0x7fffffff; return ($seed >> 8) % $_[0] };
	my $text = $node->safe_psql('postgres', q{SELECT logreg_fit(three, x) FROM made});
	my @parts = ($text =~ /("\w+"|[\d.eE+-]+|true|false|null|\S)/g);
	my $script = "\\set VERBOSITY sqlstate\n\\set ON_ERROR_STOP 0\n";
	foreach (1 .. 400)
	{
		my @changed = @parts;
		$changed[ $random->(scalar @changed) ] = (qw(null -1 0 1e308 1e999 "x" [] {} true), '', ',')[ $random->(11) ] foreach 1 .. 1 + $random->(2);
		my $damaged = join('', @changed);
		$script .= "TRUNCATE received; INSERT INTO received VALUES ('$damaged'); $use;\n";
	}
	my (undef, undef, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my %seen;
	$seen{$1}++ while $err =~ /ERROR:  (\w+)/g;
	# not JSON, not a model, out of range, another format, another shape
	delete @seen{qw(22P02 22003 0A000 2202E 22023)};
	is_deeply(\%seen, {}, 'damaged text is refused, or gives a model of other numbers');
	is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is alive');
	unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set/, 'and its log is clean');
	return;
}
