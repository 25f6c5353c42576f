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
	CREATE DATABASE clean;
	CREATE DATABASE trapped;
	CREATE DATABASE escalation;
	CREATE DATABASE updated;
	CREATE DATABASE planted;
	GRANT CREATE ON DATABASE shop, escalation, updated TO analyst;
});

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('clean', 'CREATE EXTENSION liveanalytics');

check_schema_names();
check_exact_arguments();
check_traps();
check_escalation();
check_update();
check_settings();
check_odd_targets();
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
	foreach my $name ('plain', 'Mixed Case', '直播 分析', 'select', 'a;b', '(x)', 'p.q', '100%', 'n' x 63,
		q{it's}, q{say "hi"}, 'a$b', 'back\\slash', q{''}, q{"}, '"' x 63, '$$', '$user ', q{', "public}, '\\\\',
		'PG_TEMP', '@extschema@', 'MODULE_PATHNAME', "two\nlines", ' ')
	{
		my $label = 'schema ' . $name =~ s/\n/\\n/r;
		my $schema = '"' . $name =~ s/"/""/gr . '"';
		my $literal = q{'} . $name =~ s/'/''/gr . q{'};

		my ($out, $err) = run_as('analyst', 'shop', qq{
			CREATE SCHEMA $schema;
			CREATE EXTENSION liveanalytics SCHEMA $schema;
			SET search_path = '';
			SELECT $schema.interaction_score(1, 2, NULL),
			       count(*) FILTER (WHERE $schema.rf_predict(forest, features) = label) > 0
			FROM (SELECT label, features, $schema.rf_train(label, features, '{"trees": 3}') OVER () AS forest
			      FROM (SELECT (i > 8)::text AS label, ARRAY[i]::float8[] AS features
			            FROM generate_series(1, 16) AS i) AS s) AS t;
		});
		is($err, '', "$label: no error");
		is($out, '3|t', "$label: used with an empty search_path");
		is(foreign_references('shop', $literal), '', "$label: everything is there");

		($out, $err) = run_as('analyst', 'shop', qq{
			DROP EXTENSION liveanalytics;
			SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass
			  AND refobjid = (SELECT oid FROM pg_namespace WHERE nspname = $literal);
			DROP SCHEMA $schema;
		});
		is("$out$err", '0', "$label: dropped without a trace");
	}
	return;
}

# Whatever the members of the extension refer to that is not built in, not a
# member and not the schema (given as a literal): by pg_depend and, since that
# leaves out what the server pins, by the columns with functions and types.
sub foreign_references
{
	my ($database, $schema) = @_;

	return $node->safe_psql($database, qq{
		WITH extension AS (SELECT oid FROM pg_extension WHERE extname = 'liveanalytics'),
		declared AS (
			SELECT classid, objid FROM pg_depend, extension
			WHERE refclassid = 'pg_extension'::regclass AND refobjid = oid AND deptype = 'e'),
		member AS (
			SELECT classid, objid FROM declared
			UNION ALL
			-- a type's array comes and goes with it
			SELECT classid, typarray FROM declared JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid WHERE typarray <> 0),
		reference AS (
			SELECT classid, objid, refclassid, refobjid
			FROM pg_depend JOIN member USING (classid, objid) WHERE deptype <> 'e'
			UNION ALL
			SELECT classid, objid, 'pg_proc'::regclass, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn,
				aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[])
			FROM pg_aggregate JOIN member ON classid = 'pg_proc'::regclass AND objid = aggfnoid
			UNION ALL
			SELECT classid, objid, 'pg_proc'::regclass, unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin,
				typmodout, typanalyze, typsubscript]::oid[])
			FROM pg_type t JOIN member ON classid = 'pg_type'::regclass AND objid = t.oid
			UNION ALL
			SELECT classid, objid, 'pg_proc'::regclass, unnest(ARRAY[oprcode, oprrest, oprjoin]::oid[])
			FROM pg_operator o JOIN member ON classid = 'pg_operator'::regclass AND objid = o.oid
			UNION ALL
			SELECT classid, objid, 'pg_operator'::regclass, unnest(ARRAY[oprcom, oprnegate])
			FROM pg_operator o JOIN member ON classid = 'pg_operator'::regclass AND objid = o.oid
			UNION ALL
			SELECT classid, objid, 'pg_type'::regclass, unnest(prorettype || coalesce(proallargtypes, proargtypes::oid[]))
			FROM pg_proc p JOIN member ON classid = 'pg_proc'::regclass AND objid = p.oid)
		SELECT 'no members' WHERE (SELECT count(*) FROM member) < 50
		UNION ALL
		SELECT DISTINCT pg_describe_object(classid, objid, 0) || ' -> ' || pg_describe_object(refclassid, refobjid, 0)
		FROM reference
		WHERE refobjid >= 16384 AND (refclassid, refobjid) NOT IN (SELECT classid, objid FROM member)
		  AND (refclassid, refobjid) NOT IN (SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname = $schema)
	});
}

# Each support function of an aggregate takes just the types that PostgreSQL
# looks for. Otherwise the best match would be taken, and that may be planted.
sub check_exact_arguments
{
	is($node->safe_psql('clean', q{
		SELECT aggfnoid::regprocedure
		FROM pg_aggregate JOIN pg_proc aggregate ON aggregate.oid = aggfnoid
		  JOIN pg_proc trans ON trans.oid = aggtransfn
		  LEFT JOIN pg_proc final ON final.oid = aggfinalfn
		  LEFT JOIN pg_proc combine ON combine.oid = aggcombinefn
		  LEFT JOIN pg_proc enter ON enter.oid = aggmtransfn
		  LEFT JOIN pg_proc leave ON leave.oid = aggminvtransfn
		  LEFT JOIN pg_proc frame ON frame.oid = aggmfinalfn
		WHERE aggfnoid >= 16384
		  AND (trans.proargtypes::text <> concat_ws(' ', aggtranstype::oid, aggregate.proargtypes::text)
		    OR final.proargtypes::text <> aggtranstype::oid::text
		    OR combine.proargtypes::text <> concat_ws(' ', aggtranstype::oid, aggtranstype::oid)
		    OR enter.proargtypes::text <> concat_ws(' ', aggmtranstype::oid, aggregate.proargtypes::text)
		    OR leave.proargtypes::text <> enter.proargtypes::text
		    OR frame.proargtypes::text <> aggmtranstype::oid::text
		    OR aggserialfn <> 0 OR aggdeserialfn <> 0
		    OR aggsortop <> 0)
	}), '', 'support functions of aggregates take exactly what is looked for');
	return;
}

# Types, functions and operators that a careless script would pick up. Each
# function of the extension gets overloads that match a call of it: with the
# extension's types as anyelement, all polymorphic, binary coercible, variadic,
# and with an argument more that has a default.
sub traps
{
	my ($schema) = @_;
	my $sql = '';
	my @arrays = split /\n/, $node->safe_psql('clean', q{SELECT typname FROM pg_type WHERE oid >= 16384 AND typname ~ '^_'});
	my %exact;

	$sql .= "CREATE DOMAIN $schema.$_ AS pg_catalog.varchar;\n"
	  foreach qw(float8 int8 text jsonb bytea bool int4 internal cstring), @arrays;

	my @signatures = map { [ split /[|,]/ ] } split /\n/, $node->safe_psql('clean', q{
		SELECT proname, string_agg(CASE WHEN t.oid >= 16384 THEN '' ELSE 'pg_catalog.' END || typname, ',' ORDER BY i)
		FROM pg_proc p, unnest(proargtypes) WITH ORDINALITY AS a (type, i) JOIN pg_type t ON t.oid = type
		WHERE p.oid IN (SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = refobjid AND extname = 'liveanalytics'
		                WHERE d.deptype = 'e' AND classid = 'pg_proc'::regclass)
		GROUP BY p.oid, proname ORDER BY p.oid
	});
	$exact{"@$_"} = 1 foreach @signatures;

	my @functions = ('now()', 'array_append(pg_catalog._int8, pg_catalog.int4)', 'abs(pg_catalog.int4)',
		'set_config(pg_catalog.text, pg_catalog.text, pg_catalog.bool)', 'array_in(pg_catalog.text)');
	foreach (@signatures)
	{
		my ($name, @types) = @$_;
		my @open = map { /^\w+$|\.(?:internal|cstring)$/ ? 'pg_catalog.anyelement' : $_ } @types;
		my @coercible = map { s/\.text$/.varchar/r =~ s/\._\w+$/.anyarray/r =~ s/\.(?:jsonb|bytea)$/.anynonarray/r } @open;

		foreach my $arguments (\@open, \@coercible, [ ('pg_catalog.anyelement') x @types ],
			[ @open[ 0 .. $#open - 1 ], 'VARIADIC pg_catalog.anyarray' ],
			[ @open, 'more pg_catalog.int4 DEFAULT 0' ])
		{
			my $types = join(' ', map { /(pg_catalog\.\w+)/ } @$arguments);
			push @functions, "$name(" . join(', ', @$arguments) . ')' unless $exact{"$name $types"}++;
		}
	}
	foreach my $function (@functions)
	{
		# so that it could be a transition function
		my $result = $function =~ /\((pg_catalog\.any\w+)/ ? $1 : 'pg_catalog.int8';
		$sql .= "CREATE FUNCTION $schema.$function RETURNS $result LANGUAGE plpgsql AS "
		  . "\$\$BEGIN RAISE EXCEPTION 'trap: $function'; END\$\$;\n";
	}

	$sql .= "CREATE FUNCTION $schema.trap(pg_catalog.int8, pg_catalog.int8) RETURNS pg_catalog.int8 LANGUAGE plpgsql AS "
	  . "\$\$BEGIN RAISE EXCEPTION 'trap: operator'; END\$\$;\n";
	foreach my $operator ('+', '=', '-')
	{
		$sql .= "CREATE OPERATOR $schema.$operator (FUNCTION = $schema.trap, LEFTARG = pg_catalog.int8, RIGHTARG = pg_catalog.int8);\n";
	}
	$sql .= "CREATE FUNCTION $schema.trap(pg_catalog.anyelement, pg_catalog.anynonarray) RETURNS pg_catalog.bool LANGUAGE plpgsql AS "
	  . "\$\$BEGIN RAISE EXCEPTION 'trap: operator'; END\$\$;\n";
	foreach my $operator ('|', '&', '-', '=', '<>', '@>')
	{
		$sql .= "CREATE OPERATOR $schema.$operator (FUNCTION = $schema.trap, LEFTARG = pg_catalog.anyelement, RIGHTARG = pg_catalog.anynonarray);\n";
	}
	return $sql;
}

# The same under the very names: only for schemas that are not the target.
sub namesakes
{
	my ($schema) = @_;

	return qq{
		CREATE DOMAIN $schema.linreg AS pg_catalog.varchar;
		CREATE TABLE $schema.confusion (x pg_catalog.int8);
		CREATE FUNCTION $schema.interaction_score(pg_catalog.int8, pg_catalog.int8, pg_catalog.int8) RETURNS pg_catalog.int8
		LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trap: namesake''; END';
		CREATE FUNCTION $schema.accuracy_final(pg_catalog._int8) RETURNS pg_catalog.float8
		LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trap: namesake''; END';
	};
}

# A superuser with the victim's habits, public first, and traps in the target
# schema, in public and in pg_temp.
sub check_traps
{
	my ($out, $err);

	$node->safe_psql('trapped', q{
		CREATE SCHEMA analytics;
		GRANT CREATE, USAGE ON SCHEMA public, analytics TO mallory;
	});
	($out, $err) = run_as('mallory', 'trapped', traps('analytics') . traps('public') . namesakes('public'));
	is($err, '', 'traps are set in the target schema and in public');

	($out, $err) = run_as($superuser, 'trapped', traps('pg_temp') . namesakes('pg_temp') . q{
		SET search_path = pg_temp, public, pg_catalog;
		CREATE EXTENSION liveanalytics SCHEMA analytics;
		SHOW search_path;
	});
	is($err, '', 'no trap is sprung by the installation');
	is($out, 'pg_temp, public, pg_catalog', 'the search_path of the session comes back');
	is(foreign_references('trapped', q{'analytics'}), '', 'nothing in the extension refers to a planted object');

	# does not say CASCADE: would fail if the extension needed one of them
	(undef, $err) = run_as($superuser, 'trapped', 'DROP OWNED BY mallory');
	is($err, '', 'the traps can go');
	($out, $err) = run_as($superuser, 'trapped', q{
		SET search_path = '';
		SELECT analytics.interaction_score(1, 2, 3), analytics.accuracy('a'::text, 'a'), analytics.quantile_edges(i, 2),
		  analytics.rf_train(i, ARRAY[i]) IS NOT NULL, analytics.linreg_coef(analytics.linreg_fit(i, i)),
		  analytics.confusion_matrix('a', 'a') ->> 'matrix'
		FROM generate_series(0, 2) AS i;
	});
	is("$out$err", '6|1|{0,1,2}|t|{0,1}|[[3]]', 'the extension works without them');
	return;
}

# The script of a trusted extension runs as superuser for a user who is none
# and who may have prepared the schema: in the same session, before or within
# the transaction.
sub check_escalation
{
	my ($out, $err) = run_as('analyst', 'escalation', q{CREATE SCHEMA "it's $mine"; BEGIN;} . traps(q{"it's $mine"}) . traps('pg_temp')
		. namesakes('pg_temp') . q{
		SET LOCAL search_path = pg_temp, "it's $mine";
		CREATE EXTENSION liveanalytics SCHEMA "it's $mine";
		COMMIT;
		SELECT extowner::regrole FROM pg_extension WHERE extname = 'liveanalytics';
	});
	is("$out$err", 'analyst', 'no trap of the installing user is sprung');
	is(foreign_references('escalation', q{'it''s $mine'}), '', 'nothing in the extension refers to one');
	return;
}

# Update scripts run as superuser too, in a schema where there has been more time
# to set traps.
sub check_update
{
	foreach my $older (map { /--([\d.]+)\.sql$/ ? $1 : () } glob("$top/sql/liveanalytics--*.sql"))
	{
		next if $older eq $node->safe_psql('clean', q{SELECT extversion FROM pg_extension WHERE extname = 'liveanalytics'});

		my ($out, $err) = run_as('analyst', 'updated', qq{
			CREATE SCHEMA "it's \$mine";
			CREATE EXTENSION liveanalytics SCHEMA "it's \$mine" VERSION '$older';
			BEGIN;} . traps(q{"it's $mine"}) . traps('pg_temp') . namesakes('pg_temp') . q{
			SET LOCAL search_path = pg_temp, "it's $mine";
			ALTER EXTENSION liveanalytics UPDATE;
			COMMIT;
			SELECT extversion = default_version FROM pg_extension JOIN pg_available_extensions ON name = extname WHERE extname = 'liveanalytics';
		});
		is("$out$err", 't', "$older: no trap is sprung by the update");
		is(foreign_references('updated', q{'it''s $mine'}), '', "$older: nothing in the updated extension refers to one");
		run_as('analyst', 'updated', q{DROP EXTENSION liveanalytics; DROP SCHEMA "it's $mine" CASCADE});

		# not a member any more, or never one
		$node->safe_psql('updated', "CREATE SCHEMA target; CREATE EXTENSION liveanalytics SCHEMA target VERSION '$older'");
		my ($replaced) = slurp_file(update_script($older)) =~ /^CREATE OR REPLACE FUNCTION (\w+\([^()]*\))/m;
	  SKIP:
		{
			skip("$older: the update replaces no function", 1) unless defined $replaced;
			$replaced =~ s/ DEFAULT [^,)]*//g;
			(undef, $err) = run_as($superuser, 'updated', "ALTER EXTENSION liveanalytics DROP FUNCTION target.$replaced; ALTER EXTENSION liveanalytics UPDATE");
			like($err, qr/ERROR:  function .* is not a member of extension "liveanalytics"/, "$older: what is no member is not replaced");
		}
		$node->safe_psql('updated', 'DROP SCHEMA target CASCADE');
	}
	return;
}

# The first script of the way from a version.
sub update_script
{
	my ($older) = @_;

	return (glob("$top/sql/liveanalytics--$older--*.sql"))[0];
}

# No setting that a user may change makes another extension of the same script.
sub check_settings
{
	my $fingerprint = q{
		SELECT md5(string_agg(concat_ws('|', proname, proargtypes, prosrc, proargnames, proacl, pg_get_expr(proargdefaults, 0),
		         agginitval, obj_description(p.oid, 'pg_proc')), E'\n' ORDER BY proname, prosrc, pronargs, proargtypes::text))
		FROM pg_proc p LEFT JOIN pg_aggregate ON aggfnoid = p.oid
		WHERE p.oid IN (SELECT objid FROM pg_depend d JOIN pg_extension e ON e.oid = refobjid AND extname = 'liveanalytics'
		                WHERE d.deptype = 'e' AND classid = 'pg_proc'::regclass)
		  AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS type WHERE type >= 16384)
	};
	my ($out, $err) = run_as('analyst', 'shop', qq{
		CREATE SCHEMA settings;
		ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
		SET standard_conforming_strings = off;
		SET escape_string_warning = off;
		SET backslash_quote = on;
		SET quote_all_identifiers = on;
		SET array_nulls = off;
		SET transform_null_equals = on;
		SET extra_float_digits = -15;
		SET bytea_output = escape;
		SET client_min_messages = debug1;
		SET check_function_bodies = on;
		SET search_path = '';
		CREATE EXTENSION liveanalytics SCHEMA settings;
		RESET ALL;
		$fingerprint;
		DROP EXTENSION liveanalytics;
	});
	is($out, $node->safe_psql('clean', $fingerprint), 'the extension is the same under any setting');
	return;
}

# Where search_path cannot name the target schema, nothing is installed. Newer
# servers say so at once.
sub check_odd_targets
{
	my $unacceptable = qr/unacceptable extension schema name/;
	my $refused = qr/ERROR:  (?:$unacceptable|function interaction_score\(.*\) does not exist)/;

	my (undef, $err) = run_as('analyst', 'shop', q{CREATE SCHEMA "$user"; CREATE EXTENSION liveanalytics SCHEMA "$user"});
	like($err, $refused, 'schema $user: refused');

	(undef, $err) = run_as('analyst', 'shop', traps('pg_temp') . 'SET search_path = pg_temp; CREATE EXTENSION liveanalytics');
	like($err, $refused, 'the temporary schema: refused');

	is($node->safe_psql('shop', q{
		SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'liveanalytics') +
		       (SELECT count(*) FROM pg_proc WHERE probin = '$libdir/liveanalytics')
	}), '0', 'nothing of a refused installation is there');

	# in search_path, $user is the schema with the name of the role
	(undef, $err) = run_as('analyst', 'shop', qq{CREATE SCHEMA "$superuser";} . traps(qq{"$superuser"})
		. q{CREATE EXTENSION liveanalytics SCHEMA "$user"});
	like($err, qr/\A(?:.*$unacceptable.*)?\z/, 'schema $user: no trap is sprung in the schema that it means');
	is(foreign_references('shop', "'$superuser'"), $err ? 'no members' : '', 'nor referred to');
	return;
}

# An object of the same name in the target schema stops the installation.
sub check_no_adoption
{
	my $function = qr/function "\w+" already exists with same argument types/;
	my $type = qr/type "linreg" already exists/;
	my @planted = (
		[ 'a function', q{FUNCTION interaction_score(bigint, bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'}, $function ],
		[ 'a function with a default', q{FUNCTION accuracy_final(bigint[] DEFAULT '{}') RETURNS float8 LANGUAGE sql AS 'SELECT 0.0'}, $function ],
		[ 'a variadic function', q{FUNCTION accuracy_final(VARIADIC bigint[]) RETURNS float8 LANGUAGE sql AS 'SELECT 0.0'}, $function ],
		[ 'a function for an aggregate', q{FUNCTION accuracy(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1'}, $function ],
		[ 'an aggregate', q{AGGREGATE accuracy(text, text) (SFUNC = replace, STYPE = text)}, $function ],
		[ 'an aggregate for a function', q{AGGREGATE accuracy_final(bigint[]) (SFUNC = array_cat, STYPE = bigint[])}, $function ],
		[ 'a procedure', q{PROCEDURE rf_classes(bytea) LANGUAGE sql AS ''}, $function ],
		[ 'a table', q{TABLE linreg (x int)}, $type ],
		[ 'a domain', q{DOMAIN linreg AS text}, $type ],
		[ 'a multirange', q{TYPE r AS RANGE (subtype = int, multirange_type_name = linreg)}, $type ],
	);
	my @planted_by_superuser = (
		[ 'a shell type', q{TYPE linreg}, $type ],
		[ 'a second input function', q{FUNCTION linreg_in(cstring, oid, int) RETURNS int LANGUAGE internal AS 'int4in'},
			qr/type input function linreg_in has multiple matches/ ],
	);

	$node->safe_psql('planted', 'CREATE SCHEMA target');
	foreach ((map { [ 'mallory', @$_ ] } @planted), map { [ $superuser, @$_ ] } @planted_by_superuser)
	{
		my ($user, $what, $sql, $error) = @$_;

		$node->safe_psql('planted', 'DROP SCHEMA target CASCADE; CREATE SCHEMA target; GRANT CREATE, USAGE ON SCHEMA target TO mallory');
		my (undef, $err) = run_as($user, 'planted', "SET search_path = target; CREATE $sql");
		is($err, '', "$what is planted");
		(undef, $err) = run_as($superuser, 'planted', 'CREATE EXTENSION liveanalytics SCHEMA target');
		like($err, qr/ERROR:  $error/, 'and not adopted');
	}
	is($node->safe_psql('planted', q{SELECT count(*) FROM pg_extension WHERE extname = 'liveanalytics'}), '0',
		'the extension is not there');
	return;
}

# The install and update scripts have nothing but declarations.
sub check_script
{
	my $start = 'CREATE FUNCTION f(a int';
	my $end = q{AS 'MODULE_PATHNAME', 'f' LANGUAGE C};

	is(scalar(offences(qq{$start, b text DEFAULT 'x; -- y') RETURNS int[] $end STRICT; -- SELECT 1;\n})), 0, 'lint: a good function');
	is(scalar(offences(q{CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $live$ SELECT 'x'; $live$;})),
		0, 'lint: a body that is a string, looked at when the function is called');
	foreach my $bad ('SELECT 1;', 'DO $$ $$;', "$start DEFAULT now()) RETURNS int $end;", "$start DEFAULT 1 + 1) RETURNS int $end;",
		"$start = 1) RETURNS int $end;", "$start DEFAULT E'') RETURNS int $end;", "$start) RETURNS int AS 'SELECT 1' LANGUAGE sql;",
		"$start) RETURNS int LANGUAGE sql RETURN 1;", "$start) RETURNS int $end SECURITY DEFINER;", "$start) RETURNS int $end SUPPORT g;",
		"$start) RETURNS s.t $end;", "$start) RETURNS f.a%TYPE $end;", "COMMENT ON FUNCTION f IS 'x'; ", "COMMENT ON TYPE t IS '--'; SELECT 1;",
		"COMMENT ON TYPE t IS 'x'; SELECT 1", 'CREATE OR REPLACE ' . substr($start, 7) . ") RETURNS int $end;",
		'CREATE AGGREGATE a(int) (SFUNC = f, STYPE = int, SORTOP = <);', 'CREATE TYPE t AS (a int COLLATE "C");', 'CREATE TYPE t AS (a s.t);', 'CREATE TYPE t AS ENUM ();', 'CREATE TYPE t AS RANGE (subtype = int);', "CREATE TYPE t AS (a int DEFAULT 1);", 'CREATE TABLE IF NOT EXISTS t (a int);',
		'CREATE OPERATOR + (FUNCTION = s.f, LEFTARG = int, RIGHTARG = int);', 'CREATE OPERATOR s.+ (FUNCTION = f, LEFTARG = int, RIGHTARG = int);',
		'CREATE OPERATOR + (FUNCTION = f, LEFTARG = int, RIGHTARG = int, RESTRICT = g);',
		'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $live$ $live$;',
		'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SET search_path = s AS $live$ $live$;',
		'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET session_replication_role = replica AS $live$ $live$;',
		'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $live$ $live$;',
		'CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $live$ $live$;',
		'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $live$ $live$; SELECT 1; -- $live$',
		'CREATE PROCEDURE f() LANGUAGE sql AS $live$ $live$;',
		'REVOKE ALL ON ALL FUNCTIONS IN SCHEMA s FROM PUBLIC;', 'SET search_path = pg_catalog;', "CREATE TYPE t; /* ' */")
	{
		isnt(scalar(offences($bad)), 0, "lint: $bad");
	}

	chdir($top) or die "could not enter $top: $!";
	foreach my $name (glob('sql/[0-9]*.sql sql/liveanalytics--*--*.sql'))
	{
		my $script = slurp_file($name);

		is(join(' ', $script =~ /\@ext\w*/g), '', "$name: does not ask for the name of a schema or role");
		$script =~ s/\A\\echo [^\n]* \\quit\n//;
		$script = without_replacements($name, $script) if $name =~ /--.*--/;
		is(join("\n", offences($script)), '', "$name: declarations only");
	}
	return;
}

# An update may replace and drop what the version before it made, and nothing
# else: the server refuses to replace what is no member of the extension, but a
# script that tries is wrong. What it does not know, it has to create plainly.
sub without_replacements
{
	my ($name, $script) = @_;
	my ($older) = $name =~ /(sql\/liveanalytics--[\d.]+)--/;
	my %made = map { $_ => 1 } declared(slurp_file("$older.sql"));

	foreach (declared($script =~ s/^CREATE (?!OR REPLACE).*$//gmr =~ s/^CREATE OR REPLACE /CREATE /gmr))
	{
		ok($made{$_}, "$name: replaces $_, which the version before has");
	}
	while ($script =~ s/^DROP ((?:FUNCTION|PROCEDURE|AGGREGATE|TYPE|OPERATOR) [^;]*);$//m)
	{
		my $dropped = $1;

		ok($made{$dropped}, "$name: drops $dropped, which the version before has") unless $dropped =~ /^OPERATOR/;
	}
	return $script =~ s/^CREATE OR REPLACE (FUNCTION|PROCEDURE|AGGREGATE)\b/CREATE $1/gmr;
}

# What a script declares: "FUNCTION name(types)", "TYPE name".
sub declared
{
	my ($script) = @_;
	my @declared;

	while ($script =~ /^CREATE (FUNCTION|PROCEDURE|AGGREGATE|TYPE) (\w+)(?:\(((?:[^()']|'[^']*')*)\))?/gm)
	{
		my ($kind, $name, $arguments) = ($1, $2, $3 // '');
		my @types = map { s/ DEFAULT .*//sr =~ s/.* //sr } grep { !/^OUT / } split /,\s*/, $arguments =~ s/'[^']*'//gr;

		push @declared, $kind eq 'TYPE' ? "TYPE $name" : "$kind $name(" . join(', ', @types) . ')';
	}
	return @declared;
}

# The statements of a script that are not of a kind known to be safe.
sub offences
{
	my ($script) = @_;
	my $name = qr/(?:[a-z]\w*|"[a-z]\w*")/;
	my $type = qr/$name(?:\[\])?/;
	my $constant = qr/(?:''|-?\d+(?:\.\d+)?|NULL)/;
	my $argument = qr/(?:(?:OUT|VARIADIC) )?(?:$name )?$type(?: DEFAULT $constant)?/;
	my $signature = qr/$name ?\((?:$argument(?:, $argument)*)?\)/;
	my $property = qr/[A-Z_]+ = (?:$type|$constant|[A-Z_]+)/;
	my $properties = qr/\($property(?:, $property)*\)/;
	my $operator = qr/[-+*\/<>=~!@#%^&|?]+/;
	my $attribute = qr/(?:WINDOW|IMMUTABLE|STABLE|VOLATILE|STRICT|CALLED ON NULL INPUT|PARALLEL [A-Z]+|(?:COST|ROWS) \d+)/;
	# a body is a string; that of another language would be analysed here and now
	my $body = qr/LANGUAGE plpgsql(?: $attribute)*/;
	# plans and messages: settings that any user may change
	my $plan = qr/jit|client_min_messages|max_parallel_workers_per_gather|parallel_tuple_cost|default_statistics_target/;
	my $path = qr/SET search_path = pg_catalog, pg_temp(?: SET (?:$plan) = (?:[a-z]+|\d+(?:\.\d+)?))*/;
	my $allowed = qr/
		CREATE[ ]FUNCTION[ ]$signature[ ]RETURNS[ ](?:SETOF[ ])?(?:$type|TABLE[ ]?\($argument(?:,[ ]$argument)*\))[ ]$body[ ]$path[ ]AS[ ]\$live\$
		| CREATE[ ]PROCEDURE[ ]$signature[ ]$body[ ]AS[ ]\$live\$
		| CREATE[ ]FUNCTION[ ]$signature(?:[ ]RETURNS[ ](?:SETOF[ ])?(?:$type|TABLE[ ]?\($argument(?:,[ ]$argument)*\)))?[ ]AS[ ]'',[ ]''[ ]LANGUAGE[ ]C(?:[ ]$attribute)*
		| CREATE[ ]AGGREGATE[ ]$signature[ ]$properties
		| CREATE[ ]TYPE[ ]$name(?:[ ]$properties|[ ]AS[ ]\($name[ ]$type(?:,[ ]$name[ ]$type)*\))?
		| CREATE[ ]OPERATOR[ ]$operator[ ]\(FUNCTION[ ]=[ ]$name(?:,[ ](?:(?:LEFT|RIGHT)ARG[ ]=[ ]$type|(?:COMMUTATOR|NEGATOR)[ ]=[ ]$operator))*\)
		| COMMENT[ ]ON[ ](?:TYPE[ ]$name|(?:FUNCTION|PROCEDURE|AGGREGATE)[ ]$signature|OPERATOR[ ]$operator[ ]\($type,[ ]$type\))[ ]IS[ ]''
		| (?:REVOKE|GRANT)[ ](?:ALL|EXECUTE)[ ]ON[ ]FUNCTION[ ]$signature[ ](?:FROM|TO)[ ](?:PUBLIC|$name)
	/x;

	$script =~ s/("[^"]*")|('(?:[^']|'')*')|(\$live\$.*?\$live\$)|--[^\n]*/$1 || ($2 ? "''" : $3 ? '$live$' : '')/gse;
	$script =~ s/\s+/ /g;
	$script =~ s/\( /(/g;
	$script =~ s/ \)/)/g;
	return grep { !/\A ?\z/ && !/\A ?$allowed;\z/ } $script =~ /[^;]*;|[^;]+\z/g;
}
