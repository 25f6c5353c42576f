# Every function of the extension with every kind of value that its arguments
# may have: an answer, or an error that a client can tell from a bug. The calls
# are made from the catalog, so a new function is tested before anybody thinks
# of it.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_parallel_workers_per_gather = 0\ntimezone = 'UTC'\nlog_min_messages = warning\nlog_min_error_statement = panic");
$node->start;
# shuffled combinations besides one hostile argument at a time, of each function
my $combinations = $ENV{LIVEANALYTICS_COMBINATIONS} || 20;
srand(20261124);

$node->safe_psql('postgres', q{
	CREATE EXTENSION liveanalytics;
	SELECT live_setup();
	SELECT * FROM live_ingest('live', 'generic', '{"events": [{"id": 1, "stream": "s1", "viewer": "v1", "type": "enter", "ts": "2026-03-01 12:00"}]}');
	CALL live_refresh();
	CREATE ROLE hostile_grantee;
});
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');
my %values = hostile_values();
my @functions = map { [ split /\|/, $_, -1 ] } split /\n/, $node->safe_psql('postgres', q{
	SELECT quote_ident(proname), prokind, provariadic <> 0, pronamespace::regnamespace,
	       coalesce((SELECT string_agg(format_type(t, NULL), ';' ORDER BY i) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, i)), '')
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'liveanalytics'
	-- by hand, those with an internal argument are refused: hardening_catalog.sql
	WHERE NOT 'internal'::regtype = ANY (proargtypes)
	ORDER BY p.oid::regprocedure::text COLLATE "C"});
cmp_ok(scalar(@functions), '>', 250, 'there are functions');

# What an argument that is no value may give; with live_, what a schema, a relation or a role that
# is not there, or no name at all, does besides. The parts that live functions are made of take SQL, and fail as it does.
my %documented = map { $_ => 1 } qw(22004 2202E 22003 22008 22023 54000 22P02 22P03 22P05 22021 08P01 0A000 XX001 22009);
my %of_schemas = map { $_ => 1 } qw(42601 42P01 3F000 42704 42939 42501 55000 0A000 25001 2D000 23514 22007 42703 42883 23503);

my $for_users = qr/^live_(?:setup|upgrade|partitions|ingest|replay|load|receive|reopen|refresh|verify|forget|grant|revoke|schedule|unschedule|simulate|train|metrics)$/;
# what an ordinary call of these needs, by the number of the argument
my %ordinary = (
	cohort_events_accum => { 5 => 'UTC', 6 => 'day' }, one_hot => { 2 => 'zeros' },
	live_ingest => { 1 => 'generic' }, live_receive => { 1 => 'generic' }, live_load => { 1 => 'generic', 2 => 'NULL' }, live_forget => { 1 => 'generic' },
	live_grant => { 1 => 'reader', 2 => 'hostile_grantee', 3 => 'NULL' }, live_revoke => { 1 => 'hostile_grantee' });
my (%answered, @all);
foreach my $function (@functions)
{
	my ($name, $kind, $variadic, $schema, $types) = @$function;

	foreach my $call (calls_of($name, $kind, $variadic eq 't', split(/;/, $types)))
	{
		push @all, [ $name, $call ];
	}
}
my %outcome = run_calls(\@all);
my %count;
my @surprises;
foreach my $i (0 .. $#all)
{
	my ($name, $call) = @{ $all[$i] };
	my $state = $outcome{$i} // 'answered';

	$count{$state}++;
	$answered{$name} = 1 if $state eq 'answered';
	next if $state eq 'answered' || $documented{$state} || ($name =~ /^live_/ && $of_schemas{$state});
	next if $name =~ /^live_/ && $name !~ $for_users && $state =~ /^(?:42|23|2F)/;
	push @surprises, "$state: " . substr($call, 0, 300);
}
note("$_: $count{$_}") foreach sort keys %count;
diag(join("\n", @surprises > 40 ? @surprises[ 0 .. 39 ] : @surprises)) if @surprises;
is(scalar(@surprises), 0, scalar(@all) . ' calls: an answer or a documented SQLSTATE each');
my %deaf = map { $_->[0] => 1 } grep { !$answered{ $_->[0] } } @all;
# pg_cron, and viewers enough to learn from, are not here
delete $deaf{$_} foreach qw(live_schedule live_unschedule live_train);
is(join(' ', grep { !/^live_/ || /$for_users/ } sort keys %deaf), '', 'every function answered some call');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server has not restarted');
unlike(slurp_file($node->logfile), qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak:|was not closed/, 'its log is clean');
$node->stop;
done_testing();

# Of each type, an ordinary value first, then the others.
sub hostile_values
{
	my %v = (
		'double precision' => [ 0.5, 'NULL', 0, '-0', 1, 2, 'NaN', 'Infinity', '-Infinity', '1e308', '-1e308', '5e-324', '9007199254740993' ],
		'integer' => [ 2, 'NULL', 0, 1, -1, 3, 100, 65, '2147483647', '-2147483648' ],
		'smallint' => [ 1, 'NULL', 0, -1, 32767, -32768 ],
		'bigint' => [ 3, 'NULL', 0, 1, -1, 4294967296, '9223372036854775807', '-9223372036854775808' ],
		'oid' => [ 0, 'NULL', 1259, 4294967295 ],
		'numeric' => [ 1, 'NULL', 0, -1, 'NaN', 'Infinity', '1e1000', '1e-1000' ],
		'boolean' => [ 't', 'NULL', 'f' ],
		'text' => [ 'c', 'NULL', '', 'generic', 'v1', 'day', 'UTC', '(?1)(?2)', 'drop', 'event', 'x' x 70000, "\x01\x7f", '直播', '%s', '(?1).*(?t>=1', '{"a": 1}', '2026-03-01 12:00', "'; --" ],
		'name' => [ 'live', 'NULL', '', 'nowhere', 'pg_catalog', 'Live 直播', 'hostile_grantee', 'n' x 63, 'event' ],
		'regclass' => [ 'live.event_stage', 'NULL', 'pg_class', 'live.event', 'pg_catalog.pg_stat_activity' ],
		'jsonb' => [ '{}', 'NULL', 'null', '[]', '1', '"x"', '{"seed": 1}', '{"trees": 0}', '{"trees": 1e300}', '{"l2": -1}', '{"kind": 7}', '{"": null}', '[[[]]]',
			'{"streams": 1, "viewers": 5}', '{"events": [{"id": 2, "stream": "s1", "viewer": "v1", "type": "like", "ts": "2026-03-01 12:01"}]}',
			'[{"a": [1, null]}]', '{"matrix": [[1]], "classes": ["a"]}', '{"format": 1e400}' =~ s/1e400/1e300/r, '{' . join(', ', map { qq{"k$_": [$_]} } 1 .. 500) . '}' ],
		'bytea' => [ '\x', 'NULL', '\x00', '\x4c414d31', '\xffffffffffffffffffffffffffffffff', '\x' . '00' x 64, '\x' . 'ff' x 1000, '\x' . '0100000000000000' x 9, '\x' . unpack('H*', '{"events": []}') ],
		'timestamp with time zone' => [ '2026-03-01 12:00+00', 'NULL', '2026-03-02 12:00+00', '1970-01-01+00', 'infinity', '-infinity', '4713-01-02 00:00:00+00 BC', '294276-12-30 23:59:59+00' ],
		'date' => [ '2026-03-01', 'NULL', '2026-03-09', 'infinity', '-infinity', '4713-01-01 BC', '5874897-12-30' ],
		'interval' => [ '1 hour', 'NULL', '0', '-1 second', '1 month', '1 microsecond', '2147483647 days', '178000000 years', '-178000000 years' ],
		'double precision[]' => [ '{1,2}', 'NULL', '{}', '{NULL}', '{1,NULL}', '{{1,2},{3,4}}', '[5:6]={1,2}', '{NaN,1}', '{1,Infinity}', '{-0,5e-324}', '{1e308,1e308}', '{1}', '{0.25,0.75,0}', '{1,2,3}',
			'SQL:array_fill(1::float8, ARRAY[100000])', 'SQL:array_fill(1::float8, ARRAY[20, 20, 20])', q{SQL:'{1,2}'::vector_of_two} ],
		'boolean[]' => [ '{t,f}', 'NULL', '{}', '{NULL}', '{t,NULL}', '{{t},{f}}', '[0:1]={t,t}', 'SQL:array_fill(true, ARRAY[64])', 'SQL:array_fill(true, ARRAY[100000])' ],
		'integer[]' => [ '{0,1}', 'NULL', '{}', '{NULL}', '{-1}', '{1,0}', '{{0,1},{2,3}}', '[7:8]={0,1}', '{2147483647}', 'SQL:array_fill(1, ARRAY[100000])' ],
		'bigint[]' => [ '{0,0,0}', 'NULL', '{}', '{NULL}', '{1,2}', '{1,2,3,4,5,6}', '{{1,2}}', '{9223372036854775807,-9223372036854775808,1}', '{-1,0,0}', '[3:5]={1,2,3}', 'SQL:array_fill(1::bigint, ARRAY[100000])' ],
		'text[]' => [ '{a,b}', 'NULL', '{}', '{NULL}', '{a,a}', '{{a},{b}}', '[2:3]={a,b}', '{""}', '{false,true}', 'SQL:array_fill(repeat(\'x\', 100), ARRAY[2000])' ],
		'date[]' => [ '{2026-03-01}', 'NULL', '{}', '{NULL}', '{2026-03-02,2026-03-01}', '{infinity}', '{{2026-03-01}}', '{5874897-12-31,"4713-01-01 BC"}' ],
		'cstring' => [ '', '{', '{}', 'NaN', '1', '{1,2,3-9}', '{9223372036854775807}', '[]', '{"format": 1}', '{"format": 1, "n": -1}', '直播', 'x' x 70000 ]);
	my %made = (
		linreg => q{SELECT NULL UNION ALL SELECT linreg_fit(y, ARRAY[x, y * y])::text FROM point UNION ALL SELECT linreg_fit(y, x)::text FROM point UNION ALL SELECT linreg_fit(NULL, x)::text FROM point
			UNION ALL SELECT linreg_fit(1e146 * y, 1e146 * x)::text FROM point UNION ALL SELECT linreg_fit_origin(y, x, 2)::text FROM point UNION ALL SELECT linreg_fit(y, array_fill(x, ARRAY[40]))::text FROM point},
		logreg => q{SELECT NULL UNION ALL SELECT logreg_fit(i % 3 = 0, ARRAY[x, y])::text FROM point UNION ALL SELECT logreg_fit('c' || i % 4, ARRAY[x])::text FROM point},
		kmeans => q{SELECT NULL UNION ALL SELECT kmeans_fit(ARRAY[x, y], 3)::text FROM point UNION ALL SELECT kmeans_fit(ARRAY[x], 1, '{"standardize": true}')::text FROM point},
		confusion => q{SELECT NULL UNION ALL SELECT confusion_accum(confusion_accum(NULL, 'a', 'b'), '', '直播')::text UNION ALL SELECT confusion_accum(NULL, NULL, 'b')::text},
		error_sums => q{SELECT NULL UNION ALL SELECT error_accum(error_accum(NULL, 1::float8, 2), 3, 5)::text UNION ALL SELECT error_accum(NULL, true, 0.5)::text UNION ALL SELECT error_accum(NULL, 1e140::float8, -1e140)::text},
		funnel_events => q{SELECT NULL UNION ALL SELECT funnel_accum(funnel_accum(NULL, '2026-03-01', '1 hour', '{t,f}'::boolean[]), '2026-03-01 00:01', '1 hour', '{f,t}'::boolean[])::text
			UNION ALL SELECT funnel_accum(NULL, '2026-03-01', '1 hour', 2)::text},
		path_state => q{SELECT NULL UNION ALL SELECT path_accum(path_accum(NULL, '2026-03-01', 'home', '1 hour', 2), '2026-03-01 00:01', 'shop', '1 hour', 2)::text},
		sequence_state => q{SELECT NULL UNION ALL SELECT sequence_accum(sequence_accum(NULL, '(?1)(?2)', '2026-03-01', true, false), '(?1)(?2)', '2026-03-02', false, true)::text},
		viewer_set => q{SELECT NULL UNION ALL VALUES ('{}'), ('{3}'), ('{0-9223372036854775807}'), ('{1,5-70000,4294967296}')});

	$node->safe_psql('postgres', q{CREATE DOMAIN vector_of_two AS float8[] CHECK (cardinality(VALUE) = 2);
		CREATE TABLE point AS SELECT i, i::float8 AS x, (i * i % 17)::float8 AS y FROM generate_series(1, 40) AS i});
	foreach my $type (sort keys %made)
	{
		my @texts = split /\n/, $node->safe_psql('postgres', "SELECT coalesce(t, 'NULL') FROM ($made{$type}) AS m (t)");

		# the ordinary one before NULL
		@texts[ 0, 1 ] = @texts[ 1, 0 ];
		$v{$type} = \@texts;
		push @{ $v{cstring} }, $texts[0], substr($texts[0], 0, length($texts[0]) / 2);
	}
	push @{ $v{jsonb} }, split /\n/, $node->safe_psql('postgres', q{SELECT confusion_matrix('c' || i % 3, 'c' || i % 2) FROM point
		UNION ALL SELECT gain_table(i % 3 = 0, x, 4) FROM point UNION ALL SELECT classification_report('c' || i % 3, 'c' || i % 2) FROM point UNION ALL SELECT to_jsonb(funnel_summary(i % 3, 3)) FROM point});
	push @{ $v{bytea} }, split /\n/, $node->safe_psql('postgres', q{SELECT rf_train(i % 3, ARRAY[x, y], '{"trees": 2}') FROM point UNION ALL SELECT rf_train_regression(y, ARRAY[x], '{"trees": 2}') FROM point
		UNION ALL SELECT overlay(f PLACING '\xff'::bytea FROM length(f) / 2) FROM (SELECT rf_train(i % 3, ARRAY[x, y], '{"trees": 2}') AS f FROM point) AS m
		UNION ALL SELECT active_days_accum(NULL, '2026-03-01'::date) UNION ALL SELECT watch_time_accum(NULL, '2026-03-01', '2026-03-02') UNION ALL SELECT concurrency_peak_accum(NULL, '2026-03-01', '2026-03-02')
		UNION ALL SELECT concurrency_avg_accum(NULL, '2026-03-01', '2026-03-02', '2026-03-01', '2026-03-03') UNION ALL SELECT concurrency_series_accum(NULL, '2026-03-01', '2026-03-02', '2026-03-01', '2026-03-03', '1 hour'::interval)
		UNION ALL SELECT stay_curve_accum(NULL, '2026-03-01', '2026-03-02', '2026-03-03', '1 hour') UNION ALL SELECT retention_ordered_accum(NULL, '2026-03-01', VARIADIC '{t,f}')
		UNION ALL SELECT cohort_retention_accum(NULL, '{2026-03-01}', '{2026-03-01}', 'day', '{0,1}', '2026-03-09') UNION ALL SELECT cohort_events_accum(NULL, 3, '2026-03-01 12:00+00', true, true, 'UTC', 'day', '{0,1}', '2026-03-09')
		UNION ALL SELECT viewer_set_to_roaring('{1,5-70000}')});
	return %v;
}

sub literal
{
	my ($type, $value) = @_;

	return "NULL::$type" if $value eq 'NULL';
	return $value if $value =~ s/^SQL://;
	return "'" . $value =~ s/'/''/gr . "'::$type";
}

# One argument after the other with every value, the others ordinary; and all at random.
sub calls_of
{
	my ($name, $kind, $variadic, @types) = @_;
	my @lists = map { [ @{ $values{$_} or die "no values of type $_" } ] } @types;
	my @choices = ([ (0) x @types ]);
	my %seen;
	my @calls;

	if (my $first = $ordinary{$name}) { unshift @{ $lists[$_] }, $first->{$_} foreach keys %$first; }
	if ($name =~ /_(?:accum|combine)$/ && $types[0] eq 'bytea') { unshift @{ $lists[0] }, 'NULL'; }
	if ($name =~ /^concurrency_(avg|series)/ && @types > 2) { unshift @{ $lists[ $1 eq 'avg' ? -1 : -2 ] }, '2026-03-03+00'; }
	foreach my $i (0 .. $#types)
	{
		foreach my $k (1 .. $#{ $lists[$i] })
		{
			my @choice = (0) x @types;
			$choice[$i] = $k;
			push @choices, \@choice;
		}
	}
	# what makes and fills a schema takes milliseconds
	foreach (1 .. ($name =~ /^live_/ ? int($combinations / 4) : $combinations))
	{
		push @choices, [ map { int(rand(@$_)) } @lists ];
	}
	foreach my $choice (@choices)
	{
		next if $seen{"@$choice"}++;
		my @arguments = map { literal($types[$_], $lists[$_][ $choice->[$_] ]) } 0 .. $#types;
		$arguments[-1] = "VARIADIC $arguments[-1]" if $variadic && @arguments;
		my $call = "$name(" . join(', ', @arguments) . ')';
		push @calls, $kind eq 'p' ? "CALL $call" : $kind eq 'w' ? "SELECT $call OVER () FROM generate_series(1, 3)" : $kind eq 'a' ? "SELECT $call FROM generate_series(1, 3)" : "SELECT $call";
	}
	return @calls;
}

# The SQLSTATE of each call that failed, by its number. What changes tables is rolled back.
sub run_calls
{
	my ($calls) = @_;
	my $file = $node->basedir . '/calls.sql';
	my (%state, $err);

	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out "\\set VERBOSITY sqlstate\n\\o /dev/null\nSET client_min_messages = error;\nSET statement_timeout = '20s';\n";
	my $line = 4;
	my %call_at;
	foreach my $i (0 .. $#$calls)
	{
		my ($name, $call) = @{ $calls->[$i] };

		if ($name =~ /^live_/ && $name ne 'live_refresh') { print $out "BEGIN;\n$call;\nROLLBACK;\n"; $call_at{ $line + 2 } = $i; $line += 3; }
		else { print $out "$call;\n"; $call_at{ ++$line } = $i; }
	}
	close($out);
	$node->psql('postgres', undef, on_error_stop => 0, extra_params => [ '-f', $file ], stderr => \$err);
	foreach (split /\n/, $err)
	{
		if (/:(\d+): (?:ERROR|FATAL):  (\w{5})$/) { $state{ $call_at{$1} // die "no call in line $1: $_" } = $2; }
		else { die "unexpected: $_"; }
	}
	return %state;
}
