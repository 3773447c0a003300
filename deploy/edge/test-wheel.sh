#!/usr/bin/env bash
# The edge as a Box gets it: an environment with the base wheel and nothing else, in which tests/edge has to pass. Pytest comes from the wheels
# of the lock that `make setup` keeps, so no network is needed. Prints what the install takes on disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv="${VENV:-.venv}" lock="${LOCK:-deploy/requirements/dev.txt}"
python="$venv/bin/python"
key="$(cat "$lock" | sha256sum | cut -c1-16)-$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')"
wheels="${XDG_CACHE_HOME:-$HOME/.cache}/causeway/wheels/$key"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$venv/bin/hatchling" build -t wheel -d "$work/dist" >/dev/null
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install --no-index --no-deps "$work"/dist/*.whl
size="$(du -sk "$work"/venv/lib/python*/site-packages/{schemas,edge_iotbox} | awk '{s += $1} END {print s}')"
"$work/venv/bin/pip" -q --disable-pip-version-check check >/dev/null
"$work/venv/bin/causeway-edge" --help >/dev/null
for name in pytest pluggy iniconfig packaging pygments; do
  "$work/venv/bin/pip" -q --disable-pip-version-check install --no-index --no-deps "$wheels/$name"-[0-9]*.whl
done

mkdir -p "$work/tests"
cp tests/__init__.py "$work/tests/"
cp -r tests/edge "$work/tests/"
printf '[pytest]\naddopts = -q -ra --import-mode=importlib -p no:cacheprovider\nfilterwarnings = error\nmarkers =\n  timeout\n' >"$work/pytest.ini"
echo "edge: base wheel only, $(ls "$work/dist"), the edge's own parts take ${size} kB"
cd "$work" && exec_status=0 && venv/bin/python -m pytest tests/edge "$@" || exec_status=$?
exit "$exec_status"
