# CREATE EXTENSION works in a schema of any name, for a user who is no
# superuser, and calls and adopts nothing that somebody else planted.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('install');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

$node->safe_psql('postgres', q{
	CREATE ROLE analyst LOGIN;
	CREATE ROLE mallory LOGIN;
	CREATE DATABASE shop;
	GRANT CREATE ON DATABASE shop TO analyst;
	CREATE DATABASE trapped;
	CREATE DATABASE planted;
});

check_schema_names();
check_refused_names();
check_traps();
check_no_adoption();
check_script();

$node->stop;
done_testing();

# Run sql as a user; returns what psql prints and its errors.
sub run_as
{
	my ($user, $database, $sql) = @_;
	my ($out, $err) = ('', '');

	$node->psql($database, $sql, stdout => \$out, stderr => \$err, extra_params => [ '-U', $user ]);
	return ($out, $err);
}

sub check_schema_names
{
	foreach my $name ('plain', 'Mixed Case', '直播 分析', 'select', 'a;b', '(x)', 'p.q', '100%', 'n' x 63)
	{
		my ($out, $err) = run_as('analyst', 'shop', qq{
			CREATE SCHEMA "$name";
			CREATE EXTENSION liveanalytics SCHEMA "$name";
			SET search_path = '';
			SELECT "$name".interaction_score(1, 2, NULL),
			       count(*) FILTER (WHERE "$name".rf_predict(forest, features) = label) > 0
			FROM (SELECT label, features, "$name".rf_train(label, features, '{"trees": 3}') OVER () AS forest
			      FROM (SELECT (i > 8)::text AS label, ARRAY[i]::float8[] AS features
			            FROM generate_series(1, 16) AS i) AS s) AS t;
			DROP EXTENSION liveanalytics;
			SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
			  AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = '$name');
		});
		is($err, '', "schema $name: no error");
		is($out, "3|t\n0", "schema $name: used with an empty search_path, dropped without a trace");
	}
	return;
}

# PostgreSQL itself refuses these in every script that names its schema
# (CVE-2023-39417).
sub check_refused_names
{
	foreach my $name (q{it's}, q{say ""hi""}, q{a$b}, q{back\\slash})
	{
		my (undef, $err) = run_as('analyst', 'shop', qq{
			CREATE SCHEMA "$name";
			CREATE EXTENSION liveanalytics SCHEMA "$name";
		});
		like($err, qr/^psql:<stdin>:\d+: ERROR:  invalid character in extension "liveanalytics" schema/,
			"schema $name: refused by the server");
	}
	is($node->safe_psql('shop', q{SELECT count(*) FROM pg_extension WHERE extname = 'liveanalytics'}), '0',
		'nothing of a refused installation is there');
	return;
}

# Types, functions and operators that a careless script would pick up.
sub traps
{
	my ($schema) = @_;
	my $sql = '';

	foreach my $type (qw(float8 int8 text jsonb bytea bool int4 linreg confusion))
	{
		$sql .= "CREATE DOMAIN $schema.$type AS pg_catalog.varchar;\n";
	}
	foreach my $function (
		'interaction_score(pg_catalog.int8, pg_catalog.int8, pg_catalog.int8)',
		'accuracy_accum(pg_catalog.int8[], pg_catalog.text, pg_catalog.text)',
		'accuracy_final(pg_catalog.int8[])',
		'now()', 'array_append(pg_catalog.int8[], pg_catalog.int4)', 'abs(pg_catalog.int4)',
		'set_config(pg_catalog.text, pg_catalog.text, pg_catalog.bool)')
	{
		$sql .= "CREATE FUNCTION $schema.$function RETURNS pg_catalog.int8 LANGUAGE plpgsql AS "
		  . "\$\$BEGIN RAISE EXCEPTION 'trap: $function'; END\$\$;\n";
	}
	$sql .= "CREATE FUNCTION $schema.trap(pg_catalog.int8, pg_catalog.int8) RETURNS pg_catalog.int8 LANGUAGE plpgsql AS "
	  . "\$\$BEGIN RAISE EXCEPTION 'trap: operator'; END\$\$;\n";
	foreach my $operator ('+', '=', '-')
	{
		$sql .= "CREATE OPERATOR $schema.$operator (FUNCTION = $schema.trap, LEFTARG = pg_catalog.int8, RIGHTARG = pg_catalog.int8);\n";
	}
	return $sql;
}

# A superuser with the victim's habits: public first, traps in pg_temp too.
sub check_traps
{
	my ($out, $err);

	$node->safe_psql('trapped', 'GRANT CREATE ON SCHEMA public TO mallory');
	($out, $err) = run_as('mallory', 'trapped', traps('public'));
	is($err, '', 'traps are set in public');

	my $user = $node->safe_psql('trapped', 'SELECT current_user');
	($out, $err) = run_as($user, 'trapped', traps('pg_temp') . q{
		CREATE SCHEMA analytics;
		SET search_path = pg_temp, public, pg_catalog;
		CREATE EXTENSION liveanalytics SCHEMA analytics;
		SHOW search_path;
		SELECT analytics.interaction_score(1, 2, 3), analytics.accuracy('a'::pg_catalog.text, 'a');
		RESET search_path;
		SELECT count(*) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND extname = 'liveanalytics'
		WHERE d.classid = 'pg_proc'::regclass;
	});
	is($err, '', 'no trap is sprung by installation and use');
	like($out, qr/\Apg_temp, public, pg_catalog\n6\|1\n[1-9]\d*\z/, 'the search_path of the session comes back');

	# what a member of the extension depends on is the extension's or built in
	is($node->safe_psql('trapped', q{
		SELECT DISTINCT pg_describe_object(other.refclassid, other.refobjid, 0)
		FROM pg_depend member JOIN pg_extension e ON e.oid = member.refobjid AND e.extname = 'liveanalytics'
		  JOIN pg_depend other ON other.classid = member.classid AND other.objid = member.objid
		WHERE member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e' AND other.deptype = 'n'
		  AND other.refobjid >= 16384 AND other.refobjid <> 'analytics'::regnamespace
		  AND NOT EXISTS (SELECT FROM pg_depend own WHERE own.classid = other.refclassid AND own.objid = other.refobjid
		                  AND own.refobjid = e.oid AND own.deptype = 'e')
	}), '', 'nothing in the extension refers to a planted object');
	return;
}

# An object of the same name in the target schema stops the installation.
sub check_no_adoption
{
	$node->safe_psql('planted', 'GRANT CREATE ON SCHEMA public TO mallory');
	run_as('mallory', 'planted', q{CREATE FUNCTION public.interaction_score(bigint, bigint, bigint) RETURNS bigint
		LANGUAGE sql AS 'SELECT 0::bigint'});
	my (undef, $err) = run_as($node->safe_psql('planted', 'SELECT current_user'), 'planted',
		'CREATE EXTENSION liveanalytics SCHEMA public');
	like($err, qr/ERROR:  function "interaction_score" already exists with same argument types/,
		'a planted function is not adopted');
	is($node->safe_psql('planted', q{SELECT count(*) FROM pg_extension WHERE extname = 'liveanalytics'}), '0',
		'and the extension is not there');
	return;
}

# The install and update scripts: no adoption, every own name with its schema.
sub check_script
{
	chdir($top) or die "could not enter $top: $!";
	foreach my $name (glob('sql/[0-9]*.sql sql/liveanalytics--*--*.sql'))
	{
		my $script = slurp_file($name);

		$script =~ s/--.*$//mg;
		unlike($script, qr/\bIF\s+NOT\s+EXISTS\b/i, "$name: no IF NOT EXISTS");
		unlike($script, qr/\bOR\s+REPLACE\b/i, "$name: no OR REPLACE") unless $name =~ /--.*--/;
		my @literals = $script =~ /('(?:[^']|'')*')/g;
		is(join(' ', grep { /\@ext/ } @literals), '', "$name: no schema name inside quotes");
		$script =~ s/'(?:[^']|'')*'//g;

		my @created = $script =~ /\bCREATE\s+(?:FUNCTION|AGGREGATE|TYPE|DOMAIN|VIEW|TABLE|PROCEDURE|CAST|OPERATOR\s+CLASS)\s+(\S+)/gi;
		is(join(' ', grep { !/^(?:\@extschema\@\.|\()/ } @created), '', "$name: objects are made with their schema");

		# a name after "(" or "," and before a word is that of an argument or a column
		my %own = map { /^\@extschema\@\.(\w+)/ ? ($1 => 1) : () } @created;
		my @bare;
		while ($script =~ /(?<![\w.])([a-z_]\w*)\b(?!\s*=[^>])/g)
		{
			my ($word, $before, $after) = ($1, substr($script, 0, $-[1]), substr($script, $+[1]));
			push @bare, $word if $own{$word} && !($before =~ /[(,]\s*\z/ && $after =~ /\A\s+[a-z@]/);
		}
		is("@bare", '', "$name: own names are used with their schema");
	}
	return;
}
