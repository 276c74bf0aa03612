//! The cases of `containerd/platforms` (Apache-2.0), which are the standard, as tables of inputs
//! and results: `platforms_test.go`, `compare_test.go`, `platform_windows_compat_test.go` and
//! `database.go` as of March 2026. Where this program differs on purpose, the table says so. Not
//! here: cases of sorting (`Less`) and of the machine's own platform, neither of which it has.

use super::*;

fn read(text: &str) -> Platform {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The platform in its normal form, or why it is not one.
fn normal(text: &str) -> String {
    let read = text.parse::<Platform>();
    read.map_or_else(|error| format!("{error:?}"), |it| it.to_string())
}

/// `TestParseSelector`: what is read, how containerd prints it where `HOST` is the part that it
/// takes from the machine that it runs on, and how it is printed here.
///
/// Two differences are on purpose. A part that was left out stays out, as this is not the machine
/// that builds. And there is one normal form, `Normalize`'s, also where `Parse` keeps two
/// spellings apart: `arm` with `v7`, and `arm64` without `v8`.
#[rustfmt::skip]
const PARSED: [(&str, &str, &str); 31] = [
    ("linux/arm64", "linux/arm64", "linux/arm64"),
    ("linux/arm64/v8", "linux/arm64/v8", "linux/arm64"),
    ("linux/arm", "linux/arm", "linux/arm/v7"),
    ("linux/arm/v6", "linux/arm/v6", "linux/arm/v6"),
    ("linux/arm/v7", "linux/arm/v7", "linux/arm/v7"),
    ("arm", "HOST/arm", "arm"),
    ("armel", "HOST/arm/v6", "armel"),
    ("armhf", "HOST/arm", "arm"),
    ("Aarch64", "HOST/arm64", "arm64"),
    ("x86_64", "HOST/amd64", "amd64"),
    ("Linux/x86_64", "linux/amd64", "linux/amd64"),
    ("i386", "HOST/386", "386"),
    ("linux", "linux/HOST", "linux"),
    ("s390x", "HOST/s390x", "s390x"),
    ("linux/s390x", "linux/s390x", "linux/s390x"),
    ("macOS", "darwin/HOST", "darwin"),
    ("windows", "windows/HOST", "windows"),
    ("windows()", "windows/HOST", "windows"),
    ("windows(10.0.17763)", "windows(10.0.17763)/HOST", "windows(10.0.17763)"),
    ("windows(10.0.17763+win32k)", "windows(10.0.17763+win32k)/HOST", "windows(10.0.17763+win32k)"),
    ("linux(+gpu)", "linux(+gpu)/HOST", "linux(+gpu)"),
    ("linux(+gpu+simd)", "linux(+gpu+simd)/HOST", "linux(+gpu+simd)"),
    ("linux(+unsorted+erofs)", "linux(+erofs+unsorted)/HOST", "linux(+erofs+unsorted)"),
    ("windows(10.0.17763%2Bbuild.42)", "windows(10.0.17763%2Bbuild.42)/HOST", "windows(10.0.17763%2Bbuild.42)"),
    ("windows(10.0.17763%2Bbuild.42+win32k)", "windows(10.0.17763%2Bbuild.42+win32k)/HOST", "windows(10.0.17763%2Bbuild.42+win32k)"),
    ("windows(50%25done)", "windows(50%25done)/HOST", "windows(50%25done)"),
    // `TestParseSelectorInvalid`
    ("", "error", "Malformed"),
    ("/linux/arm", "error", "Malformed"),
    ("linux/arm/", "error", "Malformed"),
    ("linux /arm", "error", "Malformed"),
    ("linux/arm/foo/bar", "error", "Malformed"),
];

#[test]
fn what_containerd_reads_is_read_and_what_it_refuses_is_refused() {
    for (text, theirs, ours) in PARSED {
        assert_eq!(normal(text), ours, "{text}");
        assert_eq!(
            theirs == "error",
            text.parse::<Platform>().is_err(),
            "{text}"
        );
        // What it prints means the same, save for what it adds.
        if !theirs.contains("HOST") && theirs != "error" {
            assert_eq!(normal(theirs), ours, "{text}");
        }
        if theirs != "error" {
            assert_eq!(normal(ours), ours, "{text}");
        }
    }
    assert_eq!(normal("linux/&arm"), "Malformed");
}

#[test]
fn what_containerd_does_not_take_in_one_word_or_in_parentheses_is_refused() {
    use ParsePlatformError as E;
    for (text, error) in [
        ("*", E::Malformed),
        ("linux/*", E::Malformed),
        ("*/arm64", E::Malformed),
        ("i686", E::UnknownWord),
        ("amd65", E::UnknownWord),
        ("amd64(1.0)", E::UnknownWord),
        ("unknown", E::UnknownWord),
        ("all", E::UnknownWord),
        ("local", E::Local),
        ("Local", E::Local),
        ("local/amd64/v1/x", E::Malformed),
        ("linux/", E::Malformed),
        ("linux//v7", E::Malformed),
        ("/", E::Malformed),
        ("/amd64", E::Malformed),
        (" linux/amd64", E::Malformed),
        ("linux/amd64 ", E::Malformed),
        ("linux/amd64,linux/arm64", E::Malformed),
        ("linux/ämd64", E::Malformed),
        ("li.nux/amd64", E::Malformed),
        ("linux/amd64(1.0)", E::Malformed),
        ("(1.0)/amd64", E::Malformed),
        ("windows(10.0/amd64", E::Malformed),
        ("windows10.0)/amd64", E::Malformed),
        ("windows(10.0)x/amd64", E::Malformed),
        ("windows((10.0))/amd64", E::Malformed),
        ("windows(1)(2)/amd64", E::Malformed),
        ("windows(10 0)/amd64", E::Malformed),
        ("windows(10,0)/amd64", E::Malformed),
        ("windows(10.0+)/amd64", E::Malformed),
        ("windows(+)/amd64", E::Malformed),
        ("windows(1++a)/amd64", E::Malformed),
        ("windows(1%2)/amd64", E::Malformed),
        ("windows(1%)/amd64", E::Malformed),
        ("windows(1%zz)/amd64", E::Malformed),
        ("windows(1%+1)/amd64", E::Malformed),
        ("windows(%FF)/amd64", E::Malformed),
    ] {
        assert_eq!(text.parse::<Platform>(), Err(error), "{text}");
        assert!(!error.to_string().is_empty() && error.help().contains("linux/amd64"));
    }
    for too_long in [
        format!("linux/{}", "a".repeat(65)),
        format!("windows({})/amd64", "1".repeat(129)),
        format!("windows(1{})/amd64", "+a".repeat(128)),
        format!("linux{}", "/a".repeat(100_000)),
    ] {
        assert_eq!(normal(&too_long), "Malformed");
    }
}

/// `normalizeOS` and `normalizeArch`.
#[test]
fn spellings_of_one_platform_are_equal() {
    for (spelling, expected) in [
        ("linux/i386", "linux/386"),
        ("linux/i386/v1", "linux/386"),
        ("linux/386", "linux/386"),
        ("linux/i686", "linux/i686"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/x86_64/V1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("linux/x86-64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/aarch64/v8.0", "linux/arm64"),
        ("linux/arm64/v8.1", "linux/arm64/v8.1"),
        ("linux/arm64/9", "linux/arm64/v9"),
        ("linux/arm64/9.0", "linux/arm64/v9"),
        ("linux/aarch64/v9.0", "linux/arm64/v9"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armhf/v6", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/5", "linux/arm/v5"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm/8", "linux/arm/v8"),
        ("LINUX/AMD64", "linux/amd64"),
        ("macos/arm64", "darwin/arm64"),
        ("Windows(10.0.17763)/AMD64", "windows(10.0.17763)/amd64"),
        ("windows()/amd64", "windows/amd64"),
        ("linux(+b+a+b)/amd64", "linux(+a+b)/amd64"),
        ("linux(1%2e5)/amd64", "linux(1.5)/amd64"),
        // Not known, but in full they need not be.
        ("plan10/z80", "plan10/z80"),
    ] {
        assert_eq!(normal(spelling), expected);
        assert_eq!(normal(expected), expected);
    }
}

/// `TestFormatAllEncoding` and `TestFormatAllSkipsEmptyOSFeatures`.
#[test]
fn versions_and_features_are_printed_so_that_they_are_read_again_as_the_same() {
    for (os, version, features, expected) in [
        (
            "windows",
            "10.0.17763+build.42",
            "",
            "windows(10.0.17763%2Bbuild.42)/amd64",
        ),
        (
            "windows",
            "10.0.17763+build.42",
            "win32k",
            "windows(10.0.17763%2Bbuild.42+win32k)/amd64",
        ),
        ("windows", "50%done", "", "windows(50%25done)/amd64"),
        ("windows", "1.0(beta)", "", "windows(1.0%28beta%29)/amd64"),
        ("windows", "a/b", "", "windows(a%2Fb)/amd64"),
        ("windows", "10.0.17763", "", "windows(10.0.17763)/amd64"),
        ("linux", "", "feat+v2", "linux(+feat%2Bv2)/amd64"),
        ("linux", "", "100%gpu", "linux(+100%25gpu)/amd64"),
        (
            "windows",
            "10.0+build",
            "feat+1",
            "windows(10.0%2Bbuild+feat%2B1)/amd64",
        ),
        ("linux", "", " gpu  simd", "linux(+gpu+simd)/amd64"),
        // containerd prints what follows as it is, and could not read it again.
        (
            "windows",
            "10.0\n::error::",
            "",
            "windows(10.0%0A%3A%3Aerror%3A%3A)/amd64",
        ),
        (
            "windows",
            "10 `$(id)`",
            "",
            "windows(10%20%60%24%28id%29%60)/amd64",
        ),
        (
            "windows",
            "v\u{202e}é",
            "",
            "windows(v%E2%80%AE%C3%A9)/amd64",
        ),
    ] {
        let described = Described {
            os: Some(os.to_owned()),
            architecture: Some("amd64".to_owned()),
            variant: Some(String::new()),
            os_version: Some(version.to_owned()),
            os_features: Some(features.split(' ').map(str::to_owned).collect()),
        };
        let platform = Platform::described(&described).unwrap();
        assert_eq!(platform.to_string(), expected);
        assert_eq!(read(expected), platform);
    }
}

/// The `matches` of `TestParseSelector`, and `TestOnlyStrict`: equal, but for the spelling.
#[rustfmt::skip]
const STRICT: [(&str, &[&str], &[&str]); 13] = [
    ("linux/arm64", &["linux/aarch64", "linux/aarch64/v8", "linux/arm64/v8", "linux/arm64"],
        &["linux/arm", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8", "linux/amd64", "linux/arm/v4",
          "linux/arm/v9", "linux/arm64/v9", "windows/amd64", "windows/arm"]),
    ("linux/arm64/v8", &["linux/aarch64", "linux/aarch64/v8", "linux/arm64"], &[]),
    ("linux/arm", &["linux/arm/v7", "linux/armhf", "linux/arm/7"], &[]),
    ("linux/arm/v6", &["linux/armel", "linux/arm/v6"],
        &["linux/arm/v5", "linux/amd64", "linux/arm", "linux/arm/v4", "linux/arm/v7", "linux/arm/v8", "linux/arm64",
          "windows/amd64", "windows/arm"]),
    ("linux/arm/v7", &["linux/arm", "linux/armhf", "linux/arm/v7"],
        &["linux/arm/v5", "linux/arm/v6", "linux/amd64", "linux/arm/v4", "linux/arm/v8", "linux/arm64", "windows/amd64",
          "windows/arm"]),
    ("linux/amd64", &["linux/amd64"],
        &["linux/386", "linux/arm/v7", "linux/arm64", "windows/amd64", "windows/arm"]),
    ("linux/386", &["linux/386"],
        &["linux/amd64", "linux/arm/v7", "linux/arm64", "windows/amd64", "windows/arm"]),
    ("windows/amd64", &["windows/amd64", "windows(10.0.17763)/amd64"],
        &["linux/amd64", "linux/arm/v7", "linux/arm64", "windows/arm"]),
    // Not as containerd: a host takes an image that names no version, but anyone who asks for a
    // version is not served by it. `windows/amd64` stands on the left there.
    ("windows(10.0.17763)/amd64", &["windows(10.0.17763)/amd64"],
        &["windows/amd64", "linux/amd64", "linux/arm/v7", "linux/arm64", "windows/arm"]),
    ("linux/arm/v8", &["linux/arm/v8"],
        &["linux/arm", "linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/arm/v4", "linux/arm64",
          "windows/amd64", "windows/arm"]),
    ("linux/arm64/v9.5", &["linux/arm64/v9.5"],
        &["linux/arm", "linux/arm/v8", "linux/amd64", "linux/arm64/v8", "linux/arm64/v8.1", "linux/arm64/v9",
          "linux/arm64/v9.1", "linux/arm64/v9.4", "windows/amd64", "windows/arm"]),
    ("linux/arm64/v9", &["linux/arm64/v9", "linux/arm64/v9.0"],
        &["linux/arm", "linux/arm/v8", "linux/amd64", "linux/arm/v9", "linux/arm64/v8", "linux/arm64/v8.1"]),
    ("linux/arm64/v8.1", &["linux/arm64/v8.1"],
        &["linux/arm", "linux/arm/v8", "linux/amd64", "linux/arm64/v8", "linux/arm64/v9", "windows/arm"]),
];

#[test]
fn what_was_asked_for_is_met_by_the_same_platform_in_any_spelling() {
    for (asked, met, not_met) in STRICT {
        for other in met {
            assert!(read(asked).is_met_by(&read(other)), "{asked} by {other}");
        }
        for other in not_met {
            assert!(!read(asked).is_met_by(&read(other)), "{asked} by {other}");
        }
    }
}

/// `TestOnly` says what a host can run besides its own platform. An image that can run there is
/// not the one that was asked for.
#[test]
fn an_older_variant_that_would_run_is_not_what_was_asked_for() {
    for (asked, runs) in [
        ("linux/amd64", "linux/386"),
        ("linux/amd64/v2", "linux/amd64"),
        ("linux/arm/v8", "linux/arm/v7"),
        ("linux/arm/v7", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v5"),
        ("linux/arm64/v9.6", "linux/arm64/v9.5"),
        ("linux/arm64/v9", "linux/arm64"),
        ("linux/arm64/v8.1", "linux/arm64/v8"),
        ("linux/arm64", "linux/arm/v7"),
        ("windows(10.0.20348)/amd64", "windows(10.0.20348.0)/arm64"),
    ] {
        assert!(!read(asked).is_met_by(&read(runs)), "{asked} by {runs}");
    }
}

#[test]
fn a_version_counts_where_it_is_asked_for_number_by_number() {
    for (asked, served, expected) in [
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.17763)/amd64",
            true,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.17763.1234)/amd64",
            true,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.177630)/amd64",
            false,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.17763-1)/amd64",
            false,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.1776)/amd64",
            false,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.20348.1)/amd64",
            false,
        ),
        (
            "windows(10.0.17763)/amd64",
            "windows(10.0.17763)/arm64",
            false,
        ),
        (
            "windows(10.0.17763)/amd64",
            "linux(10.0.17763)/amd64",
            false,
        ),
        (
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.17763)/amd64",
            false,
        ),
        (
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.17763.1)/amd64",
            true,
        ),
        (
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.17763.12)/amd64",
            false,
        ),
        ("windows(10)/amd64", "windows(10.0.20348.1)/amd64", true),
        ("windows/amd64", "windows(10.0.20348.1+win32k)/amd64", true),
        ("windows(10.0.17763)", "windows(10.0.17763.1)/arm64", true),
        ("windows(10.0.17763)", "windows/amd64", false),
        // Features that were asked for are all there; more do no harm.
        (
            "windows(+win32k)/amd64",
            "windows(10.0.17763+win32k)/amd64",
            true,
        ),
        (
            "windows(10.0.17763+win32k)/amd64",
            "windows(10.0.17763)/amd64",
            false,
        ),
        ("linux(+gpu+simd)/amd64", "linux(+gpu)/amd64", false),
        ("linux(+gpu)/amd64", "linux(+gpu+simd)/amd64", true),
        // Of Linux as of Windows.
        ("linux(7.2)/amd64", "linux(7.1)/amd64", false),
        ("linux(7.2)/amd64", "linux/amd64", false),
    ] {
        assert_eq!(
            read(asked).is_met_by(&read(served)),
            expected,
            "{asked} by {served}"
        );
    }
    // `Test_PlatformCompat`: an image of Server 2022 runs on a host of 2025. Anyone who asked for 2025
    // asked for an image of it all the same.
    let windows = |build: u16| read(&format!("windows(10.0.{build})/amd64"));
    for (host, image) in [
        (22621, 20348),
        (25398, 20348),
        (26100, 20348),
        (26100, 22621),
    ] {
        assert!(!windows(host).is_met_by(&windows(image)));
    }
}

#[test]
fn what_was_left_out_may_be_anything() {
    for (asked, served, expected) in [
        ("arm64", "linux/arm64/v8", true),
        ("arm64", "windows(10.0.26100)/arm64", true),
        ("arm64", "linux/arm64/v9", false),
        ("arm64", "linux/amd64", false),
        ("arm", "linux/arm/v7", true),
        ("arm", "linux/arm/v6", false),
        ("armel", "linux/arm/v6", true),
        ("linux", "linux/s390x", true),
        ("linux", "windows/amd64", false),
        ("linux/amd64", "linux/amd64", true),
    ] {
        assert_eq!(
            read(asked).is_met_by(&read(served)),
            expected,
            "{asked} by {served}"
        );
    }
    // A part is not the whole: what names less does not meet what names more.
    assert!(!read("linux/arm64").is_met_by(&read("arm64")));
    assert!(!read("linux/arm64").is_met_by(&read("linux")));
    assert_ne!(read("linux/arm64"), read("arm64"));
    assert!(read("windows(10.0.17763)").is_os_alone());
    assert!(!read("arm64").is_os_alone());
}

#[test]
fn a_platform_without_a_version_leaves_open_whether_it_is_the_one_that_was_asked_for() {
    for (asked, served, expected) in [
        ("windows(10.0.17763)/amd64", "windows/amd64", true),
        ("windows(+win32k)/amd64", "windows/amd64", true),
        (
            "windows(10.0.17763.5)/amd64",
            "windows(10.0.17763)/amd64",
            true,
        ),
        ("windows(10.0.17763)/amd64", "linux/amd64", false),
        ("windows(10.0.17763)/amd64", "windows/arm64", false),
        ("windows/amd64", "windows/amd64", false),
    ] {
        assert_eq!(
            read(asked).is_left_open_by(&read(served)),
            expected,
            "{asked} by {served}"
        );
    }
}

#[test]
fn a_description_without_both_halves_claims_nothing() {
    for (described, expected) in [
        (r#"{}"#, None),
        (r#"{"os": "linux"}"#, None),
        (r#"{"architecture": "amd64"}"#, None),
        (r#"{"os": "", "architecture": "amd64"}"#, None),
        (r#"{"os": "linux", "architecture": ""}"#, None),
        (
            r#"{"os": null, "architecture": null, "os.features": null}"#,
            None,
        ),
        (r#"{"os": "unknown", "architecture": "unknown"}"#, None),
        (r#"{"os": "linux", "architecture": "unknown"}"#, None),
        (r#"{"os": "lin ux", "architecture": "amd64"}"#, None),
        (
            r#"{"os": "linux", "architecture": "amd64", "variant": ""}"#,
            Some("linux/amd64"),
        ),
        (
            r#"{"os": "Linux", "architecture": "ARM", "variant": "V7", "rootfs": {}}"#,
            Some("linux/arm/v7"),
        ),
        (
            r#"{"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.5", "os.features": ["win32k"]}"#,
            Some("windows(10.0.17763.5+win32k)/amd64"),
        ),
    ] {
        let read: Described = serde_json::from_str(described).unwrap();
        let platform = Platform::described(&read).map(|it| it.to_string());
        assert_eq!(platform.as_deref(), expected, "{described}");
    }
    assert!(read("unknown/unknown").is_unknown());
    assert!(!read("linux").is_unknown() && !read("amd64").is_unknown());
}
