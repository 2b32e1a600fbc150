"""The load suite: ``python -m bench`` measures a real server in its own process and checks what it measures.

One module per bench, listed in ``suite.py``; what they share stands beside them:
``server`` is what is measured: one of our own (``harness`` starts and kills it) or a target that runs already; ``door`` is where
it is entered, TLS or not. ``wire`` speaks WebSocket over plain sockets, ``crowd`` opens many authenticated connections.
``flood`` is the load generator of closed loops, ``exchange`` and ``openloop`` that of open ones, ``search`` finds the largest
load that holds. ``usage`` (with ``scrape``) says what it took, ``stats``, ``report``, ``plot`` and ``page`` what came out,
``compare`` what changed, ``targets`` what the paper asks. ``peers/`` are the servers we are compared with.
"""
