import os
import subprocess
from pathlib import Path

import pytest

PARSER = Path(__file__).parents[2] / "recipes/shared/parse_options.sh"
SCRIPT = f"""#!/usr/bin/env bash
# Does nothing.
#
# Usage: recipe.sh [--words LIST]
set -euo pipefail
words="yes no"
stage=0
fast=false
. "{PARSER}"
echo "[$words] [$stage] [$fast]"
"""


@pytest.fixture
def recipe(tmp_path):
    script = tmp_path / "recipe.sh"
    script.write_text(SCRIPT)

    def run(*arguments, **environment):
        return subprocess.run(
            ["bash", str(script), *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "[yes no] [0] [false]"),
        (["--words", "lights on,help", "--stage=3"], "[lights on,help] [3] [false]"),
        (["--fast", "--words", ""], "[] [0] [true]"),
        (["--fast=false", "--words", "a=b"], "[a=b] [0] [false]"),
    ],
)
def test_values_arrive_as_they_stand(recipe, arguments, expected):
    run = recipe(*arguments)
    assert (run.returncode, run.stdout.strip()) == (0, expected)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--words", "$(touch trap)"],
        ["--words=`touch trap`"],
        ["--words", "'; touch trap; '"],
        ["--words[$(touch trap)]", "x"],
        ["--words[$(touch trap)]=x"],
        ["--$(touch trap)"],
        ["--x;touch trap", "y"],
    ],
)
def test_nothing_is_evaluated(recipe, tmp_path, arguments):
    """Kaldi's parse_options.sh runs the command in `--x '$(command)'`."""
    run = recipe(*arguments)
    assert not (tmp_path / "trap").exists()
    assert run.returncode in (0, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wrds", "x"], "unknown option --wrds"),
        (["--HOME", "x"], "unknown option --HOME"),
        (["--inherited", "x"], "unknown option --inherited"),
        (["--_name", "x"], "unknown option --_name"),
        (["--stage"], "--stage needs a value"),
        (["yes,no"], "unexpected argument 'yes,no'"),
    ],
)
def test_what_is_no_option_of_the_recipe_is_one_line(recipe, arguments, message):
    run = recipe(*arguments, inherited="from the environment")
    assert run.returncode == 2
    assert run.stderr.startswith(f"recipe.sh: {message}")
    assert len(run.stderr.splitlines()) == 1


def test_help_is_the_comment_at_the_top(recipe):
    run = recipe("--help")
    assert run.returncode == 0
    assert run.stdout == "Does nothing.\n\nUsage: recipe.sh [--words LIST]\n"


@pytest.mark.parametrize(
    ("nproc", "torchrun", "expected"),
    [
        ("1", "", "speechrnn train --out a b"),
        ("2", "", "torchrun --standalone --nproc-per-node 2 -m speechrnn train --out a b"),
        (
            "8",
            "--nnodes 2 --rdzv-endpoint host:29500",
            "torchrun --nnodes 2 --rdzv-endpoint host:29500 --nproc-per-node 8 -m speechrnn "
            "train --out a b",
        ),
    ],
)
def test_programs_start_in_as_many_processes_as_asked_for(tmp_path, nproc, torchrun, expected):
    script = tmp_path / "recipe.sh"
    stubs = "".join(f'{name}() {{ echo {name} "$@"; }}\n' for name in ("speechrnn", "torchrun"))
    call = f'in_processes {nproc} "{torchrun}" train --out "a b"'
    script.write_text(f'set -euo pipefail\n. "{PARSER}"\n{stubs}{call}\n')
    done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
