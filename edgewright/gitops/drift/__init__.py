"""Where the cloud and the devices are not what Git says, and how that is put right."""
