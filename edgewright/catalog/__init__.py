"""Private components: recipes, the lock, reproducible artifacts. See docs/architecture.md."""
