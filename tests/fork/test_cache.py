"""The cache keeps what can never change, and never stops a run: not damaged, not foreign, not shared, not missing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.chain.fork import ForkChain
from simulator.chain.fork_cache import ForkCache, cache_directory, is_final, is_immutable
from tests.fork.conftest import QUICK
from tests.fork.upstreams import Deployed, Staged

WHO = "0x" + "11" * 20
HASH = "0x" + "ab" * 32
ROOT = Path(__file__).parents[2]


def opened(place: Path | None) -> ForkCache:
    return ForkCache(place, 1, HASH)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a cache that holds one answer."""
    cache = opened(tmp_path)
    cache.put("eth_getBalance", [WHO, "0x5"], b'"0x7"')
    cache.close()
    return tmp_path / f"1-{HASH}.sqlite"


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ForkCache]:
    found = opened(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("method", "parameters", "kept"),
    [
        ("eth_chainId", [], True),
        ("eth_getCode", [WHO, "0x64"], True),
        ("eth_getBalance", [WHO, "0x1"], True),
        ("eth_getTransactionCount", [WHO, "0x64"], True),
        ("eth_getStorageAt", [WHO, "0x0", "0x64"], True),
        ("eth_getStorageAt", [WHO, "0x0", HASH], True),
        ("eth_getStorageAt", [WHO, "0x0", {"blockHash": HASH}], True),
        ("eth_getProof", [WHO, ["0x0"], "0x64"], True),
        ("eth_call", [{"to": WHO}, "0x64"], True),
        ("eth_getBlockByNumber", ["0x64", False], True),
        ("eth_getBlockByNumber", ["0x0", True], True),
        ("eth_getBlockByHash", [HASH, False], True),
        ("eth_getTransactionReceipt", [HASH], True),
        ("eth_getBlockReceipts", ["0x64"], True),
        ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "0x64"}], True),
        ("eth_getLogs", [{"blockHash": HASH}], True),
        ("eth_getCode", [WHO, "0x65"], False),
        ("eth_getCode", [WHO, "latest"], False),
        ("eth_getCode", [WHO], False),
        ("eth_getStorageAt", [WHO, "0x0"], False),
        ("eth_getStorageAt", [WHO, "0x0", "pending"], False),
        ("eth_call", [{"to": WHO}], False),
        ("eth_call", [{"to": WHO}, "0x64", {WHO: {"code": "0x"}}], False),
        ("eth_getBlockByNumber", ["0x65", False], False),
        ("eth_getBlockByNumber", ["finalized", False], False),
        ("eth_getBlockByNumber", [], False),
        ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "0x65"}], False),
        ("eth_getLogs", [{"fromBlock": "0x0"}], False),
        ("eth_getLogs", [], False),
        ("eth_blockNumber", [], False),
        ("eth_sendRawTransaction", ["0x00"], False),
    ],
)
def test_what_is_kept_at_block_100(method: str, parameters: list[Any], kept: bool) -> None:
    assert is_immutable(method, parameters, 100) is kept


@pytest.mark.parametrize(
    ("method", "answer", "kept"),
    [
        ("eth_getBlockByHash", None, False),
        ("eth_getCode", "0x", True),
        ("eth_call", "0x01", True),
        ("eth_call", "0x", False),
        ("eth_getLogs", [], True),
        ("eth_getTransactionReceipt", {"blockNumber": "0x64"}, True),
        ("eth_getTransactionReceipt", {"blockNumber": "0x65"}, False),
        ("eth_getTransactionByHash", {"blockNumber": None}, False),
    ],
)
def test_which_answers_are_kept_at_block_100(method: str, answer: Any, kept: bool) -> None:
    assert is_final(method, answer, 100) is kept


def test_answers_are_found_again_by_method_and_parameters_in_any_case(file: Path, cache: ForkCache) -> None:
    assert cache.get("eth_getBalance", [WHO, "0x5"]) == b'"0x7"'
    assert cache.get("eth_getBalance", [WHO.upper().replace("0X", "0x"), "0x5"]) == b'"0x7"'
    assert cache.get("eth_getBalance", [WHO, "0x6"]) is None
    assert cache.get("eth_getCode", [WHO, "0x5"]) is None


def test_chains_and_blocks_have_files_of_their_own(file: Path) -> None:
    for chain_id, block_hash in ((2, HASH), (1, HASH.replace("ab", "cd"))):
        other = ForkCache(file.parent, chain_id, block_hash)
        assert other.get("eth_getBalance", [WHO, "0x5"]) is None
        other.close()


def test_the_place_is_the_users_own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache_directory() == tmp_path / ".cache" / "liqsim" / "forks"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_directory() == tmp_path / "x" / "liqsim" / "forks"


def no_database(file: Path) -> None:
    file.write_bytes(b"not a database at all, but long enough to look at" * 100)


def cut_short(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def scribbled_on(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    file.write_bytes(content)


def somebody_elses(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE answers (key, answer, sum)")
    other.close()


def another_version(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()


def no_table(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("DROP TABLE answers")
        other.execute("CREATE TABLE others (key)")
    other.close()


@pytest.mark.parametrize("damage", [no_database, cut_short, scribbled_on, somebody_elses, another_version, no_table])
def test_a_file_that_will_not_do_is_set_aside_and_a_new_one_begun(damage: Callable[[Path], None], file: Path) -> None:
    damage(file)
    spoilt = file.read_bytes()
    cache = opened(file.parent)
    assert cache.get("eth_getBalance", [WHO, "0x5"]) is None
    cache.put("eth_getBalance", [WHO, "0x5"], b'"0x8"')
    cache.close()
    assert file.with_name(f"{file.name}.damaged-1").read_bytes() == spoilt
    again = opened(file.parent)
    assert again.get("eth_getBalance", [WHO, "0x5"]) == b'"0x8"'
    again.close()
    assert not file.with_name(f"{file.name}.damaged-2").exists()


def test_an_answer_that_was_changed_is_no_answer(file: Path, cache: ForkCache) -> None:
    """Not damage that sqlite sees: a bit of one answer."""
    with sqlite3.connect(file) as other:
        other.execute("UPDATE answers SET answer = ?", (b'"0x6"',))
    other.close()
    assert cache.get("eth_getBalance", [WHO, "0x5"]) is None
    cache.put("eth_getBalance", [WHO, "0x5"], b'"0x7"')
    assert cache.get("eth_getBalance", [WHO, "0x5"]) == b'"0x7"'


def test_damage_during_use_costs_what_was_known_and_nothing_else(tmp_path: Path) -> None:
    cache = opened(tmp_path)
    cache.put("m", [], b"1")
    cache._answers.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (file,) = tmp_path.glob("*.sqlite")
    scribbled_on(file)
    cache._answers.execute("PRAGMA shrink_memory")  # what it had read
    for _ in range(3):
        cache.get("m", [])
        cache.put("m", [], b"2")
    assert cache.get("m", []) == b"2"
    cache.close()


@pytest.mark.skipif(os.name == "nt", reason="no such place there")
@pytest.mark.parametrize("place", ["/proc/none/here", "/dev/null/x"])
def test_a_place_that_cannot_be_written_leaves_memory(place: str) -> None:
    cache = opened(Path(place))
    cache.put("m", [], b"1")
    assert cache.get("m", []) == b"1"
    cache.close()


def test_a_closed_cache_knows_nothing(cache: ForkCache) -> None:
    cache.close()
    cache.put("m", [], b"1")
    assert cache.get("m", []) is None


def test_threads_share_one_cache(cache: ForkCache) -> None:
    def use(base: int) -> None:
        for index in range(200):
            cache.put("m", [base + index], str(base + index).encode())

    threads = [threading.Thread(target=use, args=(base * 1_000,)) for base in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for base in range(6):
        for index in range(200):
            assert cache.get("m", [base * 1_000 + index]) == str(base * 1_000 + index).encode()


WRITER = f"""
import sys
from pathlib import Path
from simulator.chain.fork_cache import ForkCache
sys.stdin.read(1)
cache = ForkCache(Path(sys.argv[1]), 1, {HASH!r})
for index in range(300):
    cache.put("m", [index], str(index).encode())
print(all(cache.get("m", [index]) == str(index).encode() for index in range(300)), cache._file is not None)
"""


@pytest.mark.parametrize("damaged", [False, True])
def test_processes_share_one_file_from_its_first_moment_on(damaged: bool, tmp_path: Path) -> None:
    """All of them begin at once; where they find a damaged file, one sets it aside and none fails."""
    if damaged:
        no_database(tmp_path / f"1-{HASH}.sqlite")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )
        for _ in range(4)
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("g")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[0] for writer in writers] == ["True True\n"] * 4
    cache = opened(tmp_path)
    if not damaged:
        assert cache.get("m", [299]) == b"299"
    cache.close()


def test_a_fork_goes_on_with_a_damaged_cache(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    adapter = market.world.site.adapter
    for damage in (None, no_database):
        for file in tmp_path.glob("*.sqlite"):
            if damage is not None:
                damage(file)
        with ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK) as fork:
            assert fork.code(adapter) == market.chain.code(adapter)


def test_no_address_and_no_key_stand_in_the_cache(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    """What does stand there: methods, parameters and answers."""
    with ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK) as fork:
        fork.code(market.world.site.adapter)
    (file,) = tmp_path.glob("*.sqlite")
    with sqlite3.connect(file) as rows:
        keys = [json.loads(key)[0] for (key,) in rows.execute("SELECT key FROM answers")]
    rows.close()
    assert {"eth_chainid", "eth_getblockbynumber", "eth_getcode"} <= set(keys)
    assert str(stage.port).encode() not in file.read_bytes()
