"""fwber_rt: a self-hosted proximity chat server.

The folder listing is the architecture: ``core`` (pure state), ``protocol`` (bytes and values), ``transport`` (sockets),
``storage`` (disk) and ``features`` (what people can do); ``app`` is the only module that sees all of them.
"""

__version__ = "0.1.0"
