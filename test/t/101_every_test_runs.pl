# No file is forgotten: every source is built, every test is run and has its
# answer, every script of a release is started by one, and the page that says
# what is tested names files that are there.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my $top = $ENV{LIVEANALYTICS_TOP} or die "LIVEANALYTICS_TOP is not set";
chdir($top) or die "could not enter $top: $!";
my $makefile = slurp_file('Makefile');
my $release = slurp_file('test/release.sh');
my $trust = slurp_file('docs/trust.md');

sub names { my ($glob) = @_; return map { m{([^/]+)$} } sort glob($glob); }

# Those of the files that a text does not name
sub unnamed
{
	my ($text, @names) = @_;

	return join(' ', grep { $text !~ /(?<![\w-])\Q$_\E(?![\w-])/ } @names);
}

sub is_none { my ($text, $label) = @_; return is($text, '', $label); }

is_none(unnamed($makefile, map { "src/$_" } map { s/c$/o/r } names('src/*.c')), 'every C file is built');
is_none(unnamed($makefile, map { "src/core/$_" } map { s/c$/o/r } names('src/core/*.c')), 'every file of the core is built');
is_none(unnamed($makefile, map { "sql/$_" } grep { /^\d/ } names('sql/*.sql')), 'every part of the install script is in it');

my %answer = map { s/(?:_\d)?\.out$//r => 1 } names('expected/*.out');
my %test = map { s/\.sql$//r => 1 } names('test/sql/*.sql');
is_none(join(' ', grep { !$answer{$_} } sort keys %test), 'every regression test has an answer');
is_none(join(' ', grep { !$test{$_} } sort keys %answer), 'every answer belongs to a test');
like($makefile, qr{^REGRESS\s*=.*wildcard test/sql/\*\.sql}m, 'and make runs all of them');
like($makefile, qr{^UNIT_TESTS\s*=.*wildcard test/unit/\*_test\.c}m, 'make runs every unit test');
is_none(join(' ', grep { !/_test\.c$/ } names('test/unit/*.c')), 'and every C file there is one');
is_none(join(' ', grep { !/^\d\d\d_/ } names('test/t/*')), 'every file in test/t is a test that check takes');

my ($fuzz) = $makefile =~ /^FUZZ_TYPES\s*\?=\s*(.*)$/m;
is_none(unnamed($fuzz, map { s/_fuzz\.c$//r } names('test/fuzz/*_fuzz.c')), 'every fuzz target is run');
is_none(unnamed($release, grep { $_ ne 'release.sh' } names('test/*.sh'), names('test/fuzz/*.sh')), 'every long test is part of a release');
is_none(unnamed($trust, grep { $_ ne 'release.sh' } names('test/*.sh')), 'and explained');
is_none(join(' ', grep { !-e } map { s{/$}{}r } $trust =~ m{\b((?:test|docs|src|sql|bench)/[\w./*-]*\w)}g), 'the page names files that are there');
my @parts = $release =~ /^(\w+)_part\(\)/mg;
is_none(unnamed($trust, @parts), 'and every part of a release');

done_testing();
