//! The bench: tagproof beside what people use today, on the same registry, at several distances.
//!
//! `bench/run` prepares what it needs and starts it; `docs/benchmarks.md` says what came of it.

#[path = "../tests/it/registry/mod.rs"]
mod registry;
#[allow(clippy::unwrap_used, reason = "a bench that panics has no result")]
#[path = "../tests/it/tls.rs"]
mod tls;
#[allow(clippy::unwrap_used, reason = "a bench that panics has no result")]
#[path = "../tests/it/token_server.rs"]
mod token_server;

#[cfg(unix)]
mod harness;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    harness::main()
}

#[cfg(not(unix))]
fn main() -> anyhow::Result<()> {
    anyhow::bail!("the bench measures processes as Unix does: run it on Linux or macOS")
}
