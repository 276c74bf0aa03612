//! The machine that the figures are from, and the sizes of what was measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What is worth saying of it.
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) system: String,
    pub(crate) registry: String,
    /// The load average over the last minute, before and after.
    pub(crate) load: Vec<String>,
    /// How long `cargo build` from nothing took, where `bench/run --build` measured it.
    pub(crate) build: Option<f64>,
    pub(crate) native: Option<u64>,
    pub(crate) component: Option<u64>,
}

impl Machine {
    pub(crate) fn look(root: &Path) -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("unknown processor", |(_, name)| name);
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let system = release
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="))
            .unwrap_or("unknown system");
        let kernel = said("uname", &["-sr"]);
        let size = |path: &str| fs::metadata(root.join(path)).ok().map(|it| it.len());
        let build = fs::read_to_string(root.join("target/bench/build-seconds"));
        let mut machine = Self {
            processor: processor.to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            system: format!("{}, {kernel}", system.trim_matches('"')),
            registry: said("docker-registry", &["--version"])
                .split_whitespace()
                .find(|word| word.starts_with(|it: char| it.is_ascii_digit() || it == 'v'))
                .unwrap_or("unknown")
                .to_owned(),
            load: Vec::new(),
            build: build.ok().and_then(|text| text.trim().parse().ok()),
            native: size("target/release/tagproof"),
            component: size("target/component/tagproof.wasm"),
        };
        machine.note_load();
        machine
    }

    pub(crate) fn shown_load(&self) -> String {
        match (self.load.first(), self.load.last()) {
            (Some(first), Some(last)) => format!("{first} at the start, {last} at the end"),
            _ => "unknown".to_owned(),
        }
    }

    pub(crate) fn note_load(&mut self) {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        self.load.push(load.to_owned());
    }
}

fn said(program: &str, args: &[&str]) -> String {
    Command::new(program)
        .args(args)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}
