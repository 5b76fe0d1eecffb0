"""What a run is compared with: found, read, and judged again where its judge was another."""
