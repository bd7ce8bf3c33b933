"""Light core devices: ten thousand of them in the sandbox's server, for rollouts, status and benchmarks.

A light device is a record, not a process. It takes deployments by the same rules as a simulated device with scripts
(resolution, pins, configuration, staleness, roll-back) and reports in the same form, but nothing is downloaded and no
script runs: a component works unless a fault says that it does not. Devices with the same past share one state, and a
deployment is worked out once for all that are in the same state.
"""
