#!/usr/bin/python3
"""Quantile regression as it is done today with SciPy, as a linear program: the
other side of wallet_model.sql.

    quantreg.py fit TABLE TAU PROGRAM METHOD [fetched]
                                  coefficients of a table (spend, x1 to x6 float8), and a constant;
                                  PROGRAM: primal, dual; METHOD: highs (the simplex method), highs-ipm
    quantreg.py loss TABLE TAU    the sum of rho(spend - x b) that is reached

The first prints the milliseconds that it took as psql's \\timing does, and not
what it takes to start Python and to import SciPy. It reads the table first;
that counts only if "fetched".

primal: Koenker and Bassett's linear program as it is written, spend = x b + u - v with
u, v >= 0, tau sum u + (1 - tau) sum v minimised; scikit-learn's QuantileRegressor
does this. dual: as many equations as there are columns, and a bounded variable a
row; HiGHS solves that much faster. Coefficients are then the multipliers.
"""
import sys
import time

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from clv import fetch

COLUMNS = ['spend'] + [f'x{j}' for j in range(1, 7)]


def rows(table):
    spend, *x = fetch('SELECT ' + ', '.join(COLUMNS) + f' FROM {table}', [(name, '>f8') for name in COLUMNS])
    return spend, np.column_stack([np.ones(len(spend))] + x)


def solve(*args, **kwargs):
    solved = linprog(*args, **kwargs)
    if solved.status != 0:
        sys.exit(solved.message)
    return solved


def primal(spend, x, tau, method):
    n, p = x.shape
    equations = sparse.hstack([sparse.csc_matrix(x), sparse.eye(n), -sparse.eye(n)], format='csc')
    cost = np.concatenate([np.zeros(p), np.full(n, tau), np.full(n, 1 - tau)])
    return solve(cost, A_eq=equations, b_eq=spend, bounds=[(None, None)] * p + [(0, None)] * (2 * n), method=method).x[:p]


def dual(spend, x, tau, method):
    """spend'd maximised, where x'd = (1 - tau) x'1 and 0 <= d <= 1."""
    return -solve(-spend, A_eq=x.T, b_eq=(1 - tau) * x.sum(axis=0), bounds=(0, 1), method=method).eqlin.marginals


def main():
    table, tau = sys.argv[2], float(sys.argv[3])
    if sys.argv[1] == 'loss':
        spend, x = rows(table)
        residual = spend - x @ dual(spend, x, tau, 'highs-ipm')
        print(repr(float(np.where(residual > 0, tau * residual, (tau - 1) * residual).sum())))
        return
    program, method = {'primal': primal, 'dual': dual}[sys.argv[4]], sys.argv[5]
    start = time.perf_counter()
    spend, x = rows(table)
    if sys.argv[6:] != ['fetched']:
        start = time.perf_counter()
    program(spend, x, tau, method)
    print(f'Time: {(time.perf_counter() - start) * 1000:.3f} ms')


main()
