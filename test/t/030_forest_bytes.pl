# The bytes of a random forest, in a server: damaged or forged they give an
# error or an answer and never a crash, and however they are stored they
# predict the same.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('forest');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf',
	"fsync = off\njit = off\nmax_parallel_workers_per_gather = 0\nlog_temp_files = 0");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION liveanalytics');
my $started = sql('SELECT pg_postmaster_start_time()');

make_models();
test_damage('two classes', 'small');
test_damage('three classes', 'colours');
test_damage('numbers', 'numbers');
sql(q{DELETE FROM model WHERE name = 'numbers'});    # the others predict classes
test_neighbours();
test_forms();
test_decoded_once();
test_internal();
test_cancel();
test_dump();

is(sql('SELECT pg_postmaster_start_time()'), $started, 'the server has not restarted');
my $log = slurp_file($node->logfile);
unlike($log, qr/TRAP:|PANIC|terminated by signal|problem in alloc set|leak:|was not closed/, 'the log is clean');
$node->stop;
done_testing();

sub sql
{
	return $node->safe_psql('postgres', @_);
}

# --- bytes -------------------------------------------------------------------

my @crc_table;

sub crc32c
{
	my ($bytes) = @_;
	my $crc = 0xffffffff;

	if (!@crc_table)
	{
		foreach my $i (0 .. 255)
		{
			my $c = $i;
			$c = $c & 1 ? ($c >> 1) ^ 0x82f63b78 : $c >> 1 foreach 1 .. 8;
			push @crc_table, $c;
		}
	}
	$crc = $crc_table[ ($crc ^ $_) & 0xff ] ^ ($crc >> 8) foreach unpack('C*', $bytes);
	return $crc ^ 0xffffffff;
}

# The model with the length and checksum that its bytes should have.
sub seal
{
	my ($model) = @_;

	substr($model, 8, 4) = pack('V', length($model) - 16);
	substr($model, 12, 4) = pack('V', crc32c(substr($model, 0, 12) . substr($model, 16)));
	return $model;
}

# Change the eight bytes at "at" so that the checksum becomes "wanted": a
# checksum is linear, so this is a system of equations over single bits.
sub forge
{
	my ($model, $at, $wanted) = @_;
	my $checksum = sub { unpack('V', substr(seal($_[0]), 12, 4)) };
	my $base = $checksum->($model);
	my $need = $base ^ $wanted;
	my %pivot;

	foreach my $bit (0 .. 63)
	{
		my $mask = pack('Q<', 1 << $bit);
		my $flipped = $model;

		substr($flipped, $at, 8) ^= $mask;
		my ($effect, $by) = ($checksum->($flipped) ^ $base, $mask);
		foreach my $top (sort { $b <=> $a } keys %pivot)
		{
			next unless $effect >> $top & 1;
			$effect ^= $pivot{$top}[0];
			$by ^= $pivot{$top}[1];
		}
		next unless $effect;
		my $top = 31;
		$top-- until $effect >> $top & 1;
		$pivot{$top} = [ $effect, $by ];
	}
	foreach my $top (sort { $b <=> $a } keys %pivot)
	{
		next unless $need >> $top & 1;
		$need ^= $pivot{$top}[0];
		substr($model, $at, 8) ^= $pivot{$top}[1];
	}
	die "could not forge a checksum" if $need;
	return seal($model);
}

sub model_bytes
{
	my ($name) = @_;

	return pack('H*', sql("SELECT encode(forest, 'hex') FROM model WHERE name = '$name'"));
}

# A model of the regression tests, as SQL.
sub golden
{
	my ($name) = @_;
	my $file = slurp_file("$ENV{LIVEANALYTICS_TOP}/test/sql/forest_format.sql");

	$file =~ /\('$name', ('[^']*')\)/ or die "there is no golden model $name";
	return $1;
}

sub hex_literal
{
	return q{'\x} . unpack('H*', $_[0]) . q{'};
}

# --- models --------------------------------------------------------------------

sub make_models
{
	sql(q{
CREATE TABLE model (name text PRIMARY KEY, forest bytea);
INSERT INTO model
SELECT 'small', rf_train(i % 3 = 0, ARRAY[i % 7, CASE WHEN i % 4 > 0 THEN i % 5 END], '{"trees": 2, "min_leaf": 2}')
FROM generate_series(1, 30) i;
INSERT INTO model
SELECT 'colours', rf_train((ARRAY['red', '', 'blå'])[1 + i % 3], ARRAY[i % 5, i % 11], '{"trees": 2, "max_depth": 3}')
FROM generate_series(1, 40) i;
INSERT INTO model
SELECT 'large', rf_train(i * i % 7, ARRAY[i % 1009, i * 7919 % 1000], '{"trees": 20}')
FROM generate_series(1, 3000::bigint) i;
INSERT INTO model
SELECT 'medium', rf_train(i * i % 7, ARRAY[i % 101, i * 7919 % 100], '{"trees": 3, "max_depth": 6}')
FROM generate_series(1, 1000::bigint) i;
INSERT INTO model
SELECT 'tiny', rf_train(true, ARRAY[1.0, 2.0], '{"trees": 1}');

-- what each function answers: ok, or its SQLSTATE
CREATE FUNCTION answers(model bytea) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	calls text[] := ARRAY[
		'SELECT rf_predict($1, ARRAY[1.0, NULL])',
		'SELECT rf_predict_proba($1, ARRAY[2.0, 3.0])',
		'SELECT rf_predict_value($1, ARRAY[NULL, 3.0])',
		'SELECT rf_classes($1)',
		'SELECT rf_info($1)',
		'SELECT count(i) FROM rf_importance($1) i',
		'SELECT count(n) FROM rf_nodes($1) n',
		'SELECT rf_merge(m) FROM unnest(ARRAY[$1, $1]) m'];
	result text[];
	answer text;
BEGIN
	FOR i IN 1 .. cardinality(calls) LOOP
		BEGIN
			EXECUTE calls[i] INTO answer USING model;
			result := result || 'ok'::text;
		EXCEPTION WHEN OTHERS THEN
			result := result || SQLSTATE::text;
		END;
	END LOOP;
	RETURN result;
END$$;
	});
	sql("INSERT INTO model VALUES ('numbers', " . golden('numbers') . ')');
	is(sql(q{SELECT DISTINCT answers(forest)::text FROM model WHERE name <> 'numbers'}),
		'{ok,ok,22023,ok,ok,ok,ok,ok}', 'models of classes answer');
	is(sql(q{SELECT answers(forest)::text FROM model WHERE name = 'numbers'}),
		'{22023,22023,ok,ok,ok,ok,ok,ok}', 'a model of numbers answers');
}

# --- damage ----------------------------------------------------------------------

# What the functions answered to these models, each answer once.
sub answers
{
	my ($which, @models) = @_;
	my $file = $node->basedir . '/damaged';

	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out '\\\\x' . unpack('H*', $_) . "\n" foreach @models;
	close($out);
	sql("DROP TABLE IF EXISTS damaged; CREATE TABLE damaged (forest bytea); COPY damaged FROM '$file'");
	is(sql('SELECT count(*) FROM damaged'), scalar(@models), "$which: all were tried");
	return split(/\n/, sql('SELECT DISTINCT unnest(answers(forest)) AS a FROM damaged ORDER BY a'));
}

sub test_damage
{
	my ($which, $name) = @_;
	my $model = model_bytes($name);
	my $n = length($model);
	my (@cut, @flipped, @resealed, @longer);

	cmp_ok($n, '<', 2000, "$which: a model of $n bytes");
	is(unpack('H*', seal($model)), unpack('H*', $model), "$which: the checksum is CRC-32C");
	foreach my $i (0 .. $n - 1)
	{
		push @cut, substr($model, 0, $i);
		push @longer, seal(substr($model, 0, $i)) if $i >= 16;
		foreach my $mask ("\x01", "\x80", "\xff")
		{
			my $damaged = $model;

			substr($damaged, $i, 1) ^= $mask;
			push @flipped, $damaged;
			push @resealed, seal($damaged);
		}
	}
	push @longer, seal($model . "\0" x $_), seal($model . "\xff" x $_) foreach 1 .. 20;
	is(join(' ', answers("$which, cut off", @cut)), '22P03', "$which: a part of a model is not a model");
	is(join(' ', answers("$which, damaged", @flipped)), '22P03 XX001', "$which: damage is found");
	is(join(' ', answers("$which, cut off or longer, with a right checksum", @longer)),
		'22P03', "$which: the length must be right with a right checksum too");

	# 2202E: it wants another number of features; 22021: a label is not UTF-8; 22023: it is of
	# the other kind; 54000: twice it would have too many trees
	unlike(join(' ', answers("$which, changed, with a right checksum", @resealed)),
		qr/\b(?!(?:ok|0A000|2202E|22021|22023|22P03|54000|XX001)\b)\w/,
		"$which: a changed model with a right checksum gives an answer or a fitting error");
}

# A model that is hard to tell from the one before it in the same query.
sub test_neighbours
{
	foreach my $name ('small', 'large')
	{
		my $model = model_bytes($name);
		my $cut = substr($model, 0, length($model) - 1);
		my ($result, $out, $error) = $node->psql('postgres', sprintf(
				q{SELECT rf_classes(forest) FROM (VALUES (1, %s::bytea), (2, %s)) m (i, forest) ORDER BY i},
				hex_literal($model), hex_literal($cut)), extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

		like($error, qr/22P03/, "$name: a model cut off is not taken for the whole one before it");
	}

	# another label, and a seed that makes the checksum that of the true model
	my $true = model_bytes('medium');
	my $forged = $true;
	my ($seed_at, $label_at) = (16 + 65 + 36, 16 + 13 + 3 * 13 + 4);

	substr($forged, $label_at, 1) = '9';
	$forged = forge($forged, $seed_at, unpack('V', substr($true, 12, 4)));
	is(unpack('H*', substr($forged, 0, 16)), unpack('H*', substr($true, 0, 16)), 'the forged model has the same envelope');
	is( sql(sprintf(q{SELECT rf_classes(forest) FROM (VALUES (1, %s::bytea), (2, %s), (3, %s)) m (i, forest) ORDER BY i},
				hex_literal($true), hex_literal($forged), hex_literal($true))),
		"{0,1,2,4}\n{0,1,2,9}\n{0,1,2,4}", 'a forged checksum does not make one model pass for another');
	sql(sprintf(q{
CREATE TABLE stored (i int, forest bytea);
ALTER TABLE stored ALTER forest SET STORAGE EXTERNAL;
INSERT INTO stored VALUES (1, %s), (2, %s), (3, %s)},
			hex_literal($true), hex_literal($forged), hex_literal($true)));
	cmp_ok(sql(q{SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'stored'::regclass}), '>', 0, 'models are stored out of line');
	is(sql('SELECT rf_classes(forest) FROM stored ORDER BY i'),
		"{0,1,2,4}\n{0,1,2,9}\n{0,1,2,4}", 'nor where the models are stored out of line');
}

# --- forms -------------------------------------------------------------------------

# A model as it lies in a table of this storage and compression.
sub store
{
	my ($name, $table, $storage, $compression) = @_;

	sql("CREATE TABLE $table (forest bytea)");
	sql("ALTER TABLE $table ALTER forest SET STORAGE $storage");
	sql("ALTER TABLE $table ALTER forest SET COMPRESSION $compression") if $compression;
	sql("INSERT INTO $table SELECT forest || ''::bytea FROM model WHERE name = '$name'");
	return "(SELECT forest FROM $table)";
}

sub predictions
{
	my ($model) = @_;

	return sql("SELECT md5(string_agg(rf_predict(m.forest, f) || rf_predict_proba(m.forest, f)::text || rf_classes(m.forest)::text, ',' ORDER BY i))
		FROM (SELECT $model AS forest OFFSET 0) m, generate_series(1, 300) i, LATERAL (SELECT ARRAY[i % 103, NULLIF(i * 37 % 99, 5)] AS f) x");
}

sub stored_as
{
	my ($table) = @_;

	return sql("SELECT concat_ws(' ', pg_column_compression(forest),
		CASE WHEN pg_relation_size(nullif(reltoastrelid, 0)) > 0 THEN 'out of line' ELSE 'in line' END)
		FROM $table, pg_class c WHERE c.oid = '$table'::regclass");
}

sub test_forms
{
	my $lz4 = sql(q{SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'}) eq 't';
	my @forms = (
		[ 'tiny', 'EXTENDED', '', 'in line' ],
		[ 'medium', 'PLAIN', '', 'in line' ],
		[ 'medium', 'EXTERNAL', '', 'out of line' ],
		[ 'medium', 'MAIN', 'pglz', 'pglz in line' ],
		[ 'large', 'EXTENDED', 'pglz', 'pglz out of line' ],
		[ 'large', 'EXTERNAL', '', 'out of line' ]);

	push @forms, [ 'medium', 'MAIN', 'lz4', 'lz4 in line' ], [ 'large', 'EXTENDED', 'lz4', 'lz4 out of line' ] if $lz4;
	note('this server has no lz4') unless $lz4;

	my $count = 0;
	foreach my $form (@forms)
	{
		my ($name, $storage, $compression, $expected) = @$form;
		my $table = 'form' . ++$count;
		my $model = store($name, $table, $storage, $compression);

		is(stored_as($table), $expected, "$name: stored $expected");
		is(predictions($model), predictions(hex_literal(model_bytes($name)) . '::bytea'), "$name: predicts the same, $expected");
	}
	foreach my $name ('tiny', 'medium', 'large')
	{
		test_expressions($name, predictions(hex_literal(model_bytes($name)) . '::bytea'));
	}
}

# A model that comes out of expressions, variables and files.
sub test_expressions
{
	my ($name, $expected) = @_;
	my $stored = "(SELECT forest FROM model WHERE name = '$name')";
	my $file = $node->basedir . "/$name.copy";
	my %expressions = (
		'a substring' => "(SELECT substring('\\x00'::bytea || forest || '\\x00' FROM 2 FOR length(forest)) FROM model WHERE name = '$name')",
		'an element of an array' => "(SELECT (array_agg(forest))[1] FROM model WHERE name = '$name')",
		'a field of a row' => "(SELECT (m).forest FROM (SELECT m FROM model m WHERE name = '$name' OFFSET 0) x)",
		'the result of a function' => "through_plpgsql('$name')");

	sql(q{
CREATE OR REPLACE FUNCTION through_plpgsql(model_name text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	r record;
	v bytea;
BEGIN
	SELECT * INTO r FROM model WHERE name = model_name;
	v := r.forest;
	PERFORM rf_predict(v, ARRAY[1.0, 2.0]), rf_info(r.forest);
	RETURN v;
END$$});
	foreach my $what (sort keys %expressions)
	{
		is(predictions($expressions{$what}), $expected, "$name: predicts the same as $what");
	}
	sql("COPY (SELECT forest FROM model WHERE name = '$name') TO '$file' (FORMAT binary);
		CREATE TABLE copied_$name (forest bytea); COPY copied_$name FROM '$file' (FORMAT binary)");
	is(predictions("(SELECT forest FROM copied_$name)"), $expected, "$name: predicts the same after COPY BINARY");

	# a variable and a cursor, with a model that fails in between
	is(sql("DO \$\$
DECLARE
	v bytea := $stored;
	c CURSOR FOR SELECT rf_predict(forest, ARRAY[i, i]) AS p FROM (SELECT v AS forest) m, generate_series(1, 20) i;
	before text;
	failures int := 0;
BEGIN
	FOR r IN c LOOP
		BEGIN
			PERFORM rf_predict(CASE WHEN random() < 2 THEN substr(v, 1, 40) END, ARRAY[1.0, 2.0]);
		EXCEPTION WHEN invalid_binary_representation THEN
			failures := failures + 1;
		END;
		ASSERT r.p = rf_predict(v, (SELECT ARRAY[i, i] FROM generate_series(failures, failures) i));
	END LOOP;
	ASSERT failures = 20;
END\$\$; SELECT 'done'"), 'done', "$name: a failure inside a cursor's loop leaves the others right");
}

# --- decoding once -------------------------------------------------------------------

sub decodings
{
	my ($query) = @_;
	my ($result, $out, $error) = $node->psql('postgres', "SET client_min_messages = debug1; $query");

	return join(' ', $out, scalar(() = $error =~ /decoded a random forest/g));
}

sub test_decoded_once
{
	my $rows = 'FROM generate_series(1, 200000) i';

	is(decodings("SELECT count(rf_predict(m.forest, ARRAY[i % 100, i % 7])) $rows, form3 m"),
		'200000 1', 'stored out of line, decoded once for 200,000 rows');
	is(decodings("SELECT count(rf_predict(m.forest, ARRAY[i % 100, i % 7])) $rows, form4 m"),
		'200000 1', 'stored compressed in line, decoded once for 200,000 rows');
	is(decodings("SELECT count(rf_predict(m.forest, ARRAY[i % 100, i % 7])) $rows, (SELECT forest || ''::bytea AS forest FROM model WHERE name = 'large' OFFSET 0) m"),
		'200000 1', 'large and in memory, decoded once for 200,000 rows');
	is(decodings("SELECT count(rf_predict(m.forest, ARRAY[i % 100, i % 7])) FROM generate_series(1, 4000) i, model m"),
		'20000 5', 'five models in turn, each decoded once');

	sql(q{CREATE TABLE channel AS
SELECT g, rf_train(i % 2 = 0, ARRAY[i % 9], jsonb_build_object('trees', 3, 'seed', g)) AS forest
FROM generate_series(1, 50) i, generate_series(0, 64) g GROUP BY g});
	my $in_turn = 'SELECT count(rf_predict(forest, ARRAY[i]))
		FROM (SELECT i, forest FROM generate_series(0, 1299) i JOIN channel ON g = i % %d ORDER BY i OFFSET 0) x';
	is(decodings($in_turn =~ s/%d/64/r), '1300 64', '64 channels in turn, each decoded once');
	is(decodings($in_turn =~ s/%d/65/r), '1300 1300', 'one channel more is decoded again and again');
}

# --- misuse --------------------------------------------------------------------------

# Functions with an internal argument cannot be called by hand.
sub test_internal
{
	my @calls = split(/\n/, sql(q{
SELECT format('SELECT %s(%s)', p.oid::regproc, string_agg('NULL' || CASE WHEN t <> 'internal'::regtype THEN '::' || format_type(t, NULL) ELSE '' END, ', ' ORDER BY i))
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refobjid = e.oid AND e.extname = 'liveanalytics',
unnest(p.proargtypes) WITH ORDINALITY a (t, i)
WHERE p.prokind = 'f' AND 'internal'::regtype = ANY (p.proargtypes)
GROUP BY p.oid ORDER BY 1}));

	cmp_ok(scalar(@calls), '>=', 7, 'there are functions with an internal argument');
	foreach my $call (@calls)
	{
		my ($result, $out, $error) = $node->psql('postgres', "$call;\nSELECT 'alive'", on_error_stop => 0);

		like("$error $out", qr/ERROR: .*alive/s, "$call: an error");
	}
}

# A training that is cancelled leaves no file behind, and the session goes on.
# A slow machine may need the last timeout to get as far as writing the file.
sub test_cancel
{
	my $in_file = qr/temporary file: path "base\/pgsql_tmp/;

	foreach my $timeout ('50ms', '1500ms', '45s')
	{
		last if $timeout eq '45s' && slurp_file($node->logfile) =~ $in_file;

		# what is local to the transaction is over once the error is
		my ($result, $out, $error) = $node->psql('postgres', "SET liveanalytics.collect_mem = '1MB';
BEGIN;
SET LOCAL statement_timeout = '$timeout';
SELECT length(rf_train(i * i % 100, ARRAY[i % 1009, i * 7919 % 100003], '{\"trees\": 10000, \"min_leaf\": 2000}')) FROM generate_series(1, 300000::bigint) i;
ROLLBACK;
SELECT 'alive', count(*) FROM pg_ls_tmpdir();", on_error_stop => 0);

		like($error, qr/canceling statement due to statement timeout/, "cancelled after $timeout");
		is($out, 'alive|0', "no file is left, and the session goes on after $timeout");
	}
	like(slurp_file($node->logfile), $in_file, 'the rows were in a file');
}

# --- dump and restore -------------------------------------------------------------------

sub test_dump
{
	my $file = $node->basedir . '/dump.sql';
	my $compare = q{SELECT md5(string_agg(name || forest::text, ',' ORDER BY name)),
		(SELECT md5(string_agg(prediction, ',' ORDER BY name, i)) FROM prediction) FROM model};

	sql(q{CREATE VIEW prediction AS
SELECT name, i, rf_predict(forest, ARRAY[i, i % 7]) AS prediction FROM model, generate_series(1, 50) i});
	command_ok([ 'pg_dump', '-f', $file, $node->connstr('postgres') ], 'pg_dump');
	$node->safe_psql('postgres', 'CREATE DATABASE restored');
	command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $file ], 'restore');
	is($node->safe_psql('restored', $compare), sql($compare), 'models and predictions are the same after a restore');
}
