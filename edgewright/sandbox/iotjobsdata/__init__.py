"""The data plane of IoT jobs: what a device asks of its jobs. moto has none."""
