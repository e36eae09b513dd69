"""Two ICE agents of aioice find each other and exchange datagrams, as tests/relay/aioice.rs tells them on standard input.

Prints the type of each side's candidate in the pair they use, as "relay relay". An error is an exception.
"""

import asyncio
import json
import sys

from aioice import Connection, TransportPolicy, ice

ROUNDS = 50


def agent(spec, controlling):
    """An agent that offers its relayed candidate alone, or its address `host` alone."""
    relayed = spec["host"] is None
    return Connection(
        ice_controlling=controlling,
        turn_server=(spec["server"], spec["port"]) if relayed else None,
        turn_username=spec["username"],
        turn_password=spec["password"],
        turn_transport=spec["transport"],
        turn_ssl=spec["tls"],
        use_ipv6=False,
        transport_policy=TransportPolicy.RELAY if relayed else TransportPolicy.ALL,
    )


async def gather(connection, spec):
    # It leaves 127.0.0.1 out, and knows no other address of loopback: where it may be found is told.
    ice.get_host_addresses = lambda use_ipv4, use_ipv6: [spec["host"] or "127.0.0.1"]
    await connection.gather_candidates()


async def introduce(a, b):
    for candidate in a.local_candidates:
        await b.add_remote_candidate(candidate)
    await b.add_remote_candidate(None)
    b.remote_username, b.remote_password = a.local_username, a.local_password


async def converse(a, b):
    for number in range(ROUNDS):
        data = bytes([number]) * (4 * number + 1)
        await a.send(data)
        assert await b.recv() == data
        await b.send(data[::-1])
        assert await a.recv() == data


async def main():
    specs = json.load(sys.stdin)
    a, b = agent(specs[0], True), agent(specs[1], False)
    await gather(a, specs[0])
    await gather(b, specs[1])
    await introduce(a, b)
    await introduce(b, a)
    await asyncio.gather(a.connect(), b.connect())
    await converse(a, b)
    print(*(connection._nominated[1].local_candidate.type for connection in (a, b)))
    await asyncio.gather(a.close(), b.close())


asyncio.run(asyncio.wait_for(main(), 30))
