#!/usr/bin/env python3
"""Reference values of the natural logarithm for test/unit/log_core_test.c.

Needs mpmath; prints the table as C.  repr() gives the exact double, nstr() its
logarithm computed with 40 digits.
"""
import mpmath

mpmath.mp.dps = 40

VALUES = [
    5e-324, 1.5e-323, 1e-310, 2.2250738585072009e-308, 2.2250738585072014e-308, 1e-300, 1e-15, 1e-5,
    0.1, 0.25, 1 / 3, 0.5, 0.7, 0.7071067811865475, 0.7071067811865476, 0.7071067811865477, 0.9, 0.99,
    1 - 1e-8, 1 - 1e-15, 1 - 2.0 ** -53, 1 + 2.0 ** -52, 1 + 1e-15, 1 + 1e-8, 1.01, 1.1, 1.25,
    1.414213562373095, 1.4142135623730951, 1.4142135623730954, 1.5, 2.0, 2.718281828459045, 3.0, 10.0,
    1e5, 1e15, 9007199254740993.0, 1e300, 1.7976931348623157e308,
]

for x in VALUES:
    print("\t{%r, %s}," % (x, mpmath.nstr(mpmath.log(mpmath.mpf(x)), 19)))
