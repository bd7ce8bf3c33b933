"""What rings run against what Git wants of them: one assessment for `status`, `drift` and the report."""
