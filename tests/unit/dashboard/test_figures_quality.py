"""The data quality figure."""

import numpy as np
import pytest

from ml_app_wind_draft.dashboard.figures_quality import shade, shades
from ml_app_wind_draft.dashboard.theme import PALETTES


@pytest.mark.parametrize("scheme", PALETTES)
def test_a_whole_cell_has_a_colour_of_its_own_and_others_say_how_much_is_there(scheme):
    palette = PALETTES[scheme]
    found = shades(palette)
    at = shade(np.array([0.0, 9.9, 50.0, 90.0, 99.5, 99.6, 100.0]))
    assert at.tolist() == [0, 0, 5, 9, 9, 10, 10]
    assert found[0] == palette.watch
    assert found[9] == palette.cell_lacking
    assert found[10] == palette.cell_whole
    assert len(set(found)) == len(found)
