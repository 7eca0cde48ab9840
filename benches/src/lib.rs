//! Benchmarks of each stage; see `benches/` beside this file and docs/benchmarks.md.
