#!/usr/bin/env bash
# Install what the tests need, then check format, lint and types and run the tests.
# Usage: bash scripts/test.sh [PYTEST OPTION ...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/lint.sh
# One thread a worker: threads that wait for each other cost more than they bring.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
.venv/bin/python -m pytest --numprocesses auto "$@"
