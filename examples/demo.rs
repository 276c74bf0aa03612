//! The bug and its repair, on a machine with nothing but Rust: `cargo run --example demo`.
//!
//! Starts a registry in this process, loads what a real build left behind when docker/buildx#2959
//! struck it, and runs the real `tagproof fix` on that. No Docker, no network, over in seconds.

#[path = "../tests/it/registry/mod.rs"]
mod registry;

use std::error::Error;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use registry::Registry;
use tagproof::clock::Clock;
use tagproof::environment::Environment;
use tagproof::run::{Process, run};

const SAMPLE: &str = "tests/data/samples/docker26-bug-2959";
const REPOSITORY: &str = "fq3/app";
const TAGS: [&str; 2] = ["1", "latest"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE);
    let registry = Registry::start();
    registry.load_sample(&sample, "registry.json");
    let host = registry.host();
    let metadata =
        std::fs::read_to_string(sample.join("metadata.json"))?.replace("localhost:5001", &host);

    say("What happened, recorded with Docker 26.1 and buildx 0.13:");
    say("  docker buildx build --push --platform linux/amd64,linux/arm64 -t app:1 -t app:latest .");
    say(
        "The build was green. Docker pushed the tags a second time, and left them on one platform:",
    );
    show(&registry);

    say("\n$ tagproof fix --settle 1 --depth children --metadata …\n");
    let code = fix(&metadata);

    say("\nWhat the tags point at now:");
    show(&registry);
    let expected = serde_json::from_str::<serde_json::Value>(&metadata)?
        .pointer("/containerimage.descriptor/digest")
        .and_then(|digest| digest.as_str().map(str::to_owned));
    let right = |tag: &&str| registry.tagged(REPOSITORY, tag) == expected;
    if code == 0 && expected.is_some() && TAGS.iter().all(right) {
        say("\nBoth are what the build made: the index of both platforms, byte for byte.");
        return Ok(ExitCode::SUCCESS);
    }
    say("\nThe tags are not what the build made: the demo failed.");
    Ok(ExitCode::FAILURE)
}

/// The real program, in this process.
fn fix(metadata: &str) -> u8 {
    // The recording has no configs, which the default depth reads.
    let depth = "--depth=children";
    let args = [
        "tagproof",
        "fix",
        "--settle",
        "1",
        depth,
        "--metadata",
        metadata,
    ];
    let mut stderr = io::stderr();
    run(Process {
        args: args.map(Into::into).to_vec(),
        environment: Environment::default(),
        stdin: &mut io::empty(),
        stdout: &mut io::stdout(),
        stderr: &mut stderr,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        width: None,
        clock: &RealClock(Instant::now()),
    })
}

fn show(registry: &Registry) {
    for tag in TAGS {
        let digest = registry.tagged(REPOSITORY, tag).unwrap_or_default();
        let media_type = registry.with(|state| {
            let manifests = &state.repository(REPOSITORY).manifests;
            manifests
                .get(&digest)
                .map(|manifest| manifest.media_type.clone())
        });
        let is_list = media_type.is_some_and(|it| it.contains("list") || it.contains("index"));
        let what = if is_list {
            "an index of all platforms"
        } else {
            "one platform's manifest"
        };
        say(&format!("  {REPOSITORY}:{tag:<7} -> {digest}  ({what})"));
    }
}

#[allow(clippy::print_stdout, reason = "a demo talks")]
fn say(text: &str) {
    println!("{text}");
}

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn unix_time(&self) -> u64 {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    }
}
