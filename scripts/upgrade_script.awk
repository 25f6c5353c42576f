# The script that makes one version of the extension into the next, from the
# install scripts of both:
#
#   awk -f scripts/upgrade_script.awk OLD.sql NEW.sql >OLD--NEW.sql
#
# Install scripts are lists of declarations (test/t/010_install.pl sees to it),
# so what differs follows from comparing them one by one, by the name and the
# types of the arguments. What is new is created. A function of which only the
# inside is new is replaced, and keeps its privileges and whatever uses it. One
# with another result or other names of arguments is dropped and created, which
# fails where a view of a user needs it. What cannot be derived (a type that is
# another one now, say) ends the run with status 1: then the script has to be
# written by hand.

BEGIN {
	if (ARGC != 3)
		fail("usage: awk -f scripts/upgrade_script.awk OLD.sql NEW.sql")
	read_script(ARGV[1], "old")
	read_script(ARGV[2], "new")
	compare_declarations()
	print_script()
	exit 0
}

function fail(message)
{
	print "upgrade script: " message | "cat >&2"
	close("cat >&2")
	exit 1
}

# --- reading -----------------------------------------------------------------

# Statements of a file, each with the comments before it left out. They end
# with a line that ends with a semicolon, outside of strings.
function read_script(file, version,    line, text, in_body, in_string, status)
{
	text = ""
	in_body = in_string = 0
	while ((status = (getline line < file)) > 0)
	{
		if (text == "" && (line ~ /^--/ || line ~ /^\\/ || line ~ /^[ \t]*$/))
			continue
		text = (text == "" ? line : text "\n" line)
		if (in_body || in_string || line ~ /['$]/)
		{
			in_body = body_after(line, in_body, in_string)
			in_string = STRING_AFTER
		}
		if (!in_body && !in_string && line ~ /;[ \t]*$/)
		{
			add_statement(version, text)
			text = ""
		}
	}
	if (status < 0)
		fail("could not read " file)
	if (text != "")
		fail(file " ends within a statement: " substr(text, 1, 60))
	close(file)
}

# Whether the line ends within $live$ ... $live$; whether within '...' goes to
# STRING_AFTER. Strings double their quotes, which counts as two of them.
function body_after(line, in_body, in_string,    place)
{
	while (line != "")
	{
		if (in_body)
		{
			place = index(line, "$live$")
			if (place == 0)
				break
			in_body = 0
			line = substr(line, place + 6)
		}
		else if (in_string)
		{
			place = index(line, "'")
			if (place == 0)
				break
			in_string = 0
			line = substr(line, place + 1)
		}
		else
		{
			place = match(line, /'|\$live\$|--/)
			if (place == 0 || RLENGTH == 2)
				break
			in_string = RLENGTH == 1
			in_body = !in_string
			line = substr(line, place + RLENGTH)
		}
	}
	STRING_AFTER = in_string
	return in_body
}

function add_statement(version, text,    key)
{
	key = key_of(text)
	if ((version, key) in Text)
		fail(key " is declared twice")
	Text[version, key] = text
	Keys[version, ++Count[version]] = key
}

# --- names -------------------------------------------------------------------

# What a statement is about: "FUNCTION name(types)", "COMMENT FUNCTION ...".
function key_of(text,    flat)
{
	flat = flatten(text)
	if (flat ~ /^CREATE (FUNCTION|PROCEDURE|AGGREGATE) /)
		return signature_key(substr(flat, 8))
	if (flat ~ /^CREATE TYPE [a-z_0-9]+;$/)
		return "SHELL " substr(flat, 13, length(flat) - 13)
	if (flat ~ /^CREATE TYPE /)
	{
		split(flat, WORDS, /[ (]/)
		return "TYPE " WORDS[3]
	}
	if (flat ~ /^CREATE OPERATOR /)
	{
		split(flat, WORDS, /[ (]/)
		return "OPERATOR " WORDS[3] "(" argument_of(flat, "LEFTARG") ", " argument_of(flat, "RIGHTARG") ")"
	}
	if (flat ~ /^COMMENT ON (FUNCTION|PROCEDURE|AGGREGATE) /)
		return "COMMENT " signature_key(substr(flat, 12))
	if (flat ~ /^COMMENT ON / && match(flat, / IS ('|NULL)/))
		return "COMMENT " substr(flat, 12, RSTART - 12)
	if (flat ~ /^(REVOKE|GRANT) / && match(flat, / ON FUNCTION /))
		return "PRIVILEGE " signature_key(substr(flat, RSTART + 4)) ": " flat
	fail("a statement of a kind that is not known: " substr(flat, 1, 60))
}

# One line with the strings emptied and single blanks.
function flatten(text)
{
	gsub(/--[^\n]*\n/, "\n", text)
	if (match(text, /\$live\$/))
		text = substr(text, 1, RSTART - 1) "$live$;"
	gsub(/'[^']*'/, "''", text)
	gsub(/[ \t\n]+/, " ", text)
	gsub(/\( /, "(", text)
	gsub(/ \)/, ")", text)
	gsub(/ \(/, "(", text)
	return text
}

# "FUNCTION f(a int, OUT b text) RETURNS ..." -> "FUNCTION f(int)"
function signature_key(flat,    open, shut, list, n, i, types, words, last)
{
	open = index(flat, "(")
	shut = index(flat, ")")
	list = substr(flat, open + 1, shut - open - 1)
	n = split(list, ARGUMENTS, /, */)
	types = ""
	for (i = 1; i <= n; i++)
	{
		if (ARGUMENTS[i] ~ /^OUT /)
			continue
		sub(/ DEFAULT .*/, "", ARGUMENTS[i])
		last = split(ARGUMENTS[i], words, " ")
		types = types (types == "" ? "" : ", ") words[last]
	}
	return substr(flat, 1, open) types ")"
}

function argument_of(flat, name)
{
	if (!match(flat, name " = [a-z_0-9]+"))
		return "NONE"
	return substr(flat, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
}

# What CREATE OR REPLACE FUNCTION cannot change: arguments, their names, the
# result. The value of a default it can.
function interface_of(text,    flat)
{
	flat = flatten(text)
	if (match(flat, / (LANGUAGE |AS '|AS \$)/))
		flat = substr(flat, 1, RSTART - 1)
	return flat
}

# --- comparing ---------------------------------------------------------------

function compare_declarations(    i, key)
{
	for (i = Count["old"]; i >= 1; i--)
	{
		key = Keys["old", i]
		if (!(("new", key) in Text))
			Drop[++Drops] = drop_of(key)
		else if (key ~ /^(FUNCTION|PROCEDURE)/ && interface_of(Text["old", key]) != interface_of(Text["new", key]))
		{
			Drop[++Drops] = drop_of(key)
			Made[key] = 1
			print "upgrade script: " key " is dropped and created: its result or the names of its arguments are others now" | "cat >&2"
		}
	}
	for (i = 1; i <= Count["new"]; i++)
	{
		key = Keys["new", i]
		if (!(("old", key) in Text) || (key in Made))
		{
			Made[key] = 1
			Change[++Changes] = Text["new", key]
		}
		else if (Text["old", key] != Text["new", key])
			Change[++Changes] = replacement_of(key)
		else if (key ~ /^(COMMENT|PRIVILEGE) / && (object_of(key) in Made))
			Change[++Changes] = Text["new", key]
	}
}

function drop_of(key)
{
	if (key ~ /^(FUNCTION|PROCEDURE|AGGREGATE|OPERATOR) /)
		return "DROP " key ";"
	if (key ~ /^TYPE / && flatten(Text["old", key]) ~ /^CREATE TYPE [a-z_0-9]+ AS/)
		return "DROP " key ";"
	# goes with its object
	if (key ~ /^COMMENT / && !(("new", object_of(key)) in Text))
		return ""
	fail(key " is not there any more, and how to take it away has to be written by hand")
}

function replacement_of(key,    text)
{
	text = Text["new", key]
	if (key ~ /^COMMENT /)
		return text
	if (key !~ /^(FUNCTION|PROCEDURE|AGGREGATE) /)
		fail(key " is another one now, and what makes one into the other has to be written by hand")
	sub(/^CREATE /, "CREATE OR REPLACE ", text)
	return text
}

# "COMMENT FUNCTION f(int)" and "PRIVILEGE FUNCTION f(int): ..." -> "FUNCTION f(int)"
function object_of(key)
{
	sub(/^[A-Z]+ /, "", key)
	sub(/: .*/, "", key)
	return key
}

# --- printing ----------------------------------------------------------------

function print_script(    i)
{
	print "\\echo Use \"ALTER EXTENSION liveanalytics UPDATE\" to load this file. \\quit"
	print ""
	print "-- Made by scripts/upgrade_script.awk. CREATE OR REPLACE stands only before what"
	print "-- the older version made: the server replaces a member of the extension and"
	print "-- refuses anything else of that name, whoever made it. What is new is created"
	print "-- plainly, which fails where the name is taken."
	for (i = 1; i <= Drops; i++)
		if (Drop[i] != "")
			print "\n" Drop[i]
	for (i = 1; i <= Changes; i++)
		print "\n" Change[i]
}
