//! A platform: what an image runs on, or what somebody asks of it.
//!
//! The text is containerd's: `os(version+feature)/architecture/variant`, or the operating system or
//! the architecture alone. It is compared in containerd's normal form (`containerd/platforms`,
//! `Parse` and `Normalize`), with one difference. Where a part is left out, containerd takes that
//! of the machine that it runs on. This program runs elsewhere than the build, so what was left
//! out stays out: any image that has the part that was written is what was asked for.

mod described;

use std::fmt;
use std::str::FromStr;

pub use described::Described;

/// A platform in normal form: `arm64` is `arm64/v8` without saying so, `arm` is `arm/v7`, `x86_64`
/// is `amd64`. Two platforms that print alike are equal, and what is printed is read again as the
/// same.
///
/// What an image says of itself names both halves; what was asked for may name one of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// One of the two is always there.
    os: Option<Os>,
    machine: Option<Machine>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Os {
    name: String,
    version: Option<String>,
    /// Sorted, each once.
    features: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Machine {
    architecture: String,
    variant: Option<String>,
}

/// The operating systems and architectures that stand alone: those of Go, as containerd has them.
const SYSTEMS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];
const ARCHITECTURES: [&str; 24] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "arm64",
    "arm64be",
    "armbe",
    "loong64",
    "mips",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// The longest part, in bytes; version and features together have one limit.
const MAX_PART: usize = 64;
const MAX_OPTIONS: usize = 128;

impl Platform {
    /// What a descriptor or a config says, if it says anything: one without an operating system or
    /// without an architecture claims nothing, nor does the `unknown/unknown` of an attestation.
    #[must_use]
    pub fn described(by: &Described) -> Option<Self> {
        let features = by.os_features.as_deref().unwrap_or_default();
        let version = by.os_version.as_deref().unwrap_or_default();
        let variant = by.variant.as_deref().unwrap_or_default();
        let platform = Self {
            os: Some(Os::new(by.os.as_deref()?, version, features).ok()?),
            machine: Some(Machine::new(by.architecture.as_deref()?, variant).ok()?),
        };
        (!platform.is_unknown()).then_some(platform)
    }

    /// Whether this is the `unknown/unknown` that attestation manifests carry.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let machine = self.machine.as_ref();
        self.os_name() == Some("unknown") || machine.is_some_and(|it| it.architecture == "unknown")
    }

    /// Whether the architecture was left out. One image could be for any.
    #[must_use]
    pub fn is_os_alone(&self) -> bool {
        self.machine.is_none()
    }

    /// Whether an image for `other` is what was asked for with this: all that this names is there.
    /// A version is there where the other's begins with its numbers, and variants are equal.
    #[must_use]
    pub fn is_met_by(&self, other: &Self) -> bool {
        self.is_met_but_for_options(other)
            && match (&self.os, &other.os) {
                (Some(asked), Some(os)) => asked.options_are_met_by(os),
                (asked, _) => asked.is_none(),
            }
    }

    /// Whether only the version or the features keep this from being met by `other`, which may
    /// just not name them: a descriptor can say less than the config.
    #[must_use]
    pub fn is_left_open_by(&self, other: &Self) -> bool {
        self.is_met_but_for_options(other) && !self.is_met_by(other)
    }

    fn is_met_but_for_options(&self, other: &Self) -> bool {
        (self.os.is_none() || self.os_name() == other.os_name())
            && (self.machine.is_none() || self.machine == other.machine)
    }

    /// The operating system, in Go's words.
    #[must_use]
    pub fn system(&self) -> Option<&str> {
        self.os_name()
    }

    /// The architecture, in Go's words.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        self.machine.as_ref().map(|it| it.architecture.as_str())
    }

    /// Whether an image that says it is for `own` is not one for this: another system or architecture,
    /// another build of Windows, or a variant that not every machine of this one's can run.
    #[must_use]
    pub fn contradicts(&self, own: &Self) -> bool {
        let builds = || Some((self.windows_build()?, own.windows_build()?));
        let levels = || {
            Some((
                self.machine.as_ref()?.level()?,
                own.machine.as_ref()?.level()?,
            ))
        };
        self.os_name() != own.os_name()
            || self.architecture() != own.architecture()
            || builds().is_some_and(|(listed, own)| listed != own)
            || levels().is_some_and(|(listed, own)| own > listed)
    }

    /// The build of Windows: images run on the one that they were made for (Microsoft, "Windows
    /// container version compatibility").
    fn windows_build(&self) -> Option<&str> {
        let os = self.os.as_ref().filter(|os| os.name == "windows")?;
        os.version.as_deref()?.split('.').nth(2)
    }

    /// The operating system, its version and its features.
    pub(super) fn os_parts(&self) -> Option<(&str, Option<&str>, &[String])> {
        let os = self.os.as_ref()?;
        Some((&os.name, os.version.as_deref(), &os.features))
    }

    /// The architecture and its variant.
    pub(super) fn machine_parts(&self) -> Option<(&str, Option<&str>)> {
        let machine = self.machine.as_ref()?;
        Some((&machine.architecture, machine.variant.as_deref()))
    }

    fn os_name(&self) -> Option<&str> {
        self.os.as_ref().map(|os| os.name.as_str())
    }
}

impl Os {
    fn new(name: &str, version: &str, features: &[String]) -> Result<Self, ParsePlatformError> {
        if !is_part(name, b"_-") {
            return Err(ParsePlatformError::Malformed);
        }
        let size = version.len() + features.iter().map(String::len).sum::<usize>();
        if size > MAX_OPTIONS || features.len() > MAX_OPTIONS {
            return Err(ParsePlatformError::Malformed);
        }
        let name = match name.to_ascii_lowercase() {
            name if name == "macos" => "darwin".to_owned(),
            name => name,
        };
        let features = features.iter().filter(|feature| !feature.is_empty());
        let mut features: Vec<String> = features.cloned().collect();
        features.sort();
        features.dedup();
        Ok(Self {
            name,
            version: (!version.is_empty()).then(|| version.to_owned()),
            features,
        })
    }

    fn options_are_met_by(&self, other: &Self) -> bool {
        let version = match (&self.version, &other.version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(asked), Some(version)) => version
                .strip_prefix(asked.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        };
        version && self.features.iter().all(|it| other.features.contains(it))
    }
}

impl Machine {
    fn new(architecture: &str, variant: &str) -> Result<Self, ParsePlatformError> {
        if !is_part(architecture, b"._-") || !(variant.is_empty() || is_part(variant, b"._-")) {
            return Err(ParsePlatformError::Malformed);
        }
        let (architecture, variant) = (
            architecture.to_ascii_lowercase(),
            variant.to_ascii_lowercase(),
        );
        let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
            ("i386", _) => ("386", ""),
            ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
            ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "8") => ("arm", "v8"),
            other => other,
        };
        Ok(Self {
            architecture: architecture.to_owned(),
            variant: (!variant.is_empty()).then(|| variant.to_owned()),
        })
    }
}

impl Machine {
    /// How far the variant goes, where a machine of one level runs all that is below it. Of other
    /// architectures nothing is known.
    fn level(&self) -> Option<(u32, u32)> {
        let lowest = match self.architecture.as_str() {
            "amd64" => "v1",
            "arm" => "v7",
            "arm64" => "v8",
            _ => return None,
        };
        let variant = self.variant.as_deref().unwrap_or(lowest);
        let (major, minor) = variant
            .strip_prefix('v')?
            .split_once('.')
            .unwrap_or((variant.strip_prefix('v')?, "0"));
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

fn is_part(text: &str, marks: &[u8]) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || marks.contains(&b);
    !text.is_empty() && text.len() <= MAX_PART && text.bytes().all(fits)
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.os, &self.machine) {
            (Some(os), Some(machine)) => write!(f, "{os}/{machine}"),
            (Some(os), None) => write!(f, "{os}"),
            // No architecture stands alone with a variant, but these two words hold one.
            (None, Some(machine)) => match (&*machine.architecture, machine.variant.as_deref()) {
                ("arm", Some("v6")) => f.write_str("armel"),
                (architecture, _) => f.write_str(architecture),
            },
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.version.is_none() && self.features.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        encode(self.version.as_deref().unwrap_or_default(), f)?;
        for feature in &self.features {
            f.write_str("+")?;
            encode(feature, f)?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// What may stand in a version or a feature as it is.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

fn encode(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        match is_plain(byte) {
            true => write!(f, "{}", char::from(byte))?,
            false => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, ParsePlatformError> {
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let both = digit().zip(digit());
                let both = both.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                both.ok_or(ParsePlatformError::Malformed)?
            }
            plain if is_plain(plain) => plain,
            _ => return Err(ParsePlatformError::Malformed),
        });
    }
    String::from_utf8(decoded).map_err(|_| ParsePlatformError::Malformed)
}

impl FromStr for Platform {
    type Err = ParsePlatformError;

    /// Reads what containerd's `Parse` reads.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let first = parts.next().unwrap_or_default();
        match (parts.next(), parts.next(), parts.next()) {
            (None, _, _) => Self::of_word(first),
            (Some(architecture), variant, None) if variant != Some("") => Ok(Self {
                os: Some(first.parse()?),
                machine: Some(Machine::new(architecture, variant.unwrap_or_default())?),
            }),
            _ => Err(ParsePlatformError::Malformed),
        }
    }
}

impl Platform {
    /// A word alone: an operating system if it is a known one, else an architecture if it is.
    fn of_word(word: &str) -> Result<Self, ParsePlatformError> {
        let os: Os = word.parse()?;
        if SYSTEMS.contains(&os.name.as_str()) {
            return Ok(Self {
                os: Some(os),
                machine: None,
            });
        }
        if word.eq_ignore_ascii_case("local") {
            return Err(ParsePlatformError::Local);
        }
        match Machine::new(word, "") {
            Ok(machine) if ARCHITECTURES.contains(&machine.architecture.as_str()) => Ok(Self {
                os: None,
                machine: Some(machine),
            }),
            _ => Err(ParsePlatformError::UnknownWord),
        }
    }
}

impl FromStr for Os {
    type Err = ParsePlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((name, options)) = text.split_once('(') else {
            return Self::new(text, "", &[]);
        };
        let options = options
            .strip_suffix(')')
            .filter(|options| options.len() <= 3 * MAX_OPTIONS)
            .ok_or(ParsePlatformError::Malformed)?;
        let mut options = options.split('+').map(decode);
        let version = options.next().transpose()?.unwrap_or_default();
        let features: Vec<String> = options.collect::<Result<_, _>>()?;
        if features.iter().any(String::is_empty) {
            return Err(ParsePlatformError::Malformed);
        }
        Self::new(name, &version, &features)
    }
}

/// Why a text is not a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParsePlatformError {
    /// It has too many parts, an empty one, or a character that no platform has.
    Malformed,
    /// A word alone that is neither an operating system nor an architecture.
    UnknownWord,
    /// buildx's word for the machine that it runs on.
    Local,
}

impl ParsePlatformError {
    /// What to write instead.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Malformed => {
                "write it like `linux/amd64`, `linux/arm/v7` or `windows(10.0.17763)/amd64`"
            }
            Self::UnknownWord => {
                "write the operating system and the architecture, like `linux/amd64`"
            }
            Self::Local => "name the platform of that machine, like `linux/amd64`",
        }
    }
}

impl fmt::Display for ParsePlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => {
                "it is not an operating system and an architecture, with a `/` between them"
            }
            Self::UnknownWord => "it is not a known operating system, nor a known architecture",
            Self::Local => "it means the machine that builds, which is not known here",
        })
    }
}

impl std::error::Error for ParsePlatformError {}

#[cfg(test)]
mod tests;
