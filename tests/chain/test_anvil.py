"""The traps of anvil: lost and reordered transactions, strangers on the port, death in mid-run."""

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import simulator.chain.anvil_process as anvil_process
from simulator.chain import Call
from simulator.chain.abi import uint256, word
from simulator.chain.anvil import AnvilChain, _check_mined
from simulator.chain.anvil_process import AnvilProcess, find_anvil
from simulator.chain.jsonrpc import LARGEST_BATCH, LONGEST_BATCH, JsonRpc
from simulator.errors import BlockMismatch, ChainDied, ChainError
from tests.chain.bytecodes import BORROWER, COUNT, KEEPER, TARGET, transaction

NOBODY = "0x" + "99" * 20


def sender(index: int) -> str:
    return f"0x{0xABC000 + index:040x}"


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_sixty_blocks_of_many_senders_are_complete_and_in_order(anvil: AnvilChain) -> None:
    anvil.set_code(TARGET, COUNT)
    for number in range(1, 61):
        block = [transaction(sender=sender(index * number % 7)) for index in range(20)]
        receipts = anvil.send(number, 1_000 + number // 2, block)
        assert [uint256(receipt.logs[0].data) for receipt in receipts] == list(range(number * 20 - 19, number * 20 + 1))


def test_a_block_of_500_transactions_of_500_senders_is_complete_and_in_order(anvil: AnvilChain) -> None:
    """One batch loses the order of different senders from its 64th member on."""
    anvil.set_code(TARGET, COUNT)
    receipts = anvil.send(1, 1_000, [transaction(sender=sender(index)) for index in range(500)])
    assert [uint256(receipt.logs[0].data) for receipt in receipts] == list(range(1, 501))
    assert LONGEST_BATCH < 63


def test_a_block_of_large_transactions_passes(anvil: AnvilChain) -> None:
    anvil.set_code(TARGET, COUNT)
    block = [transaction(data=bytes(100_000), gas=10_000_000), transaction(data=bytes(LARGEST_BATCH), gas=10_000_000)]
    assert all(receipt.ok for receipt in anvil.send(1, 1_000, block * 3))


def test_one_transaction_at_a_time_gives_the_same(anvil: AnvilChain) -> None:
    anvil.set_code(TARGET, COUNT)
    receipts = [anvil.send(number, 1_000, [transaction()])[0] for number in range(1, 11)]
    assert [uint256(receipt.logs[0].data) for receipt in receipts] == list(range(1, 11))


def test_a_transaction_of_a_stranger_in_the_block_is_noticed(anvil: AnvilChain) -> None:
    fields = {"from": BORROWER, "to": TARGET, "gas": "0x30d40", "gasPrice": "0x0", "nonce": "0x0"}
    anvil._rpc.request("eth_sendUnsignedTransaction", fields)
    with pytest.raises(BlockMismatch, match="number of transactions of block 1: found 2; expected 1"):
        anvil.send(1, 1_000, [transaction()])


def test_a_block_of_a_stranger_is_noticed(anvil: AnvilChain) -> None:
    anvil._rpc.request("evm_mine")
    with pytest.raises(BlockMismatch, match="block number and timestamp"):
        anvil.send(1, 2_000_000_000, [transaction()])


@pytest.mark.parametrize(
    ("block", "receipts", "says"),
    [
        ({"number": "0x2", "timestamp": "0x3e8", "transactions": ["0xa", "0xb"]}, "ab", "block number and timestamp"),
        ({"number": "0x1", "timestamp": "0x3e9", "transactions": ["0xa", "0xb"]}, "ab", "block number and timestamp"),
        ({"number": "0x1", "timestamp": "0x3e8", "transactions": []}, "ab", "number of transactions of block 1"),
        ({"number": "0x1", "timestamp": "0x3e8", "transactions": ["0xb", "0xa"]}, "ab", "transactions of block 1, pos"),
        ({"number": "0x1", "timestamp": "0x3e8", "transactions": ["0xa", "0xb"]}, "a", "number of receipts of block 1"),
        ({"number": "0x1", "timestamp": "0x3e8", "transactions": ["0xa", "0xb"]}, "", "number of receipts of block 1"),
        (
            {"number": "0x1", "timestamp": "0x3e8", "transactions": ["0xa", "0xb"]},
            "ba",
            "receipts of block 1, position",
        ),
    ],
)
def test_a_block_that_was_not_asked_for_raises(block: dict[str, object], receipts: str, says: str) -> None:
    answered = [{"transactionHash": f"0x{letter}"} for letter in receipts]
    with pytest.raises(BlockMismatch, match=says):
        _check_mined(1, 1_000, ["0xa", "0xb"], block, answered)


def test_anvil_itself_accepts_equal_timestamps_and_refuses_lower_ones(anvil: AnvilChain) -> None:
    anvil.send(1, 1_000, [])
    anvil.send(2, 1_000, [])
    with pytest.raises(ChainError, match="lower than previous block's timestamp"):
        anvil._results([("evm_mine", [{"timestamp": 999, "blocks": 1}])])


def test_the_clock_on_the_wall_does_not_reach_the_chain(anvil: AnvilChain) -> None:
    """`anvil_mine` would give the empty blocks in between the seconds that have passed since block 1."""
    anvil.send(1, 1_000, [])
    time.sleep(1.1)
    anvil.send(4, 1_000, [])


def test_nonces_of_a_sender_known_to_the_chain_are_asked_for(anvil: AnvilChain) -> None:
    anvil._rpc.request("anvil_setNonce", KEEPER, "0x7")
    assert anvil.send(1, 1_000, [transaction(NOBODY)])[0].ok


def test_killed_in_mid_run_is_said_so(anvil: AnvilChain) -> None:
    anvil.send(1, 1_000, [transaction(NOBODY)])
    os.kill(anvil._process.pid, signal.SIGKILL)
    with pytest.raises(ChainDied, match=r"anvil \(process \d+\) ended with code -9") as raised:
        anvil.send(2, 1_000, [transaction(NOBODY)])
    assert raised.value.exit_code == 3
    assert "\n" not in str(raised.value)
    with pytest.raises(ChainDied):
        anvil.call(2, 1_000, [Call(NOBODY, b"")])


def test_no_answer_is_a_death_too() -> None:
    with AnvilChain(timeout=0.3) as chain:
        os.kill(chain._process.pid, signal.SIGSTOP)
        with pytest.raises(ChainDied, match=r"eth_call: no answer within 0\.3 s; anvil \(process \d+\) is alive"):
            chain.call(1, 1_000, [Call(NOBODY, b"")])
    assert ended(chain._process.pid)


def test_a_server_that_comes_up_on_the_same_port_is_not_spoken_to(anvil: AnvilChain) -> None:
    os.kill(anvil._process.pid, signal.SIGKILL)
    anvil._process.settle(5)
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", anvil._process.port))
        stranger.listen()
        stranger.settimeout(0.1)
        for _ in range(2):
            with pytest.raises(ChainDied):
                anvil.send(1, 1_000, [transaction(NOBODY)])
        with pytest.raises(TimeoutError):
            stranger.accept()


def test_a_stale_anvil_in_place_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.closing(AnvilProcess(20)) as stale:
        listen = AnvilProcess._listen
        monkeypatch.setattr(AnvilProcess, "_listen", lambda self, end: (stale.port, listen(self, end)[1]))
        with pytest.raises(ChainDied, match="not the anvil that was started"):
            AnvilChain()


def test_two_chains_at_once_do_not_meet(anvil: AnvilChain) -> None:
    anvil.set_code(TARGET, COUNT)
    with AnvilChain() as other:
        assert other._process.port != anvil._process.port
        anvil.send(1, 1_000, [transaction()])
        assert other.call(1, 1_000, [Call(TARGET, b"")]) == [b""]


def test_an_anvil_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil_process, "_ARGUMENTS", ["--hardfork", "nonsense"])
    with pytest.raises(ChainDied, match=r"never listened: .* ended with code \d+; its log ends: .*nonsense"):
        AnvilChain()


def test_no_anvil_at_all_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(anvil_process, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(ChainError, match="npm ci"):
        find_anvil()


def test_the_pinned_anvil_comes_before_one_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An anvil of another version would break "same scenario, same digest"; without a checkout the path's will do."""
    own = tmp_path / "anvil"
    own.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "node_modules" in find_anvil().parts
    monkeypatch.setattr(anvil_process, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    assert find_anvil() == own


def test_settings_of_the_user_do_not_reach_anvil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANVIL_IP_ADDR", "203.0.113.1")
    monkeypatch.setenv("RUST_LOG", "trace")
    with AnvilChain() as chain:
        chain.send(1, 1_000, [])


def test_the_child_ends_with_an_exception_and_a_second_close_does_nothing() -> None:
    chain = AnvilChain()
    with pytest.raises(KeyError), chain:
        raise KeyError
    assert ended(chain._process.pid)
    chain.close()
    with pytest.raises(ChainDied, match="closed"):
        chain.send(1, 1_000, [])


def test_the_child_ends_with_a_program_that_forgets_it() -> None:
    program = "from simulator.chain.anvil import AnvilChain; chain = AnvilChain(); print(chain._process.pid)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ended(int(run.stdout))


def test_the_log_does_not_grow_with_requests(anvil: AnvilChain) -> None:
    before = len(anvil._process._logged())
    anvil.call(1, 1_000, [Call(NOBODY, b"")] * 100)
    assert len(anvil._process._logged()) - before < 1_000


def test_a_long_batch_comes_back_in_order(anvil: AnvilChain) -> None:
    slots = range(2 * LONGEST_BATCH + 5)
    for slot in slots:
        anvil.set_storage(TARGET, slot, slot)
    found = anvil._rpc.results([("eth_getStorageAt", [TARGET, hex(slot), "latest"]) for slot in slots])
    assert found == ["0x" + word(slot).hex() for slot in slots]


def test_a_refusal_names_the_method(anvil: AnvilChain) -> None:
    with (
        contextlib.closing(JsonRpc(anvil._process.port, 5.0)) as rpc,
        pytest.raises(ChainError, match=r"^no_such_method: refused: Method not found$"),
    ):
        rpc.request("no_such_method")


def test_web3_attaches_to_the_chain(anvil: AnvilChain) -> None:
    pytest.importorskip("web3")
    anvil.send(1, 1_000, [])
    assert anvil.web3().eth.block_number == 1


def test_web3_missing_says_how_to_get_it(anvil: AnvilChain, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ChainError, match=r"pip install 'liqsim\[web3\]'"):
        anvil.web3()
