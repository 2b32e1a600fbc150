"""A demonstration: the server, and a simulated crowd that walks and talks where a visitor is.

The crowd is guests of the Python client, each with a connection of its own, and does only what any client can do. Everything of
it says so: every name ends in ``(demo)``, every room's begins with ``Demo``, and ``server.about`` tells the page.

Where a visitor is, the crowd learns from the server beside it in this process, and no more than any neighbour would: the hexagon
the visitor is *shown* in, and when it is shown. So it is as late as everybody else, and does not come to who is not on the map.
"""
