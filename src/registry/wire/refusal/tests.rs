//! What the refusals of each registry are taken for.

use super::*;

mod seen;

fn read(status: u16, content_type: &str, body: &[u8]) -> Refusal {
    Refusal::read(status, content_type, body, |_| false)
}

fn class(status: u16, body: &str) -> Class {
    read(status, "application/json", body.as_bytes()).class()
}

fn json(code: &str, message: &str, detail: &str) -> String {
    format!(r#"{{"errors":[{{"code":"{code}","message":"{message}","detail":{detail}}}]}}"#)
}

#[test]
fn the_name_of_a_repository_is_no_reason() {
    for name in [
        "acme/quota-service",
        "acme/readonly-ui",
        "immutable-infra",
        "a/my-quota",
    ] {
        let detail =
            format!(r#"[{{"Type":"repository","Class":"","Name":"{name}","Action":"pull"}}]"#);
        let unauthorized = json("UNAUTHORIZED", "authentication required", &detail);
        assert_eq!(class(401, &unauthorized), Class::Login, "{name}");
        let denied = json("DENIED", &format!("no access to {name}"), &detail);
        assert_eq!(class(403, &denied), Class::Denied, "{name}");
    }
}

#[test]
fn every_registry_is_understood_by_its_own_words() {
    for (registry, status, body, expected) in [
        (
            "ECR",
            400,
            json(
                "TAG_INVALID",
                "The image tag 'x' already exists in the 'y' repository and cannot be overwritten because the repository is immutable.",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "ECR, newer",
            400,
            json(
                "TAG_INVALID",
                "The image tag 'x' already exists in the 'y' repository and cannot be overwritten because the tag is immutable.",
                "{}",
            ),
            Class::Immutable,
        ),
        (
            "Docker Hub",
            403,
            json(
                "DENIED",
                "requested access to the resource is denied - This tag is already assigned to an image in this repository and cannot be updated due to immutability settings. To push this image, use a different tag.",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "Google AR",
            400,
            json(
                "MANIFEST_INVALID",
                "cannot update tag X. The repository has enabled tag immutability",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "Quay",
            409,
            json(
                "TAG_IMMUTABLE",
                "tag is immutable and cannot be overwritten",
                r#"{"message":"tag 'x' is immutable"}"#,
            ),
            Class::Immutable,
        ),
        (
            "Harbor",
            412,
            json(
                "PRECONDITION",
                "Failed to process request due to 'library/app:1' configured as immutable.",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "GitLab immutable",
            401,
            json(
                "IMMUTABLE_TAG",
                "tag is immutable",
                r#""tag \"x\" is immutable""#,
            ),
            Class::Immutable,
        ),
        (
            "GitLab protected",
            401,
            json(
                "PROTECTED_TAG",
                "insufficient permissions to push or delete protected tag",
                "null",
            ),
            Class::Protected,
        ),
        (
            "GitLab manifest",
            401,
            json("PROTECTED_MANIFEST", "x", "null"),
            Class::Protected,
        ),
        (
            "GitLab config",
            400,
            json("TAG_PATTERN_COUNT_LIMIT_EXCEEDED", "too many", "null"),
            Class::Refused,
        ),
        (
            "ACR",
            405,
            json(
                "REGISTRY_DISALLOWED_OPERATION",
                "The operation is disallowed on this registry, repository or image. View troubleshooting steps",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "Nexus",
            400,
            json(
                "BLOB_UPLOAD_INVALID",
                "blob upload invalid",
                r#""Repository does not allow updating assets: docker""#,
            ),
            Class::Immutable,
        ),
        (
            "Artifactory",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#"{"description":"HTTP 403 Forbidden"}"#,
            ),
            Class::Denied,
        ),
        (
            "Alibaba",
            400,
            json(
                "UNKNOWN",
                "The requested tag already exists and cannot be overwritten",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "MSR",
            400,
            json(
                "UNKNOWN",
                "unknown error",
                r#""tag=latest cannot be overwritten because a/b is an immutable repository""#,
            ),
            Class::Immutable,
        ),
        (
            "OCIR, angos",
            409,
            json("CONFLICT", "conflict", "null"),
            Class::Immutable,
        ),
        (
            "zot denied",
            403,
            json(
                "DENIED",
                "requested access to the resource is denied",
                r#"{"reason":"policy"}"#,
            ),
            Class::Denied,
        ),
        (
            "GHCR denied",
            403,
            json("DENIED", "permission_denied: write_package", "null"),
            Class::Denied,
        ),
        (
            "GHCR installation",
            403,
            json(
                "DENIED",
                "installation not allowed to Write organization package",
                "null",
            ),
            Class::Denied,
        ),
        (
            "GHCR limit as 403",
            403,
            json(
                "DENIED",
                "permission_denied: Error from intermediary with HTTP status code 403 \"Forbidden\": You have exceeded a secondary rate limit",
                "null",
            ),
            Class::RateLimited,
        ),
        (
            "Docker Hub limit",
            429,
            json(
                "TOOMANYREQUESTS",
                "You have reached your pull rate limit. You may increase the limit",
                "null",
            ),
            Class::RateLimited,
        ),
        (
            "GHCR limit",
            429,
            json(
                "TOOMANYREQUESTS",
                "retry-after: 12.5ms, allowed: 2000/minute",
                "null",
            ),
            Class::RateLimited,
        ),
        (
            "ECR limit",
            503,
            json("ThrottlingException", "Rate exceeded", "null"),
            Class::RateLimited,
        ),
        (
            "child, distribution",
            400,
            json(
                "MANIFEST_BLOB_UNKNOWN",
                "blob unknown to registry",
                r#""sha256:aa""#,
            ),
            Class::ChildMissing,
        ),
        (
            "child, ECR",
            400,
            json(
                "MANIFEST_INVALID",
                "Images with digests '[sha256:aa]' required for pushing image into repository with name 'x' in the registry with id '1' do not exist",
                "null",
            ),
            Class::ChildMissing,
        ),
        (
            "child, ggcr",
            404,
            json(
                "MANIFEST_UNKNOWN",
                "Sub-manifest \"sha256:aa\" not found",
                "null",
            ),
            Class::ChildMissing,
        ),
        (
            "child, zot",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#"{"reference":"manifest not found"}"#,
            ),
            Class::ChildMissing,
        ),
        (
            "child, Cloudflare",
            404,
            json("BLOB_UNKNOWN", "unknown blob", "null"),
            Class::ChildMissing,
        ),
        (
            "media type, Quay",
            415,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#"{"message":"manifest type not supported"}"#,
            ),
            Class::MediaType,
        ),
        (
            "media type, Gitea",
            400,
            json(
                "MANIFEST_INVALID",
                "mediaType does not match Content-Type",
                "null",
            ),
            Class::MediaType,
        ),
        (
            "too large, zot",
            413,
            json("MANIFEST_INVALID", "manifest invalid", "null"),
            Class::TooLarge,
        ),
        (
            "too large, distribution",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#""http: request body too large""#,
            ),
            Class::TooLarge,
        ),
        (
            "size",
            400,
            json(
                "SIZE_INVALID",
                "provided length did not match content length",
                "null",
            ),
            Class::TooLarge,
        ),
        (
            "Quay quota",
            403,
            json("DENIED", "Quota has been exceeded on namespace", "null"),
            Class::ReadOnly,
        ),
        (
            "Quay read-only",
            405,
            json(
                "DENIED",
                "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
                "null",
            ),
            Class::ReadOnly,
        ),
        (
            "distribution cache",
            405,
            json("UNSUPPORTED", "The operation is unsupported.", "null"),
            Class::NoWrites,
        ),
        (
            "Harbor policy",
            412,
            json(
                "PROJECTPOLICYVIOLATION",
                "current image with 2 vulnerabilities cannot be pulled due to configured policy",
                "null",
            ),
            Class::Policy,
        ),
        (
            "no repository",
            404,
            json(
                "NAME_UNKNOWN",
                "repository name not known to registry",
                r#"{"name":"x"}"#,
            ),
            Class::NotFound,
        ),
        (
            "no login",
            401,
            json(
                "UNAUTHORIZED",
                "authentication required",
                r#"[{"Type":"repository","Class":"","Name":"a","Action":"pull"}]"#,
            ),
            Class::Login,
        ),
        (
            "maintenance",
            400,
            json("UNAVAILABLE", "service unavailable", "null"),
            Class::Unavailable,
        ),
        (
            "bad name",
            400,
            json("NAME_INVALID", "invalid repository name", "null"),
            Class::Refused,
        ),
    ] {
        assert_eq!(class(status, &body), expected, "{registry}: {body}");
        let words = read(status, "", body.as_bytes()).reason();
        assert!(
            words.starts_with(&status.to_string()) && words.contains(": "),
            "{words}"
        );
    }
}

/// What real registries were seen to answer, beside the words of the table above.
#[test]
fn a_message_that_is_null_or_empty_leaves_its_code() {
    for message in ["null", r#""""#, "{}", "[]"] {
        let body = format!(r#"{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":{message}}}]}}"#);
        let refusal = read(404, "application/json", body.as_bytes());
        assert_eq!(refusal.reason(), "404 Not Found: MANIFEST_UNKNOWN");
    }
}

#[test]
fn only_a_project_that_is_missing_is_no_question_for_a_login() {
    for (message, expected) in [
        ("project nosuch not found", Class::NotFound),
        ("project a not found: project a not found", Class::NotFound),
        ("Project Nosuch not found", Class::NotFound),
        ("project not found", Class::Login),
        ("access to project nosuch denied", Class::Login),
        ("repository project/x not found", Class::Login),
        ("user x not found", Class::Login),
        ("project", Class::Login),
        ("", Class::Login),
    ] {
        let body = json("UNAUTHORIZED", message, "null");
        assert_eq!(class(401, &body), expected, "{message}");
    }
}

#[test]
fn a_status_without_words_is_still_classed() {
    for (status, expected) in [
        (401, Class::Login),
        (403, Class::Denied),
        (404, Class::NotFound),
        (405, Class::NoWrites),
        (408, Class::Unavailable),
        (413, Class::TooLarge),
        (418, Class::Refused),
        (425, Class::Unavailable),
        (429, Class::RateLimited),
        (499, Class::Unavailable),
        (500, Class::Unavailable),
        (503, Class::Unavailable),
        (524, Class::Unavailable),
        (204, Class::BadAnswer),
        (304, Class::BadAnswer),
    ] {
        assert_eq!(class(status, ""), expected, "{status}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn any_body_is_read() {
    for (content_type, body, words, is_page, is_plain) in [
        ("", "", "", false, true),
        ("text/html; charset=utf-8", "<h1>No</h1>", "", true, false),
        ("", "<!DOCTYPE html><p>", "", true, false),
        ("text/plain", "\n<html><body>x", "", true, false),
        (
            "text/plain; charset=utf-8",
            "404 page not found\n",
            "404 page not found",
            false,
            true,
        ),
        ("application/json", r#"{"errors":[]}"#, "", false, true),
        (
            "application/json",
            r#"{"errors":{"code":"x","message":"y"}}"#,
            "X: y",
            false,
            true,
        ),
        (
            "application/json",
            r#"{"errors":["a","b"]}"#,
            "a; b",
            false,
            true,
        ),
        (
            "application/json",
            r#"{"errors":[{"code":5,"detail":[1,2]}]}"#,
            "5: [1,2]",
            false,
            true,
        ),
        (
            "application/json",
            r#"{"errors":null,"message":"m"}"#,
            "m",
            false,
            true,
        ),
        (
            "application/json",
            r#"{"error":"invalid_grant","error_description":"no"}"#,
            "invalid_grant: no",
            false,
            true,
        ),
        ("application/json", "[1", "[1", false, false),
        ("application/xml", "<Error/>", "<Error/>", false, false),
        (
            "",
            "\u{1b}[31m::error::x ##[y]",
            "\u{fffd}[31m::error::x # #[y]",
            false,
            false,
        ),
        ("", "::set-output::x", ": :set-output::x", false, false),
    ] {
        let refusal = read(400, content_type, body.as_bytes());
        assert_eq!(refusal.words, words, "{body}");
        assert_eq!(refusal.is_page, is_page, "{body}");
        assert_eq!(refusal.is_plain, is_plain, "{body}");
    }
    let long = read(400, "", &vec![0xff; 1 << 20]);
    assert!(long.words.chars().count() <= MAX_WORDS);
}

#[test]
fn only_what_passes_soon_is_waited_for() {
    for (status, body, expected) in [
        (503, String::new(), true),
        (501, String::new(), false),
        (429, json("TOOMANYREQUESTS", "Rate exceeded", "null"), true),
        (
            429,
            json(
                "TOOMANYREQUESTS",
                "You have reached your pull rate limit.",
                "null",
            ),
            false,
        ),
        (403, json("DENIED", "denied", "null"), false),
        (403, json("DENIED", "secondary rate limit", "null"), true),
        (400, String::new(), false),
    ] {
        let refusal = read(status, "", body.as_bytes());
        assert_eq!(refusal.is_passing(), expected, "{status} {body}");
    }
}
