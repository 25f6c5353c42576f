#!/usr/bin/env python3
"""Reference values for test/unit/normal_core_test.c; needs mpmath, prints C."""
import mpmath
from mpmath import mpf

mpmath.mp.dps = 40


def text(value):
    return mpmath.nstr(value, 17)


print("static const double tails[][2] = {")
for z in (0.0, 0.1, 0.674, 1.0, 1.959963984540054, 3.3, 6.0, 12.5, 37.0):
    print("\t{%r, %s}," % (z, text(mpmath.erfc(mpf(z) / mpmath.sqrt(2)))))
print("};\nstatic const double quantiles[][2] = {")
for p in (1e-300, 1e-20, 1e-5, 0.001, 0.025, 0.07, 0.2, 0.4, 0.5, 0.75, 0.9, 0.975, 0.995, 0.9999):
    print("\t{%r, %s}," % (p, text(-mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * mpf(p)) if p > 1e-30
                                  else mpmath.findroot(lambda x: mpmath.log(mpmath.ncdf(x)) - mpmath.log(mpf(p)), -37))))
print("};\nstatic const double squares[][3] = {")
for df in (1, 2, 3, 4, 7, 10, 101, 500):
    for share in (0.1, 1.0, 3.0, 20.0):
        x = share * df
        if x < 1400:
            print("\t{%r, %d, %s}," % (x, df, text(mpmath.gammainc(mpf(df) / 2, mpf(x) / 2, regularized=True))))
print("};")
