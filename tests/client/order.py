"""Whether one order tells another: Spearman's rank correlation."""

import math

# Of 30 000 pairs of independent orders about two lie beyond this.
LIMIT = 4.0


def ranks(values):
    place = {value: rank for rank, value in enumerate(sorted(values))}
    return [place[value] for value in values]


def correlation(first, second):
    """Spearman's rho of two lists without ties."""
    n = len(first)
    squares = sum((a - b) ** 2 for a, b in zip(ranks(first), ranks(second)))
    return 1 - 6 * squares / (n * (n * n - 1))


def score(rho, n):
    """How many standard deviations rho lies from nothing."""
    return abs(rho) * math.sqrt(n - 1)


def tells_nothing(rho, n):
    return score(rho, n) < LIMIT
