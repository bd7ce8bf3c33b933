"""Simulated core devices: what the Greengrass nucleus does, with real lifecycle scripts, on this machine.

The rules are those of the nucleus's own source (aws-greengrass-nucleus, classic); each module names the class it
follows. Pure rules (``configuration``, ``resolution``, ``interpolation``, ``recipes``, ``documents``) know neither
threads nor HTTP; ``machine`` and ``process`` run scripts; ``nucleus`` puts them together for one device, ``host``
runs all devices of a sandbox in one process.
"""
