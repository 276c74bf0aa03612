//! The cases of `distribution/reference` (Apache-2.0), the parser of Docker, as tables of inputs and
//! results: `reference_test.go`, `normalize_test.go` and `regexp_test.go` as of April 2026, all
//! through `ParseNormalizedNamed`, which completes a name. Where this program differs on purpose,
//! there is a table of its own. Not here: cases of `FamiliarName`, of patterns, of sorting, and of
//! `ParseDockerRef`, which adds `latest` and drops a tag before a digest.

use crate::oci::{ParseReferenceError as E, Reference};

fn parse(text: &str) -> Result<String, E> {
    text.parse::<Reference>().map(|it| it.to_string())
}

/// A digest that is 64 times the same digit.
const F: &str = "@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

const HEX: &str = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";

/// What is read, and how it is completed. A `$` at the end stands for [`F`].
#[rustfmt::skip]
const READ: [(&str, &str); 88] = [
    // `TestReferenceParse`
    ("test_com", "docker.io/library/test_com"),
    ("test.com:tag", "docker.io/library/test.com:tag"),
    ("test.com:5000", "docker.io/library/test.com:5000"),
    ("test.com/repo:tag", "test.com/repo:tag"),
    ("test:5000/repo", "test:5000/repo"),
    ("test:5000/repo:tag", "test:5000/repo:tag"),
    ("test:5000/repo$", "test:5000/repo$"),
    ("test:5000/repo:tag$", "test:5000/repo:tag$"),
    ("lowercase:Uppercase", "docker.io/library/lowercase:Uppercase"),
    ("sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux"),
    ("sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com/bar/baz/quux:some-long-tag"),
    ("b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io/test.example.com/my-app:test.example.com"),
    ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"),
    ("xn--7o8h.com/myimage:xn--7o8h.com$", "xn--7o8h.com/myimage:xn--7o8h.com$"),
    ("foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"),
    ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"),
    ("192.168.1.1", "docker.io/library/192.168.1.1"),
    ("192.168.1.1:tag", "docker.io/library/192.168.1.1:tag"),
    ("192.168.1.1:5000", "docker.io/library/192.168.1.1:5000"),
    ("192.168.1.1/repo", "192.168.1.1/repo"),
    ("192.168.1.1:5000/repo", "192.168.1.1:5000/repo"),
    ("192.168.1.1:5000/repo:5050", "192.168.1.1:5000/repo:5050"),
    ("[2001:db8::1]/repo", "[2001:db8::1]/repo"),
    ("[2001:db8:1:2:3:4:5:6]/repo:tag", "[2001:db8:1:2:3:4:5:6]/repo:tag"),
    ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo"),
    ("[2001:db8::1]:5000/repo:tag", "[2001:db8::1]:5000/repo:tag"),
    ("[2001:db8::1]:5000/repo$", "[2001:db8::1]:5000/repo$"),
    ("[2001:db8::1]:5000/repo:tag$", "[2001:db8::1]:5000/repo:tag$"),
    ("[2001:db8::]:5000/repo", "[2001:db8::]:5000/repo"),
    ("[::1]:5000/repo", "[::1]:5000/repo"),
    // `TestValidateReferenceName` and `TestValidateRemoteName`
    ("docker/docker", "docker.io/docker/docker"),
    ("library/debian", "docker.io/library/debian"),
    ("debian", "docker.io/library/debian"),
    ("localhost/library/debian", "localhost/library/debian"),
    ("localhost/debian", "localhost/debian"),
    ("docker.io/docker/docker", "docker.io/docker/docker"),
    ("docker.io/library/debian", "docker.io/library/debian"),
    ("docker.io/debian", "docker.io/library/debian"),
    ("index.docker.io/docker/docker", "docker.io/docker/docker"),
    ("index.docker.io/library/debian", "docker.io/library/debian"),
    ("index.docker.io/debian", "docker.io/library/debian"),
    ("127.0.0.1:5000/docker/docker", "127.0.0.1:5000/docker/docker"),
    ("127.0.0.1:5000/debian", "127.0.0.1:5000/debian"),
    ("192.168.0.1:80", "docker.io/library/192.168.0.1:80"),
    ("192.168.0.1:8/debian", "192.168.0.1:8/debian"),
    ("192.168.0.2:25000/debian", "192.168.0.2:25000/debian"),
    ("thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
        "docker.io/library/thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev"),
    ("[fc00::1]:5000/docker", "[fc00::1]:5000/docker"),
    ("[fc00::1]:5000/docker/docker", "[fc00::1]:5000/docker/docker"),
    ("[fc00:1:2:3:4:5:6:7]:5000/library/debian", "[fc00:1:2:3:4:5:6:7]:5000/library/debian"),
    ("docker-rules/docker", "docker.io/docker-rules/docker"),
    ("docker---rules/docker", "docker.io/docker---rules/docker"),
    ("d/docker", "docker.io/d/docker"),
    ("jess/t", "docker.io/jess/t"),
    ("dock__er/docker", "docker.io/dock__er/docker"),
    // `TestParseRepositoryInfo` and `TestParseAnyReference`
    ("localhost/fooo/bar", "localhost/fooo/bar"),
    ("nonlibrary/ubuntu", "docker.io/nonlibrary/ubuntu"),
    ("other/library", "docker.io/other/library"),
    ("127.0.0.1:8000/privatebase", "127.0.0.1:8000/privatebase"),
    ("example.com/privatebase", "example.com/privatebase"),
    ("example.com:8000/private/moonbase", "example.com:8000/private/moonbase"),
    ("index.docker.io/library/ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base"),
    ("ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base"),
    ("library/foo/bar", "docker.io/library/foo/bar"),
    ("store/foo/bar", "docker.io/store/foo/bar"),
    ("redis:latest", "docker.io/library/redis:latest"),
    ("redis$", "docker.io/library/redis$"),
    ("dmcgowan/myapp$", "docker.io/dmcgowan/myapp$"),
    ("dbcc1", "docker.io/library/dbcc1"),
    ("dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9",
        "docker.io/library/dbcc1c35ac38df41fd2f5e4130b32ffdb93ebae8b3dbe638c23575912276fc9"),
    // `TestNormalizedSplitHostname` and `TestParseReferenceWithTagAndDigest`
    ("test_com/foo", "docker.io/test_com/foo"),
    ("docker/migrator", "docker.io/docker/migrator"),
    ("test-com:8080/foo", "test-com:8080/foo"),
    ("xn--n3h.com:18080/foo", "xn--n3h.com:18080/foo"),
    ("docker.io/library/foo/bar", "docker.io/library/foo/bar"),
    ("busybox:latest$", "docker.io/library/busybox:latest$"),
    // `TestFullNameRegexp` and `TestReferenceRegexp`
    ("aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb", "docker.io/aa/aa/aa/aa/aa/aa/aa/aa/aa/bb/bb/bb/bb/bb/bb"),
    ("a/a/a/a", "docker.io/a/a/a/a"),
    ("a/aa/a", "docker.io/a/aa/a"),
    ("aa-a/a", "docker.io/aa-a/a"),
    ("blog.foo.com/bar/baz", "blog.foo.com/bar/baz"),
    ("foo.com/foo_bar", "foo.com/foo_bar"),
    ("do__cker/docker", "docker.io/do__cker/docker"),
    ("example.com/xn--7o8h.com/myimage", "example.com/xn--7o8h.com/myimage"),
    ("example.com/some_separator__underscore/myimage", "example.com/some_separator__underscore/myimage"),
    ("registry.io/foo/project--id.module--name.ver---sion--name", "registry.io/foo/project--id.module--name.ver---sion--name"),
    // A host is not case-sensitive, so it is kept in lower case here.
    ("Asdf.com/foo/bar", "asdf.com/foo/bar"),
    ("localhost:8080$", "docker.io/library/localhost:8080$"),
];

#[rustfmt::skip]
const REFUSED: [&str; 61] = [
    // `TestReferenceParse`
    "", ":justtag", "$", "repo@sha256:ffffffffffffffffffffffffffffffffff",
    "validname@invaliddigest:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "Uppercase:tag", "test:5000/Uppercase/lowercase:tag", "aa/asdf$$^/aa", "[2001:db8::1]", "[2001:db8::1]:5000",
    "[2001:db8::1]:tag", "[fe80::1%eth0]:5000/repo", "[fe80::1%@invalidzone]:5000/repo",
    // `TestValidateReferenceName` and `TestValidateRemoteName`
    "https://github.com/docker/docker", "docker/Docker", "-docker", "-docker/docker", "-docker.io/docker/docker",
    "docker///docker", "docker.io/docker/Docker", "docker.io/docker///docker", "[fc00::1]", "[fc00::1]:5000",
    "fc00::1:5000/debian", "[fe80::1%eth0]:5000/debian", "[2001:db8:3:4::192.0.2.33]:5000/debian", HEX,
    "docker-/docker", "-docker-/docker", "____/____", "_docker/_docker", "dock..er/docker", "dock_.er/docker",
    "dock-.er/docker", "docker/",
    // `TestFullNameRegexp`
    "a/a/a/a/", "a//a/a", "foo.com/", "foo.com:http/bar", "a^a", "asdf$$^/aa", "a-/a/a/a", "foo.com/a-/a/a",
    "-foo/bar", "foo/bar-", "foo-/bar", "foo/-bar", "_foo/bar", "foo_bar.com:8080/app", "docker_/docker_",
    "example.com/__underscore/myimage", "example.com/..dots/myimage", "example.com/.dots/myimage",
    "example.com/nodouble..dots/myimage", "docker./docker", ".docker/docker", "do..cker/docker",
    "do__cker:8080/docker", "Foo/FarB",
    // `TestReferenceRegexp`
    "registry.com:8080/myapp@sha256:badbadbadbad", "registry.com:8080/myapp:invalid~tag",
];

/// Names that Docker takes and this program refuses.
#[rustfmt::skip]
const STRICTER: [&str; 8] = [
    // A host by its capitals alone: requests go to it in lower case, which is another name.
    "LOCALDOMAIN/library/debian", "LOCALDOMAIN/debian", "Docker/docker", "DOCKER/docker", "Foo/bar",
    "Uppercase/lowercase:tag",
    // There is no such port. In `domainAndPort`'s cases, which are not of whole names.
    "192.168.1.1:75050/a", "[fd00:1:2::3]:75050/a",
];

#[test]
fn what_docker_reads_is_read_and_completed_as_it_completes_it() {
    for (text, expected) in READ {
        let whole = |text: &str| match text.strip_suffix('$') {
            Some(name) => format!("{name}{F}"),
            None => text.to_owned(),
        };
        assert_eq!(parse(&whole(text)), Ok(whole(expected)));
    }
    let longest = format!("{}a", "a/".repeat(127));
    assert_eq!(
        parse(&format!("{longest}:tag-puts-this-over-max")),
        Ok(format!("docker.io/{longest}:tag-puts-this-over-max"))
    );
    let longest = format!("example.com/{}:tag", "a".repeat(255));
    assert_eq!(parse(&longest), Ok(longest));
    // Only a whole text of 64 digits is taken for an image's ID.
    for text in [
        format!("docker.io/library/{HEX}"),
        format!("docker.io/library/{HEX}:1"),
    ] {
        let short = text.strip_prefix("docker.io/library/").unwrap();
        assert_eq!(parse(&text), Ok(text.clone()));
        assert_eq!(parse(short).is_ok(), short.ends_with(":1"));
    }
}

#[test]
fn what_docker_refuses_is_refused() {
    for text in REFUSED {
        assert!(parse(text).is_err(), "{text}");
    }
    for text in [
        F.to_owned(),
        format!("domain/{}:tag", "a".repeat(256)),
        format!("{}a", "a/".repeat(128)),
        format!("{}/docker", "this_is_not_a_valid_namespace_".repeat(9)),
    ] {
        assert!(parse(&text).is_err(), "{text}");
    }
    for text in STRICTER {
        assert_eq!(parse(text), Err(E::Host), "{text}");
    }
}

/// Docker knows sha512 only where it is compiled in; a registry may have it.
#[test]
fn a_digest_of_sha512_is_read() {
    let text = format!("docker.io/library/validname@sha512:{}", "f".repeat(128));
    assert_eq!(parse(&text), Ok(text));
}
