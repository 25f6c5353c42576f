# Traps that somebody with few rights has set are not sprung: functions and
# operators of the very names and types that the live-commerce functions use,
# and tables of their names, wait in public and among the temporary objects
# while a superuser with public first in search_path uses everything.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('traps');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nlog_min_messages = warning");
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', q{
	CREATE ROLE mallory LOGIN;
	CREATE ROLE reader;
	GRANT CREATE ON SCHEMA public TO mallory;
	CREATE SCHEMA analytics;
});

my $count = set_traps();
cmp_ok($count, '>', 500, "$count traps are set in public");
ok(springs('SET search_path = public, pg_catalog; SELECT 1::bigint = 1::bigint'), 'they work: an operator');
ok(springs(q{SET search_path = public, pg_catalog; SELECT lower('A'::text)}), 'they work: a function');
ok(springs('SET search_path = public, pg_catalog; SELECT * FROM pg_class'), 'they work: a table');

# the same for the superuser's own temporary objects, where nobody else can set any
my $temporary = q{SET client_min_messages = warning; } . join('', map { "CREATE TEMP TABLE $_ (x int);\n" } relations());
my $path = 'SET search_path = public, pg_temp, pg_catalog;';
my %used;
foreach (
	[ 'CREATE EXTENSION liveanalytics SCHEMA analytics' ],
	[ q{SELECT analytics.live_setup('live')} ], [ q{SELECT analytics.live_upgrade('live')} ], [ q{SELECT analytics.live_partitions('live', '2026-01-01', '2026-12-01')} ],
	[ q{SELECT analytics.live_simulate('live', '{"seed": 7, "start": "2026-03-02", "viewers": 200, "streams": 2}')} ],
	[ q{SELECT analytics.live_ingest('live', 'generic', '{"events": [{"id": 1, "stream": "s1", "viewer": "v1", "type": "enter", "ts": "2026-03-01 12:00"}, {"id": 2}],
		"orders": [{"order": "o1", "viewer": "v1", "stream": "s1", "created": "2026-03-01 12:01", "paid": "2026-03-01 12:01", "paid_amt": 9, "items": [{"product": "p1", "qty": 1, "price": 9}]}],
		"refunds": [{"refund": "r1", "order": "o1", "refunded": "2026-03-02", "amount": 1}]}')} ],
	[ q{SELECT analytics.live_receive('live', 'generic', '\x5b31')} ], [ q{SELECT analytics.live_reopen('live')} ], [ q{SELECT analytics.live_replay('live')} ],
	[ q{INSERT INTO live.event_stage (event_id, stream, viewer, type, ts) VALUES ('x1', 's1', 'v2', 'like', '2026-03-01 12:05')} ], [ q{SELECT analytics.live_load('live', 'generic')} ],
	[ q{UPDATE live.setting SET day_cut = '04:00'} ], [ q{DELETE FROM live.event WHERE type = 'share'} ],
	[ q{CALL analytics.live_refresh('live')} ], [ q{SELECT * FROM analytics.live_verify('live')} ], [ q{SELECT analytics.live_forget('live', 'generic', 'v2')} ], [ q{CALL analytics.live_refresh('live', 10)} ],
	[ q{SELECT analytics.live_train('live', 'return', '{"days": 1, "split": "viewer", "cut": "2026-03-03"}')}, 'may fail' ],
	[ q{SELECT analytics.live_grant('live', 'reader', 'reader')} ], [ q{SELECT analytics.live_revoke('live', 'reader')} ], [ q{SELECT analytics.live_metrics()} ],
	[ q{SELECT analytics.live_schedule('live', '* * * * *')}, 'may fail' ], [ q{SELECT analytics.live_unschedule('live')}, 'may fail' ])
{
	quiet($_->[0], @$_[ 1 .. $#$_ ]);
}
my @views = split /\n/, $node->safe_psql('postgres', q{SET search_path = pg_catalog; SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'live' AND relkind IN ('v', 'm') ORDER BY 1});
cmp_ok(scalar(@views), '>', 10, 'there are views');
quiet("TABLE $_") foreach @views;

# whatever else there is for users has been used
my @for_users = map { "live_$_" } qw(setup upgrade partitions simulate ingest receive reopen replay load refresh verify forget train grant revoke metrics schedule unschedule);
is(join(' ', grep { !$used{$_} } @for_users), '', 'every live function that users call was called');
is($node->safe_psql('postgres', q{SELECT analytics.live_upgrade('live')}) ne '', 1, 'and it works without search_path');
$node->stop;
done_testing();

sub as
{
	my ($user, $sql) = @_;
	my ($out, $err) = ('', '');

	my $status = $node->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 1, extra_params => [ '-U', $user ]);
	return ($status, $out, $err);
}

sub sprung { my @sprung = slurp_file($node->logfile) =~ /WARNING:  sprung: (.*)/g; return @sprung; }

# Whether a statement of the superuser springs a trap.
sub springs
{
	my ($sql) = @_;
	my $before = () = sprung();

	as($superuser, $sql);
	return sprung() > $before;
}

sub quiet
{
	my ($sql, $may_fail) = @_;
	my $label = substr($sql =~ s/\s+/ /gr, 0, 70);
	my $before = () = sprung();
	my ($status, $out, $err) = as($superuser, "$temporary $path $sql");
	my @sprung = sprung();

	$used{$_} = 1 foreach $sql =~ /\banalytics\.(live_\w+)/g;
	is(join(', ', @sprung[ $before .. $#sprung ]), '', "$label: no trap is sprung");
	is($status == 0 ? '' : $err, '', "$label: no error") unless $may_fail;
	return;
}

# Tables of the live schema, and those of the catalog that the functions read.
sub relations
{
	return qw(event orders stream viewer setting channel channel_field channel_record dirty_bucket roll_stream roll_minute roll_viewer roll_session roll_product roll_online product host refund promotion coupon
		order_item ingest_batch ingest_reject event_stage identity_key model channel_access pg_class pg_namespace pg_extension pg_attribute pg_roles pg_policy pg_proc pg_trigger pg_inherits);
}

# As mallory, in public: a function for every built-in one of a name that the
# scripts mention, with the same arguments; an operator for every one of the
# usual types; the relations as views that spring when they are read.
sub set_traps
{
	my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
	my %words;

	$words{$_}++ foreach map { slurp_file($_) =~ /(\w+)\s*\(/g } glob("$top/sql/7*.sql");
	my $names = join(q{', '}, sort keys %words);
	my ($status, $out, $err) = as('mallory', qq{
		SET client_min_messages = error;
		SET check_function_bodies = off;
		CREATE FUNCTION public.spring(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''sprung: %'', \$1; RETURN 1; END';
		GRANT EXECUTE ON FUNCTION public.spring TO PUBLIC;
		DO \$do\$
		DECLARE
			f record;
			body text;
			types oid[] := '{int8,int4,int2,text,name,bool,timestamptz,date,interval,float8,numeric,jsonb,oid,regclass,uuid,bytea,_text,_int8,_int4,_int2}'::regtype[];
		BEGIN
			FOR f IN SELECT p.oid, proname, prokind, prorettype::regtype AS result, pg_get_function_identity_arguments(p.oid) AS arguments, proretset, provariadic, proargtypes::oid[] AS given
				FROM pg_proc p WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ('$names') AND prokind IN ('f', 'a')
				  AND NOT proargtypes::oid[] && ARRAY['internal', 'cstring', 'trigger', 'event_trigger', '"any"']::regtype[]::oid[] AND prorettype <> ALL ('{internal,cstring,trigger,void}'::regtype[])
				  AND pg_get_function_identity_arguments(p.oid) !~ 'ORDER BY|OUT '
			LOOP
				body := format('BEGIN PERFORM public.spring(%L); RETURN%s; END', f.oid::regprocedure, CASE WHEN f.proretset THEN '' ELSE ' NULL' END);
				BEGIN
					EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s %s LANGUAGE plpgsql COST 1 AS %L', f.proname, f.arguments, CASE WHEN f.proretset THEN 'SETOF' ELSE '' END, f.result, body);
				EXCEPTION WHEN OTHERS THEN NULL;
				END;
			END LOOP;
			CREATE FUNCTION public.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.spring(''format''); RETURN NULL; END';
			CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.spring(''format''); RETURN NULL; END';
			CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.spring(''format''); RETURN NULL; END';
			CREATE FUNCTION public.count(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN PERFORM public.spring(''count''); RETURN 0; END';
			FOR f IN SELECT o.oid, oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result FROM pg_operator o
				WHERE oprnamespace = 'pg_catalog'::regnamespace AND (oprleft = 0 OR oprleft = ANY (types)) AND oprright = ANY (types)
			LOOP
				BEGIN
					EXECUTE format('CREATE FUNCTION public.%I(%s%s) RETURNS %s LANGUAGE plpgsql AS %L', 'operator' || f.oid, CASE WHEN f.l::oid <> 0 THEN f.l || ', ' END, f.r, f.result,
						format('BEGIN PERFORM public.spring(%L); RETURN NULL; END', f.oid::regoperator));
					EXECUTE format('CREATE OPERATOR public.%s (FUNCTION = public.%I, %s RIGHTARG = %s)', f.oprname, 'operator' || f.oid, CASE WHEN f.l::oid <> 0 THEN format('LEFTARG = %s,', f.l) END, f.r);
				EXCEPTION WHEN OTHERS THEN NULL;
				END;
			END LOOP;
		END \$do\$;
	});
	is($err, '', 'mallory may set traps');
	($status, $out, $err) = as('mallory', join('', map { "CREATE VIEW public.$_ AS SELECT public.spring('relation $_') AS x; GRANT SELECT ON public.$_ TO PUBLIC;\n" } relations()));
	is($err, '', 'tables among them');
	return $node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM pg_proc WHERE proowner = 'mallory'::regrole) + (SELECT count(*) FROM pg_operator WHERE oprowner = 'mallory'::regrole)});
}
