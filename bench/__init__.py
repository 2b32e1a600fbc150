"""The load suite: ``python -m bench`` measures a real server in its own process and checks what it measures.

One module per bench, listed in ``suite.py``; what they share stands beside them:
``harness`` starts and kills servers, ``wire`` speaks WebSocket over plain sockets, ``crowd`` opens many authenticated
connections, ``flood`` is the load generator, ``stats`` and ``report`` say what came out. ``peers/`` are the servers we are
compared with.
"""
