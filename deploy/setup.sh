#!/usr/bin/env bash
# Make $VENV from the committed lock. Wheels are kept in the user's cache, keyed by the lock, so the next clone needs no network.
set -euo pipefail
python="${PYTHON:-python3.11}" venv="${VENV:-.venv}" lock="${LOCK:-deploy/requirements/dev.txt}"

command -v "$python" >/dev/null 2>&1 || python=python3
command -v "$python" >/dev/null 2>&1 || { echo "causeway needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "causeway needs Python 3.11 or newer, $python is $("$python" -V 2>&1): set PYTHON=/path/to/python3.11" >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
  { echo "causeway needs the venv module of $python: apt-get install python3-venv" >&2; exit 1; }

key="$(cat "$lock" | sha256sum | cut -c1-16)-$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')"
wheels="${XDG_CACHE_HOME:-$HOME/.cache}/causeway/wheels/$key"
rm -rf "$venv"
"$python" -m venv "$venv"
if [ ! -f "$wheels/.complete" ]; then
  echo "causeway: fetching the locked Python packages into $wheels (once)" >&2
  rm -rf "$wheels" && mkdir -p "$wheels"
  "$venv/bin/pip" -q --disable-pip-version-check wheel --require-hashes --no-deps -r "$lock" -w "$wheels" ||
    { echo "causeway: the packages of $lock could not be fetched; see pip's message above (network, proxy, index)" >&2; exit 1; }
  touch "$wheels/.complete"
fi
echo "causeway: installing into $venv" >&2
"$venv/bin/pip" -q --disable-pip-version-check install --no-index --no-deps "$wheels"/*.whl
"$venv/bin/pip" -q --disable-pip-version-check install --no-index --no-deps --no-build-isolation --editable .
touch "$venv/.ready"
