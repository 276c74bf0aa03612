//! What a registry answers when nothing goes wrong, as distribution 2.8 does it.

use serde_json::{Value, json};
use tagproof::oci::Digest;

use super::http::{Request, Response};
use super::state::{Manifest, Missing, State, blobs_of, children_of};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const MAX_MANIFEST: usize = 4 * 1024 * 1024;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Manifest {
        repository: String,
        reference: String,
    },
    Blob {
        repository: String,
        digest: String,
    },
    Nowhere,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/v2/") else {
            return Self::Nowhere;
        };
        if rest.is_empty() {
            return Self::Base;
        }
        let split = |kind: &str| {
            let (repository, last) = rest.rsplit_once(kind)?;
            is_name(repository).then(|| (repository.to_owned(), last.to_owned()))
        };
        if let Some((repository, reference)) = split("/manifests/") {
            if is_tag(&reference) || is_digest(&reference) {
                return Self::Manifest {
                    repository,
                    reference,
                };
            }
        } else if let Some((repository, digest)) = split("/blobs/")
            && is_digest(&digest)
        {
            return Self::Blob { repository, digest };
        }
        Self::Nowhere
    }

    fn digest(&self) -> Option<&str> {
        match self {
            Self::Manifest { reference, .. } if is_digest(reference) => Some(reference),
            Self::Blob { digest, .. } => Some(digest),
            Self::Manifest { .. } | Self::Base | Self::Nowhere => None,
        }
    }

    /// The tag, or the digest.
    pub(crate) fn reference(&self) -> Option<&str> {
        match self {
            Self::Manifest { reference, .. } => Some(reference),
            Self::Blob { digest, .. } => Some(digest),
            Self::Base | Self::Nowhere => None,
        }
    }

    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Manifest { repository, .. } | Self::Blob { repository, .. } => Some(repository),
            Self::Base | Self::Nowhere => None,
        }
    }
}

/// Whether it is a legal name of a repository: path components of lower-case letters and digits,
/// with single separators within.
pub(crate) fn is_repository(text: &str) -> bool {
    let alphanumeric = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('/').all(|part| {
        let bytes = part.as_bytes();
        let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        alphanumeric(bytes.first())
            && alphanumeric(bytes.last())
            && separators
                .filter(|separator| !separator.is_empty())
                .all(|separator| {
                    matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
                })
    })
}

/// Whether a path may have it as the name: distribution 2.8 lets a domain stand first.
fn is_name(text: &str) -> bool {
    let domain = |text: &str| {
        text.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    };
    is_repository(text)
        || text
            .split_once('/')
            .is_some_and(|(first, rest)| domain(first) && is_repository(rest))
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

/// Whether it looks like a digest, so that the path leads somewhere.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, encoded)| {
        !algorithm.is_empty()
            && !encoded.is_empty()
            && algorithm
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && encoded
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-'))
    })
}

/// Answers a request. With `stale`, a tag is taken to point at that digest.
pub(crate) fn answer(
    state: &mut State,
    request: &Request,
    base: &str,
    stale: Option<&str>,
) -> Response {
    let path = request.path();
    let route = Route::of(&path);
    let response = match (request.method.as_str(), route) {
        _ if path.contains("//") => Response {
            status: 301,
            ..Response::default()
        }
        .with("Location", path.replace("//", "/")),
        (_, route)
            if route
                .digest()
                .is_some_and(|digest| digest.parse::<Digest>().is_err()) =>
        {
            Response::error(500, "UNKNOWN", "unknown error", &json!({}))
        }
        ("GET" | "HEAD", Route::Base) => {
            Response::new(200, "application/json; charset=utf-8", "{}")
        }
        (
            "GET" | "HEAD",
            Route::Manifest {
                repository,
                reference,
            },
        ) => read_manifest(state, &repository, &reference, &accepted(request), stale),
        (
            "PUT",
            Route::Manifest {
                repository,
                reference,
            },
        ) => write_manifest(state, &repository, &reference, request, base),
        ("GET" | "HEAD", Route::Blob { repository, digest }) => {
            read_blob(state, &repository, &digest)
        }
        (_, Route::Nowhere) => {
            Response::new(404, "text/plain; charset=utf-8", "404 page not found\n")
        }
        (_, Route::Base | Route::Manifest { .. } | Route::Blob { .. }) => Response::error(
            405,
            "UNSUPPORTED",
            "The operation is unsupported.",
            &Value::Null,
        ),
    };
    response.with("Docker-Distribution-Api-Version", "registry/2.0")
}

/// The media types of all `Accept` lines, without parameters.
fn accepted(request: &Request) -> Vec<String> {
    let accept = request.header("Accept").unwrap_or_default();
    accept
        .split(',')
        .map(|one| one.split(';').next().unwrap_or_default().trim().to_owned())
        .collect()
}

fn manifest_unknown(detail: &Value) -> Response {
    Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)
}

fn read_manifest(
    state: &State,
    repository: &str,
    reference: &str,
    accepted: &[String],
    stale: Option<&str>,
) -> Response {
    let by_tag = is_tag(reference);
    let tagged = match (by_tag, stale) {
        (true, Some(stale)) => Some(stale.to_owned()),
        (true, None) => state.tagged(repository, reference),
        (false, _) => Some(reference.to_owned()),
    };
    let manifest = |digest: &str| {
        let found = state.repositories.get(repository)?.manifests.get(digest);
        found.filter(|_| by_tag || !state.hides(repository, digest))
    };
    let Some((digest, found)) =
        tagged.and_then(|digest| Some((digest.clone(), manifest(&digest)?)))
    else {
        let detail = match by_tag {
            true => json!({ "Tag": reference }),
            false => json!({ "Name": repository, "Revision": reference }),
        };
        return manifest_unknown(&detail);
    };
    let accepts = |media_type: &str| accepted.iter().any(|one| one == media_type);
    match found.media_type.as_str() {
        own @ (INDEX | IMAGE) if !accepts(own) => {
            let kind = if own == INDEX { "index" } else { "manifest" };
            Response::error(
                404,
                "MANIFEST_UNKNOWN",
                &format!("OCI {kind} found, but accept header does not support OCI {kind}s"),
                &Value::Null,
            )
        }
        // An old client is given the image for its platform instead of the list.
        LIST if by_tag && !accepts(LIST) => {
            let child = amd64_of(&found.bytes);
            match child.and_then(|child| Some((child.clone(), manifest(&child)?))) {
                Some((child, image)) if accepts(DOCKER_IMAGE) => document(&child, image),
                _ => manifest_unknown(&Value::Null),
            }
        }
        _ => document(&digest, found),
    }
}

fn amd64_of(list: &[u8]) -> Option<String> {
    let list: Value = serde_json::from_slice(list).ok()?;
    let child = list["manifests"].as_array()?.iter().find(|child| {
        child["platform"]["os"] == "linux" && child["platform"]["architecture"] == "amd64"
    })?;
    Some(child["digest"].as_str()?.to_owned())
}

fn document(digest: &str, manifest: &Manifest) -> Response {
    Response::new(200, &manifest.media_type, manifest.bytes.clone())
        .with("Docker-Content-Digest", digest)
        .with("Etag", format!("\"{digest}\""))
}

fn read_blob(state: &State, repository: &str, digest: &str) -> Response {
    let repository = state.repositories.get(repository);
    match repository.and_then(|repository| repository.blobs.get(digest)) {
        Some(blob) => Response::new(200, "application/octet-stream", blob.clone())
            .with("Docker-Content-Digest", digest)
            .with("Etag", format!("\"{digest}\"")),
        None => Response::error(
            404,
            "BLOB_UNKNOWN",
            "blob unknown to registry",
            &json!(digest),
        ),
    }
}

fn write_manifest(
    state: &mut State,
    name: &str,
    reference: &str,
    request: &Request,
    base: &str,
) -> Response {
    let invalid =
        |detail: &str| Response::error(400, "MANIFEST_INVALID", "manifest invalid", &json!(detail));
    let bytes = &request.body;
    if bytes.len() > MAX_MANIFEST {
        return invalid("http: request body too large");
    }
    let content_type = request.header("Content-Type").unwrap_or_default();
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return invalid("no JSON");
    };
    let own = document["mediaType"].as_str();
    let is_index = match content_type.as_str() {
        INDEX | LIST => true,
        IMAGE | DOCKER_IMAGE => false,
        _ => return invalid("unknown media type"),
    };
    let docker = matches!(content_type.as_str(), LIST | DOCKER_IMAGE);
    if own.map_or(docker, |own| own != content_type) {
        return invalid("mediaType is not the Content-Type");
    }
    let image = document.get("config").is_some() || document.get("layers").is_some();
    if image == is_index || document.get("manifests").is_some() != is_index {
        return invalid("not such a document");
    }
    let digest = Digest::of(bytes).to_string();
    if is_digest(reference) && reference != digest {
        return Response::error(
            400,
            "DIGEST_INVALID",
            "provided digest did not match uploaded content",
            &Value::Null,
        );
    }
    let on_missing = state.missing;
    let repository = state.repository(name);
    if let Some(refusal) = repository.immutable
        && repository.tags.contains_key(reference)
    {
        return refusal.answer(name, reference);
    }
    let mut children = children_of(bytes);
    children.retain(|child| !repository.manifests.contains_key(child));
    match on_missing {
        Missing::RefusedAs(refusal) if !children.is_empty() => {
            return refusal.answer(name, reference);
        }
        Missing::Taken => children.clear(),
        Missing::Refused | Missing::RefusedAs(_) => {}
    }
    let blobs = blobs_of(bytes).into_iter().filter(|blob| {
        !repository.blobs.contains_key(blob) && !repository.known_blobs.contains(blob)
    });
    let missing: Vec<Value> = children
        .into_iter()
        .chain(blobs)
        .map(|digest| {
            json!({"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": digest})
        })
        .collect();
    if !missing.is_empty() {
        let body = json!({ "errors": missing }).to_string();
        return Response::new(400, "application/json; charset=utf-8", body);
    }
    state.put_manifest(name, bytes, &content_type);
    match is_tag(reference) {
        true => state.tag(name, reference, &digest),
        false => state.put_by_digest(name, &digest),
    }
    let location = format!("{base}/v2/{name}/manifests/{digest}");
    Response {
        status: 201,
        ..Response::default()
    }
    .with("Location", location)
    .with("Docker-Content-Digest", digest)
}
