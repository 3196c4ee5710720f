#!/usr/bin/env bash
# Check format, lint and types.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup.sh train tts dev
.venv/bin/ruff format --check .
.venv/bin/ruff check .
.venv/bin/mypy
