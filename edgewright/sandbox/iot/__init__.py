"""AWS IoT as Greengrass needs it: jobs that roll out, late joiners, attached policies, tags."""
