"""Signed requests of every carrier, for the command line, the demo and tests; not deployed."""
