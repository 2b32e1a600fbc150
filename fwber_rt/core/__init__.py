"""Live state: pure and synchronous. Nothing here waits, reads a clock, draws randomness, or touches a socket or a file."""
