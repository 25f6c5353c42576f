# Regression on the reference data of NIST and on real data: digits agreed with
# the certified values; and binary input that no server sent.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/../perl";

use Math::BigFloat;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use LiveAnalyticsTest;

my $data = $ENV{LIVEANALYTICS_DATA};

my $node = PostgreSQL::Test::Cluster->new('linreg');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nextra_float_digits = 1");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

# name, features as SQL over v[1] = y and v[2] = x .., the least number of right
# digits over the coefficients and over their standard errors, and the aggregate
# where that is another. The powers of the Wampler sets are exact in double;
# those of Pontius are rounded once, in the 17th digit.
my $powers = 'ARRAY[v[2], v[2]^2, v[2]^3, v[2]^4, v[2]^5]';
my @nist = (
	[ 'Norris',   'ARRAY[v[2]]',              13,   13 ],
	[ 'Pontius',  'ARRAY[v[2], v[2] * v[2]]', 12.5, 12.5 ],
	[ 'NoInt1',   'ARRAY[v[2]]',              14.5, 14.5, 'linreg_fit_origin' ],
	[ 'Longley',  'v[2:7]',                   13,   13 ],
	[ 'Wampler1', $powers,                    14.5, 14.5 ],
	[ 'Wampler2', $powers,                    13,   14.5 ]);

SKIP:
{
	skip 'the NIST data sets are not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -d "$data/nist_strd";

	check_nist(@$_) foreach @nist;
}

SKIP:
{
	skip 'the Facebook data set is not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -f "$data/facebook_live_sellers/Live.csv";

	check_facebook("$data/facebook_live_sellers/Live.csv");
}

check_wampler();
check_filip();
check_binary('linreg_fit(i * i, ARRAY[i, 0.1 * i * i * i])');
check_binary('linreg_fit_origin(i * i, ARRAY[i, 0.1 * i * i * i], i % 4)');

$node->stop;
done_testing();

# -log10 of the relative error; 15 when there is none that the certified
# value, of 15 digits, could show.
sub right_digits
{
	my ($value, $certified) = @_;
	my $error = $certified == 0 ? abs($value) : abs($value / $certified - 1);

	return $error < 1e-15 ? 15 : -log($error) / log(10);
}

# The fewest right digits of some values; NULLs and missing values have none.
sub fewest_digits
{
	my ($values, $certified) = @_;
	my $worst = @$values == @$certified ? 15 : -1;

	foreach my $i (0 .. $#$certified)
	{
		my $digits = ($values->[$i] // '') eq '' ? -1 : right_digits($values->[$i], $certified->[$i]);

		$worst = $digits if $digits < $worst;
	}
	return $worst;
}

# Estimates and standard errors of a fit, then residual_se, r2 and f_value.
sub fit
{
	my ($aggregate, $features, $rows) = @_;
	my $values = join(', ', map { '(ARRAY[' . join(', ', @$_) . ']::float8[])' } @$rows);
	my @lines = split /\n/, $node->safe_psql('postgres', qq{
		WITH f AS MATERIALIZED (SELECT $aggregate(v[1], $features) AS fit FROM (VALUES $values) AS t(v))
		SELECT estimate, std_error FROM f, linreg_terms(fit) UNION ALL
		SELECT residual_se, r2 FROM f, linreg_stats(fit) UNION ALL SELECT f_value, NULL FROM f, linreg_stats(fit)});
	my @pairs = map { [ split /\|/ ] } @lines;
	my ($stat, $f) = splice(@pairs, -2);

	return ([ map { $_->[0] } @pairs ], [ map { $_->[1] } @pairs ], [ @$stat, $f->[0] ]);
}

sub check_nist
{
	my ($name, $features, $least_coef, $least_error, $aggregate) = @_;
	my ($rows, $coef, $error, $stat) = read_nist("$data/nist_strd/$name.dat");
	my ($got_coef, $got_error, $got_stat) = fit($aggregate // 'linreg_fit', $features, $rows);
	my $digits = fewest_digits($got_coef, $coef);

	cmp_ok($digits, '>=', $least_coef, sprintf("%s: %s right digits in every coefficient (%.1f)", $name, $least_coef, $digits));
	$digits = fewest_digits($got_error, $error);
	cmp_ok($digits, '>=', $least_error, sprintf("%s: %s right digits in every standard error (%.1f)", $name, $least_error, $digits));
	foreach my $i (0 .. 2)
	{
		my ($what, $certified) = @{ $stat->[$i] };
		my $value = $got_stat->[$i];

		note sprintf('%s: %s %s, certified %s', $name, $what, $value, $certified);
		ok(lc $value eq lc $certified || right_digits($value, $certified) >= 12, "$name: $what");
	}
	return;
}

# Polynomials of Wampler's kind: y = 1 + x + .. + x^5 for x = 0 .. 20, and on
# top of that a disturbance that is orthogonal to all of them, times 1, 100 and
# 10,000. It leaves the coefficients as they are, to the last digit.
sub check_wampler
{
	# the sixth difference at four places: orthogonal to polynomials of degree 5
	my @disturbance = (0) x 21;
	my @difference = (1, -6, 15, -20, 15, -6, 1);
	my $squares = 0;

	foreach my $start (0, 4, 9, 14)
	{
		$disturbance[ $start + $_ ] += 37 * $difference[$_] foreach (0 .. 6);
	}
	$squares += $_ * $_ foreach @disturbance;
	foreach my $factor (0, 1, 100, 10000)
	{
		my @rows;

		foreach my $x (0 .. 20)
		{
			my $y = 0;

			$y = $y * $x + 1 foreach (0 .. 5);
			push @rows, [ $y + $factor * $disturbance[$x], $x ];
		}
		my ($coef, $error, $stat) = fit('linreg_fit', $powers, \@rows);

		cmp_ok(fewest_digits($coef, [ (1) x 6 ]), '>=', 14, "polynomial of degree 5, disturbed by $factor: the coefficients");
		cmp_ok(abs($stat->[0] - $factor * sqrt($squares / 15)), '<=', 1e-14 * $factor * sqrt($squares / 15), 'and the residual error');
	}
	return;
}

# A polynomial of degree 10 where x runs from -9 to -3, as in NIST's Filip. The
# powers do not fit into a double, which alone costs half of the digits: what is
# fitted is compared with the solution for the rounded powers, of numbers with
# 100 digits.
sub check_filip
{
	my (@rows, @exact);

	foreach my $i (0 .. 81)
	{
		my $x = -9 + $i * 0.0731;

		push @rows, [ sprintf('%.4f', 0.9 + 0.03 * sin(3 * $x) + 0.001 * (($i * 37) % 11)), sprintf('%.6f', $x) ];
	}
	my $features = 'ARRAY[v[2], ' . join(', ', map { "v[2]^$_" } 2 .. 10) . ']';
	my $values = join(', ', map { "(ARRAY[$_->[0], $_->[1]]::float8[])" } @rows);
	my ($coef) = fit('linreg_fit', $features, \@rows);

	foreach my $line (split /\n/, $node->safe_psql('postgres', qq{
		SELECT array_to_string(v[1] || $features, '|') FROM (VALUES $values) AS t(v)}))
	{
		push @exact, [ map { Math::BigFloat->new(exact_decimal($_)) } split /\|/, $line ];
	}
	my $solution = solve_exactly(\@exact);
	my $digits = fewest_digits($coef, $solution);

	cmp_ok($digits, '>=', 12, sprintf('polynomial of degree 10: 12 right digits in every coefficient (%.1f)', $digits));
	return;
}

# All the digits of the double that a shortest decimal stands for.
sub exact_decimal
{
	my ($text) = @_;

	return sprintf('%.1100f', $text) =~ s/0+\z//r =~ s/\.\z//r;
}

# Least squares with an intercept by normal equations of 100 digits; a row is y,
# x1, x2, ..
sub solve_exactly
{
	my ($rows) = @_;
	my @design = map { my ($y, @x) = @$_; [ Math::BigFloat->new(1), @x, $y ] } @$rows;
	my $q = $#{ $design[0] };
	my @a;

	Math::BigFloat->accuracy(100);
	foreach my $i (0 .. $q - 1)
	{
		foreach my $j (0 .. $q)
		{
			$a[$i][$j] = Math::BigFloat->new(0);
			$a[$i][$j] += $_->[$i] * $_->[$j] foreach @design;
		}
	}
	foreach my $k (0 .. $q - 1)
	{
		foreach my $i (grep { $_ != $k } 0 .. $q - 1)
		{
			my $factor = $a[$i][$k] / $a[$k][$k];

			$a[$i][$_] -= $factor * $a[$k][$_] foreach ($k .. $q);
		}
	}
	return [ map { ($a[$_][$q] / $a[$_][$_])->numify } 0 .. $q - 1 ];
}

# The data from line 61 on; certified coefficients and errors; residual standard
# deviation, R-squared and F.
sub read_nist
{
	my ($file) = @_;
	my @lines = split /\r?\n/, slurp_file($file);
	my (@coef, @error, @stat);

	foreach my $line (@lines[ 0 .. 59 ])
	{
		if ($line =~ /^\s+B\d+\s+(\S+)\s+(\S+)\s*$/)
		{
			push @coef, $1;
			push @error, $2;
		}
		$stat[0] = [ 'residual standard deviation', $1 ] if $line =~ /^\s+Standard Deviation\s+(\S+)\s*$/;
		$stat[1] = [ 'R-squared', $1 ] if $line =~ /^\s+R-Squared\s+(\S+)\s*$/;
		$stat[2] = [ 'F', $1 ] if $line =~ /^Regression\s+\S+\s+\S+\s+\S+\s+(\S+)\s*$/;
	}
	return ([ map { [split] } grep { /\S/ } @lines[ 60 .. $#lines ] ], \@coef, \@error, \@stat);
}

# Coefficients and R2 of R's lm, to all the digits they are known to.
sub check_facebook
{
	my ($file) = @_;

	$node->safe_psql('postgres', q{
		CREATE TABLE post(status_id text, status_type text, status_published text, num_comments int, num_shares int,
			num_reactions int, num_likes int, num_loves int, num_wows int, num_hahas int, num_sads int, num_angrys int)});
	$node->psql('postgres', "\\copy post FROM '$file' CSV HEADER", on_error_stop => 1);
	is($node->safe_psql('postgres', q{
		SELECT n, round(c[1]::numeric, 9), round(c[2]::numeric, 14), round(c[3]::numeric, 13), round(c[4]::numeric, 11), round(r2::numeric, 10)
		FROM (SELECT linreg_fit(num_reactions, ARRAY[num_comments, num_shares, num_loves]) AS fit FROM post) f,
			linreg_coef(fit) c, linreg_stats(fit)}),
		'7050|185.538086398|-0.00752889896714|0.0397832986866|3.50987674993|0.0931514475',
		'reactions on Facebook as of R');
	return;
}

# Bytes that no server sent, of the condensed rows of a fit.
sub check_binary
{
	my ($fit) = @_;

	check_binary_input($node,
		type => 'linreg',
		value => "SELECT encode(linreg_send($fit), 'hex') FROM generate_series(1, 9) i",
		use => 'SELECT linreg_coef(value), linreg_stats(value), value, linreg_combine(value, value) FROM received; '
		  . 'SELECT linreg_interval(value, array_fill(1::float8, ARRAY[2]), 0.9) FROM received WHERE cardinality(linreg_coef(value)) = 3; '
		  . 'SELECT t.* FROM received, linreg_terms(value) t',
		lengths => [ 0 .. 4, 19 .. 21 ],
		places => [ 0 .. 19, map { 20 + 8 * $_ } 0 .. 99 ],
		cut => ['22P03'],
		changed => [qw(22P03 22003 22023)]);
	return;
}
