#!/usr/bin/env bash
# Resolve pyproject.toml into the committed lock: exact versions and hashes, no index addresses.
set -euo pipefail
cd "$(dirname "$0")/../.."
tool="$(mktemp -d)"
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool" && "$tool/bin/pip" -q install uv==0.13.8
"$tool/bin/uv" pip compile -q --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
  --extra server --extra edge-kafka --extra analyst --extra dev pyproject.toml -o deploy/requirements/dev.txt
