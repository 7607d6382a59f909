"""The command line: parse, one library call, print."""

import sys

from rag_chunk.cli import analyze, chunk, comparing, configs, init, questions, score, strategies, tracking
from rag_chunk.cli.app import app, say
from rag_chunk.errors import RagChunkError
from rag_chunk.interrupts import Interrupted, interruptible

__all__ = [
    "analyze",
    "app",
    "chunk",
    "comparing",
    "configs",
    "init",
    "main",
    "questions",
    "score",
    "strategies",
    "tracking",
]


def main() -> None:
    """Run the command line; end with the status that belongs to what happened."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        with interruptible():
            app(arguments, prog_name="rag-chunk")
    except Interrupted as interrupted:
        say(f"rag-chunk: {interrupted}")
        sys.exit(interrupted.exit_status)
    except RagChunkError as error:
        if debug:
            raise
        say(f"rag-chunk: {error}")
        sys.exit(error.exit_status)
