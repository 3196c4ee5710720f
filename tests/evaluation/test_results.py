from __future__ import annotations

from pathlib import Path

import pytest

from speechrnn.errors import DataError
from speechrnn.evaluation.results import ResultRow, append_result, replace_section

ROW = ResultRow(
    date="2025-01-31",
    commit="a1b2c3d",
    command="bash run.sh | tee log",
    parameters="431,116",
    seeds="0-4",
    metric="93.1% (91.0–95.2%)",
    wall_time="12 min",
    device="2 CPU cores",
)


def test_makes_file_heading_and_header(tmp_path: Path) -> None:
    path = tmp_path / "new" / "RESULTS.md"
    append_result(path, "FSDD, leave one speaker out", "accuracy (95%)", ROW)
    assert path.read_text().splitlines() == [
        "# Results",
        "",
        "## FSDD, leave one speaker out",
        "",
        "| date | commit | command | parameters | seeds | accuracy (95%) | wall time | device |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        "| 2025-01-31 | a1b2c3d | `bash run.sh \\| tee log` | 431,116 | 0-4 | 93.1% (91.0–95.2%) "
        "| 12 min | 2 CPU cores |",
    ]


def test_rows_go_to_their_own_tables(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    for table in ("one", "two", "one", "two", "one"):
        append_result(path, table, "accuracy", ROW)
    sections = path.read_text().split("\n## ")
    assert [section.count("a1b2c3d") for section in sections] == [0, 3, 2]
    assert [section.count("| date |") for section in sections] == [0, 1, 1]


def test_text_around_the_tables_stays(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    append_result(path, "one", "accuracy", ROW)
    before = path.read_text()
    path.write_text(
        "# My results\n\nIntroduction.\n" + before[9:] + "\nWhat it means.\n\n## other\n"
    )
    append_result(path, "one", "accuracy", ROW)
    text = path.read_text()
    assert text.startswith("# My results\n\nIntroduction.\n")
    assert text.endswith("CPU cores |\n\nWhat it means.\n\n## other\n")
    assert text.count("a1b2c3d") == 2


def test_a_heading_without_a_table_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\n## one\n\nHow it was made.\n\n## two\n")
    append_result(path, "one", "accuracy", ROW)
    first, second = path.read_text().split("\n## two")
    assert "a1b2c3d" in first and "How it was made." in first
    assert "a1b2c3d" not in second


def test_another_figure_never_enters_a_table(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    append_result(path, "one", "accuracy, 12 words", ROW)
    before = path.read_text()
    with pytest.raises(DataError, match="a table of its own"):
        append_result(path, "one", "accuracy, 35 words", ROW)
    assert path.read_text() == before


def test_a_section_is_replaced_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    replace_section(path, "noise, a", ["old"])
    assert path.read_text() == "# Results\n\n## noise, a\n\nold\n"
    append_result(path, "scores", "accuracy", ROW)
    replace_section(path, "noise, ab", ["other"])
    table = path.read_text().partition("## scores\n")[2].partition("\n## ")[0]
    replace_section(path, "noise, a", ["new", "lines"])
    assert path.read_text() == (
        f"# Results\n\n## noise, a\n\nnew\nlines\n\n## scores\n{table}\n## noise, ab\n\nother\n"
    )
