"""`liqsim`: the command line. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 a check failed (or the output took no more), 2 bad input, 3 a chain failed; 130 interrupted,
141 nobody read the output any more, 143 terminated.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from simulator.errors import InputError, LiqsimError
from simulator.scenario import Scenario, shipped

if TYPE_CHECKING:
    from simulator.chain.base import Chain

INTERRUPTED: Final = 130
"""128 and a signal's number, as shells have it: 2 is SIGINT, 13 SIGPIPE."""
UNREAD: Final = 141
OPTION: Final = re.compile(r"--?[a-z][a-z-]{0,30}")
GIVEN: Final = re.compile(r"(--[a-z-]+)=.*?(?= could match |$)", re.DOTALL)
LONGEST_SHOWN: Final = 20
"""[characters] of what is given for a block's number: a longer one is an address, or a key."""
PLANNED: Final = ("sweep", "review", "backtest", "export")


class Parser(argparse.ArgumentParser):
    """argparse, with errors in the one line and the exit code every other error has."""

    def error(self, message: str) -> NoReturn:
        """What was given to an option may be an address: the option's name is enough."""
        raise InputError(self.prog, GIVEN.sub(r"\1", message), f"see {self.prog} --help")

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """As argparse has it; of an argument that nobody knows only what looks like an option's name is told."""
        asked, unknown = self.parse_known_args(args, namespace)
        if unknown:
            names = [each.partition("=")[0] for each in unknown]
            told = [name if OPTION.fullmatch(name) else "(a value)" for name in names]
            self.error(f"unrecognized arguments: {', '.join(dict.fromkeys(told))}")
        return asked


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    _open_streams()
    try:
        return _done(arguments)
    except BrokenPipeError:
        _close_streams()
        return UNREAD
    except OSError as error:
        with suppress(OSError):  # it may be stderr itself
            print(f"liqsim: {error.strerror or error}", file=sys.stderr)
        _close_streams()
        return 1


def _done(arguments: Sequence[str] | None) -> int:
    """One command, with all it says written; OSError if that cannot be written."""
    try:
        asked = parser().parse_args(arguments)
        handler: Callable[[argparse.Namespace], int] = asked.handler
        code = handler(asked)
    except LiqsimError as error:
        print(f"liqsim: {_said(error, arguments)}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        print("liqsim: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except SystemExit:  # as --help leaves
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def _said(error: LiqsimError, arguments: Sequence[str] | None) -> str:
    """The message, without any address of the command line: it may hold a key, wherever it was meant to go."""
    from simulator.chain.secret_url import argument_hider

    hide = argument_hider(sys.argv[1:] if arguments is None else arguments)
    if isinstance(error, InputError):  # before what was found is cut to a length
        error.path = hide(error.path)
        error.found = hide(error.found) if isinstance(error.found, str) else error.found
    return hide(str(error))


def _open_streams() -> None:
    """Where the caller closed a stream, what goes there goes nowhere."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the end)
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _close_streams() -> None:
    """What the streams still hold goes nowhere: the interpreter would fail on it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a stream without a file
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    """Leaves by the ordinary way, so that a chain's process is ended too."""
    raise SystemExit(128 + number)


class Version(argparse.Action):
    """`--version`, looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"liqsim {metadata.version('liqsim')}")
        parser.exit()


def parser() -> Parser:
    """The whole command line."""
    top = Parser(prog="liqsim", description="Runs real lending contracts under oracle price shocks.")
    top.add_argument("--version", action=Version, nargs=0, help="print the version and leave")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    one = _verb(verbs, "run", _run, "run one scenario")
    _scenario(one)
    one.add_argument("--chain", metavar="revm|anvil", help="in process (default), or a local anvil")
    one.add_argument("--seed", metavar="N", help="another seed than the scenario's")
    one.add_argument("--out", metavar="DIR", help="write the results directory here")
    _fork(one)
    one.add_argument("--band", metavar="F,…", help="run it at these factors of its venues' depth too, as 0.5,1,2")
    one.add_argument("--json", action="store_true", help="print the summary alone, as JSON")
    both = _verb(verbs, "compare", _compare, "run one scenario on several chains; exit 1 if the traces differ")
    _scenario(both)
    both.add_argument("--chains", default="revm,anvil", help="comma-separated (default: revm,anvil)")
    again = _verb(verbs, "report", _report, "render report.html of a results directory again")
    again.add_argument("directory", type=Path, metavar="DIR")
    _verb(verbs, "scenarios", _scenarios, "list the scenarios that ship")
    _scenario(_verb(verbs, "show", _show, "print a scenario, resolved"))
    real = _verb(verbs, "snapshot", _snapshot, "write the accounts of a real protocol as a scenario")
    real.add_argument("--protocol", required=True, help="aave-v3, morpho-blue or compound-v3")
    _fork(real)
    real.add_argument("--out", required=True, metavar="DIR", help="write scenario.yaml and positions.csv here")
    real.add_argument("--accounts", type=int, default=1000, metavar="N", help="the N that owe most (default: 1000)")
    real.add_argument("--address", help="where it stands, if not at its known place (Aave: the addresses provider)")
    real.add_argument("--since-block", type=int, metavar="N", help="with --address: where its events begin")
    real.add_argument(
        "--market", action="append", default=[], metavar="ID", help="with --address: a market of Morpho's"
    )
    for name in PLANNED:
        _verb(verbs, name, _planned, "not built yet").add_argument("rest", nargs="*")
    return top


def _verb(verbs: argparse._SubParsersAction[Parser], name: str, handler: Callable[..., int], text: str) -> Parser:
    found = verbs.add_parser(name, help=text, description=text)
    found.set_defaults(handler=handler, verb=name)
    return found


def _scenario(verb: Parser) -> None:
    verb.add_argument("scenario", metavar="SCENARIO", help="a file, or the name of one that ships")
    verb.add_argument("--set", action="append", default=[], metavar="path=value", help="replace one value (repeatable)")


def _fork(verb: Parser) -> None:
    told = "JSON-RPC address of the chain to fork, or env:NAME of the variable that holds it; never shown"
    verb.add_argument("--fork-url", metavar="URL", help=told)
    verb.add_argument("--fork-block", metavar="N", help="the block after which the fork begins")


def _forked(asked: argparse.Namespace) -> tuple[str, int] | None:
    """Address and block, if a fork is asked for."""
    if asked.fork_url is None and asked.fork_block is None:
        return None
    if asked.fork_url is None or asked.fork_block is None:
        missing = "--fork-url" if asked.fork_url is None else "--fork-block"
        raise InputError(missing, None, "both --fork-url and --fork-block, or neither")
    if not asked.fork_block.isascii() or not asked.fork_block.isdigit() or len(asked.fork_block) > 18:
        shown = asked.fork_block if len(asked.fork_block) <= LONGEST_SHOWN else "something long"
        raise InputError("--fork-block", shown, "a block number")
    return _address(asked.fork_url), int(asked.fork_block)


def _address(given: str) -> str:
    """The address itself, or what the variable it names holds."""
    from simulator.chain.secret_url import VARIABLE

    if not given.startswith("env:"):
        return given
    name = given.removeprefix("env:")
    found = os.environ.get(name)
    if not found:
        shown = given if VARIABLE.fullmatch(name) else "env: and no name of a variable"
        allowed = "the name of an environment variable that is set and holds the address, as env:NAME"
        raise InputError("--fork-url", shown, allowed)
    return found


def _notice(text: str) -> None:
    """Says what is waited for; a stream that takes no more is no reason to stop waiting."""
    with suppress(OSError, ValueError):
        print(f"liqsim: {text}", file=sys.stderr, flush=True)


def _check_out(given: str | None) -> None:
    """An address in the wrong place is no directory: its parts would become names of directories."""
    if given is not None and "://" in given:
        raise InputError("--out", given, "a directory")


def _asked(asked: argparse.Namespace) -> Scenario:
    scenario = Scenario.load(asked.scenario)
    for change in asked.set:
        path, equals, value = change.partition("=")
        if not equals or not path:
            raise InputError("--set", change, "path=value, as assets.WETH.liquidation_threshold=0.80")
        scenario = scenario.replace(path, value)
        if scenario.dropped:
            kind = scenario.protocol.kind
            print(f"liqsim: dropped, since {kind} fixes or lacks them: {', '.join(scenario.dropped)}", file=sys.stderr)
    if getattr(asked, "seed", None) is not None:
        scenario = scenario.replace("seed", asked.seed)
    return scenario


def _run(asked: argparse.Namespace) -> int:
    from simulator.progress import Line
    from simulator.report.table import summary_table
    from simulator.result import to_json, writable
    from simulator.running import band, open_chain, open_fork, run

    _check_out(asked.out)
    scenario, fork = _asked(asked), _forked(asked)
    if fork is not None and asked.chain not in (None, "anvil"):
        raise InputError("--chain", asked.chain, "anvil, which forks, or no --chain")
    out = None if asked.out is None else writable(asked.out)
    name = asked.chain or "revm" if fork is None else "fork"

    def fresh() -> Chain:
        return open_chain(name) if fork is None else open_fork(*fork, notice=_notice)

    with ExitStack() as opened:
        if asked.band is None:
            chain = opened.enter_context(closing(fresh()))
        line = opened.enter_context(Line(sys.stderr, scenario.name, name))
        if asked.band is None:
            result = run(scenario, chain, progress=line)
        else:
            result = band(scenario, asked.band.split(","), fresh, progress=line)
    if out is not None:
        result.write(out)
    if asked.json:
        print(to_json({**result.summary, "band": result.band} if result.band else result.summary), end="")
        return 0
    place, colour = f"{scenario.protocol.kind}, {name}", sys.stdout.isatty()
    about = (scenario.name, scenario.description, place)
    print(summary_table(result.summary, *about, colour=colour, band=result.band))
    if out is not None:
        print(f"\nresults: {out}  (open {out / 'report.html'})")
    return 0


def _compare(asked: argparse.Namespace) -> int:
    from simulator.progress import Line
    from simulator.running import compare

    scenario = _asked(asked)
    with Line(sys.stderr, scenario.name, asked.chains) as line:
        found = compare(scenario, asked.chains.split(","), progress=line)
    for result in found:
        counts = f"{len(result.outcome.trace.liquidations)} liquidations"
        print(f"{result.chain:6}  {result.digest}  {len(result.outcome.trace.steps)} steps, {counts}")
    print(f"{scenario.name}: traces are equal")
    return 0


def _snapshot(asked: argparse.Namespace) -> int:
    from simulator.progress import Stages
    from simulator.result import writable
    from simulator.running import open_fork
    from simulator.snapshot import known, named, take

    _check_out(asked.out)
    fork, out = _forked(asked), writable(asked.out)
    if fork is None:
        raise InputError("--fork-url", None, "both --fork-url and --fork-block: the chain to read")
    if asked.accounts < 1:
        raise InputError("--accounts", asked.accounts, "at least 1")
    if (asked.since_block or 0) < 0:
        raise InputError("--since-block", asked.since_block, "a block number")
    for option, given in (("--since-block", asked.since_block), ("--market", asked.market or None)):
        if asked.address is None and given is not None:
            raise InputError(option, given, f"no {option} without --address: where each deployment began is known")
    with ExitStack() as opened:
        chain = open_fork(*fork, notice=_notice)
        opened.callback(chain.close)
        places = (asked.protocol, chain.chain_id)
        where = named(*places, asked.address, asked.since_block or 0, asked.market) if asked.address else known(*places)
        line = opened.enter_context(Stages(sys.stderr, where.name))
        found = take(chain, where, asked.accounts, line)
    path = found.write(out)
    print(f"{len(found.holdings)} of {found.found} accounts: {path}")
    return 0


def _report(asked: argparse.Namespace) -> int:
    from simulator.report import render

    page = render(asked.directory)
    target = asked.directory / "report.html"
    try:
        target.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(str(target), error.strerror, "a file that can be written") from None
    print(target)
    return 0


def _scenarios(asked: argparse.Namespace) -> int:
    found = shipped()
    width = max(len(name) for name, _ in found)
    for name, text in found:
        print(f"{name:{width}}  {' '.join(text.split())}")
    return 0


def _show(asked: argparse.Namespace) -> int:
    print(_asked(asked).to_yaml(), end="")
    return 0


def _planned(asked: argparse.Namespace) -> int:
    built = "run, compare, snapshot, report, scenarios, show"
    raise InputError("liqsim", asked.verb, f"{built} (this verb is not built yet)")


if __name__ == "__main__":
    sys.exit(main())
