"""Mean kinetic temperature (MKT)."""

import numpy as np

from coldwitness.domain.tracks import FloatArray

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
ZERO_C_IN_K = 273.15
METHOD = "trapezoid on exp(-dH/RT) over known time, dH {:g} kJ/mol"
"""Name of the method in the result; unseen time weighs nothing."""


def ageing_rate(temperature_c: FloatArray, *, activation_energy_j_per_mol: float) -> FloatArray:
    """Arrhenius factor exp(-dH/RT) of each temperature [°C], dimensionless, as a new array.

    temperature_c : (n,). Source: as `mean_kinetic_temperature`.
    """
    rate = temperature_c + ZERO_C_IN_K
    np.divide(-activation_energy_j_per_mol / GAS_CONSTANT_J_PER_MOL_K, rate, out=rate)
    return np.exp(rate, out=rate)


def mean_kinetic_temperature(
    rate_s: FloatArray, *, known_s: FloatArray, activation_energy_j_per_mol: float
) -> FloatArray:
    """Constant temperature that ages the product as the recorded one did [°C].

    rate_s : integral of the ageing rate over known time [s]; the trapezoid over uneven samples
        is the sum of rate times half the two steps beside each reading.
    known_s : that time [s]; NaN results where there is none.
    Source: Haynes, J. Pharm. Sci. 60 (1971) 927; trapezoid for uneven samples: Tong and Lock
    (2015). It hides freezing and short heat alike, so it never decides a verdict.

    Both (m,), the result too.
    """
    known = known_s > 0
    mean_rate = np.divide(rate_s, known_s, out=np.full_like(known_s, np.nan), where=known)
    ratio = -activation_energy_j_per_mol / GAS_CONSTANT_J_PER_MOL_K
    return ratio / np.log(mean_rate) - ZERO_C_IN_K
