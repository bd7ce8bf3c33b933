"""The golden-set test: the inference components of a ring's devices are asked what somebody knows the answers to."""
