"""What the benchmarks share: servers in child processes, signed requests, a load generator, results."""
