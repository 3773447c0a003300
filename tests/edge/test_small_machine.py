"""EDGE-1, EDGE-4: what a small machine need not hold is not loaded, and what replaces it does the same."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.agent import new_boot
from edge_iotbox.gateway import Gateway, hashed_folder, tls_context


def test_modules_that_take_memory_for_little_are_not_loaded() -> None:
    """EDGE-4: each took between a tenth and half a megabyte of the machine."""
    code = "import sys, edge_iotbox.agent, edge_iotbox.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "edge_iotbox.agent" in loaded
    assert (
        loaded & {"decimal", "uuid", "gzip", "importlib.resources", "importlib.metadata", "asyncio", "urllib.request"}
        == set()
    )


def test_each_start_has_a_uuid_of_its_own() -> None:
    boots = {new_boot() for _ in range(50)}
    assert len(boots) == 50
    assert {(str(uuid.UUID(boot)), uuid.UUID(boot).version, uuid.UUID(boot).variant) for boot in boots} == {
        (boot, 4, uuid.RFC_4122) for boot in boots
    }


def test_the_systems_signers_are_looked_up_one_by_one_where_its_folder_allows(tmp_path: Path, monkeypatch: Any) -> None:
    """EDGE-4: the whole list takes 1.6 MB. Who names a list of his own has that one, and SEC-1 holds either way."""
    paths = ssl.get_default_verify_paths()
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: paths._replace(capath=str(tmp_path)))
    for name in (paths.openssl_cafile_env, paths.openssl_capath_env):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ca-certificates.crt").touch()
    assert hashed_folder(os.environ) is None
    (tmp_path / "5ed36f99.0").touch()
    assert hashed_folder(os.environ) == str(tmp_path)
    assert hashed_folder({paths.openssl_cafile_env: "/own.pem"}) is None
    context = tls_context(None)
    assert context.cert_store_stats()["x509"] == 0
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    monkeypatch.setattr("ssl.get_default_verify_paths", lambda: paths._replace(capath=""))
    assert hashed_folder(os.environ) is None


@pytest.mark.parametrize(
    ("host", "good"),
    [("127.0.0.1", True), ("127.8.9.10", True), ("localhost", True), ("[::1]", True), ("127.0.0.1.example", False), ("127.0.0.256", False),
     ("127.1", False), ("128.0.0.1", False), ("localhost.example", False)],
)  # fmt: skip
def test_plain_http_is_for_this_machine_only(host: str, good: bool) -> None:
    """SEC-1: the token would be shown to the network."""
    if good:
        Gateway(f"http://{host}:8443", lambda: "").close()
    else:
        with pytest.raises(ValueError, match="plain http"):
            Gateway(f"http://{host}:8443", lambda: "")
