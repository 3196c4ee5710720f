"""The recipe compression on tones, from a network to the table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from speechrnn.config import load_config
from speechrnn.runtime.recognizer import load_model

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/compression/run.sh"
CONFIG = """
clip_ms: 800
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {hidden_size: 8, layers: 1}
training: {epochs: 2, batch_size: 8}
"""

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe runs the programs of .venv",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def finished(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("compression")
    (work / "data").mkdir()
    for name, source in {"train": "train", "valid": "valid", "test": "valid"}.items():
        (work / "data" / name).symlink_to(tones / source)
    (work / "tiny.yaml").write_text(CONFIG)
    options = ("--data", "data", "--config", "tiny.yaml", "--epochs", "1")
    done = run(work, *options, "--units", "0.5", "--zeros", "0.9", "--ranks", "8", "--seed", "3")
    assert done.returncode == 0, done.stderr + done.stdout
    return work


def test_configuration_is_valid() -> None:
    load_config(RUN.parent / "conf/base.yaml")


def test_a_row_for_each_network(finished: Path) -> None:
    results = (finished / "RESULTS.md").read_text()
    lines = [line.split(" | ") for line in results.splitlines() if line.startswith("| ")][2:]
    rows = {cells[0].removeprefix("| "): cells for cells in lines}
    assert list(rows) == ["base", "healed", "units 0.5", "zeros 0.9", "rank 8"]
    assert str(finished) not in results
    assert "--units 0.5 --zeros 0.9 --ranks 8 --epochs 1" in results
    parameters = {name: int(cells[1].replace(",", "")) for name, cells in rows.items()}
    assert max(parameters["units 0.5"], parameters["rank 8"]) < parameters["base"]
    sizes = {name: (float(cells[2]), float(cells[5])) for name, cells in rows.items()}
    for whole, small in sizes.values():
        assert small < whole
    assert sizes["zeros 0.9"] < sizes["healed"]
    assert all(float(cells[8].split(" / ")[0]) > 0 for cells in rows.values())


def test_what_was_trained_is_kept(finished: Path) -> None:
    options = ("--data", "data", "--config", "tiny.yaml", "--epochs", "1", "--seed", "3")
    options += ("--units", "0.5", "--zeros", "0.9", "--ranks", "8", "--stage", "3")
    done = run(finished, *options, "--stop-stage", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("done before") == 5


def test_files_tell_what_was_done(finished: Path) -> None:
    expected = {
        "healed": [],
        "units_0.5": ["units 8 to 4, by what they do to the loss on 36 clips"],
        "zeros_0.9": ["90% of each matrix zero"],
        "rank_8": ["input matrices of rank 8"],
    }
    for name, notes in expected.items():
        for kind in ("float32", "int8"):
            info = load_model(finished / "exp" / name / f"{kind}.onnx").info
            assert info.weights == kind
            assert info.provenance["compression"] == notes
            assert info.provenance["seed"] == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [((), "--data DIR: expected train, valid and test"), (("--zero", "1"), "unknown option")],
)
def test_wrong_options(options: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    done = run(tmp_path, *options)
    assert done.returncode == 2 and complaint in done.stderr


def test_a_later_stage_alone_says_what_lacks(finished: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--data", str(finished / "data"), "--stage", "4")
    assert done.returncode == 2 and "run stage 3 first" in done.stderr
