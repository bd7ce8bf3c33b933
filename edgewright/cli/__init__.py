"""Arguments, one verb a module, and the one boundary where exceptions become exit codes."""
