"""Liquidations on anvil: all transactions of a wave in one block, against a block for each."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measure import Ratio, in_turns, timed
from benchmarks.recording import Block, Record, RecordingChain, send_again
from benchmarks.scenarios import on, one_drop
from simulator.agents.orders import ANY_PROFIT, UNLIMITED, Order
from simulator.chain.anvil import AnvilChain
from simulator.chain.base import Receipt, Transaction
from simulator.errors import ChainError
from simulator.prices import build_paths
from simulator.scenario import Scenario
from simulator.simulate import prepare

BOUNDS = {"lending-pool": 5.0}
"""By protocol: what is held. The dearer a liquidation itself, the less a block saves."""


def anvil_blocks(protocol: str, accounts: int, liquidations: int, repetitions: int) -> Ratio:
    """Time one by one over time in one block, of the same liquidations from the same state, one a transaction.

    The book matters too: what anvil needs for a block, even an empty one, grows with the storage there is.
    """
    opening, wave = _recorded(on(protocol, one_drop(accounts)), liquidations)
    with AnvilChain() as chain:
        send_again(opening, chain)
        singles, blocks = in_turns(lambda: _one_by_one(chain, wave), lambda: _together(chain, wave), repetitions)
    note = f"{liquidations / min(blocks):.0f} liquidations/s in a block, {liquidations / min(singles):.0f} one by one"
    return Ratio(f"anvil, {protocol}, one by one / in a block", BOUNDS.get(protocol), True, singles, blocks, note)


def _recorded(scenario: Scenario, liquidations: int) -> tuple[Record, Block]:
    """Everything up to the price's fall, and the liquidations as one block, each a transaction of its own."""
    paths, chain = build_paths(scenario), RecordingChain()
    world = prepare(scenario, chain).world
    now = scenario.clock.start + scenario.clock.step
    world.market_block(now, [], {0: paths.values[-1][0]}, {})
    before = len(chain.record.blocks)
    for account in range(liquidations):
        order = Order(account, 0, 1, UNLIMITED, ANY_PROFIT, False, (0,))
        world.keeper_block(now, [(world.site.keepers[0], [order])], {})
    sent = chain.record.blocks[before:]
    transactions = tuple(transaction for block in sent for transaction in block.transactions)
    return Record(chain.record.codes, chain.record.blocks[:before]), Block(sent[0].number, now, transactions)


def _together(chain: AnvilChain, wave: Block) -> float:
    return _rolled_back(chain, [(wave.number, wave.transactions)], wave.timestamp)


def _one_by_one(chain: AnvilChain, wave: Block) -> float:
    blocks = [(wave.number + index, (transaction,)) for index, transaction in enumerate(wave.transactions)]
    return _rolled_back(chain, blocks, wave.timestamp)


def _rolled_back(chain: AnvilChain, blocks: Sequence[tuple[int, Sequence[Transaction]]], timestamp: int) -> float:
    """How long these blocks take [s]; the chain is then where it was."""
    checkpoint = chain.snapshot()
    receipts: list[Receipt] = []
    seconds = timed(lambda: receipts.extend(r for n, sent in blocks for r in chain.send(n, timestamp, sent)))
    if not all(receipt.ok for receipt in receipts):
        raise ChainError("anvil: found a liquidation that failed; allowed: none in this benchmark")
    chain.revert(checkpoint)
    return seconds
