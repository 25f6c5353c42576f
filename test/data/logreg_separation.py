#!/usr/bin/env python3
"""Separation as logreg_fit finds it, against a linear program, on random rows.

    PGHOST=... PGDATABASE=... logreg_separation.py SEED SETS

Needs numpy, scipy and psycopg, and a server with the extension. Says where the
two differ: whether classes are separated, and which estimates are infinite.
"""
import json
import sys

import numpy
import psycopg
from scipy.optimize import linprog

QUERY = """
SELECT s.separated, s.converged, (SELECT array_agg(t.estimate IS NULL ORDER BY o) FROM logreg_terms(m) WITH ORDINALITY
  AS t (class, term, estimate, std_error, z, p, low, high, o))
FROM (SELECT logreg_fit(label, x) AS m FROM (
  SELECT (%s::text[])[i] AS label,
    (SELECT array_agg(v::float8 ORDER BY o) FROM jsonb_array_elements_text(%s::jsonb -> (i - 1)) WITH ORDINALITY a (v, o)) AS x
  FROM generate_series(1, %s) i) d) f, logreg_stats(m) s"""


def random_rows(random):
    classes = 2 if random.random() < 0.6 else int(random.integers(3, 5))
    features, n = int(random.integers(1, 5)), int(random.integers(classes * 2, 60))
    kind = random.integers(0, 4)
    if kind == 0:
        x = random.integers(0, 3, (n, features)).astype(float)
    elif kind == 1:
        x = random.normal(size=(n, features))
    elif kind == 2:
        x = (random.random((n, features)) < 0.15).astype(float)
    else:
        x = random.normal(size=(n, features))
        x[:, 0] = random.integers(0, 4, n)
    design = numpy.hstack([numpy.ones((n, 1)), x])
    slopes = random.normal(size=(classes, features + 1)) * random.choice([0.3, 1, 3, 10])
    return design, (design @ slopes.T + random.gumbel(size=(n, classes))).argmax(1), classes


def pairs(design, labels, classes):
    """A row for each row and class that is not its own: its product with the coefficients is the margin."""
    q = design.shape[1]
    rows = []
    for x, label in zip(design, labels):
        for c in range(classes):
            pair = numpy.zeros((classes, q))
            pair[label] += x
            pair[c] -= x
            if c != label:
                rows.append(pair[1:].ravel())
    return numpy.array(rows)


def by_linear_program(vectors):
    """Maximise the sum of margins, each at most 1 and none negative; what is left at 0 is not separated."""
    m, d = vectors.shape
    solved = linprog(numpy.r_[numpy.zeros(d), -numpy.ones(m)], A_ub=numpy.hstack([-vectors, numpy.eye(m)]), b_ub=numpy.zeros(m),
                     bounds=[(None, None)] * d + [(0, 1)] * m, method="highs")
    rest = vectors[solved.x[d:] < 1e-7]
    if len(rest) == m:
        return False, numpy.zeros(d, bool)
    if len(rest) == 0:
        return True, numpy.ones(d, bool)
    _, sizes, basis = numpy.linalg.svd(rest)
    return True, (abs(basis[(sizes > 1e-9 * sizes[0]).sum():]) > 1e-7).any(0)


def main():
    random, sets = numpy.random.default_rng(int(sys.argv[1])), int(sys.argv[2])
    compared = separated = wrong = unsettled = 0
    with psycopg.connect(autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        for trial in range(sets):
            design, labels, classes = random_rows(random)
            if len(set(labels)) < classes or numpy.linalg.matrix_rank(design) < design.shape[1]:
                continue
            truth, infinite = by_linear_program(pairs(design, labels, classes))
            ours, converged, missing = connection.execute(
                QUERY, ([str(c) for c in labels], json.dumps(design[:, 1:].tolist()), len(labels))).fetchone()
            compared += 1
            separated += truth
            unsettled += not converged
            if ours != truth or (truth and (numpy.array(missing) != infinite).any()):
                wrong += 1
                print(f"set {trial}: {ours} {missing}, and by linear program {truth} {infinite}")
    print(f"{compared} compared, {separated} separated, {wrong} wrong, {unsettled} not converged")


main()
