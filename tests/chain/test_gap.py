"""Block numbers nobody mines: the chain steps over them, and nothing but the number changes."""

import pytest

from simulator.chain import Call
from simulator.chain.abi import uint256, words
from simulator.chain.anvil import AnvilChain
from simulator.chain.base import Chain
from simulator.chain.revm import RevmChain
from simulator.errors import BlockMismatch
from tests.chain.bytecodes import CLOCK, COUNT, OTHER, READ, TARGET, transaction


def test_number_and_time_are_the_asked_ones_and_state_stays(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    chain.set_code(OTHER, CLOCK)
    chain.set_storage(TARGET, 0, 40)
    for index, number in enumerate((1, 14, 15, 60, 61, 75)):
        block = [transaction(), transaction(to=OTHER)]
        counted, clock = chain.send(number, 2_000 + 12 * index, block)
        assert uint256(counted.logs[0].data) == 41 + index
        assert words(clock.logs[0].data) == (number, 2_000 + 12 * index)
        read = chain.call(number + 5, 2_000 + 12 * index, [Call(OTHER, b"")])[0]
        assert words(read) == (number + 5, 2_000 + 12 * index)


def test_a_checkpoint_holds_across_a_gap(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    chain.send(7, 1_000, [transaction()])
    checkpoint = chain.snapshot()
    chain.send(50, 1_500, [transaction()])
    chain.send(70, 1_700, [transaction()])
    chain.revert(checkpoint)
    (receipt,) = chain.send(19, 1_100, [transaction()])
    assert uint256(receipt.logs[0].data) == 2
    chain.set_code(TARGET, READ)
    assert uint256(chain.call(20, 1_100, [Call(TARGET, b"")])[0]) == 2


def test_equal_timestamps_on_both_sides_of_a_gap(chains: tuple[RevmChain, AnvilChain]) -> None:
    """The last block's time is the gap's: a later block may have it too, an earlier time is refused."""
    for chain in chains:
        chain.send(3, 1_000, [])
        chain.send(30, 1_000, [])
        with pytest.raises(BlockMismatch, match="timestamp of block 40"):
            chain.send(40, 999, [])
        chain.send(40, 1_000, [])


def test_a_gap_of_a_million_numbers_costs_one_request(anvil: AnvilChain, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    replies = anvil._rpc.replies
    monkeypatch.setattr(anvil._rpc, "replies", lambda sent: (asked.extend(m for m, _ in sent), replies(sent))[1])
    anvil.send(1_000_000, 1_000, [])
    assert asked.count("evm_mine") == 1
    assert asked.count("anvil_loadState") == 1


def test_what_anvil_says_of_the_last_block_is_the_gap_s_last(anvil: AnvilChain) -> None:
    anvil.send(2, 1_000, [])
    anvil._mine_empty(10)
    block = anvil._rpc.request("eth_getBlockByNumber", "latest", False)
    assert (int(block["number"], 16), int(block["timestamp"], 16)) == (12, 1_000)
