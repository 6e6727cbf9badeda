"""Sends the transactions of a set-up: each must succeed, and each contract's address follows from its code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.chain import abi
from simulator.chain.artifact import Artifact, load
from simulator.chain.base import Call, Chain, Receipt, Transaction
from simulator.errors import ChainError, TransactionReverted
from simulator.world import addresses
from simulator.world.records import NAMED_ERRORS

if TYPE_CHECKING:  # a run in process talks to nobody: what that takes is imported where it is needed
    from simulator.chain.anvil import RpcChain

FORK = "fork"
"""The name of a chain that began as another one: what stood there stands here too, at the same addresses."""
MOST_DEALT = 2**95
"""[token] Of a real token: more than there is of any, and it fits those that keep balances in 96 bits."""
SETUP_GAS = 1_000_000_000
"""[gas] Allowance of one set-up transaction; a pool with as many ranges as there may be needs a tenth of it."""
BLOCK_TRANSACTIONS = 100
"""[transactions] anvil answers receipts of larger blocks in quadratic time."""


def text(value: str) -> bytes:
    """`value` as the tail of a dynamic argument: its length and its bytes, padded to words."""
    raw = value.encode()
    return abi.word(len(raw)) + raw + bytes(-len(raw) % abi.WORD)


class Builder:
    """A chain before the run: all happens at one instant `timestamp` [s], in blocks that follow the chain's last."""

    def __init__(self, chain: Chain, timestamp: int) -> None:
        self.chain = chain
        self.timestamp = timestamp
        self.number = chain.head.number
        self.code_hashes: dict[str, str] = {}
        self._errors: dict[bytes, str] = {}
        self._space = f"{chain.name}-{chain.head.number}:" if chain.name == FORK else ""
        self.standing: frozenset[str] = frozenset()  # tokens that nobody here may mint
        chain.set_code(addresses.DEPLOYER, load("Deployer").deployed)

    def send(self, transactions: Sequence[Transaction]) -> list[Receipt]:
        """All of `transactions` in as few blocks as fit; their receipts, failed ones included."""
        receipts: list[Receipt] = []
        for start in range(0, len(transactions), BLOCK_TRANSACTIONS):
            self.number += 1
            part = transactions[start : start + BLOCK_TRANSACTIONS]
            receipts += self.chain.send(self.number, self.timestamp, part)
        return receipts

    def call(self, artifact: Artifact, to: str, function: str, *arguments: abi.Argument) -> bytes:
        """Reads `function` of the contract at `to` as of the next block."""
        return self.ask(to, artifact.selector(function), *arguments)

    def ask(self, to: str, selector: bytes, *arguments: abi.Argument) -> bytes:
        """As `call`, of a contract without an artifact, such as one that stands on a fork."""
        data = abi.encode(selector, *arguments)
        return self.chain.call(self.number + 1, self.timestamp, [Call(to, data, addresses.HARNESS)])[0]

    def must(self, where: str, transactions: Sequence[Transaction]) -> list[Receipt]:
        """As `send`; TransactionReverted naming `where` if one fails."""
        receipts = self.send(transactions)
        for transaction, receipt in zip(transactions, receipts, strict=True):
            if not receipt.ok:
                raise TransactionReverted(where, self.why(transaction), receipt.output)
        return receipts

    def why(self, transaction: Transaction) -> str:
        """The error `transaction` fails with when it is tried again now, by name with its operands."""
        try:
            self.chain.call(
                self.number + 1, self.timestamp, [Call(transaction.to, transaction.data, transaction.sender)]
            )
        except TransactionReverted as failure:
            return describe(failure.data, self._errors)
        return "an error that does not show when tried again"

    def name_errors(self, errors: Mapping[bytes, str]) -> None:
        """From now on `why` knows these custom errors too: signatures by selector."""
        self._errors |= errors

    def fund(self, token: str, who: str, amount: int) -> list[Transaction]:
        """What gives `who` so much more of `token` [token]: a mint; the balance of a real token is set at once."""
        if token not in self.standing:
            return [transaction(token, load("Token").encode("mint", who, amount))]
        chain = rpc_of(self.chain)
        held = abi.uint256(self.call(load("Token"), token, "balanceOf", who))
        chain.deal(token, who, held + min(amount, MOST_DEALT))
        return []

    def deploy(self, contract: str, label: str, arguments: bytes = b"") -> str:
        """Deploys `contract` by CREATE2; `label` sets it apart. Its address."""
        return self.deploy_all([(contract, label, arguments)])[0]

    def deploy_all(self, wanted: Sequence[tuple[str, str, bytes]]) -> list[str]:
        """Deploys (contract, label, encoded constructor arguments) in one block; the addresses."""
        return self._create([(load(contract), label, arguments) for contract, label, arguments in wanted])

    def deploy_artifact(self, artifact: Artifact, label: str, arguments: bytes = b"") -> str:
        """As `deploy`, of any artifact, such as a real protocol's; ChainError if it was not linked."""
        return self._create([(artifact, label, arguments)])[0]

    def _create(self, wanted: Sequence[tuple[Artifact, str, bytes]]) -> list[str]:
        factory = load("Deployer")
        sends = []
        for artifact, label, arguments in wanted:
            code = creation_code(artifact) + arguments
            head = addresses.salt(self._space + label) + abi.word(2 * abi.WORD)
            body = abi.word(len(code)) + code + bytes(-len(code) % abi.WORD)
            sends.append(transaction(addresses.DEPLOYER, factory.selector("deploy") + head + body))
        receipts = self.must(f"deploying {', '.join(artifact.name for artifact, _, _ in wanted)}", sends)
        found = [abi.words(receipt.logs[-1].data) for receipt in receipts]
        for (artifact, label, _), (_, code_hash) in zip(wanted, found, strict=True):
            self.code_hashes[f"{artifact.name}:{label}" if label else artifact.name] = f"0x{code_hash:064x}"
        return [abi.to_address(place) for place, _ in found]


def rpc_of(chain: Chain) -> RpcChain:
    """`chain` as one whose code can be read and whose balances can be set; ChainError if it is none."""
    from simulator.chain.anvil import RpcChain

    if not isinstance(chain, RpcChain):
        raise ChainError(f"fork: found a chain {chain.name}; allowed: anvil's fork of a real one")
    return chain


def creation_code(artifact: Artifact) -> bytes:
    """What creates the contract, before its constructor's arguments; ChainError if libraries' addresses lack."""
    if artifact.links:
        raise ChainError(f"{artifact.name}: found no addresses of {', '.join(artifact.links)}; allowed: linked code")
    return artifact.bytecode


def transaction(to: str, data: bytes, sender: str = addresses.HARNESS) -> Transaction:
    """A set-up transaction of the harness, or of `sender`."""
    return Transaction(sender, to, data, SETUP_GAS)


def describe(output: bytes, errors: Mapping[bytes, str]) -> str:
    """A custom error in words: name and operands if a contract of ours has it, else its signature among `errors`."""
    for name in (*NAMED_ERRORS, "Deployer"):
        artifact = load(name)
        if output[:4] in artifact.errors:
            return artifact.error(output)
    return errors.get(output[:4]) or abi.reason(output)
