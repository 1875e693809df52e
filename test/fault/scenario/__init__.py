"""Scenarios of faults for a sink over a cluster of three brokers: each a short story with one fault that
is seen to take effect, and two judges at its end. `test/fault/scenarios.py` plays them."""
