#!/usr/bin/env python3
"""Write quantile_reference.txt: samples with heavy ties, their edges by numpy
and their segments, checked against pandas where pandas has an answer.

A line is "n {scores} {edges} {segments} d|k": d where all edges differ.
"""
import sys

import numpy as np
import pandas as pd

rng = np.random.default_rng(20240601)


def sample(kind, size):
    if kind == 0:                      # counts, many of them 0
        return np.floor(rng.pareto(0.8, size) * (rng.random(size) > 0.3) * 3)
    if kind == 1:                      # few different values
        return rng.choice([-1.5, 0.0, 0.1, 0.2, 0.30000000000000004, 7.0], size)
    if kind == 2:                      # two decimals, as watch minutes
        return np.round(rng.exponential(3, size), 2)
    if kind == 3:                      # far apart
        return rng.choice([1e-300, -1e300, 1.0, 5e-324, 3e8, -2e-5], size)
    return rng.normal(0, 1, size).round(int(rng.integers(1, 6)))


def numbers(values):
    return "{" + ",".join(repr(v).removesuffix(".0") for v in values) + "}"


def segments(x, edges):
    below = (edges[None, :-1] < x[:, None]).sum(axis=1)
    return np.maximum(below, 1)


def check_against_pandas(x, n, edges, codes):
    """pandas cuts these edges into the same segments."""
    if len(set(edges)) == len(edges):
        cut = pd.cut(pd.Series(x), edges, include_lowest=True, labels=False)
        assert (cut.to_numpy() + 1 == codes).all()
        quantiles = np.linspace(0, 1, n + 1)
        binned, bins = pd.qcut(pd.Series(x), quantiles, labels=False, retbins=True)
        assert (bins == edges).all() and (binned.to_numpy() + 1 == codes).all()
        if (n * quantiles == np.arange(n + 1)).all():
            binned = pd.qcut(pd.Series(x), n, labels=False)
            assert (binned.to_numpy() + 1 == codes).all()


def main():
    print(f"# numpy {np.__version__}, pandas {pd.__version__}: quantile_reference.py")
    for i in range(1000):
        n = 4 if i % 3 == 0 else int(rng.integers(2, 101 if i % 3 == 1 and i % 4 == 0 else 13))
        size = int(rng.integers(1, 21 if i % 2 else 61))
        x = sample(i % 5, size) + 0.0
        edges = np.quantile(x, np.linspace(0, 1, n + 1)) + 0.0
        codes = segments(x, edges)
        check_against_pandas(x, n, edges, codes)
        distinct = "d" if len(set(edges)) == n + 1 else "k"
        print(n, numbers(x.tolist()), numbers(edges.tolist()), "{" + ",".join(map(str, codes)) + "}", distinct)


if __name__ == "__main__":
    sys.exit(main())
