# Rows of "benchmark, name, value, unit" into a table of the claims of the README:
#
#   awk -v wanted=" segment linreg " -f bench/table.awk bench/claims rows
#
# A ratio is what the peer takes, as a multiple of what is taken here, in the same
# run. What was not measured is said, and not guessed.

FNR == NR {
	if ($0 !~ /^#/ && $0 != "")
		Claims[++Count] = $0
	next
}

{
	n = split($0, field, ", ")
	if (n < 4)
		next
	bench = field[1]
	Ran[bench] = 1
	name = field[2]
	for (i = 3; i <= n - 2; i++)
		name = name ", " field[i]
	unit = field[n]
	value = field[n - 1]
	if (unit == "version")
		Versions[name " " value] = 1
	Rows[bench] = Rows[bench] name "\t" unit "\t" value "\n"
}

END {
	print "| work | here | instead | takes | times as long |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= Count; i++)
		print_claim(Claims[i])
	for (version in Versions)
		versions = versions (versions == "" ? "" : ", ") version
	if (versions != "")
		print "\nThe others: " versions "."
}

function print_claim(claim,    part, n, work, bench, unit, ours, i, peer, at, theirs, field)
{
	n = split(claim, part, / *\| */)
	bench = part[2]
	unit = part[4]
	work = with_sizes(part[1], bench)
	# of other benchmarks than those asked for nothing is said
	split(bench, field, " ")
	if (wanted != "" && index(wanted, " " field[1] " ") == 0)
		return
	ours = value_of(bench, part[3], unit)
	if (!(bench in Ran) || ours == "")
	{
		printf "| %s | not measured | | | |\n", part[1] ~ /^the same/ ? part[1] : work
		return
	}
	if (n == 4)
		printf "| %s | %s | | | |\n", work, shown(ours, unit)
	for (i = 5; i <= n; i++)
	{
		at = index(part[i], " = ")
		peer = substr(part[i], 1, at - 1)
		theirs = value_of(bench, substr(part[i], at + 3), unit)
		if (theirs == "")
			printf "| %s | %s | %s | not here | |\n", i == 5 ? work : "", i == 5 ? shown(ours, unit) : "", peer
		else
			printf "| %s | %s | %s | %s | %s |\n", i == 5 ? work : "", i == 5 ? shown(ours, unit) : "", peer, shown(theirs, unit),
				(ours + 0 > 0 ? sprintf("%.2f", theirs / ours) : "")
	}
}

# The value of the rows of this name, or the sum of those of "a + b"; "" where
# one of them is not there.
function value_of(bench, names, unit,    name, n, i, lines, m, j, field, sum, found)
{
	n = split(names, name, / \+ /)
	sum = 0
	for (i = 1; i <= n; i++)
	{
		gsub(/\\d/, "[0-9]", name[i])
		found = ""
		m = split(Rows[bench], lines, "\n")
		for (j = 1; j < m && found == ""; j++)
		{
			split(lines[j], field, "\t")
			if (field[2] == unit && field[1] ~ ("^" name[i] "$"))
				found = field[3]
		}
		if (found == "")
			return ""
		sum += found
	}
	return n == 1 ? found + 0 : sum
}

function with_sizes(work, bench,    name, unit, value, lines, m, j, field)
{
	while (match(work, /\{[^}]*\}/))
	{
		name = substr(work, RSTART + 1, RLENGTH - 2)
		value = "?"
		m = split(Rows[bench], lines, "\n")
		for (j = 1; j < m; j++)
		{
			split(lines[j], field, "\t")
			if (field[1] == name && field[3] ~ /^[0-9]+$/)
				value = thousands(field[3])
		}
		work = substr(work, 1, RSTART - 1) value substr(work, RSTART + RLENGTH)
	}
	return work
}

function thousands(number,    text)
{
	while (length(number) > 3)
	{
		text = "," substr(number, length(number) - 2) text
		number = substr(number, 1, length(number) - 3)
	}
	return number text
}

# Three digits, as far as there are any.
function shown(value, unit,    digits)
{
	value += 0
	digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
	sub(/ per tree and row$/, "", unit)
	return sprintf("%." digits "f %s", value, unit)
}
