"""Loaded by every Python process whose PYTHONPATH names this folder: no host is looked up or
called but this machine, and each attempt is a line in the file that GAIT_LOOKUPS names."""

import ipaddress
import os
import sys

_EVENTS = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.connect": 1}


def _is_here(host: object) -> bool:
    if isinstance(host, tuple):
        host = host[0]
    if isinstance(host, bytes):
        host = host.decode()
    if not host or host == "localhost" or "/" in host:  # a Unix socket is a path
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hook(event: str, arguments: tuple) -> None:
    if event in _EVENTS and not _is_here(arguments[_EVENTS[event]]):
        with open(os.environ["GAIT_LOOKUPS"], "a") as file:
            file.write(f"{event} {arguments}\n")
        raise OSError("this test is offline")


sys.addaudithook(_hook)
