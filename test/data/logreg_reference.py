#!/usr/bin/env python3
"""Reference values of logistic regression for test/t/065_logreg_data.pl.

Needs statsmodels and scikit-learn; prints CSV: model, class, term, estimate,
standard error, and for term "log_likelihood" that. The rows are made of whole
numbers, the same here and in SQL.
"""
import csv
import sys

import numpy
import statsmodels.api
from sklearn.linear_model import LogisticRegression

i = numpy.arange(1, 501)
x = numpy.column_stack([i % 10, (i * 31 % 17) / 4, (i * i % 23 - 11) * 1e3])
plan = numpy.where(i * 7919 % 101 < 40 - i % 10, 0, numpy.where(i * 104729 % 97 < 50, 1, 2))
bought = i * 7919 % 101 < 20 + 5 * (i % 10)
out = csv.writer(sys.stdout, lineterminator="\n")


def write(model, coefficients, errors, likelihood=None):
    for c, (estimates, of_class) in enumerate(zip(coefficients, errors), 1):
        for term, (estimate, error) in enumerate(zip(estimates, of_class)):
            out.writerow([model, c, term, repr(float(estimate)), "" if error is None else repr(float(error))])
    if likelihood is not None:
        out.writerow([model, "", "log_likelihood", repr(float(likelihood)), ""])


def maximum_likelihood():
    design = statsmodels.api.add_constant(x)
    scaled = design * [1, 1, 1, 1e-3]
    for name, model in (("two", statsmodels.api.Logit(bought.astype(float), scaled)),
                        ("three", statsmodels.api.MNLogit(plan, scaled))):
        fit = model.fit(disp=False, method="newton", maxiter=100, tol=1e-14)
        unit = numpy.array([1, 1, 1, 1e-3])
        params = numpy.atleast_2d(numpy.asarray(fit.params).T) * unit
        errors = numpy.atleast_2d(numpy.asarray(fit.bse).T) * unit
        write(name, params, errors, fit.llf)


def penalised():
    """scikit-learn minimises C * loss + |w|^2 / 2, so C = 1 / l2."""
    columns = x[:, :2]
    for l2 in (0.5, 20.0):
        two = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(columns, bought)
        write(f"two l2 {l2}", numpy.column_stack([two.intercept_, two.coef_]), [[None] * 3])
        three = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(columns, plan)
        full = numpy.column_stack([three.intercept_, three.coef_])
        write(f"three l2 {l2}", full[1:] - full[0], [[None] * 3] * 2)


maximum_likelihood()
penalised()
