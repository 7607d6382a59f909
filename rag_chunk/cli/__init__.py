"""The command line: parse, one library call, print."""

import errno
import io
import os
import sys
from pathlib import Path

from rag_chunk.cli.app import app, say
from rag_chunk.errors import InputError, Interrupted, RagChunkError, interruptible

__all__ = ["app", "main", "program"]


_NOBODY_READS = 1  # with which Typer and rich end where the reader of our output has gone
_BROKEN_PIPE = 141  # the shell's status for that
_NO_TEMPORARY_FOLDER = "No usable temporary directory"  # how the error of `tempfile` begins
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def program() -> None:
    """Run the command line as a process of its own, which ends with it.

    Python would wait for the threads that MLflow has begun for a call that was given up.
    """
    try:
        main()
    except SystemExit as ended:
        bounded = sys.modules.get("rag_chunk.mlflow_tracker.bounded")
        if bounded and bounded.GIVEN_UP.is_set():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ended.code if isinstance(ended.code, int) else 0)
        raise


def main() -> None:
    """Run the command line; end with the status that belongs to what happened."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a sign shows its number
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with interruptible():
            _check_working_folder()
            app(arguments, prog_name="rag-chunk")
    except SystemExit as ended:
        if ended.code == _NOBODY_READS:
            sys.exit(_BROKEN_PIPE)
        raise
    except Interrupted as interrupted:
        say(f"rag-chunk: {interrupted}")
        sys.exit(interrupted.exit_status)
    except RagChunkError as error:
        if debug:
            raise
        from rag_chunk.config.redaction import redact  # a store may answer with what it was sent

        say(f"rag-chunk: {redact(str(error))}")
        sys.exit(error.exit_status)
    except OSError as error:
        message = _explain_disk(error)
        if message is None or debug:
            raise
        say(f"rag-chunk: {message}")
        sys.exit(InputError.exit_status)


def _explain_disk(error: OSError) -> str | None:
    """Return what is wrong with the disk, in a sentence; None where the error may be a fault of the program."""
    if error.errno in _FULL:
        return f"the results cannot be written: {error.strerror}"
    if str(error.strerror).startswith(_NO_TEMPORARY_FOLDER):
        return "there is no folder for temporary files. Set TMPDIR to a folder that you may write to"
    return None


def _check_working_folder() -> None:
    """Raise `InputError` where the working folder was removed, or its name cannot be written in a report."""
    try:
        str(Path.cwd()).encode()
    except OSError:
        raise InputError("the working folder no longer exists; change to another folder") from None
    except UnicodeEncodeError:
        raise InputError("the working folder's name is not UTF-8, and no report can say it; rename it") from None
