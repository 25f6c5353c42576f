# plpgsql_check finds no error in any PL/pgSQL routine. Dynamic SQL that it
# cannot follow is in the routines named below alone, and names that are full
# of quotes are tried on all of them.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($library) = `pg_config --pkglibdir` =~ /(.*)/;
my ($major) = `pg_config --version` =~ /(\d+)/;
plan skip_all => "plpgsql_check is not installed for this server (Debian: postgresql-$major-plpgsql-check)" unless -e "$library/plpgsql_check.so";

my $node = PostgreSQL::Test::Cluster->new('plpgsql_check');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION liveanalytics; CREATE EXTENSION plpgsql_check; SELECT live_setup();});

# Each function sets search_path when it runs, to the schema that it is called for: here it is the
# session's. Tables that are made on the way, and those of pg_cron, have to be there.
$node->safe_psql('postgres', q{
	SELECT format('ALTER ROUTINE %s RESET search_path', oid::regprocedure) FROM pg_proc WHERE pronamespace IN ('live'::regnamespace, 'public'::regnamespace) AND proconfig IS NOT NULL \gexec
	CREATE SCHEMA cron;
	CREATE TABLE cron.job (jobid bigint, schedule text, command text, database text, username text, active boolean, jobname text);
});
my $findings = $node->safe_psql('postgres', q{
	SET search_path = pg_catalog, live, public;
	SET client_min_messages = error;
	SELECT live_stage_table() IS NOT NULL \g /dev/null
	SELECT format('%s|%s|%s line %s: %s %s', f.level, p.proname, p.oid::regprocedure, f.lineno, f.message, f.detail)
	FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
	  LEFT JOIN LATERAL (SELECT tgrelid FROM pg_trigger WHERE tgfoid = p.oid LIMIT 1) t ON true,
	  plpgsql_check_function_tb(p.oid, coalesce(t.tgrelid, 0), fatal_errors => false, other_warnings => false, extra_warnings => false, performance_warnings => false, security_warnings => true,
	    oldtable => CASE WHEN t.tgrelid IS NOT NULL THEN 'old_rows'::name END, newtable => CASE WHEN t.tgrelid IS NOT NULL THEN 'new_rows'::name END) f
	WHERE p.pronamespace IN ('live'::regnamespace, 'public'::regnamespace)
	  AND (p.prorettype <> 'trigger'::regtype OR t.tgrelid IS NOT NULL)
	ORDER BY 1});
my $routines = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'});
cmp_ok($routines, '>', 40, "$routines routines are looked at");
my @errors = grep { /^error/ && !/relation "pg_temp\.\w+" does not exist|function cron\.|record "\w+" is not assigned yet/ } split(/\n/, $findings);
is(join("\n", @errors), '', 'no error');

# They run text that other functions of ours have put together, of names by %I and values by %L.
my %followed = map { $_ => 1 } qw(live_apply live_forget live_grant live_ingest live_load live_load_events live_partitions live_refresh live_refresh_step live_replay live_row_security
	live_setup live_simulate live_stage_sql live_store live_train_metrics live_upgrade live_verify);
is(join(' ', grep { !$followed{$_} } map { /^security\|(\w+)/ } split(/\n/, $findings)), '', 'dynamic SQL that it cannot follow: in those routines alone');

check_names();
$node->stop;
done_testing();

# A schema, an index, a channel, a viewer and a role whose names would end a string or an identifier.
sub check_names
{
	my $name = q{a"b'c;--$x$%I \\};
	my $literal = q{'} . $name =~ s/'/''/gr . q{'};
	my $schema = q{"} . $name =~ s/"/""/gr . q{"};
	my $json = $name =~ s/(["\\])/\\$1/gr =~ s/'/''/gr;

	$node->safe_psql('postgres', 'CREATE DATABASE names');
	my ($out, $err) = ('', '');
	$node->psql('names', qq{
		CREATE EXTENSION liveanalytics;
		CREATE ROLE $schema;
		SELECT live_setup($literal) IS NOT NULL;
		INSERT INTO $schema.channel (channel_id, code, name_zh, name_en, tz) VALUES (50, $literal, 'x', 'x', 'UTC');
		INSERT INTO $schema.channel_record VALUES (50, 'event', ARRAY[$literal], '{}');
		INSERT INTO $schema.channel_field (channel_id, record, field, path) VALUES (50, 'event', 'stream', ARRAY[$literal, 's']), (50, 'event', 'ts', '{t}'), (50, 'event', 'viewer', '{v}'), (50, 'event', 'type', '{k}');
		INSERT INTO $schema.channel_field (channel_id, record, field, path) VALUES (50, 'event', 'id', '{i}') ON CONFLICT DO NOTHING;
		SELECT accepted + rejected FROM live_ingest($literal, $literal, '{"$json": [{"$json": {"s": "$json"}, "t": "2026-03-01 12:00", "v": "$json", "k": "like"}]}');
		SELECT accepted, rejected FROM live_ingest($literal, 'generic', '{"events": [{"id": "$json", "stream": "$json", "viewer": "$json", "type": "enter", "ts": "2026-03-01 12:00"}, {"id": "$json", "type": "$json"}],
			"orders": [{"order": "$json", "viewer": "$json", "stream": "$json", "created": "2026-03-01 12:01", "paid": "2026-03-01 12:01", "paid_amt": 9}]}');
		INSERT INTO $schema.event_stage (event_id, stream, viewer, type, ts) VALUES ('s1', $literal, 'v2', 'like', '2026-03-01 12:05');
		SELECT accepted FROM live_load($literal, 'generic');
		CREATE TABLE $schema.$schema AS SELECT $literal AS id, 's2' AS stream, 'like' AS type, '2026-03-01 12:05' AS ts;
		SELECT accepted + rejected FROM live_load($literal, 'generic', '$schema.$schema'::regclass);
		SELECT live_grant($literal, 'reader', $literal), live_partitions($literal, '2026-01-01', '2026-12-01') >= 0, live_upgrade($literal) IS NOT NULL;
		CALL live_refresh($literal);
		SELECT count(*) FROM live_verify($literal);
		SELECT events > 0 FROM live_forget($literal, 'generic', $literal);
		SELECT live_revoke($literal, $literal);
		CALL live_refresh($literal);
		SELECT count(*) FROM live_verify($literal);
		SELECT streams FROM live_simulate($literal, '{"viewers": 20, "streams": 1, "start": "2026-03-02"}');
		} =~ s/'\Q$schema.$schema\E'/q{'} . "$schema.$schema" =~ s{'}{''}gr . q{'}/er, stdout => \$out, stderr => \$err, on_error_stop => 0);
	is($err, '', 'names full of quotes: no error');
	is($out =~ s/\n/ /gr, 't 1 2|1 1 1 |t|t 0 t  0 1', 'and the answers of any other');
	return;
}
