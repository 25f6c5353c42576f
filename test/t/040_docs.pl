# The code in the README and in docs/ runs, and prints what they show; the map
# of the tree in docs/design.md has every file of it.
#
# Each page gets an empty database with the extension in it, and one psql
# session for all of its sql blocks, in order.  A text block directly after a
# sql block is the exact output of that block, blanks at line ends apart; a sql
# block without one may print anything but an error.  A pgsql block is the same, but
# reads the public data sets: it is left out where they are not.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";

# what the pages assume of the session
$ENV{PGTZ} = 'UTC';
$ENV{PGCLIENTENCODING} = 'UTF8';

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_parallel_workers_per_gather = 0");
$node->start;

my $pages = 0;
chdir($top) or die "could not enter $top: $!";
foreach my $page (glob('README*.md docs/*.md docs/reference/*.md'))
{
	my @blocks = sql_blocks($page) or next;

	check_page($page, 'page_' . ++$pages, @blocks);
}

ok($pages > 0, 'some pages have code');
$node->stop;
check_map();
done_testing();

# The fenced sql blocks of a page: line, sql, and the output shown, if any.
sub sql_blocks
{
	my ($page) = @_;
	my (@blocks, $fence, $language, $start);
	my $text = '';
	my $follows = 0;    # nothing but blank lines since a sql block

	open(my $in, '<', $page) or die "could not read $page: $!";
	while (my $line = <$in>)
	{
		if (!defined $fence)
		{
			if ($line =~ /^(`{3,})\s*(\S*)\s*$/)
			{
				($fence, $language, $start, $text) = ($1, $2, $., '');
			}
			elsif ($line =~ /\S/)
			{
				$follows = 0;
			}
		}
		elsif ($line =~ /^\Q$fence\E\s*$/)
		{
			my $runs = $language eq 'sql' || ($language eq 'pgsql' && $ENV{LIVEANALYTICS_DATA});

			push @blocks, { line => $start, sql => $text } if $runs;
			$blocks[-1]{shown} = $text if $language eq 'text' && $follows;
			$follows = $runs;
			undef $fence;
		}
		else
		{
			$text .= $line;
		}
	}
	close($in);
	die "$page: the code block at line $start has no end\n" if defined $fence;
	return @blocks;
}

# Run the blocks of one page, and compare.
sub check_page
{
	my ($name, $database, @blocks) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION liveanalytics');

	my @printed = run_blocks($database, @blocks);
	foreach my $i (0 .. $#blocks)
	{
		my ($block, $printed) = ($blocks[$i], tidy($printed[$i]));

		if (defined $block->{shown})
		{
			is($printed, tidy($block->{shown}), "$name line $block->{line} prints what is shown");
		}
		else
		{
			unlike($printed, qr/^(?:ERROR|FATAL|PANIC|invalid command|\\)/m,
				"$name line $block->{line} runs without an error");
		}
	}
}

# What one psql session prints for each block, errors in their place.
sub run_blocks
{
	my ($database, @blocks) = @_;
	my $mark = '=== end of block ===';
	my $script = $node->basedir . "/$database.sql";
	my $command = sprintf(q{psql -X -d "%s" <"%s" 2>&1}, $node->connstr($database), $script);

	open(my $out, '>', $script) or die "could not write $script: $!";
	print $out "$_->{sql}\n\\echo '$mark'\n" foreach @blocks;
	close($out);

	open(my $psql, '-|', $command) or die "could not run psql: $!";
	my $printed = join('', <$psql>);
	close($psql);

	my @parts = split(/^\Q$mark\E\n/m, $printed, -1);
	is(scalar(@parts) - 1, scalar(@blocks), "$database: psql reached the end of the page");
	push @parts, '' while @parts < @blocks;
	return @parts;
}

# Blanks at line ends and blank lines around do not count.
sub tidy
{
	my ($text) = @_;

	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

# The table of the map has a column for each folder of code, whose names may end
# in *, and the picture has what these folders share.
sub check_map
{
	my $map = slurp_file('docs/design.md');
	my ($picture) = $map =~ /^```text\n(.*?)^```/ms;
	my ($table) = $map =~ /^(\| name in SQL .*?)\n\n/ms;
	my ($head, undef, @rows) = map { [ split(/ \| /, $_, -1) ] } split(/\n/, $table);
	my (%left, @dead);

	foreach my $column (1 .. 3)
	{
		my ($folder) = $head->[$column] =~ /`(.*)`/;
		my $shared = $folder eq 'sql/' ? '' : $picture =~ s/.*\Q $folder \E//sr =~ s/\+--.*//sr;
		my @names = ((map { $_->[$column] =~ /`(.*?)`/g } @rows), $shared =~ /\w+/g);

		$left{$_} = 1 foreach grep { !/--/ } glob("$folder*.sql $folder*.[ch]");
		foreach my $name (@names)
		{
			my @files = glob("$folder$name.sql $folder$name.[ch]");

			push @dead, "$folder$name" if $shared !~ /\b\Q$name\E\b/ && !grep { -e } @files;
			delete @left{@files};
		}
	}
	is_deeply([ sort keys %left ], [], 'docs/design.md has a place for every file of the code');
	is_deeply(\@dead, [], 'and no name of a file that is not there');
	return;
}
