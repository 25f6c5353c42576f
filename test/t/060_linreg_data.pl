# Regression on the reference data of NIST and on real data: digits agreed with
# the certified values; and binary input that no server sent.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = $ENV{LIVEANALYTICS_DATA};

my $node = PostgreSQL::Test::Cluster->new('linreg');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nextra_float_digits = 1");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');

# name, features as SQL over v[1] = y and v[2] = x .., and the least number of
# right digits over the coefficients.  The powers of the Wampler sets are exact
# in double; those of Pontius are rounded once, in the 17th digit.
my @nist = (
	[ 'Norris',   'ARRAY[v[2]]',                                       13 ],
	[ 'Pontius',  'ARRAY[v[2], v[2] * v[2]]',                          12.5 ],
	[ 'Longley',  'v[2:7]',                                            13 ],
	[ 'Wampler1', 'ARRAY[v[2], v[2]^2, v[2]^3, v[2]^4, v[2]^5]',       14.5 ],
	[ 'Wampler2', 'ARRAY[v[2], v[2]^2, v[2]^3, v[2]^4, v[2]^5]',       13 ]);

SKIP:
{
	skip 'the NIST data sets are not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -d "$data/nist_strd";

	# NoInt1 has no intercept, which linreg_fit always fits
	check_nist(@$_) foreach @nist;
}

SKIP:
{
	skip 'the Facebook data set is not here (LIVEANALYTICS_DATA)', 1
	  unless $data && -f "$data/facebook_live_sellers/Live.csv";

	check_facebook("$data/facebook_live_sellers/Live.csv");
}

check_binary();

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

sub check_nist
{
	my ($name, $features, $least) = @_;
	my ($rows, $coef, $stat) = read_nist("$data/nist_strd/$name.dat");
	my $values = join(', ', map { '(ARRAY[' . join(', ', @$_) . ']::float8[])' } @$rows);

	my @got = split /\|/, $node->safe_psql('postgres', qq{
		SELECT array_to_string(linreg_coef(fit), '|'), s.residual_se, s.r2, s.f_value
		FROM (SELECT linreg_fit(v[1], $features) AS fit FROM (VALUES $values) AS t(v)) f, linreg_stats(fit) s});
	my $worst = 15;

	is(scalar(@got), @$coef + 3, "$name: a coefficient for every certified one");
	foreach my $i (0 .. $#$coef)
	{
		my $digits = right_digits($got[$i], $coef->[$i]);

		$worst = $digits if $digits < $worst;
	}
	note sprintf('%s: %.1f right digits in the worst coefficient', $name, $worst);
	cmp_ok($worst, '>=', $least, "$name: $least right digits in every coefficient");
	foreach my $i (0 .. 2)
	{
		my ($what, $certified) = @{ $stat->[$i] };
		my $value = $got[ @$coef + $i ];

		note sprintf('%s: %s %s, certified %s', $name, $what, $value, $certified);
		ok(lc $value eq lc $certified || right_digits($value, $certified) >= 12, "$name: $what");
	}
	return;
}

# The data from line 61 on; certified coefficients; residual standard
# deviation, R-squared and F.
sub read_nist
{
	my ($file) = @_;
	my @lines = split /\r?\n/, slurp_file($file);
	my (@coef, @stat);

	foreach my $line (@lines[ 0 .. 59 ])
	{
		push @coef, $1 if $line =~ /^\s+B\d+\s+(\S+)\s+\S+\s*$/;
		$stat[0] = [ 'residual standard deviation', $1 ] if $line =~ /^\s+Standard Deviation\s+(\S+)\s*$/;
		$stat[1] = [ 'R-squared', $1 ] if $line =~ /^\s+R-Squared\s+(\S+)\s*$/;
		$stat[2] = [ 'F', $1 ] if $line =~ /^Regression\s+\S+\s+\S+\s+\S+\s+(\S+)\s*$/;
	}
	return ([ map { [split] } grep { /\S/ } @lines[ 60 .. $#lines ] ], \@coef, \@stat);
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

# COPY BINARY of one value, whole, then shortened and changed byte by byte.
sub check_binary
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my %state;

	$node->safe_psql('postgres', 'CREATE TABLE model(fit linreg)');
	my $value = pack('H*', $node->safe_psql('postgres', q{
		SELECT encode(linreg_send(linreg_fit(i * i, ARRAY[i, 0.1 * i * i * i])), 'hex') FROM generate_series(1, 9) i}));

	my $copy = sub {
		my ($bytes) = @_;
		open(my $out, '>:raw', "$dir/value") or die "could not write: $!";
		print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), pack('n', 1), pack('N/a*', $bytes), pack('n', 0xffff);
		close($out);
		my ($status, undef, $err) = $node->psql('postgres',
			"\\set VERBOSITY sqlstate\nTRUNCATE model; COPY model FROM '$dir/value' (FORMAT binary); "
			. 'SELECT linreg_coef(fit), linreg_stats(fit), fit FROM model');
		$state{ $status == 0 ? 'read' : $err =~ /ERROR:  (\w+)/ ? $1 : $err }++;
		return $status == 0;
	};

	ok($copy->($value), 'what was sent can be received');
	is($node->safe_psql('postgres', q{SELECT encode(linreg_send(fit), 'hex') FROM model}), unpack('H*', $value),
		'to the bit');
	%state = ();
	$copy->(substr($value, 0, $_)) foreach (0 .. 4, 19 .. 21, length($value) - 1);
	$copy->("$value\0");
	is_deeply(\%state, { '22P03' => 10 }, 'a value of the wrong length is refused');
	%state = ();
	foreach my $place (0 .. 19, map { 20 + 8 * $_ } 0 .. (length($value) - 20) / 8 - 1)
	{
		my $changed = $value;
		substr($changed, $place, 1) = "\377";
		$copy->($changed);
	}
	delete @state{qw(read 22P03 22003)};
	is_deeply(\%state, {}, 'a changed byte is refused, or gives a model of other numbers');
	return;
}
