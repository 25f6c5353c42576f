/*
 * forest_mutants.c
 *		Damaged models, to be sent through a server: forest_mutants COUNT SEED
 *		prints each as a line that COPY reads into a bytea.
 *
 * Three of four have the envelope of a model in good order, so that nothing
 * but the reader of the contents stands in their way.
 */
#include <stdio.h>

#include "forest_seeds.h"

#define ENVELOPE 16
#define MAX_MUTANT (1 << 16)

/* the polynomial of CRC-32C, bits reversed */
#define CRC_POLYNOMIAL UINT32_C(0x82f63b78)

static uint32_t
crc_over(uint32_t crc, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
	}
	return crc;
}

static void
seal(uint8_t *model, size_t payload)
{
	ByteWriter	writer = {model, 0};

	la_write_bytes(&writer, "LAM1", 4);
	la_write_u16(&writer, LA_FOREST_VERSION);
	la_write_u16(&writer, 1);
	la_write_u32(&writer, (uint32_t) payload);
	la_write_u32(&writer, ~crc_over(crc_over(UINT32_MAX, model, 12), model + ENVELOPE, payload));
}

/* Change the payload in one of the ways that have broken readers before. */
static size_t
mutate(Prng *prng, uint8_t *bytes, size_t size, const Fixture *other)
{
	uint32_t	at = la_prng_below(prng, (uint32_t) size);
	size_t		n = size - at < other->size ? size - at : other->size;

	switch (la_prng_below(prng, 6))
	{
		case 0:					/* bits */
			for (uint32_t i = la_prng_below(prng, 8) + 1; i > 0; i--)
				bytes[la_prng_below(prng, (uint32_t) size)] ^= (uint8_t) (1 << la_prng_below(prng, 8));
			return size;
		case 1:					/* a byte */
			bytes[at] = (uint8_t) la_prng_next(prng);
			return size;
		case 2:					/* a number that is much too large, or nothing */
			memset(bytes + at, la_prng_below(prng, 2) ? 0xff : 0, size - at < 4 ? size - at : 4);
			return size;
		case 3:					/* cut off */
			return at;
		case 4:					/* spliced with another model */
			memcpy(bytes + at, other->bytes + other->size - n, n);
			return size;
		default:				/* a piece taken out */
			n = size - at < 9 ? size - at : la_prng_below(prng, 9);
			memmove(bytes + at, bytes + at + n, size - at - n);
			return size - n;
	}
}

static void
print_mutant(Prng *prng, const Fixture *seeds)
{
	static uint8_t model[ENVELOPE + MAX_MUTANT];
	const Fixture *seed = &seeds[la_prng_below(prng, FOREST_SEEDS)];
	size_t		size = seed->size < MAX_MUTANT ? seed->size : MAX_MUTANT;
	bool		sealed_after = la_prng_below(prng, 4) > 0;

	memcpy(model + ENVELOPE, seed->bytes, size);
	if (!sealed_after)
		seal(model, size);
	for (uint32_t i = la_prng_below(prng, 3) + 1; i > 0 && size > 0; i--)
		size = mutate(prng, model + ENVELOPE, size, &seeds[la_prng_below(prng, FOREST_SEEDS)]);
	if (sealed_after)
		seal(model, size);

	fputs("\\\\x", stdout);
	for (size_t i = 0; i < ENVELOPE + size; i++)
		printf("%02x", model[i]);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	Fixture		seeds[FOREST_SEEDS];
	Prng		prng;

	if (argc != 3)
		return 2;
	la_prng_seed(&prng, strtoull(argv[2], NULL, 10), 1);
	for (uint32_t i = 0; i < FOREST_SEEDS; i++)
		seeds[i] = forest_seed(i);
	for (long n = atol(argv[1]); n > 0; n--)
		print_mutant(&prng, seeds);
	for (uint32_t i = 0; i < FOREST_SEEDS; i++)
		fixture_free(&seeds[i]);
	return 0;
}
