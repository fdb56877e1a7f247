#!/usr/bin/python3
"""Reference values of src/value/answer.h, made with arbitrary precision.

usage: test/reference/clv.py [--check] >test/reference/clv.txt

Needs Python 3 and mpmath (Debian: python3-mpmath), and a quarter of an hour on two
cores. The rows, and so the file, are the same each time. test/unit/clv_answers.c
compares the C code with them.

Every value has 40 digits or more, of which 22 are written, and is computed in
two ways that share no formula; a row whose two ways differ by more than 1e-20
ends the program. The two ways:

                first                                   second
  alive, dead   the published closed forms              quadrature (paretonbd)
  purchases     the published closed forms (2F1)        quadrature over p, or over u
  discounted    quadrature over p of what is left       quadrature over time of the rate,
                given p (bgnbd, mbgnbd); exponential    a 2F1; quadrature over time, and the
                integrals (paretonbd)                   published DERT (Tricomi's U)
  exactly,      beta function and 2F1 (bgnbd, mbgnbd);  the finite sum of the NBD; mixture
  atleast       quadrature over the n-th arrival        over the time of death, difference
                (paretonbd)                             of atleast at n and n + 1
  spend         the published closed form               quadrature over the scale of spend
  survival,     beta functions                          product of retention rates (t to 1000),
  retention                                             quadrature
  derl          the published closed form (2F1)         quadrature over the churn probability

That these formulas are those of the models is what --check verifies: it starts
from the likelihoods of one customer (given a rate and a dropout probability or
a death rate) and integrates over both mixing distributions numerically, and
counts purchases one by one. It prints the differences and no rows.

The models, with k = r + x and A = alpha + t:

bgnbd       purchases are Poisson(lambda) while alive, lambda ~ Gamma(r, rate
            alpha); dies after a repeat purchase with probability p ~ Beta(a, b).
            Likelihood (1-p)^x lambda^x e^(-lambda t), alive, and, x > 0,
            p (1-p)^(x-1) lambda^x e^(-lambda t_x), dead. So, given alive,
            lambda ~ Gamma(k, A) and p ~ Beta(a, b + x), independent.
mbgnbd      the same, but may die after the first purchase too: one factor 1-p
            more in both; given alive p ~ Beta(a, b + x + 1).
paretonbd   dies at rate mu ~ Gamma(s, beta). Likelihood lambda^x
            e^(-(lambda+mu) t), alive, and the integral of lambda^x mu
            e^(-(lambda+mu) u) over u from t_x to t, dead. So, given alive,
            lambda ~ Gamma(k, A) and mu ~ Gamma(s, beta + t), independent.
spend       the spend of a purchase ~ Gamma(p, rate nu), nu ~ Gamma(q, gamma).
sbg         leaves at each renewal with probability theta ~ Beta(alpha, beta).

Sources: Fader, Hardie, Lee 2005 (bgnbd; and RFM and CLV: DERT); Batislam, Denizel,
Filiztekin 2007, Wagner, Hoppe 2008 (mbgnbd); Fader, Hardie 2005 (note 009,
paretonbd); Fader, Hardie 2013 (note 025, spend); Fader, Hardie 2007, 2010 (sbg).
"""
import functools
import math
import multiprocessing
import os
import random
import sys

from mpmath import (beta, betainc, exp, expint, hyp2f1, hyperu, inf, isinf, log, log1p, loggamma, mp, mpf,
                    workdps)

DIGITS = 42             # of the first way
CHECKED = 24            # of the second
AGREE = mpf(10) ** -20
SHOWN = 22

# ---- quadrature -----------------------------------------------------------


def integral(g, digits):
    """Of g(y), positive, over the whole axis; g has one peak (or plateau) and falls
    off exponentially, maybe slowly, to both sides. Trapezoidal rule in t, where
    y = peak + width sinh(t): converges exponentially, so each halving of the
    step doubles the digits."""
    with workdps(15):
        def small(y):
            value = g(mpf(y))
            return log(value) if value > 0 else -inf
        best, y0 = max((small(y), y) for y in range(-140, 141))
        lo, hi = mpf(y0 - 1), mpf(y0 + 1)
        for _ in range(40):
            one, two = lo + (hi - lo) * 0.382, lo + (hi - lo) * 0.618
            if small(one) < small(two):
                lo = one
            else:
                hi = two
        y0 = (lo + hi) / 2
        best = small(y0)
        width = mpf(1) / 1024
        while width < 64 and min(small(y0 - width), small(y0 + width)) > best - 1:
            width *= 2
    with workdps(digits + 8):
        y0, width = +y0, +width
        floor = mpf(10) ** -(digits + 4)

        def term(t):
            grow = exp(t)
            return g(y0 + width * (grow - 1 / grow) / 2) * (grow + 1 / grow) / 2

        def side(first, step):
            total, largest, small_ones, n = mpf(0), mpf(0), 0, 0
            while small_ones < 4:
                value = term(first + n * step)
                total += value
                largest = max(largest, value)
                small_ones = small_ones + 1 if value <= floor * max(total, largest) else 0
                n += 1
            return total

        step = mpf(1) / 8
        total = term(mpf(0)) + side(step, step) + side(-step, -step)
        previous = total * step
        while step > mpf(1) / 4000:
            total += side(step / 2, step) + side(-step / 2, -step)
            step /= 2
            now = total * step
            if abs(now - previous) <= mpf(10) ** -(digits // 2 + 3) * now:
                return now * width
            previous = now
    raise ArithmeticError("the quadrature does not converge")


def logistic(y):
    """p and 1 - p of logit y"""
    if y > 0:
        grow = exp(-y)
        return 1 / (1 + grow), grow / (1 + grow)
    grow = exp(y)
    return grow / (1 + grow), 1 / (1 + grow)


def over_beta(f, a, b, digits):
    """Mean of f(p, 1 - p), p ~ Beta(a, b)"""
    def g(y):
        p, q = logistic(y)
        return exp(a * log(p) + b * log(q)) * f(p, q)
    with workdps(digits + 8):
        norm = exp(loggamma(a + b) - loggamma(a) - loggamma(b))
    return integral(g, digits) * norm


def over_interval(f, h, digits):
    """Integral of f over (0, h), or (0, inf)"""
    def g(y):
        if isinf(h):
            u = exp(y)
            return f(u) * u
        p, q = logistic(y)
        return f(h * p) * h * p * q
    return integral(g, digits)


def scaled_expint(n, z):
    """e^z E_n(z); DLMF 8.19.17, from below"""
    if z < 2:
        return exp(z) * expint(n, z)
    terms, previous = 32, None
    while True:
        value = mpf(0)
        for i in range(terms, 0, -1):
            value = i * (n + i - 1) / (z + n + 2 * i - value)
        value = 1 / (z + n - value)
        if previous is not None and abs(value - previous) <= mpf(10) ** -mp.dps * value:
            return value
        previous, terms = value, 2 * terms


# ---- given alive: BG/NBD and its variant ----------------------------------


class Beta:
    """k, A: of lambda; a, b: of p, given alive"""

    def __init__(self, process, param, x, t):
        r, alpha, a, b = param
        self.k, self.A, self.a, self.b = r + x, alpha + t, a, b + x + (process == 'mbgnbd')

    def purchases(self, h):
        k, A, a, b = self.k, self.A, self.a, self.b
        if isinf(h):
            return (a + b - 1) / (a - 1)
        with workdps(80):
            if a == 1 or a + b == 1:        # removable: 60 digits stay right
                mp.dps = 140
                a = a + mpf(10) ** -60
            c = a + b - 1
            return c / (a - 1) * (1 - exp(k * log(A / (A + h))) * hyp2f1(k, b, c, h / (A + h), maxterms=10 ** 6))

    def purchases_again(self, h):
        k, A = self.k, self.A
        if isinf(h):
            return over_beta(lambda p, q: 1 / p, self.a, self.b, CHECKED)
        return over_beta(lambda p, q: -mp.expm1(-k * log1p(p * h / A)) / p, self.a, self.b, CHECKED)

    def discounted(self, h, delta):
        """what is left given p, in closed form"""
        k, A = self.k, self.A

        def left(p, q):
            z, to = delta * A / p, 1 + p * h / A
            with workdps(mp.dps + 10):
                value = scaled_expint(k + 1, z)
                if not isinf(h):
                    value -= exp(-delta * h - k * log(to)) * scaled_expint(k + 1, z * to)
                return k / p * value
        return over_beta(left, self.a, self.b, DIGITS)

    def rate(self, u):
        """E[lambda e^(-lambda p u)] = k/A 2F1(k + 1, a; a + b; -u/A), after Pfaff;
        where mpmath gives up on it, the mean over p"""
        k, A, a, b = self.k, self.A, self.a, self.b
        try:
            return (k / A * exp(-a * log1p(u / A)) *
                    hyp2f1(a + b - k - 1, a, a + b, u / (A + u), maxterms=3000, maxprec=600))
        except (mp.NoConvergence, ValueError):
            return k / A * over_beta(lambda p, q: exp(-(k + 1) * log1p(p * u / A)), a, b, CHECKED)

    def discounted_again(self, h, delta):
        def f(u):
            left = exp(-delta * u)
            return left * self.rate(u) if left > mpf(10) ** -200 else mpf(0)
        with workdps(CHECKED + 8):
            return over_interval(f, h, CHECKED)

    def moment(self, i, j):
        """E[p^i (1-p)^j]"""
        a, b = self.a, self.b
        return exp(loggamma(a + i) + loggamma(b + j) + loggamma(a + b) -
                   loggamma(a) - loggamma(b) - loggamma(a + b + i + j))

    def pmf(self, h, n):
        """of the NBD of purchases, had nobody died"""
        k, A = self.k, self.A
        return exp(loggamma(k + n) - loggamma(k) - loggamma(n + 1) + k * log(A / (A + h)) + n * log(h / (A + h)))

    def tail(self, h, n):
        """at least n >= 1"""
        return betainc(n, self.k, 0, h / (self.A + h), regularized=True)

    def tail_again(self, h, n):
        k, z = self.k, h / (self.A + h)
        with workdps(400):
            value = exp(k * log(1 - z))
            total = value
            for j in range(int(n) - 1):
                value *= (k + j) / (j + 1) * z
                total += value
            return 1 - total

    def atleast(self, h, n, again=False):
        if n == 0:
            return mpf(1)
        return self.moment(0, n - 1) * (self.tail_again if again else self.tail)(h, n)

    def exactly(self, h, n):
        if n == 0:
            return self.pmf(h, 0)
        return self.moment(0, n) * self.pmf(h, n) + self.moment(1, n - 1) * self.tail(h, n)

    def atleast_again(self, h, n):
        return self.atleast(h, n, True)

    def exactly_again(self, h, n):
        with workdps(400):
            return self.atleast(h, n, True) - self.atleast(h, n + 1, True)


# ---- given alive: Pareto/NBD ----------------------------------------------


class Pareto:
    def __init__(self, process, param, x, t):
        r, alpha, s, b = param
        self.k, self.A, self.s, self.B = r + x, alpha + t, s, b + t

    def purchases(self, h):
        k, A, s, B = self.k, self.A, self.s, self.B
        if isinf(h):
            return k / A * B / (s - 1)
        if s == 1:
            return k / A * B * log1p(h / B)
        with workdps(100):
            return k / A * B / (s - 1) * -mp.expm1(-(s - 1) * log1p(h / B))

    def stays(self, u):
        return exp(-self.s * log1p(u / self.B))

    def purchases_again(self, h):
        return self.k / self.A * over_interval(self.stays, h, CHECKED)

    def discounted(self, h, delta):
        k, A, s, B = self.k, self.A, self.s, self.B
        with workdps(120):
            value = exp(delta * B) * expint(s, delta * B)
            if not isinf(h):
                value -= exp((1 - s) * log1p(h / B)) * exp(delta * B) * expint(s, delta * (B + h))
            return k / A * B * value

    def discounted_again(self, h, delta):
        k, A, s, B = self.k, self.A, self.s, self.B
        value = k / A * over_interval(lambda u: exp(-delta * u) * self.stays(u), h, CHECKED)
        if isinf(h):
            published = k / A * B ** s * delta ** (s - 1) * hyperu(s, s, delta * B)
            if abs(published - value) > AGREE * value:
                raise ArithmeticError("DERT: %s, not %s" % (published, value))
        return value

    def atleast(self, h, n, digits=DIGITS):
        """the n-th arrival, u, is beta prime; he must be alive then"""
        if n == 0:
            return mpf(1)
        k, A = self.k, self.A

        def f(u):
            return exp((n - 1) * log(u) + k * log(A) - (n + k) * log(A + u)) * self.stays(u)
        return over_interval(f, h, digits) * exp(loggamma(n + k) - loggamma(n) - loggamma(k))

    def pmf(self, u, n):
        k, A = self.k, self.A
        return exp(k * log(A) + n * log(u) - (k + n) * log(A + u))

    def exactly(self, h, n):
        """mixture over the time of death"""
        k, s, B = self.k, self.s, self.B
        choose = exp(loggamma(k + n) - loggamma(k) - loggamma(n + 1))
        dies = over_interval(lambda u: s / B * exp(-(s + 1) * log1p(u / B)) * self.pmf(u, n), h, DIGITS)
        return choose * (dies + self.stays(h) * self.pmf(h, n))

    def exactly_again(self, h, n):
        return self.atleast(h, n) - self.atleast(h, n + 1)

    def atleast_again(self, h, n):
        """by parts: deaths at u after at least n purchases"""
        if n == 0:
            return mpf(1)
        k, A, s, B = self.k, self.A, self.s, self.B

        def tail(u):
            z = u / (A + u)
            return betainc(n, k, 0, z, regularized=True)
        return (over_interval(lambda u: s / B * exp(-(s + 1) * log1p(u / B)) * tail(u), h, CHECKED - 2) +
                self.stays(h) * tail(h))


def given_alive(process, param, x, t):
    return (Pareto if process == 'paretonbd' else Beta)(process, param, x, t)


# ---- P(alive) -------------------------------------------------------------


def odds(process, param, x, t_x, t):
    """dead : alive"""
    if process != 'paretonbd':
        r, alpha, a, b = param
        if process == 'bgnbd' and x == 0:
            return mpf(0)
        c = b + x - 1 if process == 'bgnbd' else b + x
        return a / c * exp((r + x) * log((alpha + t) / (alpha + t_x)))
    r, alpha, s, b = param
    if t_x == t:
        return mpf(0)
    n = r + s + x
    with workdps(150):
        if alpha >= b:
            def part(u):
                return hyp2f1(n, s + 1, n + 1, (alpha - b) / (alpha + u), maxterms=10 ** 6) * exp(-n * log(alpha + u))
        else:
            def part(u):
                return hyp2f1(n, r + x, n + 1, (b - alpha) / (b + u), maxterms=10 ** 6) * exp(-n * log(b + u))
        return s / n * exp((r + x) * log(alpha + t) + s * log(b + t)) * (part(t_x) - part(t))


def odds_again(process, param, x, t_x, t):
    if process != 'paretonbd':
        r, alpha, a, b = param
        if process == 'bgnbd' and x == 0:
            return mpf(0)
        b += process == 'mbgnbd'
        with workdps(60):               # means over p of both likelihoods, and over lambda
            return (beta(a + 1, b + x - 1) / beta(a, b + x) *
                    (alpha + t_x) ** -(r + x) / (alpha + t) ** -(r + x))
    r, alpha, s, b = param
    if t_x == t:
        return mpf(0)
    return s * over_interval(lambda v: exp((r + x) * log((alpha + t) / (alpha + t_x + v)) +
                                           s * log((b + t) / (b + t_x + v)) - log(b + t_x + v)), t - t_x, CHECKED)


# ---- the rest -------------------------------------------------------------


def spend(param, x, m):
    p, q, g = param
    return p * (g + x * m) / (p * x + q - 1)


def spend_again(param, x, m):
    """nu, given x purchases of mean m, is Gamma(p x + q, gamma + x m); E[p / nu]"""
    p, q, g = param
    shape, rate = p * x + q, g + x * m

    def f(nu):
        return exp((shape - 1) * log(nu * rate) - nu * rate - loggamma(shape)) * rate
    return over_interval(lambda nu: f(nu) * p / nu, inf, CHECKED)


def survival(param, t):
    a, b = param
    return exp(loggamma(b + t) + loggamma(a + b) - loggamma(b) - loggamma(a + b + t))


def survival_again(param, t):
    a, b = param
    value = mpf(1)
    if t <= 1000:
        for i in range(1, int(t) + 1):
            value *= (b + i - 1) / (a + b + i - 1)
        return value
    return over_beta(lambda p, q: q ** t, a, b, CHECKED)


def retention(param, t):
    return survival(param, t) / survival(param, t - 1)


def retention_again(param, t):
    a, b = param
    return over_beta(lambda p, q: q, a, b + t - 1, CHECKED)


def derl(param, n, d):
    a, b = param
    if d == 0:
        return (b + n - 1) / (a - 1)
    with workdps(100):
        return (b + n - 1) / (a + b + n - 1) * hyp2f1(1, b + n, a + b + n, 1 / (1 + d), maxterms=10 ** 6)


def derl_again(param, n, d):
    a, b = param
    return over_beta(lambda p, q: q * (1 + d) / (d + p), a, b + n - 1, CHECKED)


# ---- one row --------------------------------------------------------------


@functools.lru_cache(16)
def both_odds(process, param, args):
    return odds(process, param, *args), odds_again(process, param, *args)


def both_ways(function, process, param, args):
    param, args = tuple(mpf(v) for v in param), tuple(mpf(v) for v in args)
    if function in ('alive', 'dead'):
        one, two = both_odds(process, param, args)
        if function == 'alive':
            return 1 / (1 + one), 1 / (1 + two)
        return one / (1 + one), two / (1 + two)
    if function == 'spend':
        return spend(param, *args), spend_again(param, *args)
    if function == 'survival':
        return survival(param, *args), survival_again(param, *args)
    if function == 'retention':
        return retention(param, *args), retention_again(param, *args)
    if function == 'derl':
        return derl(param, *args), derl_again(param, *args)
    alive = given_alive(process, param, args[0], args[1])
    if function == 'discounted' and args[3] == 0:
        return alive.purchases(args[2]), alive.purchases_again(args[2])
    return getattr(alive, function)(*args[2:]), getattr(alive, function + '_again')(*args[2:])


def compute(row):
    """The value and how far the two ways differ, or None where it underflows"""
    function, process, param, args = row
    try:
        with workdps(DIGITS + 6):
            one, two = both_ways(function, process, param, args)
            if one != 0 and abs(one) < mpf(10) ** -300:
                return None
            off = abs(one - two) / one if one != 0 else abs(two)
            return mp.nstr(one, SHOWN, min_fixed=-4, max_fixed=17), float(off)
    except Exception as what:           # mpmath's have no common class
        raise ArithmeticError("%s: %r" % (row, what))


# ---- from the likelihoods -------------------------------------------------


def counted(rate, q, hazard, h, delta, n):
    """Of one customer with this purchase rate and these ways to die: purchases in
    (t, t + h], the same discounted, P(exactly n), P(at least n). The j-th comes
    at the j-th arrival, in h, unless he has died by then: the time to it is
    Erlang, so with c = rate + hazard + delta its transform is
    (rate/c)^j P(Poisson(c h) >= j)."""
    def sequence(c):
        j, pmf, tail, weight, values = 0, math.exp(-c * h), 1.0, 1 / q, [1.0]
        while (pmf > 1e-18 or j < c * h) and weight > 1e-18 or j < n + 2:
            tail -= pmf
            j += 1
            pmf *= c * h / j
            weight *= q * rate / c
            values.append(weight * tail)
        return values

    plain = sequence(rate + hazard)
    return (sum(plain[1:]), sum(sequence(rate + hazard + delta)[1:]), plain[n] - plain[n + 1], plain[n])


def check():
    """Both mixing distributions, numerically: trapezoidal rule in the logarithm or
    the logit, in doubles (so the agreement to expect is 1e-12)."""
    for process, param in (('bgnbd', (0.6, 4.4, 0.8, 2.4)), ('mbgnbd', (0.6, 4.4, 0.8, 2.4)),
                           ('paretonbd', (0.6, 10.5, 0.7, 11.6))):
        for x, t_x, t in ((0, 0.0, 9.0), (2, 5.0, 8.0)):
            h, delta, n = 6.0, 0.05, 2
            dead = alive = 0.0
            sums = [0.0] * 4
            for i in range(-250, 250):
                if process == 'paretonbd':
                    p, q, hazard = 0.0, 1.0, math.exp(i / 5)
                    prior = hazard ** param[2] * math.exp(-param[3] * hazard)
                else:
                    p, q, hazard = 1 / (1 + math.exp(-i / 5)), 1 / (1 + math.exp(i / 5)), 0.0
                    prior = p ** param[2] * q ** param[3]
                if prior < 1e-16:
                    continue
                for j in range(-250, 30):
                    rate = math.exp(j / 5)
                    weight = prior * rate ** (param[0] + x) * math.exp(-param[1] * rate)
                    if weight < 1e-16:
                        continue
                    if process == 'paretonbd':
                        c = rate + hazard
                        dead += weight * hazard / c * (math.exp(-c * t_x) - math.exp(-c * t))
                    elif process == 'bgnbd':
                        c = rate
                        weight *= q ** x
                        dead += weight * p / q * math.exp(-c * t_x) if x > 0 else 0
                    else:
                        c = rate
                        weight *= q ** (x + 1)
                        dead += weight * p / q * math.exp(-c * t_x)
                    weight *= math.exp(-c * t)
                    alive += weight
                    if weight > 1e-16:
                        for which, value in enumerate(counted(rate, q, hazard, h, delta, n)):
                            sums[which] += weight * value
            for function, args, value in [
                    ('alive', (x, t_x, t), alive / (alive + dead)), ('dead', (x, t_x, t), dead / (alive + dead)),
                    ('purchases', (x, t, h), sums[0] / alive), ('discounted', (x, t, h, delta), sums[1] / alive),
                    ('exactly', (x, t, h, n), sums[2] / alive), ('atleast', (x, t, h, n), sums[3] / alive)]:
                right = both_ways(function, process, param, args)[0]
                print("%-10s %-10s x %d  %.15g  differs by %.0e" %
                      (function, process, x, value, abs(value - right) / right if right else abs(value)))


# ---- the rows -------------------------------------------------------------

NEAR_ONE = [1 - 1e-9, 1.0, 1 + 1e-9, 1 + 1e-4, 1 - 1e-4]

BETA_PARAMS = [
    (0.24259, 4.41353, 0.79292, 2.4259), (0.24259, 30.89471, 0.79292, 2.4259),      # CDNOW, weeks and days
    (0.525, 6.183, 0.891, 1.614), (0.525, 43.281, 0.891, 1.614),
] + [(0.6, 8.0, a, 2.5) for a in NEAR_ONE] + [(12.0, 20.0, a, 0.4) for a in NEAR_ONE] + [
    (1.0, 1.0, 2.0, 3.0), (3.0, 2.0, 1.0, 1.0), (2.0, 5.0, 3.0, 4.0), (1.0, 10.0, 1.0, 2.0),    # integers
    (0.3, 5.0, 0.5, 0.5), (0.3, 5.0, 0.3, 0.7), (0.8, 3.0, 0.05, 0.05), (0.8, 60.0, 0.2, 0.3),  # a + b <= 1
    (0.5, 7.0, 50.0, 0.05), (0.5, 7.0, 50.0, 1e4), (0.5, 7.0, 0.05, 1e4), (0.5, 7.0, 2.0, 1e4),
    (0.5, 7.0, 1.0, 1e4), (0.5, 7.0, 0.05, 50.0), (0.5, 7.0, 50.0, 50.0),
    (50.0, 3.0, 0.7, 2.0), (50.0, 0.01, 2.0, 3.0), (50.0, 400.0, 1.3, 0.05), (20.0, 0.5, 3.0, 0.3),
    (0.05, 4.0, 0.8, 2.0), (0.05, 0.001, 1.2, 5.0), (0.05, 5000.0, 1.2, 5.0), (5.0, 1000.0, 1.5, 4.0),
    (2.5, 0.05, 0.1, 0.9), (10.0, 10.0, 10.0, 10.0),
]

PARETO_PARAMS = [
    (0.5533, 10.5776, 0.6061, 11.6656), (0.5533, 74.0432, 0.6061, 81.6592), (0.7858, 5.3312, 0.3606, 11.8221),
] + [(0.6, 9.0, s, 12.0) for s in NEAR_ONE] + [(30.0, 200.0, s, 3.0) for s in NEAR_ONE] + [
    (1.0, 1.0, 1.0, 1.0), (2.0, 3.0, 2.0, 5.0), (3.0, 8.0, 2.0, 4.0), (1.0, 10.0, 3.0, 10.0),
    (0.5, 0.01, 0.6, 10.0), (0.5, 10.0, 0.6, 0.01), (0.5, 10.0, 0.6, 10.0), (0.5, 10.0, 0.6, 10.000001),
    (0.5, 10.000001, 0.6, 10.0), (2.0, 1000.0, 3.0, 1.0), (2.0, 1.0, 3.0, 1000.0), (0.3, 1.0, 0.05, 1000.0),
    (0.05, 4.0, 0.8, 9.0), (50.0, 2.0, 0.05, 300.0), (0.05, 300.0, 20.0, 2.0), (50.0, 50.0, 20.0, 50.0),
    (0.5, 7.0, 0.05, 10.0), (0.5, 7.0, 20.0, 10.0), (0.5, 7.0, 20.0, 5000.0), (50.0, 0.05, 1.5, 0.05),
    (5.0, 1000.0, 1.5, 1000.5), (2.5, 0.05, 0.3, 40.0),
]

SBG_PARAMS = [
    (0.668, 3.806), (0.704, 1.182), (3.8, 15.2), (1.0, 1.0), (1 + 1e-9, 2.0), (1 - 1e-9, 2.0), (1 + 1e-4, 0.3),
    (0.05, 0.05), (0.05, 50.0), (50.0, 0.05), (50.0, 50.0), (2.0, 3.0), (0.3, 0.6), (7.5, 0.5), (1.5, 20.0),
]

SPEND_PARAMS = [
    (6.25, 3.74, 15.44), (0.05, 1.05, 0.01), (50.0, 50.0, 2000.0), (1.0, 2.0, 1.0), (6.25, 1 + 1e-6, 15.44),
    (0.3, 1.5, 1e5), (12.0, 30.0, 0.5),
]

PURCHASES = [0, 0, 1, 1, 2, 3, 10, 26, 100, 1000, 10000]
TIMES = [1 / 7, 1.0, 3.5, 10.0, 38.86, 77.857142857142861, 300.0, 1000.0, 5218.0, 36525.0]
HORIZONS = [1 / 7, 1.0, 4.0, 30.0, 52.0, 104.0, 365.0, 1000.0, 5218.0, 36525.0]
COUNTS = [0, 1, 1, 2, 2, 5, 20, 200, 1000]
# continuous, in a week or a day, of annual rates .1 %, 1 %, 10 %, 15 %, 100 %
DELTAS = [2.7e-6, 1.9e-5, 2.7e-5, 1.9e-4, 2.6e-4, 1.83e-3, 2.68e-3, 0.0019, 0.01328, 1.0]


def history(rng, x=None, new=0.15):
    """x and t: often a customer of today"""
    x = float(rng.choice(PURCHASES) if x is None else x)
    return x, 0.0 if x == 0 and rng.random() < new else rng.choice(TIMES)


def last(rng, param, x, t):
    """t_x: near 0, near t, t, or such that the power in the odds does not overflow"""
    if x == 0:
        return 0.0
    t_x = t * rng.choice([1e-6, 0.01, 0.3, 0.7, 0.95, 0.999, 1 - 1e-12, 1.0])
    r, alpha = param[:2]
    power = (r + x) * float(log((alpha + t) / (alpha + t_x)))
    if power > 650:
        t_x = (alpha + t) * float(exp(-rng.uniform(0.5, 600) / (r + x))) - alpha
    return min(max(t_x, t * 1e-9), t)


def likely(process, param, x, t, h, n):
    """would at least n purchases be a double? roughly"""
    alive = Beta('bgnbd', (param[0], param[1], 1.0, 1.0), x, t)
    alive.k, alive.A = mpf(alive.k), mpf(alive.A)
    with workdps(20):
        return n == 0 or alive.pmf(mpf(h), n) > mpf(10) ** -250


def process_rows(rng, process, params):
    def each(count, make):
        rows = []
        while len(rows) < count:
            row = make(params[len(rows) % len(params)])
            if row is not None and row not in rows:
                rows.append(row)
        return rows

    def odds_row(param):
        x, t = history(rng)
        return param, (x, last(rng, param, x, t), t)

    for param, args in each(135, odds_row):
        yield 'alive', process, param, args
        yield 'dead', process, param, args

    def purchases_row(param):
        x, t = history(rng)
        h = rng.choice(HORIZONS)
        if param[2] > 1 and rng.random() < 0.1:
            h = float('inf')
        return param, (x, t, h)

    for param, args in each(240, purchases_row):
        yield 'purchases', process, param, args

    def discounted_row(param):
        x, t = history(rng)
        h, delta = rng.choice(HORIZONS), rng.choice(DELTAS)
        if rng.random() < 0.35:
            h = float('inf')
        if rng.random() < 0.06 and (h < 1e9 or param[2] > 1):
            delta = 0.0
        return param, (x, t, h, delta)

    for param, args in each(150, discounted_row):
        yield 'discounted', process, param, args

    for function in ('exactly', 'atleast'):
        def count_row(param):
            x, t = history(rng)
            h, n = rng.choice(HORIZONS), float(rng.choice(COUNTS))
            if function == 'atleast' and n == 0 and rng.random() < 0.9:
                return None
            return (param, (x, t, h, n)) if likely(process, param, x, t, h, n) else None

        for param, args in each(140, count_row):
            yield function, process, param, args


# Where a quadrature or a series that is good elsewhere is not: alpha far above beta
# and many purchases; a large while few purchases are to come.
STEEP_PARETO = [
    ((2.5, 3200.0, 19.5, 0.08), (1000.0, 2e-9, 0.73)),
    ((1.25, 2100.0, 0.96, 0.02), (100.0, 5e-4, 494.0)), ((14.0, 218.0, 0.11, 4.9), (1000.0, 0.743, 0.7431)),
    ((0.12, 2300.0, 2.6, 0.012), (1000.0, 2.5e-9, 0.25)), ((0.19, 31.0, 1.5, 1.2), (1000.0, 1e-4, 2.1)),
    ((13.5, 3300.0, 9.5, 19.0), (1000.0, 20.0938, 20.0941)), ((0.5, 1000.0, 0.6, 1.0), (10000.0, 0.5, 1.0)),
    ((0.5, 1000.0, 0.6, 1.0), (2000.0, 5.0, 9.0)), ((0.5, 1.0, 0.6, 1000.0), (10000.0, 5.0, 5.1)),
    ((0.5, 1.0, 20.0, 3000.0), (1000.0, 300.0, 320.0)), ((0.5, 200.0, 0.6, 2.0), (300.0, 0.01, 1.5)),
]
STEEP_BETA = [
    ((1.8, 0.012, 44.0, 0.47), (10000.0, 4.6, 11500.0)), ((49.0, 0.12, 41.0, 8.8), (10000.0, 922.0, 5480.0)),
    ((1.1, 1.2, 49.0, 48.0), (10000.0, 280.0, 5080.0)), ((47.0, 1.8, 20.6, 0.12), (1.0, 50.3, 288.0)),
    ((6.8, 0.064, 48.0, 1405.0), (10000.0, 0.19, 385.0)), ((0.075, 3.6, 45.7, 1.2), (1000.0, 1.47, 5400.0)),
    ((48.0, 3.7, 12.8, 0.062), (0.0, 84.0, 3100.0)), ((43.0, 68.6, 42.7, 0.215), (1.0, 0.5, 27300.0)),
    ((20.0, 5.6, 43.7, 3.75), (1000.0, 0.8, 460.0)), ((2.0, 50.0, 15.0, 0.5), (3.0, 20.0, float('inf'))),
]


def all_rows():
    rng = random.Random(2005)
    for process, params in (('bgnbd', BETA_PARAMS), ('mbgnbd', BETA_PARAMS), ('paretonbd', PARETO_PARAMS)):
        yield from process_rows(rng, process, params)
    for param, args in STEEP_PARETO:
        yield 'alive', 'paretonbd', param, args
        yield 'dead', 'paretonbd', param, args
    for i, (param, args) in enumerate(STEEP_BETA):
        for process in ('bgnbd', 'mbgnbd'):
            yield 'discounted', process, param, args + (DELTAS[i],)
    for param in SPEND_PARAMS:
        for x, m in ((0, 0.0), (1, 11.77), (2, 22.35), (7, 73.74), (100, 0.03), (1000, 1e6), (10000, 35.0)):
            yield 'spend', 'gammagamma', param, (float(x), m)
    for param in SBG_PARAMS:
        for t in (0, 1, 2, 7, 40, 1000, 10000):
            yield 'survival', 'sbg', param, (float(t),)
        for t in (1, 2, 30, 10000):
            yield 'retention', 'sbg', param, (float(t),)
        for n in (1, 2, 8, 300, 10000):
            for d in rng.sample([0.0, 1e-6, 0.001, 0.01, 0.1, 0.25, 1.0], 3):
                if d > 0 or param[0] > 1:
                    yield 'derl', 'sbg', param, (float(n), d)


HEADER = """\
# Reference values of src/value/answer.h, written by test/reference/clv.py (what
# is right, and how it is known, stands there). Do not edit.
# function process, parameters in the order of model.h, arguments in the order of
# the C function (%s), value. Parameters and arguments are
# exact: they read back to the double that was used; the value has %d digits.
"""
ARGUMENTS = "x t_x t | x t horizon [delta or n] | x m | t | n discount"


def main():
    os.nice(10)
    if sys.argv[1:] == ['--check']:
        check()
        return
    rows = list(all_rows())
    worst = {}
    with multiprocessing.Pool(2) as pool:
        sys.stdout.write(HEADER % (ARGUMENTS, SHOWN))
        for (function, process, param, args), result in zip(rows, pool.imap(compute, rows, 4)):
            if result is None:
                continue
            value, off = result
            if not off < AGREE:
                sys.exit("%s %s %s %s: the two ways differ by %.1e" % (function, process, param, args, off))
            worst[function, process] = max(off, worst.get((function, process), 0))
            print(function, process, *map(repr, param + args), value)
    for (function, process), off in worst.items():
        print("%-10s %-10s two ways agree to %.1e" % (function, process, off), file=sys.stderr)


if __name__ == '__main__':
    main()
