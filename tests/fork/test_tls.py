"""https, as every hosted server has it: a certificate this machine trusts, one it does not, and another machine's."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.chain.secret_url import Url
from simulator.chain.upstream import Upstream
from simulator.errors import UpstreamFailed
from tests.fork.conftest import QUICK
from tests.fork.quiet import everything_said, secrets_in
from tests.fork.upstreams import TOKENS, Deployed, Staged, staged

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by openssl")
FEW = replace(QUICK, tries=2)


def certificate(place: Path, name: str) -> tuple[Path, Path]:
    """Key and certificate, signed by itself, for the machine `name`."""
    key, signed = place / f"{name}.key", place / f"{name}.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    command += ["-out", str(signed), "-subj", "/CN=test", "-addext", f"subjectAltName={name}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return key, signed


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("ours"), "IP:127.0.0.1")


@pytest.fixture
def secure(market: Deployed, ours: tuple[Path, Path]) -> Iterator[Staged]:
    """A staged server that speaks TLS with the certificate of 127.0.0.1."""
    with staged(market.chain.port) as stage:
        secured(stage, ours)
        yield stage


def secured(stage: Staged, made: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[1], made[0])
    stage._server.socket = context.wrap_socket(stage._server.socket, server_side=True)


def url(stage: Staged) -> Url:
    return Url.parse(stage.address.replace("http://", "https://"))


def test_a_trusted_server_is_asked_by_the_whole_address(
    secure: Staged, ours: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ours[1]))
    upstream = Upstream(url(secure), QUICK)
    for _ in range(2):
        assert upstream.results([("eth_chainId", [])]) == ["0x309"]
    upstream.close()
    assert {path for path, _ in secure.seen} == {f"/v2/{TOKENS['path']}?key={TOKENS['query']}"}
    assert all(authorization and authorization.startswith("Basic ") for _, authorization in secure.seen)


def test_a_server_nobody_vouches_for_is_told_nothing(secure: Staged) -> None:
    upstream = Upstream(url(secure), FEW)
    with pytest.raises(UpstreamFailed, match="a certificate that is not trusted; allowed: a server whose") as raised:
        upstream.results([("eth_chainId", [])])
    upstream.close()
    assert secure.seen == []
    assert secrets_in(everything_said(raised.value)) == []


def test_another_machines_certificate_is_refused_and_the_machine_not_named(
    market: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the tls module says of it names the host, which may hold the key as well."""
    made = certificate(tmp_path, "DNS:other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made[1]))
    with staged(market.chain.port) as stage:
        secured(stage, made)
        upstream = Upstream(url(stage), FEW)
        with pytest.raises(UpstreamFailed, match="a certificate that is not trusted") as raised:
            upstream.results([("eth_chainId", [])])
        upstream.close()
        assert stage.seen == []
    assert "127.0.0.1" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None
