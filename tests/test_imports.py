"""The direction of imports: downward only, and nothing heavy where a model is only run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "speechrnn"
COMMON = ("errors", "frames", "edits", "config", "audio", "vocabulary", "datadir")
TRAINING = (
    *COMMON,
    "corpora",
    "rows",
    "features",
    "augment",
    "shards",
    "dataset",
    "models",
    "training",
    "diagnosis",
    "compression",
    "export",
)
RUNNING = (*COMMON, "packaged", "decoding", "runtime", "evaluation", "live")
HEAVY = {"torch", "torchaudio", "librosa"}


def parts() -> list[str]:
    return sorted(p.stem for p in PACKAGE.iterdir() if p.stem[0] != "_" and p.suffix in ("", ".py"))


def modules(part: str) -> list[Path]:
    folder = PACKAGE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{part}.py"]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def allowed(part: str) -> set[str]:
    if part == "cli":
        return {*TRAINING, *RUNNING, "cli"}
    below = set()
    for chain in (TRAINING, RUNNING):
        if part in chain:
            below |= set(chain[: chain.index(part) + 1])
    return below | (
        {"decoding", "runtime", "evaluation"}
        if part in ("training", "export", "diagnosis")
        else set()
    )


def test_every_part_has_its_place() -> None:
    assert set(parts()) == {*TRAINING, *RUNNING, "cli"}


@pytest.mark.parametrize("part", parts())
def test_imports_lead_downward(part: str) -> None:
    for path in modules(part):
        for name in imported(path):
            package, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if package == "speechrnn" and target and (PACKAGE / target).exists():
                assert target in allowed(part), f"{path.relative_to(PACKAGE)} imports {name}"
            if package == "speechrnn" and (PACKAGE / f"{target}.py").exists():
                assert target in allowed(part), f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("part", RUNNING)
def test_the_run_time_names_no_heavy_package(part: str) -> None:
    for path in modules(part):
        assert not HEAVY & {name.partition(".")[0] for name in imported(path)}, path


@pytest.mark.parametrize(
    "statement",
    [
        "import speechrnn.cli.main",
        "import speechrnn; speechrnn.load_model; speechrnn.Stream; speechrnn.Event",
        "import speechrnn.evaluation.metrics, speechrnn.evaluation.trial",
    ],
)
def test_running_a_model_loads_nothing_heavy(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "speechrnn" in loaded and not HEAVY & loaded


def test_public_names_exist() -> None:
    import speechrnn

    for name in speechrnn.__all__:
        assert getattr(speechrnn, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        speechrnn.nonsense
