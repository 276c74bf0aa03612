use std::fmt::Write as _;

use super::*;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An index of these entries.
fn index(entries: &[String]) -> Arc<Document> {
    let entries = entries.join(",");
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{entries}]}}"#);
    Arc::new(Document::new(body.into_bytes(), INDEX))
}

fn image(name: &str, architecture: &str) -> String {
    let digest = Digest::of(name.as_bytes());
    format!(
        r#"{{"mediaType":"{MANIFEST}","digest":"{digest}","platform":{{"os":"linux","architecture":"{architecture}"}}}}"#
    )
}

fn entry(index: &Document) -> String {
    format!(r#"{{"mediaType":"{INDEX}","digest":"{}"}}"#, index.digest())
}

fn here(indexes: &[&Arc<Document>]) -> Nested {
    let each = indexes.iter().map(|&index| {
        let seen = Seen::Here(index.clone());
        (index.digest().clone(), seen)
    });
    each.collect()
}

#[test]
fn the_entries_of_every_level_are_walked() {
    let lowest = index(&[image("c", "s390x")]);
    let middle = index(&[image("b", "arm64"), entry(&lowest)]);
    let root = index(&[image("a", "amd64"), entry(&middle)]);
    let nested = here(&[&lowest, &middle]);
    let tree = Tree::new(&root, &nested);
    assert_eq!((tree.entries().count(), tree.images().count()), (5, 3));
    let platforms = ["linux/amd64", "linux/arm64", "linux/s390x"];
    assert_eq!(tree.platforms(), platforms.map(|it| it.parse().unwrap()));
    for wanted in [lowest.digest(), middle.digest(), &Digest::of(b"c")] {
        assert!(tree.find(wanted).is_some());
    }
    assert!(tree.find(root.digest()).is_none());
    assert!(tree.is_whole());
}

#[test]
fn what_was_not_read_is_known_not_to_be_known() {
    let below = index(&[image("b", "arm64")]);
    let root = index(&[image("a", "amd64"), entry(&below)]);
    let digest = below.digest().clone();
    let broken = Arc::new(Document::new(b"{}".to_vec(), INDEX));
    let unreadable = Error::of_document("it", "no");
    for (seen, gone, words) in [
        (None, 0, "one index too many"),
        (Some(Seen::Absent), 1, ""),
        (Some(Seen::Unknown(unreadable)), 0, "no"),
        (Some(Seen::Here(broken)), 0, "lacks what its media type"),
    ] {
        let mut nested = Nested::new();
        nested.extend(seen.map(|seen| (digest.clone(), seen)));
        let tree = Tree::new(&root, &nested);
        assert_eq!((tree.gone().count(), tree.closed().count()), (gone, 1));
        assert_eq!(tree.images().count(), 1);
        assert!(!tree.is_whole());
        let told = tree.unknown().map_or_else(String::new, ToString::to_string);
        assert!(
            told.contains(words) && told.is_empty() == words.is_empty(),
            "{told}"
        );
    }
}

#[test]
fn an_entry_that_is_called_an_index_and_is_an_image_is_an_image() {
    let config = format!(r#"{{"config":{{"digest":"{}"}}}}"#, Digest::of(b"c"));
    let manifest = Arc::new(Document::new(config.into_bytes(), MANIFEST));
    let root = index(&[entry(&manifest)]);
    let nested = here(&[&manifest]);
    let tree = Tree::new(&root, &nested);
    assert_eq!((tree.images().count(), tree.is_whole()), (1, true));
}

#[test]
fn an_index_that_is_listed_many_times_is_walked_once() {
    let below = index(&[image("b", "arm64")]);
    let root = index(&[entry(&below), entry(&below), entry(&below)]);
    let nested = here(&[&below]);
    let tree = Tree::new(&root, &nested);
    assert_eq!((tree.entries().count(), tree.images().count()), (4, 1));
}

#[test]
fn a_document_that_is_not_an_index_has_no_entries_and_one_that_was_not_understood_says_so() {
    let nested = Nested::new();
    let config = format!(r#"{{"config":{{"digest":"{}"}}}}"#, Digest::of(b"c"));
    let image = Document::new(config.into_bytes(), MANIFEST);
    assert!(Tree::new(&image, &nested).is_whole());
    let unread = Document::new(b"{}".to_vec(), INDEX);
    assert!(Tree::new(&unread, &nested).unknown().is_some());
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn more_levels_or_entries_than_any_image_has_are_not_walked() {
    let mut levels = vec![index(&[image("a", "amd64")])];
    for _ in 0..=MAX_LEVELS {
        let below = levels.last().unwrap().clone();
        levels.push(index(&[entry(&below)]));
    }
    let nested = here(&levels.iter().collect::<Vec<_>>());
    let whole = |root: &Arc<Document>| Tree::new(root, &nested).is_whole();
    assert!(whole(&levels[MAX_LEVELS]));
    assert!(!whole(&levels[MAX_LEVELS + 1]));

    let wide = |name: &str| {
        let mut names: Vec<String> = Vec::new();
        for nth in 0..500 {
            let mut name = name.to_owned();
            write!(name, "{nth}").unwrap();
            names.push(image(&name, "amd64"));
        }
        index(&names)
    };
    let parts: Vec<Arc<Document>> = (0..3).map(|nth| wide(&format!("{nth}-"))).collect();
    let root = index(&parts.iter().map(|part| entry(part)).collect::<Vec<_>>());
    let nested = here(&parts.iter().collect::<Vec<_>>());
    let tree = Tree::new(&root, &nested);
    assert_eq!(tree.entries().count(), 1_000);
    assert!(!tree.is_whole());
}
