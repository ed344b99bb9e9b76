from __future__ import annotations

import os
import socket

from infra.setup.ports import command_of, free_port, is_taken, owner_of


def test_a_port_is_taken_while_somebody_listens_on_it() -> None:
    port = free_port()
    assert not is_taken(port)
    with socket.create_server(("127.0.0.1", port)):
        assert is_taken(port)


def test_the_owner_of_a_port_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert owner_of(server.getsockname()[1]) == os.getpid()


def test_nobody_owns_a_free_port() -> None:
    assert owner_of(free_port()) is None


def test_a_process_that_is_gone_has_no_command() -> None:
    assert "python" in (command_of(os.getpid()) or "")
    assert command_of(2**22 + 1) is None
