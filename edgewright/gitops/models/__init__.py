"""From an approved model package to a component version that is proposed for staging.

What comes from the registry is untrusted: archives are unpacked within bounds, nothing of them is executed, a graph is
parsed and tried in a process of its own, and every text is checked before it becomes a name, a path or YAML.
"""
