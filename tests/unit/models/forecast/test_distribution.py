import numpy as np
import pytest

from ml_app_wind_draft.models.forecast.distribution import ErrorDistribution, Samples

LEVELS = np.arange(1, 100) / 100
random = np.random.default_rng(0)


def scattering(scale: float, rows: int = 4000) -> Samples:
    """Errors that grow with the forecast level."""
    center = random.uniform(0, 1, rows)
    return Samples(center, random.normal(0, scale, rows) * center)


def test_quantiles_never_cross_and_stay_within_bounds():
    distribution = ErrorDistribution({3600: scattering(0.3), 7200: scattering(0.5)}, (0.0, 1.0))
    center = random.uniform(-0.2, 1.2, 500)
    lead = random.choice([3600, 5000, 7200, 9000], 500)
    quantiles = distribution.quantiles(center, lead, LEVELS)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert quantiles.min() >= 0
    assert quantiles.max() <= 1


def test_new_rows_of_the_same_kind_are_covered_at_every_level_of_forecast():
    distribution = ErrorDistribution({3600: scattering(0.2)}, (-9.0, 9.0))
    new = scattering(0.2)
    quantiles = distribution.quantiles(new.center, np.full(4000, 3600), np.array([0.1, 0.9]))
    measured = new.center + new.error
    inside = (measured >= quantiles[:, 0]) & (measured <= quantiles[:, 1])
    for low in (0.1, 0.4, 0.7):
        assert inside[(new.center >= low) & (new.center < low + 0.3)].mean() == pytest.approx(
            0.8, abs=0.05
        )


def test_between_two_leads_the_spread_lies_between():
    distribution = ErrorDistribution({0: scattering(0.1), 100: scattering(0.3)}, (-9.0, 9.0))
    widths = [
        np.ptp(distribution.quantiles(np.array([0.5]), np.array([lead]), np.array([0.1, 0.9])))
        for lead in (0, 50, 100)
    ]
    assert widths[0] < widths[1] < widths[2]


def test_outcomes_join_the_errors():
    level, lead = np.linspace(0, 1, 40), np.array([3600])
    distribution = ErrorDistribution({3600: Samples(level, np.zeros(40))}, (-9.0, 9.0))
    newer = distribution.extended(3600, np.tile(level, 20), np.tile(level, 20) + 0.25)
    assert newer.quantiles(np.array([0.5]), lead, np.array([0.5])) == pytest.approx(0.75)
    assert len(newer.samples[3600].center) == 840
    assert distribution.quantiles(np.array([0.5]), lead, np.array([0.5])) == pytest.approx(0.5)


def test_a_standstill_stays_one_among_neighbours_that_forecast_more_or_less():
    center = random.uniform(0.02, 0.2, 4000)
    stands = random.uniform(size=4000) < 0.12
    measured = np.where(stands, -0.002, center * random.uniform(0.5, 2.0, 4000))
    distribution = ErrorDistribution({3600: Samples(center, measured - center)}, (-0.002, 1.0))
    lead, levels = np.full(4000, 3600), np.array([0.05, 0.1, 0.2])
    quantiles = distribution.quantiles(center, lead, levels)
    assert quantiles[:, 0] == pytest.approx(-0.002, abs=1e-4)
    assert (measured < quantiles[:, 1] - 1e-4).mean() < 0.05
    assert (quantiles[:, 2] > 0.3 * center).mean() > 0.95


def test_a_saved_distribution_says_the_same():
    distribution = ErrorDistribution({3600: scattering(0.2)}, (0.0, 1.0))
    again = ErrorDistribution.from_json(distribution.as_json())
    asked = (np.linspace(0, 1, 9), np.full(9, 3600), LEVELS)
    assert again.quantiles(*asked) == pytest.approx(distribution.quantiles(*asked), abs=2e-4)
