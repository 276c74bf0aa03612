//! The answers of the simulated registry: right ones, and how faults spoil them.

use tagproof::oci::Digest;
use tagproof::registry::{Answer, Error, Method, Read, Target};

use super::fault::Fault;
use super::images::{INDEX, alter, library};
use super::journal::Shown;
use super::scene::{Header, Rule};
use super::world::failure;

/// A manifest or an index, if it is there.
pub(crate) fn document(digest: Option<&Digest>, method: Method, header: Header) -> Answer {
    let Some(digest) = digest else {
        return Answer::Absent;
    };
    let claimed = match header {
        Header::Right => Some(digest.clone()),
        Header::Missing => None,
        Header::Wrong => Some(another(digest)),
    };
    let Some(doc) = library().docs.get(digest) else {
        // A broken engine has put what nobody made.
        return Answer::Header(claimed);
    };
    match method {
        Method::Head | Method::FirstByte => Answer::Header(claimed),
        Method::Get => Answer::Body {
            bytes: doc.bytes.clone(),
            content_type: doc.media_type.to_owned(),
            claimed,
        },
    }
}

pub(crate) fn blob(bytes: Option<&Vec<u8>>, method: Method) -> Answer {
    match (bytes, method) {
        (None, _) => Answer::Absent,
        (Some(_), Method::Head | Method::FirstByte) => Answer::Header(None),
        (Some(bytes), Method::Get) => Answer::Body {
            bytes: bytes.clone(),
            content_type: "application/octet-stream".to_owned(),
            claimed: None,
        },
    }
}

/// The digest of another build that is there, always the same one.
fn another(digest: &Digest) -> Digest {
    let image = |index: usize| &library().builds[index].image;
    match digest == image(0) {
        true => image(1).clone(),
        false => image(0).clone(),
    }
}

/// What a fault makes of an answer.
pub(crate) fn spoil(truth: Result<Answer, Error>, rule: &Rule) -> Result<Answer, Error> {
    if let Fault::Failed(class) = rule.fault {
        return Err(failure(class, rule.retry_after));
    }
    let answer = truth?;
    Ok(match (rule.fault, answer) {
        (Fault::NotThere, _) => Answer::Absent,
        (Fault::HeaderMissing, Answer::Header(_)) => Answer::Header(None),
        (Fault::HeaderWrong, Answer::Header(Some(digest))) => {
            Answer::Header(Some(another(&digest)))
        }
        (Fault::NoBody, Answer::Body { claimed, .. }) => Answer::Header(claimed),
        (
            fault,
            Answer::Body {
                mut bytes,
                mut content_type,
                mut claimed,
            },
        ) => {
            match fault {
                Fault::HeaderMissing => claimed = None,
                Fault::HeaderWrong => claimed = claimed.map(|digest| another(&digest)),
                // Still JSON, and still a manifest's.
                Fault::BodyAltered => alter(&mut bytes),
                Fault::BodyCut => bytes.truncate(bytes.len() / 2),
                Fault::BodyEmpty => bytes.clear(),
                Fault::BodyAmbiguous => {
                    let more = br#""manifests":[],"config":{},"layers":[],"#;
                    bytes.splice(1..1, more.iter().copied());
                }
                Fault::BodyOfAnother => {
                    let digest = another(&Digest::of(&bytes));
                    let doc = library().doc(&digest);
                    bytes.clone_from(&doc.bytes);
                    doc.media_type.clone_into(&mut content_type);
                    claimed = Some(digest);
                }
                Fault::TypeWrong => content_type = format!("{INDEX}.other"),
                Fault::TypeGeneric => "application/json".clone_into(&mut content_type),
                Fault::TypeMissing => content_type.clear(),
                _ => {}
            }
            Answer::Body {
                bytes,
                content_type,
                claimed,
            }
        }
        (_, answer) => answer,
    })
}

/// What an answer shows to whoever checks it.
pub(crate) fn shown(result: &Result<Answer, Error>, read: &Read) -> Shown {
    match result {
        Err(error) => Shown::Failed(error.class),
        Ok(Answer::Absent) => Shown::Absent,
        Ok(Answer::Header(_)) if read.method == Method::Get => Shown::Garbage,
        Ok(Answer::Header(None)) => Shown::Nothing,
        Ok(Answer::Header(Some(digest))) => Shown::Said(digest.clone()),
        Ok(Answer::Body { bytes, claimed, .. }) => {
            let digest = Digest::of(bytes);
            let is_asked = match &read.target {
                Target::Tag(_) => true,
                Target::Manifest(asked) | Target::Blob(asked) => *asked == digest,
            };
            let lib = library();
            // An altered manifest is a document of another digest, whether it can be understood or
            // not, and whatever type it was served with.
            let has_a_member = |value: serde_json::Value| {
                value.get("manifests").is_some() || value.get("config").is_some()
            };
            let is_document = lib.docs.contains_key(&digest)
                || lib.blobs.contains_key(&digest)
                || serde_json::from_slice(bytes).is_ok_and(has_a_member);
            match is_asked && is_document {
                true => Shown::Body(digest.clone(), claimed.as_ref() == Some(&digest)),
                false => Shown::Garbage,
            }
        }
    }
}
