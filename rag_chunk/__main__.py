"""The program's entry: `rag-chunk` and `python -m rag_chunk`."""

import signal


def run() -> None:
    """Run the command line. Ctrl-C while it is being imported ends the process as the system does, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from rag_chunk.cli import program

    program()


if __name__ == "__main__":
    run()
