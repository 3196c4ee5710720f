#!/usr/bin/env bash
# Put a model and its card into the package under a name, and check all that it ships.
# Usage: bash scripts/package_model.sh MODEL.onnx CARD.md NAME
set -euo pipefail
if [ $# -ne 3 ] || [ ! -f "$1" ] || [ ! -f "$2" ]; then
  echo "package_model.sh: expected a model, its card and a name: bash $0 MODEL.onnx CARD.md NAME" >&2
  exit 2
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cp "$1" "$root/speechrnn/packaged/$3.onnx"
cp "$2" "$root/speechrnn/packaged/$3.md"
chmod 644 "$root/speechrnn/packaged/$3".*
cd "$root"
bash scripts/setup.sh train tts dev
.venv/bin/python -m pytest tests/runtime/test_packaged.py
