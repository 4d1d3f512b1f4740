"""Writes the golden numbers of the Wilcoxon signed rank test, as SciPy computes them, to standard output.
    python wilcoxon.py > tests/golden/wilcoxon.json      (needs NumPy and SciPy; made with SciPy 1.15 or later)
"""
import json

import numpy as np
from scipy.stats import wilcoxon

rng = np.random.default_rng(2017)


def recalls(count, least, most):
    """Hits among a few test items, as a recall: many ties and zeros."""
    relevant = rng.integers(least, most, count)
    return [rng.binomial(relevant, share) / relevant for share in (0.30, 0.34)]


pairs = {
    "distinct": [rng.normal(0.0, 1.0, 60), rng.normal(0.3, 1.0, 60)],
    "recalls of few items": recalls(400, 1, 4),
    "recalls of more items": recalls(300, 3, 12),
    "two users": [np.array([0.5, 1.0]), np.array([0.0, 0.5])],
    "one differs": [np.array([0.5, 1.0, 0.25]), np.array([0.5, 0.0, 0.25])],
    "all the same way": [np.arange(40) / 40 + 0.5, np.arange(40) / 40],
    "far apart": [rng.normal(2.0, 0.1, 300), rng.normal(0.0, 0.1, 300)],
    "alike": [np.array([0.0, 1.0, 0.5, 0.25]), np.array([1.0, 0.0, 0.25, 0.5])],
}
cases = []
for name, (first, second) in pairs.items():
    result = wilcoxon(first, second, zero_method="wilcox", correction=False, method="asymptotic")
    cases.append({
        "name": name, "first": first.tolist(), "second": second.tolist(),
        "count": int(np.count_nonzero(first - second)), "statistic": float(result.statistic),
        "z": float(result.zstatistic), "p": float(result.pvalue),
    })
print(json.dumps(cases))
