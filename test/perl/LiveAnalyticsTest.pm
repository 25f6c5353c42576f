# What several TAP tests do: wait for something, and hand a type binary values
# that no server sent.
package LiveAnalyticsTest;
use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(wait_until check_binary_input);

# Until the condition holds, for as long as PostgreSQL's own tests wait for
# something; false if it did not come to that.
sub wait_until
{
	my ($condition) = @_;

	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if $condition->();
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

# COPY BINARY of one value of a type: whole, then of wrong lengths, then with
# changed bytes. The server answers with a value that can be used, or with a
# SQLSTATE; an answer that is not expected fails the test.
#
#   type     of the value
#   value    a query for its bytes, in hex
#   use      statements that use the value, the column "value" of "received"
#   lengths  that the value is cut to
#   places   where a byte is changed
#   bytes    that are put there, \377 if not given
#   cut      the SQLSTATEs of values that are too short or too long
#   changed  the SQLSTATEs of values with changed bytes, beside reading them
sub check_binary_input
{
	my ($node, %arg) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/value';
	my $value = pack('H*', $node->safe_psql('postgres', $arg{value}));
	my $answer = sub {
		my ($bytes) = @_;

		open(my $out, '>:raw', $file) or die "could not write $file: $!";
		print $out "PGCOPY\n\377\r\n\0", pack('NN', 0, 0), pack('n', 1), pack('N/a*', $bytes), pack('n', 0xffff);
		close($out);
		my ($status, undef, $err) = $node->psql('postgres',
			"\\set VERBOSITY sqlstate\nTRUNCATE received; COPY received FROM '$file' (FORMAT binary); $arg{use}");
		return $status == 0 ? 'read' : $err =~ /ERROR:  (\w+)/ ? $1 : $err;
	};
	my $only = sub {
		my ($expected, $what, @values) = @_;
		my %other;

		foreach my $got (map { $answer->($_) } @values)
		{
			$other{$got}++ unless grep { $_ eq $got } @$expected;
		}
		is_deeply(\%other, {}, "$arg{type}: $what");
	};

	$node->safe_psql('postgres', "DROP TABLE IF EXISTS received; CREATE TABLE received (value $arg{type})");
	is($answer->($value), 'read', "$arg{type}: what was sent can be received");
	is($node->safe_psql('postgres', "SELECT encode($arg{type}_send(value), 'hex') FROM received"), unpack('H*', $value),
		"$arg{type}: to the bit");
	$only->($arg{cut}, 'a value of the wrong length is refused', "$value\0", map { substr($value, 0, $_) } @{ $arg{lengths} }, length($value) - 1);
	$only->([ 'read', @{ $arg{changed} } ], 'a changed byte is refused, or gives another value that can be used',
		map { my $place = $_; map { substr($value, 0, $place) . $_ . substr($value, $place + 1) } @{ $arg{bytes} // ["\377"] } }
		  grep { $_ < length($value) } @{ $arg{places} });
	return;
}

1;
