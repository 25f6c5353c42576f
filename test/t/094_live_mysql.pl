# A platform that keeps its data in MySQL: read through mysql_fdw from a real
# MariaDB server, incrementally, each row once. docs/mysql.md has the recipe.
use strict;
use warnings FATAL => 'all';

use File::Temp;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($library) = `pg_config --pkglibdir` =~ /(.*)/;
my ($major) = `pg_config --version` =~ /(\d+)/;
my ($mariadbd) = grep { -x } '/usr/sbin/mariadbd', '/usr/libexec/mariadbd', '/usr/sbin/mysqld';
plan skip_all => "mysql_fdw is not installed for this server (Debian: postgresql-$major-mysql-fdw)" unless -e "$library/mysql_fdw.so";
plan skip_all => 'there is no MariaDB server (Debian: mariadb-server-core and mariadb-client-core)'
  unless $mariadbd && -x '/usr/bin/mariadb-install-db' && -x '/usr/bin/mariadb';

$ENV{PGCLIENTENCODING} = 'UTF8';

# a name short enough for a unix socket; mysql_fdw comes by TCP
my $folder = File::Temp->newdir('liveanalytics_mysql_XXXX', TMPDIR => 1);
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $mariadb = start_mariadb();

my $node = PostgreSQL::Test::Cluster->new('mysql');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

make_source();
make_foreign();
check_totals();
check_events();
check_lost_answer();
check_figures();

$node->stop;
done_testing();

END
{
	my $status = $?;

	if ($mariadb)
	{
		kill('TERM', $mariadb);
		waitpid($mariadb, 0);
	}
	$? = $status;
}

# A server of its own; its process.
sub start_mariadb
{
	my @common = ('--no-defaults', "--datadir=$folder/data");
	my $log = "$folder/log";

	system("mariadb-install-db @common --auth-root-authentication-method=normal --skip-test-db >$log 2>&1") == 0
	  or die "could not make a MariaDB server: " . slurp_file($log);
	my $pid = fork() // die "could not fork: $!";
	if ($pid == 0)
	{
		open(STDOUT, '>>', $log);
		open(STDERR, '>&', \*STDOUT);
		exec($mariadbd, @common, "--socket=$folder/socket", "--pid-file=$folder/pid", '--bind-address=127.0.0.1', "--port=$port",
			'--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=16M', '--default-time-zone=+08:00', '--character-set-server=utf8mb4')
		  or die "could not start $mariadbd: $!";
	}
	foreach (1 .. 300)
	{
		return $pid if system("mariadb --no-defaults --socket=$folder/socket -u root -e 'SELECT 1' >/dev/null 2>&1") == 0;
		select(undef, undef, undef, 0.1);
	}
	die "MariaDB did not start: " . slurp_file($log);
}

sub mysql
{
	my ($sql) = @_;
	my $file = "$folder/sql";

	open(my $out, '>', $file) or die "could not write $file: $!";
	print $out $sql;
	close($out);
	system("mariadb --no-defaults --default-character-set=utf8mb4 --socket=$folder/socket -u root <$file") == 0 or die "MariaDB refused: $sql";
	return;
}

# The platform's tables: totals per user as in the article, and events.
sub make_source
{
	mysql(q{
		CREATE DATABASE platform;
		CREATE USER 'brand'@'127.0.0.1' IDENTIFIED BY 'secret';
		GRANT SELECT ON platform.* TO 'brand'@'127.0.0.1';
		USE platform;
		CREATE TABLE user_behavior (user_id BIGINT UNSIGNED NOT NULL, live_id BIGINT NOT NULL, watch_time INT, comments INT, likes INT, shares INT,
			updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), PRIMARY KEY (user_id, live_id), KEY (updated_at));
		INSERT INTO user_behavior (user_id, live_id, watch_time, comments, likes, shares, updated_at) VALUES
			(7301234567890123456, 11, 120, 3, 5, 1, '2026-03-01 21:00:00.001'), (7301234567890123457, 11, NULL, 0, 2, 0, '2026-03-01 21:00:00.002'),
			(3, 11, -5, 0, 0, 0, '2026-03-01 21:00:00.003'), (4, 11, 30, 0, 0, NULL, '2026-03-01 21:00:00.004');
		CREATE TABLE behavior_log (id BIGINT AUTO_INCREMENT PRIMARY KEY, live_id BIGINT, user_id BIGINT UNSIGNED, action VARCHAR(20), happened_at DATETIME(3), num INT, remark TEXT);
		INSERT INTO behavior_log (live_id, user_id, action, happened_at, num, remark)
		SELECT 12, 7301234567890123400 + seq % 50, ELT(1 + seq % 3, 'enter', 'like', 'leave'), '2026-03-02 20:00:00.500' + INTERVAL seq SECOND, 1, '加油 💪' FROM seq_1_to_3000;
		INSERT INTO behavior_log (live_id, user_id, action, happened_at, num) VALUES (12, 5, '跳舞', '2026-03-02 20:00:00', 1), (12, 5, 'like', NULL, 1), (NULL, 5, 'like', '2026-03-02 20:00:00', 1), (12, 5, 'like', '2026-03-02 20:00:00', -1);
	});
	return;
}

sub make_foreign
{
	$node->safe_psql('postgres', 'CREATE ROLE brand LOGIN; CREATE DATABASE shop OWNER brand');
	$node->safe_psql('shop', qq{
		CREATE EXTENSION liveanalytics;
		CREATE EXTENSION mysql_fdw;
		CREATE SERVER platform FOREIGN DATA WRAPPER mysql_fdw OPTIONS (host '127.0.0.1', port '$port', character_set 'utf8mb4');
		GRANT USAGE ON FOREIGN SERVER platform TO brand;
		CREATE USER MAPPING FOR brand SERVER platform OPTIONS (username 'brand', password 'secret')});
	as_brand(q{
		SELECT live_setup();
		INSERT INTO live.channel (channel_id, code, name_zh, name_en, tz) VALUES (50, 'platform', '平台', 'platform', 'Asia/Shanghai');
		CREATE SCHEMA platform;
		CREATE FOREIGN TABLE platform.user_behavior (user_id numeric, live_id bigint, watch_time int, comments int, likes int, shares int, updated_at timestamp)
		SERVER platform OPTIONS (dbname 'platform', table_name 'user_behavior');
		CREATE FOREIGN TABLE platform.behavior_log (id bigint, live_id bigint, user_id numeric, action text, happened_at timestamp, num int)
		SERVER platform OPTIONS (dbname 'platform', table_name 'behavior_log');
		-- how far each table has been read, and what is new, under the names of our fields
		CREATE TABLE platform.watermark (source text PRIMARY KEY, seen bigint, seen_at timestamp);
		INSERT INTO platform.watermark VALUES ('behavior_log', 0, NULL), ('user_behavior', NULL, '-infinity');
		CREATE TABLE platform.new_event (event_id text, viewer numeric, stream bigint, type text, ts timestamp, qty int);
		CREATE TABLE platform.new_total (viewer numeric, stream bigint, watch_s int, comments int, likes int, shares int, captured_at timestamp);
		CREATE FUNCTION platform.pull(OUT events int, OUT totals int, OUT duplicate int, OUT rejected int) LANGUAGE plpgsql AS $$
		DECLARE
			v_seen bigint;
			v_at timestamp;
			r record;
		BEGIN
			-- one at a time
			SELECT seen INTO v_seen FROM platform.watermark WHERE source = 'behavior_log' FOR UPDATE;
			TRUNCATE platform.new_event, platform.new_total;
			INSERT INTO platform.new_event SELECT id, user_id, live_id, action, happened_at, num FROM platform.behavior_log WHERE id > v_seen;
			SELECT * INTO r FROM live_load('live', 'platform', 'platform.new_event');
			events := r.accepted;
			duplicate := r.duplicate;
			rejected := r.rejected;
			UPDATE platform.watermark SET seen = greatest(seen, (SELECT max(event_id::bigint) FROM platform.new_event)) WHERE source = 'behavior_log';
			-- times may be equal, and may become visible late: look back a little, what is known does no harm
			SELECT seen_at - interval '5 minutes' INTO v_at FROM platform.watermark WHERE source = 'user_behavior';
			v_at := greatest(v_at, '2000-01-01');
			INSERT INTO platform.new_total SELECT user_id, live_id, watch_time, comments, likes, shares, updated_at FROM platform.user_behavior WHERE updated_at >= v_at;
			SELECT * INTO r FROM live_load('live', 'platform', 'platform.new_total', 'total');
			totals := r.accepted;
			duplicate := duplicate + r.duplicate;
			rejected := rejected + r.rejected;
			UPDATE platform.watermark SET seen_at = greatest(seen_at, (SELECT max(captured_at) FROM platform.new_total)) WHERE source = 'user_behavior';
		END $$});
	like($node->safe_psql('shop', q{EXPLAIN VERBOSE SELECT id FROM platform.behavior_log WHERE id > 5 AND happened_at > '2026-01-01'}, extra_params => [ '-U', 'brand' ]),
		qr/WHERE .*`id` > 5.*`happened_at`/, 'the server there selects what is new');
	return;
}

sub check_totals
{
	is(as_brand('SELECT * FROM platform.pull()'), '3000|3|0|5', 'everything is read at first');
	is(as_brand(q{SELECT s.external_id, trim_scale(t.watch_s), t.comments, t.likes, t.shares, t.captured_at AT TIME ZONE 'Asia/Shanghai' FROM live.viewer_total t JOIN live.stream s USING (stream_id) ORDER BY likes DESC, t.watch_s}),
		"11|120|3|5|1|2026-03-01 21:00:00.001\n11||0|2|0|2026-03-01 21:00:00.002\n11|30|0|0||2026-03-01 21:00:00.004", 'totals per user, what is not known left open');
	is(as_brand(q{SELECT reason, count(*) FROM live.ingest_reject GROUP BY 1 ORDER BY 1}),
		"qty out of range|1\nstream is missing|1\nts is missing|1\nunknown type of event|1\nwatch time out of range|1", 'bad rows are kept');
	is(as_brand(q{SELECT raw ->> 'type' FROM live.ingest_reject WHERE reason = 'unknown type of event'}), '跳舞', 'in their words');
	is(as_brand('SELECT events, totals, duplicate FROM platform.pull()'), '0|0|3', 'nothing new');
	mysql(q{USE platform; UPDATE user_behavior SET likes = 9, updated_at = '2026-03-01 22:00:00' WHERE user_id = 4; UPDATE user_behavior SET watch_time = 5, updated_at = '2026-03-01 22:00:01' WHERE user_id = 3});
	is(as_brand('SELECT events, totals FROM platform.pull()'), '0|2', 'what has changed since, corrections of bad rows among it');
	is(as_brand(q{SELECT sum(likes), count(*) FROM live.viewer_total}), '16|4', 'the new state counts');
	return;
}

sub check_events
{
	is(as_brand(q{SELECT count(*), count(DISTINCT viewer_id), min(event_ts) AT TIME ZONE 'Asia/Shanghai' FROM live.event}), '3000|50|2026-03-02 20:00:01.5', 'events, with ids beyond 2^53 and local times');
	mysql(q{USE platform; INSERT INTO behavior_log (live_id, user_id, action, happened_at, num) SELECT 13, seq, 'enter', '2026-03-03 20:00:00', 1 FROM seq_1_to_10});
	is(as_brand('SELECT events FROM platform.pull()'), '10', 'new ones');
	is(as_brand('SELECT events FROM platform.pull()'), '0', 'once');
	# read again from the beginning: each row is known
	as_brand(q{UPDATE platform.watermark SET seen = 0 WHERE source = 'behavior_log'});
	is(as_brand('SELECT events, duplicate >= 3010 FROM platform.pull()'), '0|t', 'read again from the beginning, nothing is counted twice');
	return;
}

# What is read and the watermark stand or fall together.
sub check_lost_answer
{
	mysql(q{USE platform; INSERT INTO behavior_log (live_id, user_id, action, happened_at, num) SELECT 14, seq, 'enter', '2026-03-04 20:00:00', 1 FROM seq_1_to_7});
	as_brand('BEGIN; SELECT * FROM platform.pull(); ROLLBACK');
	is(as_brand('SELECT events FROM platform.pull()'), '7', 'a pull that was rolled back is made up for');
	kill('TERM', $mariadb);
	waitpid($mariadb, 0);
	my (undef, undef, $err) = $node->psql('shop', 'SELECT * FROM platform.pull()', extra_params => [ '-U', 'brand' ]);
	like($err, qr/ERROR:  .*failed to connect to MySQL/, 'a platform that is away is an error');
	is(as_brand(q{SELECT count(*) FROM live.event}), '3017', 'and nothing is lost');
	return;
}

sub check_figures
{
	as_brand('CALL live_refresh()');
	is(as_brand(q{SELECT * FROM live_verify('live')}), '', 'rollups equal their recomputation');
	is(as_brand(q{SELECT external_id, viewers_ucnt, views_cnt, likes_cnt FROM live.stream_overview ORDER BY 1}), "11|3||16\n12|50|1000|1000\n13|10|10|\n14|7|7|", 'the views show it');
	return;
}

sub as_brand
{
	my ($sql) = @_;

	return $node->safe_psql('shop', $sql, extra_params => [ '-U', 'brand' ]);
}
