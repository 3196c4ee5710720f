from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from speechrnn.errors import DataError
from speechrnn.evaluation.training_record import read_record, result_row, training_seconds


@pytest.fixture
def run(tmp_path: Path) -> Path:
    facts = {"git_commit": "abc", "seed": 3, "device": "cpu", "threads": 2}
    (tmp_path / "environment.json").write_text(json.dumps(facts))
    (tmp_path / "metrics.jsonl").write_text('{"seconds": 1.5}\n{"seconds": 2.0}\n')
    return tmp_path


def test_a_row_tells_what_the_run_knows(run: Path) -> None:
    told = {"command": "bash run.sh", "parameters": 1234, "metric": "90%", "wall_time": "4 s"}
    row = result_row([run], **told, evaluated_with="abc")
    assert (row.commit, row.parameters, row.seeds, row.device) == (
        "abc",
        "1,234",
        "3",
        "cpu, 2 threads",
    )
    assert row.date == datetime.date.today().isoformat()
    assert result_row([run], **told, evaluated_with="def").commit == "abc, evaluated with def"


def test_the_epochs_are_what_counts(run: Path) -> None:
    assert training_seconds(run) == 3.5
    with pytest.raises(DataError, match=r"gone/metrics\.jsonl: No such file or directory; train"):
        training_seconds(run / "gone")


def test_a_record_that_is_not_there_or_cut_is_named(run: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.json: No such file .* run the stages before this"):
        read_record(run / "gone.json")
    (run / "cut.json").write_text('{"seed": ')
    with pytest.raises(DataError, match=r"cut\.json: .*; run the stages before this one again"):
        read_record(run / "cut.json")
