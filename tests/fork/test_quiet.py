"""The search for secrets finds them where there are some, and the address's own type shows none."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.chain.secret_url import HIDDEN, Url
from simulator.errors import InputError
from tests.fork.quiet import everything_said, secrets_in, secrets_in_files, secrets_in_processes
from tests.fork.upstreams import TOKENS

SECRET = TOKENS["path"]


def test_secrets_are_found_in_a_context_that_is_not_printed() -> None:
    with pytest.raises(ValueError, match="clean") as raised:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise ValueError("clean") from None
    assert secrets_in(everything_said(raised.value)) == [SECRET.lower().encode()]


def test_secrets_are_found_in_locals_files_and_command_lines(tmp_path: Path) -> None:
    def innocent() -> None:
        hidden = SECRET.upper()
        raise ValueError(len(hidden))

    with pytest.raises(ValueError, match=str(len(SECRET))) as raised:
        innocent()
    assert secrets_in(everything_said(raised.value))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a").write_text(SECRET)
    assert secrets_in_files(tmp_path) == [str(tmp_path / "cache" / "a")]
    program = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", SECRET]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # a command line stands in /proc a moment after its process
        assert secrets_in_processes() == [f"/proc/{child.pid}/cmdline"]


def test_an_address_shows_nothing() -> None:
    text = f"https://{TOKENS['user']}:p%40{TOKENS['password']}@host.example:8443/v3/{SECRET}/x?key={TOKENS['query']}#f"
    url = Url.parse(text)
    assert {str(url), repr(url), f"{url}", f"{url!r:>10}", repr([url]), repr({"url": url})} >= {HIDDEN}
    assert secrets_in(repr([url, {"url": url}, (url,)]).encode()) == []
    for write in (pickle.dumps, json.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as raised:
            write(url)
        assert secrets_in(str(raised.value).encode()) == []
    assert (url.secure, url.host, url.port) == (True, "host.example", 8443)
    assert url.target == f"/v3/{SECRET}/x?key={TOKENS['query']}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        SECRET,
        f"ws://host/{SECRET}",
        f"http:///{SECRET}",
        f"http://host:{SECRET}/",
        f"http://host:99999/{SECRET}",
        f"http://ho st/{SECRET}",
        f"http://[::1/{SECRET}",
        f"http://host/{SECRET}\r\nHeader: x",
        f"http://host/ü{SECRET}",
    ],
    ids=range(10),
)
def test_a_bad_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(
        InputError, match=r"^--fork-url: found .* not shown.*; allowed: an http:// or https://"
    ) as raised:
        Url.parse(text)
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(raised.value)
    assert raised.value.__context__ is None
    assert raised.value.exit_code == 2


def test_a_message_is_cleaned_of_every_part_in_any_case_and_quoting() -> None:
    url = Url.parse(f"http://{TOKENS['user']}:pass%2Fword@Host.Example/v3/{SECRET}?apikey=a%20key&{TOKENS['query']}")
    said = f"{SECRET.upper()} pass/word PASS%2Fword a key host.example {TOKENS['query']} {TOKENS['user']} and v3"
    assert url.hide(said) == "… … … … … … … and v3"
    assert url.hide("missing trie node") == "missing trie node"


def test_user_and_password_become_basic_authorization() -> None:
    """RFC 7617's own example."""
    url = Url.parse("http://Aladdin:open%20sesame@host")
    assert (url.authorization, url.target, url.port) == ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "/", 80)
    assert Url.parse("https://host").authorization is None
