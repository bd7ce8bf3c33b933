"""A stand-in for the official `aws` plugin, for machines that cannot get it. It talks to the sandbox, and only to it.

It serves the tokens of pulumi-aws that the program uses, and refuses every other one by name. Inputs are checked
against the types of the installed pulumi-aws package (``types.json``, made by ``generate``), values against the rules
of the real provider. What it answers is what AWS answered: state is read back, never echoed.

Where the real provider and this one could differ, the real one is right: ``tests/standin`` runs both and compares.
"""
