"""SemVer and npm ranges."""
