# A version that was updated is the same as one that was installed afresh, in
# every property that the catalogue has, and so is a live-commerce schema after
# live_upgrade.  Until they are updated, the functions of an older version work
# with the new library.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
$ENV{PGCLIENTENCODING} = 'UTF8';
$ENV{PGTZ} = 'UTC';
chdir($top) or die "could not enter $top: $!";

my ($version) = slurp_file('liveanalytics.control') =~ /^default_version = '(.*)'$/m;
my @older = grep { !/--/ && $_ ne $version } map { /liveanalytics--(.*)\.sql/ } glob('sql/liveanalytics--*.sql');

check_numbers();
check_script_maker();

my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off");
$node->start;

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', q{CREATE SCHEMA "Mine"; CREATE EXTENSION liveanalytics SCHEMA "Mine"; SELECT "Mine".live_setup('live')});
ok(@older > 0, 'there are older versions');
check_version($_, "from_$_") foreach @older;

$node->stop;
done_testing();

# The number of the version is the same wherever it is written.
sub check_numbers
{
	is(join(' ', slurp_file('META.json') =~ /"version": "(\d[^"]*)",?\n(?!\s*"url")/g), "$version $version", 'META.json: the version');
	like(slurp_file('META.json'), qr/"file": "sql\/liveanalytics--\Q$version\E\.sql"/, 'META.json: the install script');
	is((slurp_file('CHANGELOG.md') =~ /^## (\d[\w.]*)/m)[0], $version, 'CHANGELOG.md: the newest version');
	is((slurp_file('debian/changelog') =~ /\A\S+ \(([^)]*)-[^-)]*\)/)[0], $version, 'debian/changelog: the newest version');
	return;
}

# --- the maker of upgrade scripts ---------------------------------------------

# What it makes of two scripts, without the lines before the first statement.
sub made_script
{
	my ($old, $new) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();

	append_to_file("$folder/old.sql", $old);
	append_to_file("$folder/new.sql", $new);
	my ($out, $err) = run_command([ 'awk', '-f', 'scripts/upgrade_script.awk', "$folder/old.sql", "$folder/new.sql" ]);
	unlink("$folder/old.sql", "$folder/new.sql");
	return ("$out\n" =~ s/\A(?:\\echo .*)?\n(?:\n|--.*\n)*//r, $err);
}

sub check_script_maker
{
	my $c = q{RETURNS int AS 'MODULE_PATHNAME', 'f' LANGUAGE C};
	my $body = "RETURNS int\nLANGUAGE plpgsql\nAS \$live\$\nBEGIN\n\tRETURN %s; -- it's\nEND\n\$live\$";
	my $one = sprintf($body, 1);
	my $two = sprintf($body, 2);
	my $f = "CREATE FUNCTION f(a int, b text DEFAULT 'x, y')";
	my @cases = (
		[ 'nothing', "$f $one;\nCOMMENT ON FUNCTION f(int, text) IS 'it''s; f';\n", "-- a comment\n$f $one;\n\nCOMMENT ON FUNCTION f(int, text) IS 'it''s; f';\n", '' ],
		[ 'a body', "$f $one;\n", "$f $two;\n", "CREATE OR REPLACE " . substr($f, 7) . " $two;\n" ],
		[ 'a property', "$f $c COST 1;\n", "$f $c COST 2;\n", "CREATE OR REPLACE " . substr($f, 7) . " $c COST 2;\n" ],
		[ 'the value of a default', "$f $c;\n", ($f =~ s/x, y/z/r) . " $c;\n", 'CREATE OR REPLACE ' . (substr($f, 7) =~ s/x, y/z/r) . " $c;\n" ],
		[ 'a comment', "$f $c;\nCOMMENT ON FUNCTION f(int, text) IS 'f';\n", "$f $c;\nCOMMENT ON FUNCTION f(int, text) IS\n'g';\n", "COMMENT ON FUNCTION f(int, text) IS\n'g';\n" ],
		[ 'a name of an argument', "$f $one;\nCOMMENT ON FUNCTION f(int, text) IS 'f';\n", ($f =~ s/a int/c int/r) . " $one;\nCOMMENT ON FUNCTION f(int, text) IS 'f';\n",
			"DROP FUNCTION f(int, text);\n\n" . ($f =~ s/a int/c int/r) . " $one;\n\nCOMMENT ON FUNCTION f(int, text) IS 'f';\n" ],
		[ 'a result', "CREATE FUNCTION f(OUT a int) $c;\n", "CREATE FUNCTION f(OUT a int, OUT b int) $c;\n", "DROP FUNCTION f();\n\nCREATE FUNCTION f(OUT a int, OUT b int) $c;\n" ],
		[ 'types of arguments', "CREATE FUNCTION f(VARIADIC a int[]) $c;\nCOMMENT ON FUNCTION f(VARIADIC int[]) IS 'f';\n", "CREATE FUNCTION f(VARIADIC a text[]) $c;\nCOMMENT ON FUNCTION f(VARIADIC text[]) IS 'f';\n",
			"DROP FUNCTION f(int[]);\n\nCREATE FUNCTION f(VARIADIC a text[]) $c;\n\nCOMMENT ON FUNCTION f(VARIADIC text[]) IS 'f';\n" ],
		[ 'an aggregate', "CREATE AGGREGATE g(a int) (\n  SFUNC = f, STYPE = int);\n", "CREATE AGGREGATE g(a int) (\n  SFUNC = f, STYPE = int, SSPACE = 9);\n",
			"CREATE OR REPLACE AGGREGATE g(a int) (\n  SFUNC = f, STYPE = int, SSPACE = 9);\n" ],
		[ 'new objects', '', "CREATE TYPE t;\nCREATE TYPE t (\n  INPUT = t_in);\nCREATE OPERATOR | (FUNCTION = f, LEFTARG = t, RIGHTARG = t);\n",
			"CREATE TYPE t;\n\nCREATE TYPE t (\n  INPUT = t_in);\n\nCREATE OPERATOR | (FUNCTION = f, LEFTARG = t, RIGHTARG = t);\n" ],
		[ 'objects that go', "CREATE TYPE t AS (a int);\nCOMMENT ON TYPE t IS 't';\nCREATE OPERATOR | (FUNCTION = f, LEFTARG = t, RIGHTARG = t);\nCOMMENT ON OPERATOR | (t, t) IS 'o';\n", '',
			"DROP OPERATOR |(t, t);\n\nDROP TYPE t;\n" ]);

	foreach my $case (@cases)
	{
		my ($what, $old, $new, $script) = @$case;

		is((made_script($old, $new))[0], $script, "script maker: $what");
	}
	foreach my $case (
		[ 'a base type that is another one', "CREATE TYPE t (\n  INPUT = t_in);\n", "CREATE TYPE t (\n  INPUT = s_in);\n", qr/TYPE t is another one now/ ],
		[ 'a column of a type', "CREATE TYPE t AS (a int);\n", "CREATE TYPE t AS (a text);\n", qr/TYPE t is another one now/ ],
		[ 'a base type that goes', "CREATE TYPE t (\n  INPUT = t_in);\n", '', qr/TYPE t is not there any more/ ],
		[ 'a query', '', "SELECT 1;\n", qr/a statement of a kind that is not known: SELECT 1/ ],
		[ 'half a statement', '', "CREATE TYPE t\n", qr/ends within a statement/ ])
	{
		my ($what, $old, $new, $error) = @$case;
		my ($out, $err) = made_script($old, $new);

		is($out, '', "script maker: $what: no script");
		like($err, $error, 'and says why');
	}
	return;
}

# --- versions ----------------------------------------------------------------

sub catalogue
{
	my ($database, $part) = @_;

	return $node->safe_psql($database, slurp_file("scripts/catalog_of_$part.sql"), extra_params => [ '-v', 'schema=live' ]);
}

# Lines of either list that the other has not: what is() would print is long.
sub difference
{
	my ($upgraded, $fresh) = @_;
	my %count;

	$count{$_}++ foreach split /\n/, $fresh;
	$count{$_}-- foreach split /\n/, $upgraded;
	return join("\n", map { ($count{$_} > 0 ? 'fresh: ' : 'upgraded: ') . $_ } grep { $count{$_} } sort keys %count);
}

sub check_version
{
	my ($older, $database) = @_;
	my $symbols = join(' ', sort map { $_ // '' } slurp_file("sql/liveanalytics--$older.sql") =~ /AS 'MODULE_PATHNAME', '(\w+)'/g);

	isnt($symbols, '', "$older: its script names functions of the library");
	$node->safe_psql('postgres', qq{CREATE DATABASE "$database"});
	# looks each function up in the library
	$node->safe_psql($database, qq{CREATE SCHEMA "Mine"; CREATE EXTENSION liveanalytics SCHEMA "Mine" VERSION '$older'});
	$node->safe_psql($database, qq{ALTER DATABASE "$database" SET search_path = "Mine"});
	use_older($older, $database);
	$node->safe_psql($database, 'ALTER EXTENSION liveanalytics UPDATE');
	is($node->safe_psql($database, q{SELECT extversion FROM pg_extension WHERE extname = 'liveanalytics'}), $version, "$older: updated to $version");
	is(difference(catalogue($database, 'extension'), catalogue('fresh', 'extension')), '', "$older: updated, it is the same as a fresh $version");
	check_live_schema($older, $database);
	return;
}

# The older functions with the library of now: what they make is there to be
# upgraded, and is used after that.
sub use_older
{
	my ($older, $database) = @_;

	is($node->safe_psql($database, q{
		CREATE TABLE model AS
		SELECT rf_train(i > 8, ARRAY[i]::float8[]) AS forest, linreg_fit(2 * i, i) AS line, kmeans_fit(ARRAY[i]::float8[], 2) AS clusters,
		  logreg_fit(i % 5 > 1, ARRAY[i]::float8[], '{"l2": 1}') AS logistic, viewer_set_agg(i) AS audience
		FROM generate_series(1, 16) AS i;
		CREATE VIEW predicted AS
		SELECT rf_predict(forest, '{12}') AS forest, linreg_predict(line, 12) AS line, kmeans_predict(clusters, ARRAY[12]::float8[]) = kmeans_predict(clusters, ARRAY[16]::float8[]) AS cluster,
		  logreg_predict(logistic, ARRAY[12]::float8[]) > 0.5 AS logistic, cardinality(audience) AS viewers FROM model;
		SELECT * FROM predicted
	}), 'true|24|t|t|16', "$older: its functions work with the library of $version");
	is($node->safe_psql($database, q{
		SELECT live_setup('live') ~ 'ready';
		SELECT streams, events > 100 FROM live_simulate('live', '{"streams": 3, "viewers": 150, "minutes": 20, "start": "2026-10-01"}');
		CALL live_refresh('live');
		SELECT count(*) FROM live_verify('live')
	}), "t\n3|t\n0", "$older: a live-commerce schema with data");
	return;
}

sub check_live_schema
{
	my ($older, $database) = @_;
	my $contents = q{SELECT (SELECT count(*) || ' ' || md5(string_agg(e.*::text, '' ORDER BY e.*::text)) FROM live.event e),
		(SELECT count(*) || ' ' || md5(string_agg(v.viewer_id || ' ' || v.stream_id, ' ' ORDER BY 1, v.viewer_id, v.stream_id)) FROM live.roll_viewer v)};
	my $before = $node->safe_psql($database, $contents);

	is($node->safe_psql($database, 'SELECT * FROM predicted'), 'true|24|t|t|16', "$older: models and views upon them, after the update");
	if ($older eq '0.1.0')
	{
		my (undef, undef, $error) = $node->psql($database, q{CALL live_refresh('live')});
		like($error, qr/are those of an older version.*SELECT live_upgrade\('live'\)/s, "$older: what is to be done first is said");
	}
	is($node->safe_psql($database, q{SELECT live_upgrade('live') ~ 'ready'}), 't', "$older: live_upgrade");
	is(difference(catalogue($database, 'schema'), catalogue('fresh', 'schema')), '', "$older: the schema is the same as a fresh one");
	is($node->safe_psql($database, $contents), $before, "$older: rows stay as they were");
	is($node->safe_psql($database, q{
		SELECT accepted FROM live_ingest('live', 'generic', '{"events": [{"id": "late", "stream": "late", "viewer": "x", "type": "like", "ts": "2026-10-01T12:05:00Z"}]}');
		CALL live_refresh('live');
		SELECT count(*) FROM live_verify('live');
		SELECT live_upgrade('live') ~ 'ready'
	}), "1\n0\nt", "$older: payloads, rollups, their check and another live_upgrade after it");
	return;
}
