#!/usr/bin/env python3
"""Bytes of Roaring bitmaps as CRoaring writes them after run_optimize, by way of pyroaring.

    python3 roaring_reference.py >roaring_reference.txt

Each line: name, numbers as viewer_set has them in text, MD5 of the 32-bit and of the 64-bit portable format
("-": does not fit).
"""
import hashlib
import random

import pyroaring

random.seed(20260101)


def text(numbers):
    parts = []
    numbers = sorted(set(numbers))
    i = 0
    while i < len(numbers):
        j = i
        while j + 1 < len(numbers) and numbers[j + 1] == numbers[j] + 1:
            j += 1
        parts.append(str(numbers[i]) if i == j else f"{numbers[i]}-{numbers[j]}")
        i = j + 1
    return "{" + ",".join(parts) + "}"


def md5(bitmap):
    bitmap.run_optimize()
    return hashlib.md5(bitmap.serialize()).hexdigest()


cases = {
    "empty": [],
    "one": [7],
    "two": [1, 2],
    "three": [1, 2, 3],
    "four": [1, 2, 3, 4],
    "bits_4097": [2 * i for i in range(4097)],
    "full": list(range(65536)),
    "border": list(range(65000, 66000)),
    "runs_in_3": list(range(10)) + list(range(70000, 70100)) + list(range(140000, 140100)),
    "runs_in_4": list(range(10)) + list(range(70000, 70100)) + list(range(140000, 140100)) + list(range(270000, 270100)),
    "mixed": [5, 9] + list(range(70000, 75000)) + [131072 + 3 * i for i in range(4500)],
    "last_32": [0, 2**32 - 1],
    "random": random.sample(range(200000), 1000),
    "wide": [1, 2, 3, 4, 2**32, 2**32 + 70000, 2**40, 2**63 - 1],
}
for name, numbers in cases.items():
    narrow = md5(pyroaring.BitMap(numbers)) if not numbers or max(numbers) < 2**32 else "-"
    print(name, text(numbers), narrow, md5(pyroaring.BitMap64(numbers)), sep="\t")
