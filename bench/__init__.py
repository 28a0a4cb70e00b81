"""What storefleet costs, measured against what the same work costs otherwise; see docs/benchmarks.md."""
