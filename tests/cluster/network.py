"""This process comes in; from then on it and its children have a network of their own, with nobody else in it."""

from __future__ import annotations

import fcntl
import socket
import struct

from tests.fuzz.process import leave_the_network

_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40


def enter_own_network() -> bool:
    """Whether the system lets us; then `lo` is up, and nothing that listens can be reached from anywhere else."""
    if not leave_the_network():
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH", b"lo", _IFF_UP | _IFF_RUNNING))
    return True
