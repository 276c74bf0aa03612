//! Who is measured: tagproof in its three forms, and what people use today, each as they use it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::gauge::Line;
use super::scene::{Condition, Places, Scene};

/// The most connections to one registry that tagproof has unless it is told otherwise.
pub(crate) const AT_ONCE: usize = 4;

/// A program that says where one tag points.
#[derive(Clone, Debug)]
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    program: PathBuf,
    pub(crate) version: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    CraneDigest,
    CraneManifest,
    Regctl,
    Skopeo,
    Oras,
    Buildx,
}

const RIVALS: [(&str, &str, &[&str], Kind); 6] = [
    ("crane digest", "crane", &["version"], Kind::CraneDigest),
    ("crane manifest", "crane", &["version"], Kind::CraneManifest),
    (
        "regctl manifest head --require-digest",
        "regctl",
        &["version", "--format", "{{.VCSTag}}"],
        Kind::Regctl,
    ),
    (
        "skopeo inspect --raw",
        "skopeo",
        &["--version"],
        Kind::Skopeo,
    ),
    ("oras resolve", "oras", &["version"], Kind::Oras),
    (
        "buildx imagetools inspect --raw",
        "buildx",
        &["version"],
        Kind::Buildx,
    ),
];

/// The rivals that are here, and the names of those that are missing.
pub(crate) fn rivals(tools: &Path) -> (Vec<Rival>, Vec<&'static str>) {
    let (mut here, mut missing) = (Vec::new(), Vec::new());
    for (name, program, version, kind) in RIVALS {
        let own = tools.join(program);
        let program = if own.exists() {
            own
        } else {
            PathBuf::from(program)
        };
        match Command::new(&program).args(version).output() {
            Ok(output) => here.push(Rival {
                name,
                version: version_of(&program, &String::from_utf8_lossy(&output.stdout)),
                program,
                kind,
            }),
            Err(_) => missing.push(name),
        }
    }
    (here, missing)
}

/// What a program says of its version, or what Go wrote into it when it was installed.
fn version_of(program: &Path, said: &str) -> String {
    let built = Command::new("go")
        .args(["version", "-m"])
        .arg(program)
        .output();
    let built = built.map(|it| String::from_utf8_lossy(&it.stdout).into_owned());
    let module = built.unwrap_or_default();
    let module = module
        .lines()
        .find_map(|line| line.trim().strip_prefix("mod\t"))
        .and_then(|line| line.split('\t').nth(1));
    let is_number = |word: &&str| word.starts_with(|it: char| it.is_ascii_digit() || it == 'v');
    let word = said
        .split_whitespace()
        .find(|word| is_number(word) && word.contains('.'));
    module
        .filter(|it| it.starts_with('v'))
        .or(word)
        .unwrap_or("unknown")
        .trim_start_matches('v')
        .to_owned()
}

impl Rival {
    /// The command line up to the reference, and what is put before that.
    fn words(&self, scene: &Scene) -> (Vec<String>, &'static str) {
        let is_plain = !scene.condition.is_tls;
        let mut words = vec![self.program.display().to_string()];
        let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
        let mut prefix = "";
        match self.kind {
            Kind::CraneDigest => add(&["digest"]),
            Kind::CraneManifest => add(&["manifest"]),
            Kind::Regctl => {
                if is_plain {
                    for host in scene.hosts() {
                        add(&["--host", &format!("reg={host},tls=disabled")]);
                    }
                }
                add(&["manifest", "head", "--require-digest"]);
            }
            Kind::Skopeo => {
                add(&["inspect", "--raw"]);
                if is_plain {
                    add(&["--tls-verify=false"]);
                }
                prefix = "docker://";
            }
            Kind::Oras => {
                add(&["resolve"]);
                if is_plain {
                    add(&["--plain-http"]);
                }
            }
            Kind::Buildx => add(&["imagetools", "inspect", "--raw"]),
        }
        (words, prefix)
    }

    /// One process for one tag.
    pub(crate) fn one(&self, places: &Places, scene: &Scene, name: &str) -> Line {
        let (mut words, prefix) = self.words(scene);
        words.push(format!("{prefix}{name}"));
        Line {
            words,
            environment: scene.environment(places),
        }
    }

    /// What says as much of the platforms of one tag as the default depth, where this can.
    pub(crate) fn below(
        &self,
        places: &Places,
        scene: &Scene,
        name: &str,
        platforms: &[(&str, String)],
    ) -> Vec<(&'static str, Line)> {
        let program = self.program.display().to_string();
        let repository = name
            .rsplit_once(':')
            .map_or(name, |(repository, _)| repository);
        let script = |lines: &[String]| Line {
            words: ["sh", "-e", "-c", &lines.join("\n")]
                .map(str::to_owned)
                .to_vec(),
            environment: scene.environment(places),
        };
        match self.kind {
            Kind::CraneManifest => {
                let mut lines = vec![format!("{program} manifest {name}")];
                for (_, digest) in platforms {
                    lines.push(format!("{program} manifest {repository}@{digest}"));
                    lines.push(format!("{program} config {repository}@{digest}"));
                }
                let validate = [format!("{program} validate --fast --remote {name}")];
                vec![
                    (
                        "`crane manifest` and `crane config`, a loop",
                        script(&lines),
                    ),
                    ("crane validate --fast --remote", script(&validate)),
                ]
            }
            Kind::Skopeo => {
                let tls = if scene.condition.is_tls {
                    ""
                } else {
                    " --tls-verify=false"
                };
                let lines: Vec<String> = platforms
                    .iter()
                    .map(|(architecture, _)| {
                        format!("{program} inspect --config{tls} --override-os linux --override-arch {architecture} docker://{name}")
                    })
                    .collect();
                vec![("`skopeo inspect --config`, a loop", script(&lines))]
            }
            Kind::CraneDigest | Kind::Regctl | Kind::Oras | Kind::Buildx => Vec::new(),
        }
    }

    /// One process a tag, one after the other or `at_once` together.
    pub(crate) fn all(
        &self,
        places: &Places,
        scene: &Scene,
        names: &[String],
        at_once: usize,
    ) -> Line {
        let (words, prefix) = self.words(scene);
        let references: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let script = match at_once {
            1 => "for name in $NAMES; do \"$@\" \"$name\" || exit 1; done".to_owned(),
            _ => format!("printf '%s\\n' $NAMES | xargs -P {at_once} -n 1 \"$@\""),
        };
        let mut environment = scene.environment(places);
        environment.push(("NAMES".to_owned(), references.join("\n")));
        let shell = ["sh", "-c", &script, "sh"].map(str::to_owned);
        Line {
            words: shell.into_iter().chain(words).collect(),
            environment,
        }
    }
}

/// A form of tagproof.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    words: Vec<String>,
    environment: Vec<(String, String)>,
    /// Whether it sees only the folder it is given.
    is_boxed: bool,
}

/// The forms that are here: native first.
pub(crate) fn forms(root: &Path, places: &Places) -> Vec<Form> {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(
            said.split_whitespace()
                .find(|it| it.contains('.'))?
                .trim_start_matches('v')
                .to_owned(),
        )
    };
    let mut forms = vec![Form {
        name: "tagproof",
        version: env!("CARGO_PKG_VERSION").to_owned(),
        words: vec![root.join("target/release/tagproof").display().to_string()],
        environment: Vec::new(),
        is_boxed: false,
    }];
    let component = root.join("target/component/tagproof.wasm");
    let own = root.join("target/tools/bin/wasmtime");
    let wasmtime = if own.exists() {
        own.display().to_string()
    } else {
        "wasmtime".to_owned()
    };
    if let (true, Some(version)) = (component.exists(), version(&wasmtime)) {
        forms.push(Form {
            name: "tagproof under wasmtime",
            version,
            words: vec![wasmtime, component.display().to_string()],
            environment: Vec::new(),
            is_boxed: true,
        });
    }
    let own = root.join("target/hosts/node_modules/node24/bin/node");
    let node = if own.exists() {
        own.display().to_string()
    } else {
        "node".to_owned()
    };
    if let (true, Some(version)) = (root.join("dist/launcher.cjs").exists(), version(&node)) {
        let cache = places.work.join("node-cache").display().to_string();
        forms.push(Form {
            name: "tagproof under Node",
            version,
            words: vec![node, root.join("action/main.mjs").display().to_string()],
            environment: vec![("NODE_COMPILE_CACHE".to_owned(), cache)],
            is_boxed: false,
        });
    }
    forms
}

impl Form {
    /// A run over a metadata file.
    pub(crate) fn run(&self, places: &Places, scene: &Scene, args: &[&str]) -> Line {
        let mut environment = scene.environment(places);
        environment.extend(self.environment.iter().cloned());
        let mut words = self.words.clone();
        if self.is_boxed
            && let Some(component) = words.pop()
        {
            let folder = places.work.display().to_string();
            let options = [
                "run",
                "-S",
                "inherit-network=y,allow-ip-name-lookup=y",
                "--dir",
                &folder,
            ];
            words.extend(options.map(str::to_owned));
            for (name, value) in &environment {
                words.extend(["--env".to_owned(), format!("{name}={value}")]);
            }
            words.push(component);
        }
        words.extend(args.iter().map(|&word| word.to_owned()));
        Line { words, environment }
    }
}

/// The fewest round trips: connections opened one after the other, a challenge, a token, and reads
/// over `at_once` connections.
pub(crate) fn floor(condition: Condition, tags: usize, at_once: usize) -> f64 {
    let open = if condition.is_tls { 2.0 } else { 1.0 };
    let login = if condition.has_login {
        1.0 + open + 1.0
    } else {
        0.0
    };
    let reads = tags.div_ceil(at_once);
    let trips = open + login + f64::from(u32::try_from(reads).unwrap_or(u32::MAX));
    trips * f64::from(u32::try_from(condition.rtt).unwrap_or(u32::MAX))
}
