//! The refusals of real registries, word for word as far as they are known.

use serde_json::Value;

use super::http::Response;

/// A refusal as a real registry words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What to call it in a test.
    pub(crate) name: &'static str,
    /// What it means, in one word.
    pub(crate) means: &'static str,
    pub(crate) status: u16,
    /// What is answered so.
    pub(crate) to: To,
    /// `$REPO` and `$TAG` stand for the repository and the tag of the request.
    pub(crate) body: &'static str,
}

/// Which requests a refusal is known to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Any; what is known of writes only is tried on reads all the same.
    Any,
    Reads,
    Writes,
}

impl Refusal {
    /// The refusal of that name.
    pub(crate) fn named(name: &str) -> Self {
        *BODIES
            .iter()
            .find(|refusal| refusal.name == name)
            .unwrap_or_else(|| panic!("there is no refusal named {name}"))
    }

    /// What it says about a repository and a tag, as it is repeated: its code in upper case, and
    /// its words for people. Nothing where it is a web page.
    pub(crate) fn words(&self, repository: &str, tag: &str) -> Vec<String> {
        let body = self.answer(repository, tag).body;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let error = &body["errors"][0];
        let detail = &error["detail"];
        let code = error["code"].as_str().map(str::to_ascii_uppercase);
        let texts = [&error["message"], detail, &detail["message"]];
        let texts = texts.into_iter().filter_map(Value::as_str);
        code.into_iter().chain(texts.map(str::to_owned)).collect()
    }

    /// The answer about a repository and a tag.
    pub(crate) fn answer(&self, repository: &str, tag: &str) -> Response {
        let content_type = match self.body.starts_with('{') {
            true => "application/json",
            false => "text/html",
        };
        let body = self.body.replace("$REPO", repository).replace("$TAG", tag);
        Response::new(self.status, content_type, body)
    }
}

const fn refusal(
    name: &'static str,
    means: &'static str,
    status: u16,
    body: &'static str,
) -> Refusal {
    Refusal {
        name,
        means,
        status,
        to: To::Any,
        body,
    }
}

impl Refusal {
    const fn to(mut self, to: To) -> Self {
        self.to = to;
        self
    }
}

/// All of them.
pub(crate) const BODIES: &[Refusal] = &[
    refusal(
        "ecr-immutable",
        "immutable",
        400,
        r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag '$TAG' already exists in the '$REPO' repository and cannot be overwritten because the repository is immutable."}]}"#,
    ),
    refusal(
        "ecr-immutable-tag",
        "immutable",
        400,
        r#"{"errors":[{"code":"TAG_INVALID","message":"The image tag '$TAG' already exists in the '$REPO' repository and cannot be overwritten because the tag is immutable."}]}"#,
    ),
    refusal(
        "hub-immutable",
        "immutable",
        403,
        r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied - This tag is already assigned to an image in this repository and cannot be updated due to immutability settings. To push this image, use a different tag.","detail":[{"Type":"repository","Class":"","Name":"$REPO","Action":"push"}]}]}"#,
    ),
    refusal(
        "gar-immutable",
        "immutable",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"cannot update tag $TAG. The repository has enabled tag immutability"}]}"#,
    ),
    refusal(
        "quay-immutable",
        "immutable",
        409,
        r#"{"errors":[{"code":"TAG_IMMUTABLE","detail":{"message":"tag '$TAG' is immutable"},"message":"tag is immutable and cannot be overwritten"}]}"#,
    ),
    refusal(
        "harbor-immutable",
        "immutable",
        412,
        r#"{"errors":[{"code":"PRECONDITION","message":"Failed to process request due to '$REPO:$TAG' configured as immutable."}]}"#,
    ),
    refusal(
        "gitlab-immutable",
        "immutable",
        401,
        r#"{"errors":[{"code":"IMMUTABLE_TAG","message":"tag is immutable","detail":"tag \"$TAG\" is immutable"}]}"#,
    ),
    refusal(
        "nexus-immutable",
        "immutable",
        400,
        r#"{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid","detail":"Repository does not allow updating assets: $REPO"}]}"#,
    ),
    refusal(
        "alibaba-immutable",
        "immutable",
        400,
        r#"{"errors":[{"code":"TAG_INVALID","message":"The requested tag already exists and cannot be overwritten"}]}"#,
    ),
    refusal(
        "msr-immutable",
        "immutable",
        400,
        r#"{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"tag=$TAG cannot be overwritten because $REPO is an immutable repository"}]}"#,
    ),
    refusal(
        "angos-immutable",
        "immutable",
        409,
        r#"{"errors":[{"code":"CONFLICT","message":"Tag '$TAG' is immutable and cannot be overwritten","detail":null}]}"#,
    ),
    refusal(
        "angos-immutable-denied",
        "immutable",
        409,
        r#"{"errors":[{"code":"DENIED","message":"Tag '$TAG' is immutable and cannot be overwritten","detail":null}]}"#,
    ),
    refusal(
        "cuelabs-immutable",
        "immutable",
        403,
        r#"{"errors":[{"code":"DENIED","message":"this store is immutable: denied: requested access to the resource is denied"}]}"#,
    ),
    refusal(
        "gitlab-protected",
        "protected",
        401,
        r#"{"errors":[{"code":"PROTECTED_TAG","message":"insufficient permissions to push or delete protected tag","detail":"insufficient permissions to push or delete protected tag \"$TAG\""}]}"#,
    ),
    refusal(
        "acr-locked",
        "locked",
        405,
        r#"{"errors":[{"code":"REGISTRY_DISALLOWED_OPERATION","message":"The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation"}]}"#,
    ),
    refusal(
        "artifactory-denied",
        "denied",
        403,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":{"description":"Failed to upload manifest: HTTP 403 Forbidden"}}]}"#,
    ),
    refusal(
        "ghcr-denied",
        "denied",
        403,
        r#"{"errors":[{"code":"DENIED","message":"permission_denied: write_package"}]}"#,
    ),
    refusal(
        "zot-denied",
        "denied",
        403,
        r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied","description":"The access controller denied access for the operation on a resource.","detail":{"reason":"policy"}}]}"#,
    ),
    refusal(
        "ghcr-secondary-limit",
        "rate-limit",
        403,
        r#"{"errors":[{"code":"DENIED","message":"permission_denied: Error from intermediary with HTTP status code 403 \"Forbidden\": You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}]}"#,
    ),
    refusal(
        "ghcr-rate-limit",
        "rate-limit",
        429,
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 12.5ms, allowed: 2000/minute"}]}"#,
    ),
    refusal(
        "hub-rate-limit",
        "rate-limit",
        429,
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"}]}"#,
    ),
    refusal(
        "ecr-rate-limit",
        "rate-limit",
        429,
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}"#,
    ),
    refusal(
        "ggcr-child-missing",
        "child-missing",
        404,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Sub-manifest \"sha256:0000000000000000000000000000000000000000000000000000000000000000\" not found"}]}"#,
    ),
    refusal(
        "zot-child-missing",
        "child-missing",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","description":"During upload, manifests undergo several checks ensuring validity.","detail":{"reference":"$TAG"}}]}"#,
    ),
    refusal(
        "quay-child-missing",
        "child-missing",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","detail":{"message":"Missing manifest"},"message":"manifest invalid"}]}"#,
    ),
    refusal(
        "cloudflare-child-missing",
        "child-missing",
        400,
        r#"{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#,
    ),
    refusal(
        "ferro-child-missing",
        "child-missing",
        404,
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"referenced manifest digest sha256:0000000000000000000000000000000000000000000000000000000000000000 not present"}]}"#,
    )
    .to(To::Writes),
    // A status that asks for the same again, though it would be answered the same.
    refusal(
        "cuelabs-child-missing",
        "child-missing",
        500,
        r#"{"errors":[{"code":"UNKNOWN","message":"invalid manifest: manifest for manifests[0] not found"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "distribution-cache",
        "no-writes",
        405,
        r#"{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}"#,
    )
    .to(To::Writes),
    refusal(
        "quay-media-type",
        "media-type",
        415,
        r#"{"errors":[{"code":"MANIFEST_INVALID","detail":{"message":"manifest schema version not supported"},"message":"manifest invalid"}]}"#,
    ),
    refusal(
        "zot-too-large",
        "too-large",
        413,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}"#,
    ),
    refusal(
        "distribution-too-large",
        "too-large",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"http: request body too large"}]}"#,
    ),
    refusal(
        "quay-quota",
        "read-only",
        403,
        r#"{"errors":[{"code":"DENIED","message":"Quota has been exceeded on namespace"}]}"#,
    ),
    refusal(
        "quay-read-only",
        "read-only",
        405,
        r#"{"errors":[{"code":"UNSUPPORTED","detail":{},"message":"System is currently read-only. Pulls will succeed but all write operations are currently suspended."}]}"#,
    ),
    refusal(
        "olareg-read-only",
        "no-writes",
        403,
        r#"{"errors":[{"code":"DENIED","message":"repository is read-only"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "harbor-proxy-project",
        "no-writes",
        403,
        r#"{"errors":[{"code":"DENIED","message":"denied: can not push artifact to a proxy project: proxy"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "harbor-no-project",
        "no-project",
        401,
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"project $REPO not found: project $REPO not found"}]}"#,
    ),
    refusal(
        "quay-child-missing-by-name",
        "child-missing",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","detail":{"message":"Could not find child manifest with digest `sha256:0000000000000000000000000000000000000000000000000000000000000000`"},"message":"manifest invalid"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitlab-media-type",
        "media-type",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unknown media type: application/vnd.example.config.v1+json"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "harbor-policy",
        "policy",
        412,
        r#"{"errors":[{"code":"PROJECTPOLICYVIOLATION","message":"current image with 3 vulnerabilities cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of \"Critical\" or higher from running.'"}]}"#,
    ),
    refusal(
        "gitlab-protected-manifest",
        "protected",
        401,
        r#"{"errors":[{"code":"PROTECTED_MANIFEST"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitlab-pattern-count",
        "config",
        400,
        r#"{"errors":[{"code":"TAG_PATTERN_COUNT_LIMIT_EXCEEDED"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitlab-pattern-invalid",
        "config",
        400,
        r#"{"errors":[{"code":"TAG_IMMUTABILITY_PATTERN_INVALID"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "ocir-conflict",
        "immutable",
        409,
        r#"{"errors":[{"code":"CONFLICT"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "artifactory-exists",
        "denied",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":{"description":"HTTP 403 Forbidden"}}]}"#,
    )
    .to(To::Writes),
    refusal(
        "artifactory-hidden",
        "denied",
        404,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":{"description":"HTTP 403 Forbidden"}}]}"#,
    )
    .to(To::Writes),
    refusal(
        "ghcr-no-package",
        "denied",
        403,
        r#"{"errors":[{"code":"DENIED","message":"installation not allowed to Create organization package"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "ecr-throttling",
        "rate-limit",
        503,
        r#"{"errors":[{"code":"ThrottlingException","message":"Rate exceeded"}]}"#,
    ),
    refusal(
        "distribution-child-missing",
        "child-missing",
        400,
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitea-child-missing",
        "child-missing",
        404,
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "ecr-child-missing",
        "child-missing",
        400,
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"Images with digests '[sha256:0000000000000000000000000000000000000000000000000000000000000000]' required for pushing image into repository with name '$REPO' in the registry with id '123456789012' do not exist"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "distribution-media-type",
        "media-type",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":{}}]}"#,
    )
    .to(To::Writes),
    refusal(
        "olareg-media-type",
        "media-type",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unsupported media type: application/vnd.oci.image.index.v1+json"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitea-media-type",
        "media-type",
        400,
        r#"{"errors":[{"code":"MANIFEST_INVALID","message":"MediaType not recognized"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "gitea-size-invalid",
        "too-large",
        400,
        r#"{"errors":[{"code":"SIZE_INVALID","message":"provided length did not match content length"}]}"#,
    )
    .to(To::Writes),
    refusal(
        "distribution-accept",
        "accept",
        404,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI index found, but accept header does not support OCI indexes"}]}"#,
    )
    .to(To::Reads),
    refusal(
        "olareg-accept",
        "accept",
        404,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown to registry","detail":"requested media type not found, available media type is application/vnd.oci.image.index.v1+json"}]}"#,
    )
    .to(To::Reads),
    refusal(
        "proxy-html",
        "unavailable",
        502,
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
    ),
];
