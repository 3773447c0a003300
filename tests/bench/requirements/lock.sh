#!/usr/bin/env bash
# Resolve quix.in into quix.txt: exact versions and hashes, no index addresses.
set -euo pipefail
cd "$(dirname "$0")"
tool="$(mktemp -d)"
trap 'rm -rf "$tool"' EXIT
python3 -m venv "$tool" && "$tool/bin/pip" -q install uv==0.13.8
"$tool/bin/uv" pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 quix.in -o quix.txt
