"""What every chain must do, and where the two must agree."""

import pytest

from simulator.chain import Call, Chain
from simulator.chain.abi import address, uint256, word, words
from simulator.chain.anvil import AnvilChain
from simulator.chain.base import BLOCK_GAS_LIMIT, CHAIN_ID
from simulator.chain.revm import RevmChain
from simulator.errors import BlockMismatch, ChainError, TransactionReverted
from tests.chain.bytecodes import (
    BORROWER,
    CLOCK,
    COUNT,
    CREATE2_FACTORY,
    CREATES_READ,
    FACTORY,
    INVALID,
    KEEPER,
    OTHER,
    READ,
    REFUSE,
    REMEMBER,
    SURROUNDINGS,
    TARGET,
    TRY,
    transaction,
)

Both = tuple[RevmChain, AnvilChain]


def stored(chain: Chain, at: str = TARGET) -> int:
    """Slot 0 of a contract whose code is READ or COUNT without its write."""
    (output,) = chain.call(1, 1_000, [Call(at, b"")])
    return uint256(output)


def test_a_block_holds_all_transactions_in_order(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    receipts = chain.send(1, 1_000, [transaction(sender=sender) for sender in [KEEPER, BORROWER] * 10])
    assert [uint256(receipt.logs[0].data) for receipt in receipts] == list(range(1, 21))
    assert all(receipt.ok and receipt.logs[0].address == TARGET for receipt in receipts)


def test_a_failed_transaction_is_a_receipt_and_leaves_no_trace(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    chain.set_code(OTHER, REFUSE)
    block = [transaction(), transaction(OTHER, word(7)), transaction()]
    before, refused, after = chain.send(1, 1_000, block)
    assert (before.ok, refused.ok, after.ok) == (True, False, True)
    assert refused.logs == ()
    assert uint256(after.logs[0].data) == 2
    chain.set_code(OTHER, READ)
    assert stored(chain, OTHER) == 0


def test_revert_data_is_kept_in_process(revm: RevmChain) -> None:
    revm.set_code(TARGET, REFUSE)
    (receipt,) = revm.send(1, 1_000, [transaction(data=word(2**255 + 7))])
    assert receipt.output == word(2**255 + 7)


def test_a_refused_read_raises_with_its_revert_data(chain: Chain) -> None:
    chain.set_code(TARGET, REFUSE)
    with pytest.raises(TransactionReverted) as raised:
        chain.call(1, 1_000, [Call(TARGET, word(0xABCDEF12 << 224))])
    assert raised.value.data == word(0xABCDEF12 << 224)
    assert raised.value.error == "0xabcdef12"


def test_a_read_that_halts_names_the_halt(chain: Chain) -> None:
    chain.set_code(TARGET, INVALID)
    with pytest.raises(TransactionReverted, match="InvalidFEOpcode"):
        chain.call(1, 1_000, [Call(TARGET, b"")])


def test_reads_are_independent_and_leave_nothing(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    outputs = chain.call(1, 1_000, [Call(TARGET, b"")] * 40)
    assert [uint256(output) for output in outputs] == [1] * 40
    assert chain.call(1, 1_000, []) == []


def test_reads_and_blocks_see_the_number_and_time_given(chain: Chain) -> None:
    chain.set_code(TARGET, CLOCK)
    assert words(chain.call(1, 500_000, [Call(TARGET, b"")])[0]) == (1, 500_000)
    (receipt,) = chain.send(1, 600_000, [transaction()])
    assert words(receipt.logs[0].data) == (1, 600_000)
    assert words(chain.call(2, 700_000, [Call(TARGET, b"")])[0]) == (2, 700_000)


def test_surroundings_are_the_same_on_both_chains(chain: Chain) -> None:
    chain.set_code(TARGET, SURROUNDINGS)
    assert words(chain.call(1, 1_000, [Call(TARGET, b"")])[0]) == (CHAIN_ID, BLOCK_GAS_LIMIT, 0, 0, 0)
    assert chain.block_gas_limit == BLOCK_GAS_LIMIT


def test_hardfork_is_named_and_the_same(chain: Chain) -> None:
    assert chain.hardfork == "cancun"
    chain.set_code(TARGET, REMEMBER)  # PUSH0, TLOAD, TSTORE
    assert chain.send(1, 1_000, [transaction()])[0].ok


def test_transient_storage_is_empty_in_each_transaction_and_read(chain: Chain) -> None:
    chain.set_code(TARGET, REMEMBER)
    receipts = chain.send(1, 1_000, [transaction(), transaction()])
    assert [uint256(receipt.logs[0].data) for receipt in receipts] == [0, 0]
    assert chain.call(2, 1_000, [Call(TARGET, b"")] * 2) == [word(0)] * 2


def test_equal_timestamps_are_accepted_and_lower_ones_refused(chain: Chain) -> None:
    chain.set_code(TARGET, CLOCK)
    receipts = [chain.send(number, 1_000, [transaction()])[0] for number in (1, 2)]
    assert [words(receipt.logs[0].data) for receipt in receipts] == [(1, 1_000), (2, 1_000)]
    with pytest.raises(BlockMismatch, match="timestamp of block 3: found 999; expected 'at least 1000'"):
        chain.send(3, 999, [transaction()])


def test_the_loop_owns_the_block_number(chain: Chain) -> None:
    chain.set_code(TARGET, CLOCK)
    chain.send(1, 1_000, [])
    (receipt,) = chain.send(5, 1_000, [transaction()])
    assert words(receipt.logs[0].data) == (5, 1_000)
    with pytest.raises(BlockMismatch, match="block number: found 5"):
        chain.send(5, 1_000, [transaction()])


def test_more_gas_than_a_block_holds_is_refused(chain: Chain) -> None:
    with pytest.raises(ChainError, match="gas asked for"):
        chain.send(1, 1_000, [transaction(gas=BLOCK_GAS_LIMIT), transaction()])


def test_less_gas_than_a_transaction_costs_is_refused(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    with pytest.raises(ChainError):
        chain.send(1, 1_000, [transaction(gas=100)])


def test_invalid_burns_the_allowance_of_its_own_order_only(chain: Chain) -> None:
    chain.set_code(TARGET, INVALID)
    chain.set_code(OTHER, TRY)
    alone, inside = chain.send(1, 1_000, [transaction(gas=70_000), transaction(OTHER, address(TARGET), gas=200_000)])
    assert (alone.ok, alone.gas_used) == (False, 70_000)
    assert inside.ok
    assert uint256(inside.logs[0].data) == 0
    assert inside.gas_used < 120_000


def test_snapshot_and_revert_restore_state_block_and_nonces(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    chain.send(1, 2_000, [transaction()])
    before = chain.snapshot()
    chain.send(2, 9_000, [transaction(), transaction()])
    chain.revert(before)
    (receipt,) = chain.send(2, 2_500, [transaction()])
    assert uint256(receipt.logs[0].data) == 2


def test_revert_undoes_overrides(chain: Chain) -> None:
    chain.set_code(TARGET, READ)
    chain.set_storage(TARGET, 0, 5)
    before = chain.snapshot()
    chain.set_storage(TARGET, 0, 6)
    chain.set_storage(OTHER, 0, 7)
    chain.set_code(TARGET, CLOCK)
    chain.revert(before)
    chain.set_code(OTHER, READ)
    assert (stored(chain), stored(chain, OTHER)) == (5, 0)


def test_overrides_reach_a_contract_already_used(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    chain.send(1, 1_000, [transaction()])
    chain.set_storage(TARGET, 0, 50)
    assert uint256(chain.send(2, 1_000, [transaction()])[0].logs[0].data) == 51
    chain.set_code(TARGET, READ)
    assert stored(chain) == 51


def test_checkpoints_are_nested_one_shot_and_last_in_first_out(chain: Chain) -> None:
    chain.set_code(TARGET, COUNT)
    outer = chain.snapshot()
    chain.send(1, 1_000, [transaction()])
    inner = chain.snapshot()
    with pytest.raises(ChainError, match=rf"found checkpoint {outer}; allowed: the newest open one \({inner}\)"):
        chain.revert(outer)
    chain.revert(inner)
    with pytest.raises(ChainError):
        chain.revert(inner)
    assert uint256(chain.send(2, 1_000, [transaction()])[0].logs[0].data) == 2
    chain.revert(outer)
    with pytest.raises(ChainError, match="none open"):
        chain.revert(outer)
    assert uint256(chain.send(1, 1_000, [transaction()])[0].logs[0].data) == 1


def test_logs_are_equal_and_gas_is_not(chains: Both) -> None:
    """Gas in process is wrong by construction: storage stays warm from one transaction to the next."""
    receipts = []
    for chain in chains:
        chain.set_code(TARGET, COUNT)
        receipts.append(chain.send(1, 1_000, [transaction()] * 3))
    in_process, on_anvil = receipts
    assert [receipt.logs for receipt in in_process] == [receipt.logs for receipt in on_anvil]
    assert in_process[2].gas_used != on_anvil[2].gas_used


def test_sender_nonces_differ_and_create2_addresses_do_not(chains: Both) -> None:
    found = []
    for chain in chains:
        chain.set_code(FACTORY, CREATE2_FACTORY)
        order = word(42) + CREATES_READ
        (created,) = chain.call(1, 1_000, [Call(FACTORY, order)])
        assert chain.send(1, 1_000, [transaction(FACTORY, order)])[0].ok
        at = "0x" + created.hex()
        chain.set_storage(at, 0, 9)
        assert stored(chain, at) == 9
        found.append(at)
    assert found[0] == found[1]
    revm, anvil = chains
    assert revm._evm.basic(KEEPER).nonce == 0
    assert anvil._results([("eth_getTransactionCount", [KEEPER, "latest"])]) == ["0x1"]
