"""The command line as a process: where results may go, streams that fail, and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import compare, run, running
from simulator.cli import main
from simulator.errors import InputError
from simulator.result import Result

# SIGINT is ignored in what a shell starts in the background, and would stay so in a child.
START = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
LIQSIM = [sys.executable, "-c", START + "from simulator.cli import main; sys.exit(main())"]
ROOT = Path(__file__).parents[1]
LINUX = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")


@pytest.fixture(scope="module")
def cascade() -> Result:
    return run("two-account-cascade")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to run in, with one of everything in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    (tmp_path / "link").symlink_to("empty", target_is_directory=True)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    return tmp_path


def tree(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


REFUSED = [
    "", ".", "..", "full/..", "/", "full", "afile", "afile/sub", "afile/sub/deeper", "link", "dangling", "dangling/sub",
    "circle", "circle/sub", "n" * 300, f"missing/{'n' * 300}", "n/" * 3_000, "/dev/null", "/dev/null/x",
]  # fmt: skip


@pytest.mark.parametrize("out", [*REFUSED, pytest.param("/proc/foo", marks=LINUX)], ids=lambda out: out[:20] or "none")
def test_out_is_refused_before_anything_runs(
    out: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], cascade: Result
) -> None:
    """One line with the path, what was found and what is allowed; exit 2, and nothing is left behind."""
    opened: list[str] = []
    monkeypatch.setattr(running, "open_chain", opened.append)
    before = tree(place)
    assert main(["run", "two-account-cascade", "--out", out]) == 2
    found = capsys.readouterr()
    assert opened == []
    assert found.out == ""
    (line,) = found.err.splitlines()
    assert line.startswith("liqsim: --out: found ")
    assert "; allowed: a directory that does not exist yet" in line
    with pytest.raises(InputError, match="--out"):
        cascade.write(out)
    assert tree(place) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_out_where_nothing_may_be_written(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "empty").chmod(0o500)
    assert main(["run", "two-account-cascade", "--out", "empty/out"]) == 2
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["new", "new/below/it", "empty", "link/new", "./new/", "n" * 255])
def test_out_where_results_can_go(out: str, place: Path, cascade: Result) -> None:
    """Also below a link, and under the longest name there is."""
    assert (cascade.write(out, render=lambda draft: "<html></html>") / "report.html").is_file()
    assert not [name for name in tree(place) if "liqsim" in name]


def test_a_disk_that_takes_no_more_is_an_error_of_input(place: Path, cascade: Result) -> None:
    """And leaves nothing, not even the directories above."""

    def full(draft: Path) -> str:
        raise OSError(28, "No space left on device")

    before = tree(place)
    with pytest.raises(InputError, match="--out: found 'No space left on device"):
        cascade.write("new/below", render=full)
    assert tree(place) == before


@pytest.mark.parametrize("chains", ["revm,foo", "foo,revm", "revm,revm", "revm,anvil,revm", "revm", "", "revm,", ","])
def test_chains_are_checked_before_any_runs(
    chains: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(running, "open_chain", opened.append)
    assert main(["compare", "two-account-cascade", "--chains", chains]) == 2
    assert capsys.readouterr().err.startswith("liqsim: --chains: found ")
    with pytest.raises(InputError, match="--chains"):
        compare("two-account-cascade", chains.split(","))
    assert opened == []


# ---------------------------------------------------------------- streams


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """`command` with $0... as the command line, its own exit code."""
    return subprocess.run(
        ["bash", "-c", command, *LIQSIM], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
VERBS = ["scenarios", "show two-account-cascade", "run two-account-cascade", "run two-account-cascade --json"]


@FULL
@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_behind_stdout_is_one_line(verb: str) -> None:
    done = shell(f'"$0" "$@" {verb} >/dev/full')
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "liqsim: No space left on device"
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@FULL
def test_a_full_disk_behind_stderr_ends_with_1() -> None:
    assert shell('"$0" "$@" run two-account-cascade 2>/dev/full').returncode == 1
    assert shell('"$0" "$@" run nothing-such 2>/dev/full').returncode == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_reader_that_left_is_no_failed_check(verb: str) -> None:
    """128 and SIGPIPE, as of any program in a pipe."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*LIQSIM, *verb.split()], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT, check=False
        )
    finally:
        os.close(write)
    assert done.returncode == 141
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(streams: str) -> None:
    done = shell(f'"$0" "$@" run two-account-cascade {streams}')
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------- signals


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf8").split()]


@LINUX
@pytest.mark.parametrize("chain", ["revm", "anvil"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_ended_leaves_no_directory_and_no_child(
    tmp_path: Path, chain: str, number: signal.Signals, code: int
) -> None:
    """Ended after its first line of progress, at a quarter of the way."""
    long = ["--set", "clock.steps=4000"]
    command = [*LIQSIM, "run", "two-account-cascade", *long, "--chain", chain, "--out", str(tmp_path / "new" / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as started:
        assert started.stderr
        first = started.stderr.readline()
        left = children(started.pid)
        started.send_signal(number)
        out, err = started.communicate(timeout=60)
    assert first.startswith(f"two-account-cascade on {chain}: step 1000/4000")
    assert len(left) == (chain == "anvil")
    assert started.returncode == code
    assert out == ""
    assert err == ("liqsim: interrupted\n" if number == signal.SIGINT else "")
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
    assert list(tmp_path.iterdir()) == []


def test_the_module_is_the_command() -> None:
    """`python -m simulator.cli` does what `liqsim` does, and does not leave in silence."""
    command = [sys.executable, "-m", "simulator.cli", "show", "nothing-of-this-name"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 2 and done.stderr.startswith("liqsim: ")
