/*
 * sha256_core_test.c
 *		the examples of FIPS 180-4, and every length around the ends of blocks.
 */
#include "sha256_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static bool
gives(const void *bytes, size_t length, const char *hex)
{
	unsigned char digest[LA_SHA256_SIZE];
	char		text[2 * LA_SHA256_SIZE + 1];

	/* an own copy, so that a sanitizer sees a look beyond its end */
	unsigned char *copy = malloc(length > 0 ? length : 1);

	memcpy(copy, bytes, length);
	la_sha256(copy, length, digest);
	free(copy);
	for (int i = 0; i < LA_SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return strcmp(text, hex) == 0;
}

int
main(void)
{
	static char a[1000000];
	unsigned char all[LA_SHA256_SIZE * 200];

	memset(a, 'a', sizeof(a));
	ok(gives("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "nothing");
	ok(gives("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "one block");
	ok(gives("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
			 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"), "two blocks");
	ok(gives(a, sizeof(a), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"), "a million bytes");
	/* the digest of the digests of 0 to 199 times "a", by Python's hashlib */
	for (size_t i = 0; i < 200; i++)
		la_sha256((const unsigned char *) a, i, all + LA_SHA256_SIZE * i);
	ok(gives(all, sizeof(all), "752c007f38611cfbf5fa42cb1cea3d8e086491c844d0cc4defd632cb81423506"), "every length up to 199");
	return tap_done();
}
