"""What a team does with Git: releases edited as files, carried from ring to ring as commits, undone by a revert."""
