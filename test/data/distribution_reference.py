#!/usr/bin/env python3
"""Reference values of the t, F and chi-square distributions for
test/unit/special_core_test.c.

Needs mpmath; prints the tables as C. Probabilities come by series of 40
digits, quantiles by bisection on them.
"""
import mpmath
from mpmath import mpf

mpmath.mp.dps = 40


def beta(a, b, x):
    """I_x(a, b), by a series that converges below the mean."""
    a, b, x = mpf(a), mpf(b), mpf(x)
    if x > a / (a + b):
        return 1 - beta(b, a, 1 - x)
    front = mpmath.exp(a * mpmath.log(x) + b * mpmath.log1p(-x) - mpmath.log(a)
                       - mpmath.loggamma(a) - mpmath.loggamma(b) + mpmath.loggamma(a + b))
    term = total = mpf(1)
    k = 0
    while term > total * mpf("1e-38"):
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    return front * total


def two_sided(t, df):
    t, df = mpf(t), mpf(df)
    return beta(df / 2, mpf(1) / 2, df / (df + t * t))


def f_upper(f, d1, d2):
    f, d1, d2 = mpf(f), mpf(d1), mpf(d2)
    return beta(d2 / 2, d1 / 2, d2 / (d2 + d1 * f))


def solve(probability, target):
    """The root of a decreasing function of a positive number, by its logarithm."""
    low, high = mpf(-60), mpf(60)
    for _ in range(75):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(mpmath.exp(middle)) > target else (low, middle)
    return mpmath.exp(low)


def show(value):
    return mpmath.nstr(value, 17)


print("/* df, t, probability that |T| exceeds t */")
for df in (1, 2, 3, 7.5, 30, 1000, 2e4):
    for t in (1e-8, 0.3, 1, 2.5, 6, 40):
        p = two_sided(t, df)
        if p > mpf("1e-290"):
            print("\t{%r, %r, %s}," % (float(df), float(t), show(p)))
print("/* df, level, t */")
for df in (1, 2, 5, 29, 300):
    for level in (1e-6, 0.5, 0.95, 0.999, 1 - 2.0 ** -40):
        t = solve(lambda x: two_sided(x, df), 1 - mpf(level))
        print("\t{%r, %r, %s}," % (float(df), level, show(t)))
print("/* df1, df2, f, probability that F exceeds f */")
for d1, d2 in ((1, 1), (2, 30), (10, 3), (500, 1000), (3, 2e4)):
    for f in (1e-4, 0.5, 1, 1.2, 4, 30):
        p = f_upper(f, d1, d2)
        if p > mpf("1e-290"):
            print("\t{%r, %r, %r, %s}," % (float(d1), float(d2), f, show(p)))
print("/* df1, df2, p, f */")
for d1, d2 in ((1, 1), (2, 30), (10, 3), (50, 100)):
    for p in (1e-10, 0.05, 0.5, 0.95, 1 - 2.0 ** -30):
        print("\t{%r, %r, %r, %s}," % (float(d1), float(d2), p,
              show(solve(lambda x: f_upper(x, d1, d2), 1 - mpf(p)))))
print("/* a, x, P(a, x), Q(a, x) */")
for a in (0.001, 0.5, 1, 2.5, 30, 1000, 2e4):
    for r in (1e-3, 0.5, 0.97, 1, 1.001, 1.1, 3, 20):
        x = mpf(float(a * r))
        q = mpmath.gammainc(a, x, regularized=True)
        p = mpmath.gammainc(a, 0, x, regularized=True)
        if min(p, q) > mpf("1e-290"):
            print("\t{%r, %r, %s, %s}," % (float(a), float(x), show(p), show(q)))
