"""The program's entry: `rag-chunk` and `python -m rag_chunk`."""

import gc
import os
import signal

# Objects that are made before the collector looks for circles: with 700 it looks at every import again. A short run makes
# about 100,000, most of them in modules.
_OBJECTS = 200_000
_SETTINGS = {  # of libraries, read when they are imported
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # to find them, the metadata of every installed package would be read
    "OPENBLAS_NUM_THREADS": "1",  # configurations use the cores; several threads of a small product wait for each other
}


def run() -> None:
    """Run the command line. Ctrl-C while it is being imported ends the process as the system does, without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(_OBJECTS, 20, 20)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    from rag_chunk.cli import program

    try:
        program()
    finally:
        gc.freeze()  # as it ends, Python would look for circles in all that is there, which takes a tenth of a short run


if __name__ == "__main__":
    run()
