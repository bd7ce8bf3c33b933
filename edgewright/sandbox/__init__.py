"""AWS on a loopback port, and simulated core devices, so that every change can be tried on one machine first.

moto's server answers what moto has; what it lacks, or answers in another way than AWS, is here in moto's own form
(``models``, ``responses``, ``urls``, ``exceptions``). A client sees no difference but ``AWS_ENDPOINT_URL`` and its
credentials. Nothing here may be imported by the program, the provider or the verbs that talk to the real AWS.
"""
