"""The Python client: ``from fwber_rt.client import Client, guest``, or with an account ``sign_in``.

me = await guest("http://127.0.0.1:8080", "Ada")
async with Client("http://127.0.0.1:8080", me.token) as client:
    await client.location(31.57, 120.30)
    await client.say("Hello, whoever is near")
    async for push in client:
        print(push.t, push.s, push.d)
"""

from fwber_rt.client.client import Client
from fwber_rt.client.errors import (
    AuthFailed,
    Banned,
    ClientClosed,
    ClientError,
    ConnectionLost,
    HandshakeRefused,
    Overtaken,
    ProtocolViolated,
    Replaced,
    RequestError,
    Revoked,
    Stopped,
)
from fwber_rt.client.guests import Guest, guest
from fwber_rt.client.positions import Push
from fwber_rt.client.reconnect import Backoff
from fwber_rt.client.signing_in import Account, register, sign_in
from fwber_rt.client.state import State, Statistics

__all__ = [
    "Account", "AuthFailed", "Backoff", "Banned", "Client", "ClientClosed", "ClientError", "ConnectionLost", "Guest",
    "HandshakeRefused", "Overtaken", "ProtocolViolated", "Push", "Replaced", "RequestError", "Revoked", "State", "Statistics",
    "Stopped", "guest", "register", "sign_in",
]  # fmt: skip
