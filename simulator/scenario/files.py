"""The text of a file that a user named, read whole but never without end."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from simulator.errors import InputError


def file_text(path: str, file: Path, shown: str, kind: str, most: int) -> str:
    """The text of `file`, of at most `most` bytes; raises InputError at `path` that names it `shown`, a `kind`.

    Anything but a regular file is refused before it is opened: a device has no end, and a pipe may never begin.
    """
    allowed = f"a readable {kind} in UTF-8"
    try:
        found = file.stat()
        if not S_ISREG(found.st_mode):
            raise InputError(path, shown, f"{allowed} (not a regular file)")
        if found.st_size > most:
            raise InputError(path, f"{shown} of {found.st_size} bytes", f"at most {most} bytes")
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, shown, "a file that exists, relative to the scenario") from None
    except OSError as error:
        raise InputError(path, shown, f"{allowed} ({error.strerror})") from None
    except ValueError:
        raise InputError(path, shown, f"{allowed} (not UTF-8)") from None
