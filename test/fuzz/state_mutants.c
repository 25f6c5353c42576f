/*
 * state_mutants.c
 *		Damaged values, sent to a server: state_mutants COUNT SEED.
 *
 * The table "subject" has what is to be attacked: a name, a form, and a
 * statement with one parameter that answers with a text; "seed" has values to
 * damage.  Form "text" sends the parameter as text, so that it goes through the
 * input function of its type, and "binary" in binary, which goes through the
 * receive function.  What is answered, or the SQLSTATE, is counted in the table
 * "result".  COUNT mutants go to each subject.
 *
 * A server that does not survive is an error; the mutant is printed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "mutate.h"

#define MAX_MUTANT (1 << 20)

/* how often each answer came; answers are few */
typedef struct Answer
{
	char		text[200];
	long		n;
} Answer;

#define MAX_ANSWERS 100

typedef struct Subject
{
	const char *name;
	bool		is_text;
	PGresult   *seeds;
	Answer		answers[MAX_ANSWERS];
	int			nanswers;
} Subject;

static PGresult *
query(PGconn *connection, const char *statement, int nparams, const char *const *params, bool binary)
{
	PGresult   *result = PQexecParams(connection, statement, nparams, NULL, params, NULL, NULL, binary);

	if (PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	fprintf(stderr, "%s%s\n", PQerrorMessage(connection), statement);
	exit(1);
}

/* --- damage to text --------------------------------------------------------------- */

static const char *const words[] = {
	"9223372036854775807", "-9223372036854775808", "18446744073709551616", "9007199254740993", "1e308", "1e309", "-1e-400", "1e131071",
	"0.1", "-0", "4294967296", "2147483648", "null", "true", "\"Infinity\"", "\"NaN\"", "NaN", "[]", "{}", "[[[[", "]]]]", "\"\\u0000\"",
	"\"format\": 1, ", "{\"a\": ", "\xc3\xa9", "\xff"
};

/* Put a piece in the place of "length" bytes. */
static size_t
replace(uint8_t *text, size_t size, size_t at, size_t length, const char *piece, size_t n)
{
	if (at + length > size || size - length + n > MAX_MUTANT)
		return size;
	memmove(text + at + n, text + at + length, size - at - length);
	memmove(text + at, piece, n);
	return size - length + n;
}

/* the length of the number that begins here, or 0 */
static size_t
number_at(const uint8_t *text, size_t size, size_t at)
{
	size_t		n = 0;

	while (at + n < size && strchr("0123456789+-.eE", text[at + n]) != NULL && text[at + n] != '\0')
		n++;
	return n;
}

static size_t
mutate_text(uint8_t *text, size_t size, Prng *prng)
{
	static const char signs[] = "0123456789-+.eE,:[]{}\"\\ ()?*<>=t";

	for (uint32_t n = 1 + la_prng_below(prng, 3); n > 0 && size > 0; n--)
	{
		size_t		at = la_prng_below(prng, (uint32_t) size);
		size_t		from = la_prng_below(prng, (uint32_t) size);
		size_t		length = la_prng_below(prng, 24);
		const char *word = words[la_prng_below(prng, sizeof(words) / sizeof(words[0]))];
		char		sign = signs[la_prng_below(prng, sizeof(signs) - 1)];
		char		piece[32];

		switch (la_prng_below(prng, 8))
		{
			case 0:				/* a sign more, less or another */
				size = replace(text, size, at, la_prng_below(prng, 2), &sign, la_prng_below(prng, 2));
				break;
			case 1:
			case 2:				/* another number */
				while (at < size && number_at(text, size, at) == 0)
					at++;
				size = replace(text, size, at, number_at(text, size, at), word, strlen(word));
				break;
			case 3:				/* a digit more or less, at a number */
				while (at < size && number_at(text, size, at) == 0)
					at++;
				if (at < size)
					text[at] = (uint8_t) ('0' + la_prng_below(prng, 10));
				break;
			case 4:
				size = replace(text, size, at, 0, word, strlen(word));
				break;
			case 5:				/* a piece once more somewhere else */
				if (from + length <= size)
				{
					memcpy(piece, text + from, length);
					size = replace(text, size, at, 0, piece, length);
				}
				break;
			case 6:				/* a piece less */
				size = replace(text, size, at, length, "", 0);
				break;
			default:			/* cut off, or very long or deep */
				if (la_prng_below(prng, 8) > 0)
					size = la_prng_below(prng, 8) > 0 ? size : at;
				else
					for (int i = 0; i < 3000; i++)
						size = replace(text, size, at, 0, &sign, 1);
		}
	}
	return size;
}

/* --- subjects ----------------------------------------------------------------------- */

static void
note_answer(Subject *subject, const char *text)
{
	int			i = 0;

	while (i < subject->nanswers && strncmp(subject->answers[i].text, text, sizeof(subject->answers[i].text) - 1) != 0)
		i++;
	if (i == MAX_ANSWERS)
		i--;
	if (i == subject->nanswers)
	{
		subject->nanswers++;
		snprintf(subject->answers[i].text, sizeof(subject->answers[i].text), "%s", text);
	}
	subject->answers[i].n++;
}

static void
print_mutant(const Subject *subject, const uint8_t *bytes, size_t size)
{
	fprintf(stderr, "%s, %zu bytes: ", subject->name, size);
	for (size_t i = 0; i < size && i < 4000; i++)
		fprintf(stderr, "%02x", bytes[i]);
	fputc('\n', stderr);
}

/* Memory that was damaged is a warning of a server built with --enable-cassert. */
static void
note_warning(void *arg, const char *message)
{
	if (strstr(message, "problem in alloc set") != NULL)
		*(bool *) arg = true;
}

static bool memory_damaged;

static void
attack(PGconn *connection, Subject *subject, Prng *prng)
{
	static uint8_t bytes[MAX_MUTANT + 1];
	int			seed = (int) la_prng_below(prng, (uint32_t) PQntuples(subject->seeds));
	size_t		size = (size_t) PQgetlength(subject->seeds, seed, 0);
	const char *values[1] = {(const char *) bytes};
	int			lengths[1];
	int			formats[1] = {!subject->is_text};
	PGresult   *result;
	const char *answer;

	memcpy(bytes, PQgetvalue(subject->seeds, seed, 0), size);
	/* some come as they are */
	if (la_prng_below(prng, 50) > 0)
		size = subject->is_text ? mutate_text(bytes, size, prng) : mutate(bytes, size, prng);
	bytes[size] = '\0';
	lengths[0] = (int) size;
	result = PQexecPrepared(connection, subject->name, 1, values, lengths, formats, 0);
	answer = PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0) : PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (answer == NULL || PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(connection));
		print_mutant(subject, bytes, size);
		exit(1);
	}
	if (memory_damaged)
	{
		answer = "damaged memory";
		print_mutant(subject, bytes, size);
		memory_damaged = false;
	}
	/* what is neither a refusal nor right is worth a look */
	if (getenv("SHOW") != NULL && strcmp(getenv("SHOW"), answer) == 0)
		print_mutant(subject, bytes, size);
	note_answer(subject, answer);
	PQclear(result);
}

static void
run(PGconn *connection, const char *name, const char *form, const char *statement, long count, Prng *prng)
{
	Subject		subject = {name, strcmp(form, "text") == 0, NULL, {{"", 0}}, 0};
	const char *seed_of[1] = {name};
	PGresult   *prepared = PQprepare(connection, name, statement, 1, NULL);

	if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
	{
		fprintf(stderr, "%s%s\n", PQerrorMessage(connection), statement);
		exit(1);
	}
	PQclear(prepared);
	subject.seeds = query(connection, "SELECT value FROM seed WHERE subject = $1 ORDER BY value", 1, seed_of, true);
	for (long i = 0; i < count && PQntuples(subject.seeds) > 0; i++)
		attack(connection, &subject, prng);
	for (int i = 0; i < subject.nanswers; i++)
	{
		char		n[32];
		const char *row[3] = {name, subject.answers[i].text, n};

		snprintf(n, sizeof(n), "%ld", subject.answers[i].n);
		PQclear(query(connection, "INSERT INTO result VALUES ($1, $2, $3::bigint)", 3, row, false));
	}
	PQclear(subject.seeds);
}

int
main(int argc, char **argv)
{
	PGconn	   *connection = PQconnectdb("");
	PGresult   *subjects;
	Prng		prng;

	if (argc != 3)
		return 2;
	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "%s", PQerrorMessage(connection));
		return 1;
	}
	PQsetNoticeProcessor(connection, note_warning, &memory_damaged);
	la_prng_seed(&prng, strtoull(argv[2], NULL, 10), 1);
	PQclear(query(connection, "SET statement_timeout = '10s'", 0, NULL, false));
	subjects = query(connection, "SELECT name, form, statement FROM subject ORDER BY name", 0, NULL, false);
	for (int i = 0; i < PQntuples(subjects); i++)
		run(connection, PQgetvalue(subjects, i, 0), PQgetvalue(subjects, i, 1), PQgetvalue(subjects, i, 2),
			atol(argv[1]), &prng);
	PQclear(subjects);
	PQfinish(connection);
	return 0;
}
