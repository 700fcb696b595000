"""A farm that differs from the shipped one in everything goes through import to the database."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from ml_app_wind_draft.core import clock
from ml_app_wind_draft.core.errors import ImportFileError, SiteError
from ml_app_wind_draft.ingestion.import_file import import_file, progress_bar
from ml_app_wind_draft.ingestion.intake import ingest
from ml_app_wind_draft.storage.set_aside import Search

NAMES = {"Nord 1": "KH-N1", "Süd 1": "KH-S1", "Süd 2": "KH-S2"}
QUARTER_S = 900


def rows_of(manager, site):
    return manager.raw_range(0, 2**40, site.turbine_ids)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_every_value_arrives_in_the_apps_units(manager, farm, files, summer, encoding):
    lines = [line for name in NAMES for line in files.lines(name, summer, 200)]
    report = import_file(manager, farm, files.write(lines, encoding))
    assert (report.accepted, report.rows_in, report.set_aside) == (600, 600, {})
    rows = rows_of(manager, farm)
    assert rows["flags"].eq(0).all()
    for name, turbine_id in NAMES.items():
        own = rows[rows["turbine_id"] == turbine_id]
        start = clock.to_epoch(summer)
        assert own["timestamp"].tolist() == [start + i * QUARTER_S for i in range(200)]
        rated = farm.turbines[turbine_id].rated_power
        wind = [files.wind(i) for i in range(200)]
        power = [files.load(i) * rated for i in range(200)]
        warmth = [(50 + i % 17 - 32) / 1.8 for i in range(200)]
        nacelle = [np.degrees((i % 62) / 10) for i in range(200)]
        np.testing.assert_allclose(own["wind_speed"], wind, atol=1e-5)
        np.testing.assert_allclose(own["power"], power, atol=1e-2)
        np.testing.assert_allclose(own["ambient_temperature"], warmth, atol=1e-5)
        np.testing.assert_allclose(own["nacelle_direction"], nacelle, atol=1e-3)
        assert own["pitch_angle"].isna().all(), name
    assert manager.check() == []


def test_two_sites_live_in_one_database(manager, site, farm, files, summer):
    import_file(manager, farm, files.write(files.lines("Nord 1", summer, 50)))
    assert len(rows_of(manager, farm)) == 50
    assert len(rows_of(manager, site)) == 0


def test_the_night_on_which_the_clocks_go_back_keeps_all_its_rows(store, farm, files):
    night = datetime(2021, 10, 30, 22, tzinfo=UTC)
    report = import_file(store, farm, files.write(files.lines("Nord 1", night, 24)))
    assert report.accepted == 24
    rows = rows_of(store, farm)
    assert rows["timestamp"].diff().dropna().eq(QUARTER_S).all()
    np.testing.assert_allclose(rows["wind_speed"], [files.wind(i) for i in range(24)], atol=1e-5)


def test_a_file_that_runs_backwards_tells_the_repeated_hour_apart_as_well(store, farm, files):
    night = datetime(2021, 10, 30, 22, tzinfo=UTC)
    import_file(store, farm, files.write(files.lines("Nord 1", night, 24)[::-1]))
    wind = rows_of(store, farm)["wind_speed"]
    np.testing.assert_allclose(wind, [files.wind(i) for i in range(24)], atol=1e-5)


def test_half_of_a_repeated_hour_is_set_aside_rather_than_guessed(store, farm, files):
    night = datetime(2021, 10, 30, 22, tzinfo=UTC)
    lines = files.lines("Nord 1", night, 24)
    # 02:00 to 02:45 by the clock, each once only
    del lines[11:15]
    report = import_file(store, farm, files.write(lines))
    assert report.set_aside == {"ambiguous_local_time": 4}
    assert report.accepted == 16


def test_an_hour_that_the_clock_skips_is_set_aside_with_its_line(store, farm, files):
    night = datetime(2021, 3, 28, tzinfo=UTC)
    lines = files.lines("Nord 1", night, 8)
    lines.insert(3, files.line("Nord 1", night, stamp="28.03.2021 02:30"))
    report = import_file(store, farm, files.write(lines))
    assert report.set_aside == {"nonexistent_local_time": 1}
    aside = store.rejected_rows().iloc[0]
    assert aside["line"] == 5
    assert aside["turbine_id"] == "KH-N1"
    assert '"Zeitstempel": "28.03.2021 02:30"' in aside["original"]


def test_every_kind_of_bad_line_is_set_aside_with_its_reason(store, farm, files, summer):
    later = summer + timedelta(days=1)
    lines = [
        *files.lines("Nord 1", summer, 30),
        files.line("West 9", summer),
        files.line("Nord 1", later, stamp="irgendwann"),
        "Nord 1;01.07.2021",
        files.line("Nord 1", later, 1) + ";zu;viel",
        files.line("Süd 1", later, 1),
        files.line("Süd 1", later, 1),
        files.line("Süd 2", later, 1),
        files.line("Süd 2", later, 2),
        files.line("Süd 2", later, stamp="03.07.2021 00:07"),
        files.line("Süd 2", datetime(2071, 1, 1, tzinfo=UTC)),
        "",
    ]
    report = import_file(store, farm, files.write(lines))
    assert report.set_aside == {
        "unknown_turbine": 1,
        "bad_timestamp": 1,
        "malformed_line": 2,
        "conflicting_duplicate": 2,
        "off_grid": 1,
        "future": 1,
    }
    assert (report.accepted, report.unchanged, report.rows_in) == (31, 1, 40)
    malformed = store.rejected_rows(search=Search(reason="malformed_line"))
    assert sorted(malformed["line"]) == [34, 35]
    assert "Nord 1;01.07.2021" in "".join(malformed["original"])


def test_text_in_a_number_column_is_kept_and_the_row_stays(store, farm, files, summer):
    lines = files.lines("Nord 1", summer, 30)
    lines[4] = files.line("Nord 1", summer + timedelta(hours=1), 4, warmth="kaputt")
    assert import_file(store, farm, files.write(lines)).accepted == 30
    rows = rows_of(store, farm)
    assert np.isnan(rows["ambient_temperature"][4])
    assert rows["wind_speed"][4] == pytest.approx(files.wind(4), abs=1e-5)
    assert (rows["flags"] != 0).tolist() == [i == 4 for i in range(30)]


def test_the_same_file_again_changes_nothing(store, farm, files, summer):
    path = files.write([*files.lines("Nord 1", summer, 50), "unlesbar"])
    import_file(store, farm, path)
    before, counters = rows_of(store, farm), store.counters()
    again = import_file(store, farm, path)
    assert (again.unchanged, again.set_aside) == (50, {"malformed_line": 1})
    pd.testing.assert_frame_equal(rows_of(store, farm), before)
    assert store.counters() == counters


def test_a_later_file_corrects_an_earlier_one(store, farm, files, summer):
    import_file(store, farm, files.write(files.lines("Nord 1", summer, 50)))
    corrected = [
        files.line("Nord 1", summer, 0, warmth="61,0"),
        *files.lines("Nord 1", summer, 50)[1:],
    ]
    report = import_file(store, farm, files.write(corrected))
    assert (report.updated, report.unchanged) == (1, 49)
    assert rows_of(store, farm)["revision"].tolist() == [2, *[1] * 49]


def test_an_import_that_was_cut_short_is_completed_by_running_it_again(
    store, farm, files, summer, monkeypatch
):
    path = files.write([line for n in NAMES for line in files.lines(n, summer, 100)])
    calls = []

    def ingest_some(*arguments, **options):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(1)
        return ingest(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("ml_app_wind_draft.ingestion.import_file.ingest", ingest_some)
        with pytest.raises(KeyboardInterrupt):
            import_file(store, farm, path, chunk_rows=40)
    assert len(rows_of(store, farm)) == 120
    report = import_file(store, farm, path)
    assert (report.accepted, report.unchanged) == (180, 120)


def test_chunks_do_not_change_what_comes_of_a_file(store, farm, files, summer):
    night = datetime(2021, 10, 30, 20, tzinfo=UTC)
    lines = files.lines("Nord 1", night, 30)
    lines += [files.line("Nord 1", night, 3), "kaputt", *files.lines("Nord 1", night, 3)[1:]]
    report = import_file(store, farm, files.write(lines), chunk_rows=7)
    assert report.set_aside == {"conflicting_duplicate": 2, "malformed_line": 1}
    assert (report.accepted, report.unchanged) == (29, 2)


def test_a_bar_shows_both_passes_reach_the_end_of_the_file(store, farm, files, summer):
    path = files.write(files.lines("Nord 1", summer, 50))
    with progress_bar() as bar:
        import_file(store, farm, path, progress=bar)
    assert [task.completed for task in bar.tasks] == [path.stat().st_size] * 2


def test_a_parquet_file_says_the_same_as_the_csv(store, farm, files, summer, tmp_path):
    start = clock.to_epoch(summer)
    stamps = pd.to_datetime([start + QUARTER_S * (i + 1) for i in range(40)], unit="s", utc=True)
    frame = pd.DataFrame(
        {
            "Anlage": pd.Categorical(["Süd 2"] * 40),
            "Zeitstempel": stamps.tz_convert("Europe/Berlin").tz_localize(None),
            "Wind [km/h]": [files.wind(i) * 3.6 for i in range(40)],
            "Leistung [MW]": [files.load(i) * 5.6 for i in range(40)],
            "Außentemperatur [°F]": [f"{50 + i % 17},0" for i in range(40)],
            "Gondel [rad]": [i % 6 for i in range(40)],
        }
    )
    frame.to_parquet(tmp_path / "export.parquet", row_group_size=16)
    assert import_file(store, farm, tmp_path / "export.parquet").accepted == 40
    rows = rows_of(store, farm)
    assert rows["timestamp"].tolist() == [start + QUARTER_S * i for i in range(40)]
    np.testing.assert_allclose(rows["wind_speed"], [files.wind(i) for i in range(40)])
    np.testing.assert_allclose(rows["power"], [files.load(i) * 5600 for i in range(40)])
    assert rows["ambient_temperature"][0] == pytest.approx(10)


def test_a_file_of_one_turbine_is_imported_under_its_name(store, farm, files, summer):
    lines = [line.split(";", 1)[1] for line in files.lines("Nord 1", summer, 30)]
    path = files.write(lines)
    path.write_text(path.read_text("cp1252").replace("Anlage;", "", 1), "utf-8")
    assert import_file(store, farm, path, turbine_id="KH-N1").accepted == 30
    assert set(rows_of(store, farm)["turbine_id"]) == {"KH-N1"}


def test_an_unknown_turbine_for_a_file_is_refused_with_those_there_are(store, farm, files, summer):
    path = files.write(files.lines("Nord 1", summer, 3))
    with pytest.raises(SiteError, match="KH-N1, KH-S1, KH-S2"):
        import_file(store, farm, path, turbine_id="KH-N9")


def test_two_turbines_of_one_name_are_refused(store, farm, files, summer):
    twin = farm.turbines["KH-S1"].model_copy(update={"name_in_files": "Nord 1"})
    twins = farm.model_copy(update={"turbines": {**farm.turbines, "KH-S1": twin}})
    with pytest.raises(SiteError, match="'Nord 1'"):
        import_file(store, twins, files.write(files.lines("Nord 1", summer, 3)))


def changed(site, signal, unit):
    columns = site.columns
    signals = {
        **columns.signals,
        signal: columns.signals[signal].model_copy(update={"unit": unit}),
    }
    return site.model_copy(update={"columns": columns.model_copy(update={"signals": signals})})


@pytest.mark.parametrize(
    ("signal", "wrong"),
    [
        ("power", "kW"),
        ("power", "W"),
        ("wind_speed", "m/s"),
        ("ambient_temperature", "K"),
        ("ambient_temperature", "°C"),
        ("nacelle_direction", "deg"),
    ],
)
def test_wrong_units_are_refused_with_the_unit_that_fits(store, farm, files, summer, signal, wrong):
    path = files.write([line for name in NAMES for line in files.lines(name, summer, 400)])
    with pytest.raises(ImportFileError) as caught:
        import_file(store, changed(farm, signal, wrong), path)
    right = farm.columns.signals[signal]
    assert caught.value.column == right.column
    assert caught.value.example
    assert f"unit to '{right.unit}'" in str(caught.value)
    assert str(path) in str(caught.value)
    assert store.counters().get("raw_rows", 0) == 0


def test_units_are_not_doubted_where_they_are_right(store, farm, files, summer):
    path = files.write([line for name in NAMES for line in files.lines(name, summer, 400)])
    assert import_file(store, farm, path).accepted == 1200


def test_a_missing_column_is_refused_with_the_one_that_was_meant(store, farm, files, summer):
    path = files.write(files.lines("Nord 1", summer, 3))
    path.write_bytes(path.read_bytes().replace(b"Wind [km/h]", b"WIND [km/h]"))
    with pytest.raises(ImportFileError, match=r"Did you mean 'WIND \[km/h\]'") as caught:
        import_file(store, farm, path)
    assert caught.value.column == "Wind [km/h]"
    assert "Leistung [MW]" in caught.value.example


def test_dates_in_the_other_order_are_refused_before_they_are_swapped(store, farm, files, summer):
    stamp = farm.columns.timestamp.model_copy(update={"day_first": False})
    columns = farm.columns.model_copy(update={"timestamp": stamp})
    american = farm.model_copy(update={"columns": columns})
    path = files.write(files.lines("Nord 1", summer, 96 * 20))
    with pytest.raises(ImportFileError, match="day_first: true") as caught:
        import_file(store, american, path)
    assert caught.value.column == "Zeitstempel"
    assert caught.value.example.startswith("13.07.2021")
