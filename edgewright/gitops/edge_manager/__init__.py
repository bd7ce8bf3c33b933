"""Models that SageMaker compiles and packages: the legacy path into the catalog."""
