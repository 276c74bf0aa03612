//! What real registries were seen to refuse with.

use super::*;

#[test]
fn what_was_seen_of_real_registries_is_understood() {
    let schema = "x".repeat(42_000);
    let wrong_type = format!(r#"{{"message":"manifest schema: mediaType","schema":"{schema}"}}"#);
    let no_message = |code: &str, message: &str| {
        format!(r#"{{"errors":[{{"code":"{code}","message":{message},"detail":null}}]}}"#)
    };
    for (registry, status, body, expected) in [
        // Unknown tags and repositories.
        (
            "angos tag",
            404,
            no_message("MANIFEST_UNKNOWN", "null"),
            Class::NotFound,
        ),
        (
            "Gitea tag",
            404,
            no_message("MANIFEST_UNKNOWN", r#""""#),
            Class::NotFound,
        ),
        (
            "zot repository",
            404,
            json(
                "NAME_UNKNOWN",
                "repository name not known to registry",
                r#"{"name":"x"}"#,
            ),
            Class::NotFound,
        ),
        (
            "vex repository",
            404,
            json("UNSUPPORTED", "not found", "null"),
            Class::NotFound,
        ),
        (
            "Harbor tag",
            404,
            json("NOT_FOUND", "artifact x/app:1 not found", "null"),
            Class::NotFound,
        ),
        (
            "Harbor project",
            401,
            json(
                "UNAUTHORIZED",
                "project nosuch not found: project nosuch not found",
                "null",
            ),
            Class::NotFound,
        ),
        (
            "Harbor right",
            401,
            json(
                "UNAUTHORIZED",
                "unauthorized to access repository: project/not-found, action: push",
                "null",
            ),
            Class::Login,
        ),
        // A child that is not there.
        (
            "olareg child",
            400,
            json(
                "MANIFEST_BLOB_UNKNOWN",
                "manifest not found: sha256:aa",
                "null",
            ),
            Class::ChildMissing,
        ),
        (
            "ferro child",
            404,
            json(
                "MANIFEST_BLOB_UNKNOWN",
                "referenced manifest digest sha256:aa not present",
                "null",
            ),
            Class::ChildMissing,
        ),
        (
            "Gitea child",
            404,
            r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#.to_owned(),
            Class::ChildMissing,
        ),
        (
            "cuelabs child",
            500,
            json(
                "UNKNOWN",
                "invalid manifest: manifest for manifests[1] not found",
                "null",
            ),
            Class::ChildMissing,
        ),
        (
            "Quay child",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#"{"message":"Could not find child manifest with digest `sha256:aa`"}"#,
            ),
            Class::ChildMissing,
        ),
        (
            "Cloudflare child",
            400,
            json("BLOB_UNKNOWN", "unknown manifest sha256:aa", "null"),
            Class::ChildMissing,
        ),
        (
            "Cloudflare subject",
            400,
            json("BLOB_UNKNOWN", "unknown subject sha256:aa", "null"),
            Class::ChildMissing,
        ),
        // A media type that is not taken.
        (
            "olareg type",
            400,
            json("MANIFEST_INVALID", "unsupported media type: x/y", "null"),
            Class::MediaType,
        ),
        (
            "zot type",
            415,
            json("MANIFEST_INVALID", "manifest invalid", "{}"),
            Class::MediaType,
        ),
        (
            "cuelabs type",
            500,
            json("UNKNOWN", "invalid manifest: unknown type", "null"),
            Class::Refused,
        ),
        (
            "ferro type",
            400,
            json(
                "MANIFEST_INVALID",
                "unsupported manifest media type `x/y`",
                "null",
            ),
            Class::MediaType,
        ),
        (
            "angos type",
            400,
            json("MANIFEST_INVALID", "manifest media type mismatch", "null"),
            Class::MediaType,
        ),
        (
            "vex type",
            400,
            json(
                "MANIFEST_INVALID",
                r#"unrecognized manifest content-type \"x/y\""#,
                "null",
            ),
            Class::MediaType,
        ),
        (
            "GitLab type",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#""mediaType in manifest should be 'x' not 'y'""#,
            ),
            Class::MediaType,
        ),
        (
            "GitLab unknown type",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#""unknown media type: x/y""#,
            ),
            Class::MediaType,
        ),
        (
            "Gitea type",
            400,
            json("MANIFEST_INVALID", "MediaType not recognized", "null"),
            Class::MediaType,
        ),
        (
            "Harbor type",
            400,
            json("MANIFEST_INVALID", "unmarshal manifest failed: x", "null"),
            Class::Refused,
        ),
        (
            "Quay type",
            400,
            json("MANIFEST_INVALID", "manifest invalid", &wrong_type),
            Class::MediaType,
        ),
        // Too large.
        (
            "GitLab size",
            400,
            json(
                "MANIFEST_INVALID",
                "manifest invalid",
                r#""http: request body too large""#,
            ),
            Class::TooLarge,
        ),
        (
            "Gitea size",
            400,
            no_message("SIZE_INVALID", r#""""#),
            Class::TooLarge,
        ),
        // Tags that do not move.
        (
            "angos immutable",
            409,
            json(
                "DENIED",
                "Tag '1' is immutable and cannot be overwritten",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "cuelabs immutable",
            403,
            json(
                "DENIED",
                "this store is immutable: denied: requested access to the resource is denied",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "GitLab immutable",
            401,
            json("IMMUTABLE_TAG", r#"tag \"v1\" is immutable"#, "null"),
            Class::Immutable,
        ),
        (
            "GitLab protected",
            401,
            no_message("PROTECTED_TAG", "null"),
            Class::Protected,
        ),
        (
            "Harbor immutable",
            412,
            json(
                "PRECONDITION",
                "Failed to process request due to 'app:v1' configured as immutable.",
                "null",
            ),
            Class::Immutable,
        ),
        (
            "Quay immutable",
            409,
            json("TAG_IMMUTABLE", "tag '1' is immutable", "null"),
            Class::Immutable,
        ),
        // Registries that take no writes.
        (
            "olareg read-only",
            403,
            json("DENIED", "repository is read-only", "null"),
            Class::NoWrites,
        ),
        (
            "Harbor proxy",
            403,
            json(
                "DENIED",
                "denied: can not push artifact to a proxy project: proxy",
                "null",
            ),
            Class::NoWrites,
        ),
        (
            "distribution, words",
            405,
            "Method not allowed".to_owned(),
            Class::NoWrites,
        ),
        (
            "ferro method",
            405,
            json(
                "UNSUPPORTED",
                "DELETE manifest by tag is not supported; use digest",
                "null",
            ),
            Class::NoWrites,
        ),
        (
            "zot method",
            405,
            json(
                "DENIED",
                "requested access to the resource is denied",
                "null",
            ),
            Class::NoWrites,
        ),
        // Not allowed, or nobody.
        (
            "zot denied",
            403,
            json(
                "DENIED",
                "requested access to the resource is denied",
                "null",
            ),
            Class::Denied,
        ),
        (
            "olareg denied",
            401,
            json("UNAUTHORIZED", "scope = repository:x/app:push", "null"),
            Class::Login,
        ),
        (
            "Gitea denied",
            401,
            "reqPackageAccess".to_owned(),
            Class::Login,
        ),
        (
            "Quay token",
            401,
            r#"{"error": "Invalid bearer token format"}"#.to_owned(),
            Class::Login,
        ),
        (
            "Quay login",
            401,
            r#"{"error":"Invalid Username or Password"}"#.to_owned(),
            Class::Login,
        ),
        // A failure of its own.
        (
            "any 500",
            500,
            json("UNKNOWN", "unknown error", "null"),
            Class::Unavailable,
        ),
    ] {
        let refusal = read(status, "text/plain", body.as_bytes());
        assert_eq!(refusal.class(), expected, "{registry}: {body}");
        assert!(refusal.words.chars().count() <= MAX_WORDS, "{registry}");
        assert!(refusal.is_plain, "{registry}");
    }
}
