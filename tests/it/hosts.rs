//! The component says what the native program says; `TAGPROOF_TEST_HOST` names what runs it.

use crate::image::{metadata, multi, push};
use crate::registry::Registry;
use crate::run::{Host, tagproof_on};

#[test]
fn a_report_of_the_component_is_the_native_one_byte_for_byte() {
    if !Host::get().is_wasi() {
        return;
    }
    let registry = Registry::start();
    let (build, other) = (multi("a"), multi("b"));
    build.push(&registry, "app");
    push(&registry, "app", &[&other.index]);
    registry.tag("app", "right", &build.index.digest);
    registry.tag("app", "child", &build.arm64.digest);
    registry.tag("app", "other", &other.index.digest);
    let names = ["right", "child", "absent", "other"];
    let names = names.map(|tag| format!("{}/app:{tag}", registry.host()));
    let metadata = metadata(&build.index, &names);
    for format in ["json", "terminal"] {
        let run = |host| {
            tagproof_on(host, &["check", "build.json", "--settle", "0"])
                .args(&["--settle-timeout", "0", "--format", format])
                .file("build.json", &metadata)
                .run()
        };
        let (native, component) = (run(Host::Native), run(Host::get()));
        let timeless = |text: &str| match format {
            "json" => text.to_owned(),
            // The last line ends with the time that it took.
            _ => text.rsplit_once(" · ").unwrap().0.to_owned(),
        };
        assert_eq!(timeless(&component.stdout), timeless(&native.stdout));
        assert_eq!(component.stderr, native.stderr);
        assert_eq!(native.code, Some(1), "{}", native.shown());
    }
}
