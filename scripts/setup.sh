#!/usr/bin/env bash
# Make .venv in the repository and install speechrnn there with the extras named.
# Usage: bash scripts/setup.sh [EXTRA ...]      e.g. bash scripts/setup.sh train tts
# A second call with the same extras and the same pyproject.toml installs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

supported='import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))'
python=
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.10; do
  if command -v "$candidate" >/dev/null && "$candidate" -c "$supported"; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "setup.sh: no Python 3.10 to 3.13 found; install one, or name it: PYTHON=... bash $0" >&2
  exit 2
fi

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c "$supported"; then
  "$python" -m venv .venv || {
    echo "setup.sh: $python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
    exit 2
  }
fi

checksum=$(cksum <pyproject.toml)
missing=()
for extra in base "$@"; do
  [ "$(cat ".venv/installed-$extra" 2>/dev/null)" = "$checksum" ] || missing+=("$extra")
done
[ ${#missing[@]} -eq 0 ] && exit 0

extras=$(IFS=,; echo "$*")
echo "setup.sh: installing speechrnn${extras:+[$extras]} into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
for extra in "${missing[@]}"; do
  echo "$checksum" >".venv/installed-$extra"
done
