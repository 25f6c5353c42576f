#!/usr/bin/env python3
"""Reference values of I_x(a, b) for test/unit/special_core_test.c.

Needs mpmath; prints the table as C.  The integral of the density is summed
with 30 digits, panel by panel away from x, which shares nothing with the
continued fraction under test; where mpmath.betainc is quick, it must agree.
"""
import mpmath
from mpmath import mpf

mpmath.mp.dps = 30

PARAMETERS = [
    (0.5, 0.5), (1, 1), (0.5, 5), (5, 0.5), (2, 3), (7.5, 1), (19, 0.5),
    (4.5, 3), (50, 50), (0.5, 500), (500, 2.5), (5000, 0.5), (5000, 5),
    (12345.5, 500), (100000, 100000), (5e6, 0.5), (5e6, 5),
]


def points(a, b):
    """Some x over the whole range, and some where the function moves."""
    mean = a / (a + b)
    spread = (a * b / ((a + b) ** 2 * (a + b + 1))) ** 0.5
    fixed = [1e-4, 0.3, 0.5, 0.9] if a < 100 else []
    moving = [mean + k * spread for k in (-8, -3, -1, 0, 1, 3)]
    return sorted({float(x) for x in fixed + moving if 0 < x < 1})


def below(a, b, x):
    """Integral from 0 to x; panels grow with the distance from x."""
    def logarithm(t):
        return (a - 1) * mpmath.log(t) + (b - 1) * mpmath.log1p(-t)

    # quad stops at an absolute error: let it see values near 1
    top = logarithm(x)
    scale = mpmath.exp(top + mpmath.loggamma(a + b) - mpmath.loggamma(a) - mpmath.loggamma(b))

    def density(t):
        return mpmath.exp(logarithm(t) - top) / x

    spread = mpmath.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))
    step = min(x, 1 - x, spread) / 4
    total, right = mpf(0), x
    while right > 0:
        left = max(right - step, mpf(0))
        part = mpmath.quad(density, [left, right])
        total += part
        if part < total * mpf("1e-25") and right < a / (a + b):
            break
        right, step = left, min(step * mpf("1.25"), max(spread, (1 - left) / 4))
    return total * scale * x


for a, b in PARAMETERS:
    for x in points(a, b):
        value = below(mpf(a), mpf(b), mpf(x))
        if a + b <= 100:
            check = mpmath.betainc(a, b, 0, x, regularized=True)
            assert abs(value / check - 1) < 1e-16, (a, b, x, value, check)
        print("\t{%r, %r, %r, %s}," % (float(a), float(b), x, mpmath.nstr(value, 17)))
