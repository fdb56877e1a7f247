#!/usr/bin/python3
"""Natural groups of values as they are found today, with SciPy's k-means: the
other side of scale.sql.

    kmeans.py K [fetched]     K groups of the table spend_few (value float8)
    kmeans.py sum K           the sum of squared distances that is left

The first prints the milliseconds that it took as psql's \\timing does, and not
what it takes to start Python and to import SciPy. It reads the table first;
that counts only if "fetched". SciPy starts from K values (k-means++) and
improves the groups until they stay (Lloyd), which need not end at the best.
"""
import sys
import time

from scipy.cluster.vq import kmeans2

from clv import fetch


def values():
    return fetch('SELECT value FROM spend_few', [('value', '>f8')])[0].reshape(-1, 1)


def groups(of, k):
    return kmeans2(of, k, iter=100, minit='++', seed=1)


def main():
    if sys.argv[1] == 'sum':
        of = values()
        centre, group = groups(of, int(sys.argv[2]))
        print(((of - centre[group]) ** 2).sum())
        return
    start = time.perf_counter()
    of = values()
    if sys.argv[2:] != ['fetched']:
        start = time.perf_counter()
    groups(of, int(sys.argv[1]))
    print(f'Time: {(time.perf_counter() - start) * 1000:.3f} ms')


main()
