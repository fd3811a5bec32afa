"""A whole fleet, its cluster and the world around it, simulated: everything random comes from one seed.

The agents are the real code, one `Node` a process; what they talk to is simulated. A seed that fails replays
to the same trace, byte for byte:

    python -m simulation 17          # from operator-src/tests: the timeline of seed 17
"""
