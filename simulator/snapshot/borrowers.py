"""Who has ever borrowed: found in event logs, for no protocol keeps a list."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.chain import abi
from simulator.chain.log_scan import Scanned, Topic
from simulator.snapshot.source import Progress, Source, Stage


def borrowers(
    source: Source,
    pool: str,
    topics: Sequence[Topic],
    topic_index: int,
    first: int,
    last: int | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """The addresses in topic `topic_index` of the logs of `pool` with `topics`, each once, in order of appearance."""
    found: dict[str, None] = {}

    def told(scanned: Scanned) -> None:
        if progress is not None:
            done, all = scanned.done - scanned.first + 1, scanned.last - scanned.first + 1
            progress(Stage("events", done, all, len(found)))

    for log in source.logs(pool, topics, first, last, told):
        if len(log.topics) > topic_index:
            found[abi.to_address(int.from_bytes(log.topics[topic_index], "big"))] = None
    return list(found)
