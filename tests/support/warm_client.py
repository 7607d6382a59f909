"""The program `python` of a warm process: says what is to be run, passes signals on, and ends with its status.

python warm_client.py ADDRESS [WORDS OF PYTHON'S COMMAND LINE]
"""

# Modules of C alone: to import `socket` and `signal` takes longer than all else that this does.
import _signal  # type: ignore[import-not-found] # typeshed leaves it out
import _socket
import marshal
import os
import sys

_TO_PASS_ON = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM)


def main() -> int:
    """Have the program run; return its status."""
    address, *words = sys.argv[1:]
    connection = _socket.socket(_socket.AF_UNIX)
    connection.connect(address)
    request = marshal.dumps((words, os.getcwd(), dict(os.environ)))  # noqa: PTH109 - pathlib is slow to import
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(request)
    process = int.from_bytes(connection.recv(4), "big")
    for number in _TO_PASS_ON:
        _signal.signal(number, lambda number, _: os.kill(process, number))
    status = int.from_bytes(connection.recv(4), "big", signed=True)
    if status < 0:  # a signal has ended it
        if -status in _TO_PASS_ON:
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main())
