#!/usr/bin/python3
"""Customer lifetime value as it is done today, with NumPy and SciPy: the other
side of clv.sql, and the simulated customers of both.

    clv.py simulate purchases N        N customers' purchases: binary COPY of
                                       (customer int4, day date, revenue float8)
    clv.py simulate customers N        other customers: (x int4, t_x, t, m float8)
    clv.py fit PROCESS [grouped] [fetched]
                                       PROCESS: bgnbd mbgnbd paretonbd gammagamma clv
                                       (the last: bgnbd and gammagamma)
    clv.py score bgnbd [grouped] [fetched]
                                       P(alive) and purchases in the next 364 days
    clv.py value bgnbd                 CLV of the next 364 days, in 13 steps
    clv.py estimate PROCESS            log-likelihood and parameters, as an SQL array
    clv.py sums score|value bgnbd      sums over the customers, as an SQL array

fit, score and value print the milliseconds that they took as psql's \\timing
does, and not what it takes to start Python and to import SciPy. They read the
table customer (x int4, t_x, t, m float8) first; that counts only if "fetched".

The fits maximise the mean log-likelihood over the logarithms of the parameters
(L-BFGS-B), with times scaled to the longest and with an analytic gradient; only
Pareto/NBD has none, since 2F1 has none by its parameters, and takes differences.
"grouped" is the same on the distinct rows with their counts, with gamma functions
by distinct x and 2F1 by distinct x and time. No package of today does that.

Python and its packages are the system's, where ../setup.sh installs them.
"""
import os
import subprocess
import sys
import time
from datetime import date

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1, psi

SEED = 20250101
AS_OF = (date(2025, 1, 1) - date(2000, 1, 1)).days     # as PostgreSQL counts days
BGNBD = 0.243, 4.414, 0.793, 2.426                     # r alpha a b, by the week: CDNOW
SPEND = 6.25, 3.74, 15.44                              # p q gamma: CDNOW
CHUNK = 1_000_000                                      # customers simulated at once
HORIZON = 364 / 7                                      # weeks
ANNUAL_DISCOUNT, MARGIN = 0.1, 0.35
STEPS = 13


# ---- binary COPY ------------------------------------------------------------

COPY_HEAD = b'PGCOPY\n\xff\r\n\0' + bytes(8)
COPY_END = b'\xff\xff'


def copy_dtype(columns):
    """Of one row, where no column is NULL; columns: pairs of name and numpy type."""
    fields = [('fields', '>i2')]
    for name, kind in columns:
        fields += [(name + '_length', '>i4'), (name, kind)]
    return np.dtype(fields)


def copy_rows(columns, values):
    rows = np.empty(len(values[0]), copy_dtype(columns))
    rows['fields'] = len(columns)
    for (name, kind), value in zip(columns, values):
        rows[name + '_length'] = np.dtype(kind).itemsize
        rows[name] = value
    return rows.tobytes()


def fetch(query, columns):
    """The columns of a query's result, each an array of its own."""
    psql = os.path.join(os.environ.get('ICM_BIN', ''), 'psql')
    copied = subprocess.run([psql, '-Xq', '-v', 'ON_ERROR_STOP=1', '-c', f'COPY ({query}) TO STDOUT (FORMAT binary)'],
                            check=True, stdout=subprocess.PIPE).stdout
    rows = np.frombuffer(copied, copy_dtype(columns), offset=len(COPY_HEAD),
                         count=(len(copied) - len(COPY_HEAD) - len(COPY_END)) // copy_dtype(columns).itemsize)
    return [rows[name].astype(np.float64) for name, _ in columns]


def fetch_purchases():
    """x, t_x, t, in weeks."""
    return fetch('SELECT x, t_x, t FROM customer', [('x', '>i4'), ('t_x', '>f8'), ('t', '>f8')])


def fetch_spend():
    """m, x, of those who bought again."""
    return fetch('SELECT m, x FROM customer WHERE x > 0 AND m > 0', [('m', '>f8'), ('x', '>i4')])


# ---- simulation -------------------------------------------------------------

def simulate(what, customers):
    """BG/NBD in whole days, first purchases 4 to 104 weeks ago; Gamma-Gamma spend."""
    out = sys.stdout.buffer
    out.write(COPY_HEAD)
    for number, seed in enumerate(np.random.SeedSequence([SEED, what == 'customers']).spawn(-(-customers // CHUNK))):
        size = min(CHUNK, customers - number * CHUNK)
        rng = np.random.default_rng(seed)
        age = rng.integers(28, 729, size)
        who, day = simulate_repeats(rng, age)
        if what == 'purchases':
            out.write(copy_purchases(rng, age, who, day, number * CHUNK))
        else:
            out.write(copy_customers(rng, age, who, day))
    out.write(COPY_END)


def simulate_repeats(rng, age):
    """Repeat purchases in the order of each customer's: customer, days since the first."""
    r, alpha, a, b = BGNBD
    rate = np.maximum(rng.gamma(r, 1 / alpha, len(age)), 1e-12) / 7
    leaves = rng.beta(a, b, len(age))
    who, now = np.arange(len(age)), np.zeros(len(age))
    whos, days = [], []
    while len(who):
        now = now + rng.exponential(size=len(who)) / rate[who]
        who, now = who[now <= age[who]], now[now <= age[who]]
        whos.append(who)
        days.append(np.ceil(now).astype(np.int64))
        stays = rng.random(len(who)) >= leaves[who]
        who, now = who[stays], now[stays]
    return np.concatenate(whos), np.concatenate(days)


def copy_purchases(rng, age, who, day, first_customer):
    p, q, gamma = SPEND
    mean = p * gamma / rng.gamma(q, 1.0, len(age))
    who = np.concatenate([np.arange(len(age)), who])
    day = AS_OF - age[who] + np.concatenate([np.zeros(len(age), np.int64), day])
    revenue = np.round(mean[who] * rng.gamma(p, 1 / p, len(who)), 2)
    return copy_rows([('customer', '>i4'), ('day', '>i4'), ('revenue', '>f8')], [who + first_customer, day, revenue])


def copy_customers(rng, age, who, day):
    """Purchases of one day are one; m is 0 where x is."""
    p, q, gamma = SPEND
    who, day = np.divmod(np.unique(who * 1024 + day), 1024)
    x = np.bincount(who, minlength=len(age))
    t_x = np.zeros(len(age))
    np.maximum.at(t_x, who, day)
    m = np.round(rng.gamma(p * x) / np.maximum(x, 1) * gamma / rng.gamma(q, 1.0, len(age)), 2)
    return copy_rows([('x', '>i4'), ('t_x', '>f8'), ('t', '>f8'), ('m', '>f8')], [x, t_x / 7, age / 7, m])


# ---- fits -------------------------------------------------------------------

def pack(x, days):
    """One integer of two: quick to sort."""
    return (x.astype(np.int64) << 20) + np.rint(days).astype(np.int64)


def unpack(key):
    return key >> 20, key & 0xfffff


def group_purchases(x, t_x, t):
    """Distinct rows and their counts; times are whole days."""
    key, count = np.unique(pack(pack(x, t_x * 7), t * 7), return_counts=True)
    key, days = unpack(key)
    x, days_x = unpack(key)
    return x * 1.0, days_x / 7, days / 7, count * 1.0


def distinct(x, days):
    """Distinct pairs, and for each row the number of its pair."""
    key, row = np.unique(pack(x, days), return_inverse=True)
    return unpack(key), row


class ByX:
    """What depends on x alone is computed for each row, or once for each distinct x."""

    def __init__(self, x, count, grouped):
        if grouped:
            self.x, row = np.unique(x, return_inverse=True)
            self.count = np.bincount(row, count)
        else:
            self.x, self.count = x, count

    def sum(self, values):
        """Of a function's values at self.x, over all customers."""
        return self.count @ values if self.count is not None else values.sum()


def maximise(mean_loglik, params, gradient, precise=False):
    """Parameters and mean log-likelihood; mean_loglik of the parameters' logarithms."""
    jac = gradient or ('3-point' if precise else '2-point')
    options = {'ftol': 1e-14, 'gtol': 1e-7} if precise else {'ftol': 1e-12}
    result = minimize(mean_loglik, np.log(params), method='L-BFGS-B', jac=jac, options=options)
    if not np.abs(result.jac).max() < 1e-4:
        raise SystemExit(f'clv.py: not converged: {result.message}')
    return np.exp(result.x), -result.fun


def fit_bgnbd(x, t_x, t, count=None, modified=False, **how):
    """BG/NBD (Fader, Hardie, Lee 2005, equation 6) and MBG/NBD (Batislam et al. 2007)."""
    grouped = count is not None
    scale = 10 / t.max()
    t_x, t = t_x * scale, t * scale
    survived = x + modified                             # chances to leave
    by_x = ByX(x, count, grouped)
    by_survived = ByX(survived, count, grouped)
    n = count.sum() if grouped else len(x)
    may_leave = survived > 0
    bs = np.where(may_leave, survived, 1) - 1

    def total(values):
        return count @ values if grouped else values.sum()

    def mean_loglik(logs):
        r, alpha, a, b = np.exp(logs)
        rx = r + x
        log_t, log_t_x = np.log(alpha + t), np.log(alpha + t_x)
        alive = -rx * log_t
        left = np.where(may_leave, np.log(a / (b + bs)) - rx * log_t_x, -np.inf)
        both = np.logaddexp(alive, left)
        dead = np.exp(left - both)
        xs, ss = by_x.x, by_survived.x
        loglik = n * (r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b)) + total(both) + \
            by_x.sum(gammaln(r + xs)) + by_survived.sum(gammaln(b + ss) - gammaln(a + b + ss))
        psi_ab = by_survived.sum(psi(a + b + ss))
        dr = n * (np.log(alpha) - psi(r)) + by_x.sum(psi(r + xs)) - total(log_t + dead * (log_t_x - log_t))
        dalpha = n * r / alpha - total(rx * ((1 - dead) / (alpha + t) + dead / (alpha + t_x)))
        da = n * psi(a + b) - psi_ab + total(dead) / a
        db = n * (psi(a + b) - psi(b)) + by_survived.sum(psi(b + ss)) - psi_ab - total(dead / (b + bs))
        return -loglik / n, np.array([dr * r, dalpha * alpha, da * a, db * b]) / -n

    params, loglik = maximise(mean_loglik, [1, 1, 1, 1], True, **how)
    params[1] /= scale
    return params, n * loglik + total(x) * np.log(scale)


def fit_mbgnbd(x, t_x, t, count=None, **how):
    return fit_bgnbd(x, t_x, t, count, modified=True, **how)


def fit_paretonbd(x, t_x, t, count=None, **how):
    """Pareto/NBD (Fader, Hardie 2005, A note on deriving the Pareto/NBD model, equations 20, 21)."""
    grouped = count is not None
    scale = 10 / t.max()
    by_x = ByX(x, count, grouped)
    n = count.sum() if grouped else len(x)
    if grouped:
        (x_early, early_days), early_row = distinct(x, t_x * 7)
        (x_late, late_days), late_row = distinct(x, t * 7)
        early_t, late_t = early_days / 7 * scale, late_days / 7 * scale
    t_x, t = t_x * scale, t * scale
    if not grouped:
        x_early, early_t, early_row, x_late, late_t, late_row = x, t_x, ..., x, t, ...

    def total(values):
        return count @ values if grouped else values.sum()

    def mean_loglik(logs):
        r, alpha, s, beta = np.exp(logs)
        rx, rsx = r + x, r + s + x
        larger, difference = max(alpha, beta), abs(alpha - beta)

        def two_f_one(xs, ts):
            return hyp2f1(r + s + xs, s + 1 if alpha >= beta else r + xs, r + s + xs + 1, difference / (larger + ts))

        log_t, log_t_x = np.log(larger + t), np.log(larger + t_x)
        # logarithms, the power at t_x in front of both terms
        early = two_f_one(x_early, early_t)[early_row]
        late = two_f_one(x_late, late_t)[late_row] * np.exp(rsx * (log_t_x - log_t))
        alive = -rx * np.log(alpha + t) - s * np.log(beta + t)
        with np.errstate(divide='ignore'):              # t_x = t: nobody has left since
            left = np.log(s / rsx) - rsx * log_t_x + np.log(np.maximum(early - late, 0))
        loglik = n * (r * np.log(alpha) + s * np.log(beta) - gammaln(r)) + by_x.sum(gammaln(r + by_x.x)) + \
            total(np.logaddexp(alive, left))
        return -loglik / n

    params, loglik = maximise(mean_loglik, [1, 1, 1, 1], None, **how)
    params[[1, 3]] /= scale
    return params, n * loglik + total(x) * np.log(scale)


def fit_gammagamma(m, x, grouped=False, **how):
    """Gamma-Gamma (Fader, Hardie 2013, equation 1a)."""
    n = len(x)
    scale = 1 / m.mean()
    m = m * scale
    by_x = ByX(x, np.ones(n), True) if grouped else ByX(x, None, False)
    sum_log_m, spend = np.log(m).sum(), m * x
    sum_x_log_spend = x @ np.log(spend)

    def mean_loglik(logs):
        p, q, gamma = np.exp(logs)
        px = p * by_x.x
        pxq = p * x + q
        log_sum = np.log(gamma + spend)
        loglik = n * (q * np.log(gamma) - gammaln(q)) + by_x.sum(gammaln(px + q) - gammaln(px)) + \
            p * sum_x_log_spend - sum_log_m - pxq @ log_sum
        psi_pxq = psi(px + q)
        dp = by_x.sum(by_x.x * (psi_pxq - psi(px))) + sum_x_log_spend - x @ log_sum
        dq = by_x.sum(psi_pxq) + n * (np.log(gamma) - psi(q)) - log_sum.sum()
        dgamma = n * q / gamma - (pxq / (gamma + spend)).sum()
        return -loglik / n, np.array([dp * p, dq * q, dgamma * gamma]) / -n

    params, loglik = maximise(mean_loglik, [1, 2, 1], True, **how)
    params[2] /= scale
    return params, n * (loglik + np.log(scale))


FITS = {'bgnbd': fit_bgnbd, 'mbgnbd': fit_mbgnbd, 'paretonbd': fit_paretonbd}


def fit_purchases(process, columns, grouped, **how):
    return FITS[process](*(group_purchases(*columns) if grouped else columns), **how)


# ---- answers ----------------------------------------------------------------

def p_alive(params, x, t_x, t):
    """Fader, Hardie, Lee 2008, Computing P(alive) using the BG/NBD model."""
    r, alpha, a, b = params
    return np.where(x > 0, 1 / (1 + a / (b + np.maximum(x, 1) - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x)), 1.0)


def alive_purchases(params, x, t, horizon):
    """Of those alive: Fader, Hardie, Lee 2005, equation 10."""
    r, alpha, a, b = params
    z = horizon / (alpha + t + horizon)
    return (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z))


def score(params, x, t_x, t, grouped=False):
    """P(alive) and expected purchases; these only by distinct x and t, if grouped."""
    alive = p_alive(params, x, t_x, t)
    if not grouped:
        return alive, alive * alive_purchases(params, x, t, HORIZON)
    (xs, days), row = distinct(x, t * 7)
    return alive, alive * alive_purchases(params, xs, days / 7, HORIZON)[row]


def value(params, spend, x, t_x, t, m):
    """By steps of four weeks, each discounted from its middle; m is 0 where x is."""
    p, q, gamma = spend
    expected_spend = p * (gamma + m * x) / (p * x + q - 1)
    delta = np.log1p(ANNUAL_DISCOUNT) / 365.25 * 7
    step = HORIZON / STEPS
    discounted, before = np.zeros(len(x)), np.zeros(len(x))
    for i in range(1, STEPS + 1):
        after = alive_purchases(params, x, t, i * step)
        discounted += (after - before) * np.exp(-delta * (i - 0.5) * step)
        before = after
    return MARGIN * expected_spend * p_alive(params, x, t_x, t) * discounted


# ---- commands ---------------------------------------------------------------

class Timed:
    """Prints how long it took."""

    def __enter__(self):
        self.start = time.perf_counter()

    def __exit__(self, kind, *_):
        if kind is None:
            print(f'Time: {(time.perf_counter() - self.start) * 1e3:.3f} ms')


def measure(fetcher, work, fetched):
    if fetched:
        with Timed():
            work(*fetcher())
    else:
        columns = fetcher()
        with Timed():
            work(*columns)


def fetch_all():
    return fetch('SELECT x, t_x, t, coalesce(m, 0) FROM customer',
                 [('x', '>i4'), ('t_x', '>f8'), ('t', '>f8'), ('m', '>f8')])


def fit(process, *how):
    grouped = 'grouped' in how

    def fit_clv(x, t_x, t, m):
        fit_purchases('bgnbd', (x, t_x, t), grouped)
        fit_gammagamma(m[(x > 0) & (m > 0)], x[(x > 0) & (m > 0)], grouped)

    if process == 'clv':
        measure(fetch_all, fit_clv, 'fetched' in how)
    elif process == 'gammagamma':
        measure(fetch_spend, lambda m, x: fit_gammagamma(m, x, grouped), 'fetched' in how)
    else:
        measure(fetch_purchases, lambda *columns: fit_purchases(process, columns, grouped), 'fetched' in how)


def print_array(values):
    print('{' + ','.join(repr(float(value)) for value in values) + '}')


def estimate(process):
    """To more digits than the fits that are timed."""
    if process == 'gammagamma':
        params, loglik = fit_gammagamma(*fetch_spend(), grouped=True, precise=True)
    else:
        params, loglik = fit_purchases(process, fetch_purchases(), grouped=True, precise=True)
    print_array([loglik, *params])


def sums(what, _):
    if what == 'score':
        print_array([values.sum() for values in score(BGNBD, *fetch_purchases())])
    else:
        print_array([value(BGNBD, SPEND, *fetch_all()).sum()])


def main():
    command, *args = sys.argv[1:] or ['']
    if command == 'simulate' and args[0] in ('purchases', 'customers'):
        simulate(args[0], int(args[1]))
    elif command == 'fit':
        fit(*args)
    elif command == 'score':
        measure(fetch_purchases, lambda *columns: score(BGNBD, *columns, 'grouped' in args), 'fetched' in args)
    elif command == 'value':
        measure(fetch_all, lambda *columns: value(BGNBD, SPEND, *columns), 'fetched' in args)
    elif command == 'estimate':
        estimate(*args)
    elif command == 'sums':
        sums(*args)
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
