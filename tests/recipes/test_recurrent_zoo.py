"""The recipe recurrent_zoo on a tiny corpus of tones, from the corpus to the table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from speechrnn.config import load_config

ROOT = Path(__file__).parents[2]
RUN = ROOT / "recipes/recurrent_zoo/run.sh"
CONFIG = """
clip_ms: 400
features: {sample_rate_hz: 8000, high_hz: 3800}
model: {convolutions: [{channels: 8, kernel: 3, stride: 2}], layers: 1, pooling: mean}
training: {epochs: 1}
"""
EXPERIMENTS = Path("exp/tiny/bed_cat/tiny_3000")
OPTIONS = ("--corpus", "tiny", "--config", "tiny.yaml", "--words", "bed,cat")
NETWORKS = (*OPTIONS, "--cells", "feedforward,mingru", "--parameters", "3000")

pytestmark = pytest.mark.skipif(
    Path(sys.prefix).resolve() != (ROOT / ".venv").resolve(),
    reason="the recipe installs into .venv and runs there",
)


def run(work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(RUN), "--work", str(work), *options]
    return subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
    write_tiny_corpus: Callable[[Path, Sequence[str], float, float], None],
) -> tuple[Path, str]:
    work = tmp_path_factory.mktemp("recurrent_zoo")
    corpus = work / "tiny"
    write_tiny_corpus(corpus, ("bed", "cat", "dog"), 300, 700)
    (work / "tiny.yaml").write_text(CONFIG)
    done = run(work, *NETWORKS)
    assert done.returncode == 0, done.stderr + done.stdout
    return work, done.stdout


def test_the_configuration_is_valid() -> None:
    load_config(RUN.parent / "conf/zoo.yaml")


def test_the_networks_differ_in_cell_and_direction_and_hardly_in_size(
    finished: tuple[Path, str],
) -> None:
    work, _ = finished
    sizes = {}
    for name in ("feedforward_uni", "mingru_uni", "mingru_bi"):
        scores = json.loads(
            (work / EXPERIMENTS / name / "seed0/evaluation/scores.json").read_text()
        )
        sizes[name] = int(scores["parameters"])
        config = load_config(work / EXPERIMENTS / f"{name}.yaml").model
        assert (config.cell, config.bidirectional) == (name.split("_")[0], name.endswith("_bi"))
    assert all(abs(size / 3000 - 1) < 0.1 for size in sizes.values()), sizes
    assert not (work / EXPERIMENTS / "feedforward_bi.yaml").exists()


def test_the_table_holds_every_network(finished: tuple[Path, str]) -> None:
    work, output = finished
    results = (work / "RESULTS.md").read_text()
    rows = [line for line in results.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [(row[0], row[1]) for row in cells] == [
        ("feedforward", "–"),
        ("mingru", "1"),
        ("mingru", "2"),
    ]
    for row in cells:
        assert len(row) == 10
        assert all(float(figure.replace(",", "")) > 0 for figure in row[7:]), row
    assert "not the official corpus: bed, cat against all other words; " in results
    assert "--corpus DIR" in results and str(work) not in results
    assert all(row in output for row in rows)


def test_another_seed_trains_only_what_is_not_there(finished: tuple[Path, str]) -> None:
    work, _ = finished
    best = work / EXPERIMENTS / "mingru_uni/seed0/run/best.safetensors"
    before = best.stat().st_mtime_ns
    options = ("--cells", "mingru", "--directions", "uni", "--parameters", "3000", "--seeds", "0,1")
    done = run(work, *OPTIONS, *options, "--stage", "1")
    assert done.returncode == 0, done.stderr + done.stdout
    assert best.stat().st_mtime_ns == before
    assert done.stdout.count("done before") == 1
    assert (work / EXPERIMENTS / "mingru_uni/seed1/run/best.safetensors").is_file()
    results = (work / "RESULTS.md").read_text()
    assert "Student's t over the seeds" in results
    assert len([line for line in results.splitlines() if line.startswith("|")]) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stage", "1"], "holds no WORD/SPEAKER_nohash_TAKE.wav"),
        (["--stage", "2"], "corpus.json is not there; run stage 1 first"),
        (["--stage", "3"], "feedforward_uni.yaml is not there; run stage 2 first"),
        (["--stage", "5"], "scores.json is not there; run stage 4 first"),
        (["--directions", "back"], "--directions back: expected uni, bi or uni,bi"),
    ],
)
def test_a_fault_ends_the_run_with_one_line(
    tmp_path: Path, options: list[str], message: str
) -> None:
    failed = run(tmp_path, "--corpus", ".", *options)
    assert failed.returncode == 2
    assert message in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
