"""Derives the coefficients of compiler/Lowering/VectorMath.cpp and the files of DoubleMath.h: run it to print them.

Each is a polynomial P or a quotient P/Q that comes as near to a function as its degrees allow, measured by a weighted error
w |f - P/Q| (the relative error of what is computed with it). For fixed weights of the sample points the best coefficients of
the linear form |f Q - P| / |Q'|, where Q' is the last step's denominator, solve a problem of least squares; Lawson's iteration
multiplies each point's weight by its error until the largest errors are all equal, which is what Chebyshev's theorem asks of
the best approximation.

Sources: Lawson 1961, Contributions to the theory of linear least maximum approximation (thesis, UCLA), section 2; Sanathanan
and Koerner 1963, Transfer function synthesis as a ratio of two complex polynomials (IEEE Trans. Automatic Control 8), for the
iterated denominator.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev, polynomial

POINTS = 3000
STEPS = 60


def fit(function, interval, degrees, weight):
    """The coefficients of P and Q, lowest powers first, Q's first one 1; and the largest weighted error."""
    low, high = interval
    nodes = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    x = (high - low) / 2 * nodes + (high + low) / 2
    values, scale = function(x), weight(x)
    above = chebyshev.chebvander(nodes, degrees[0])
    below = chebyshev.chebvander(nodes, degrees[1])[:, 1:]
    denominator, importance, best = np.ones(POINTS), np.ones(POINTS) / POINTS, None
    for _ in range(STEPS):
        rows = np.sqrt(importance) * scale / np.abs(denominator)
        matrix = np.hstack([above * rows[:, None], -below * (values * rows)[:, None]])
        solution = np.linalg.lstsq(matrix, values * rows, rcond=None)[0]
        numerator, denominator = above @ solution[: degrees[0] + 1], 1 + below @ solution[degrees[0] + 1 :]
        error = np.abs(scale * (values - numerator / denominator))
        if best is None or error.max() < best[0]:
            best = error.max(), solution
        importance = importance * (error / error.max() + 1e-3)
        importance /= importance.sum()
    largest, solution = best

    def to_powers(coefficients):
        line = np.array([-(high + low) / (high - low), 2 / (high - low)])
        result = np.zeros(1)
        for coefficient in reversed(chebyshev.cheb2poly(coefficients)):
            result = polynomial.polyadd(polynomial.polymul(result, line), [coefficient])
        return result[: len(coefficients)]

    top, bottom = to_powers(solution[: degrees[0] + 1]), to_powers(np.concatenate([[1.0], solution[degrees[0] + 1 :]]))
    return top / bottom[0], bottom / bottom[0], largest


def near_zero(function, series, radius):
    """The function, by its series where the formula loses digits."""
    return lambda x: np.where(np.abs(x) < radius, polynomial.polyval(x, series), function(np.where(x == 0, 1, x)))


erf, erfc = np.vectorize(math.erf), np.vectorize(math.erfc)

# (e^r - 1 - r) / r^2 and (log(1 + r) - r + r^2 / 2) / r^3.
exponential = near_zero(lambda r: (np.expm1(r) - r) / r**2, [1 / 2, 1 / 6, 1 / 24, 1 / 120], 1e-3)
logarithm = near_zero(
    lambda r: (np.log1p(r) - r + r**2 / 2) / r**3, [1 / 3, -1 / 4, 1 / 5, -1 / 6, 1 / 7, -1 / 8], 5e-3
)
quotient_of_logarithm = near_zero(lambda r: np.log1p(r) / r, [1, -1 / 2, 1 / 3, -1 / 4], 1e-4)



def logarithm_of_erfc(x):
    """log(erfc x) / x."""
    x = np.maximum(x, 1e-9)
    return np.where(x < 0.5, np.log1p(-erf(np.minimum(x, 0.5))), np.log(erfc(x))) / x


def weight_of_erfc(x):
    """What an error of that is in erf x = 1 - exp(x log(erfc x) / x), relative to it."""
    x = np.maximum(x, 1e-9)
    return x * erfc(x) / erf(x)


def of_square(function, order, series, radius):
    """The rest of a function of x behind its first `order` terms, divided by the next one's power of x: as a function of x^2. The
    function has every second power, the first of them divided off."""

    def rest(square):
        x = np.sqrt(square)
        return (function(x) - polynomial.polyval(square, series[:order])) / square**order

    return near_zero(rest, series[order:], radius)


sine = of_square(lambda x: np.sin(x) / x, 1, [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880], 5e-2)
cosine = of_square(np.cos, 2, [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600], 1e-1)
area_tangent = of_square(lambda x: np.arctanh(x) / x, 1, [1 / k for k in range(1, 18, 2)], 1e-2)
arc_tangent = of_square(lambda x: np.arctan(x) / x, 1, [(-1) ** (k // 2) / k for k in range(1, 20, 2)], 1e-2)
exponential_in_double = near_zero(lambda r: (np.expm1(r) - r) / r**2, [1 / math.factorial(k) for k in range(2, 12)], 5e-2)

HALF_LN2 = math.log(2) / 2 * 1.0001
EIGHTH_TURN, ROOT_OF_2 = math.pi / 4 * 1.0001, math.sqrt(2)

# Name: function, interval, degrees of P and Q, weight.
APPROXIMATIONS = {
    "exponential": (exponential, (-HALF_LN2, HALF_LN2), (4, 0), lambda r: r**2 / np.maximum(np.abs(np.expm1(r)), 1e-9)),
    "logarithm": (logarithm, (-1 / 3, 1 / 2), (8, 0), lambda r: np.abs(r) ** 3 / np.maximum(np.abs(np.log1p(r)), 1e-12)),
    "logarithmOfSum": (quotient_of_logarithm, (0, 1), (3, 3), lambda r: 1 / quotient_of_logarithm(r)),
    # From 3.93 on erf is 1 in f32.
    "logarithmOfErfc": (logarithm_of_erfc, (0, 3.95), (8, 0), weight_of_erfc),
}
# In double precision; those of x^2 on intervals of that.
DOUBLES = {
    "sine": (sine, (0, EIGHTH_TURN**2), (3, 0), lambda z: z / np.sinc(np.sqrt(z) / math.pi)),
    "cosine": (cosine, (0, EIGHTH_TURN**2), (3, 0), lambda z: z**2 / np.cos(np.sqrt(z))),
    "exponential": (exponential_in_double, (-HALF_LN2, HALF_LN2), (6, 0), APPROXIMATIONS["exponential"][3]),
    "areaTangent": (area_tangent, (0, ((ROOT_OF_2 - 1) / (ROOT_OF_2 + 1) * 1.0001) ** 2), (5, 0), lambda z: z),
    "arcTangent": (arc_tangent, (0, (ROOT_OF_2 - 1) ** 2 * 1.0001), (7, 0), lambda z: z),
}

def show(approximations, write):
    for name, (function, interval, degrees, weight) in approximations.items():
        top, bottom, largest = fit(function, interval, degrees, weight)
        print(f"{name}: largest weighted error {largest * 2**24:.3g} * 2^-24")
        for part, coefficients in (("numerator", top), ("denominator", bottom)):
            if len(coefficients) > 1:
                print(f"  {part}:", ", ".join(write(c) for c in coefficients))


if __name__ == "__main__":
    show(APPROXIMATIONS, lambda coefficient: f"{np.float32(coefficient):.9g}f")
    print("in double precision:")
    show(DOUBLES, lambda coefficient: f"{coefficient:.17g}")
