//! The samples in `tests/data/samples`: what real builds left behind, to be loaded into registries.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::real::Real;
use crate::registry::Registry;

/// One real build.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// A registry whose content a scenario makes, fake or real.
pub(crate) trait Store {
    /// The name in references.
    fn store_host(&self) -> String;
    /// Loads `registry.json` or `registry-5001.json` of a sample's folder.
    fn load(&self, folder: &Path, file: &str);
    /// Puts a blob.
    fn store_blob(&self, repository: &str, bytes: &[u8]);
    /// Puts a manifest or an index without a tag.
    fn store_manifest(&self, repository: &str, bytes: &[u8], media_type: &str);
    /// Points a tag at a manifest that is there.
    fn point(&self, repository: &str, tag: &str, digest: &str);
    /// Takes a tag away.
    fn unpoint(&self, repository: &str, tag: &str);
    /// Takes a manifest away, and leaves the tags and indexes that name it.
    fn remove(&self, repository: &str, digest: &str);
    /// Where a tag points.
    fn pointed(&self, repository: &str, tag: &str) -> Option<String>;
}

macro_rules! store {
    ($registry:ty) => {
        impl Store for $registry {
            fn store_host(&self) -> String {
                self.host().to_owned()
            }

            fn load(&self, folder: &Path, file: &str) {
                self.load_sample(folder, file);
            }

            fn store_blob(&self, repository: &str, bytes: &[u8]) {
                self.put_blob(repository, bytes);
            }

            fn store_manifest(&self, repository: &str, bytes: &[u8], media_type: &str) {
                self.put_manifest(repository, bytes, media_type);
            }

            fn point(&self, repository: &str, tag: &str, digest: &str) {
                self.tag(repository, tag, digest);
            }

            fn unpoint(&self, repository: &str, tag: &str) {
                self.untag(repository, tag);
            }

            fn remove(&self, repository: &str, digest: &str) {
                self.delete_manifest(repository, digest);
            }

            fn pointed(&self, repository: &str, tag: &str) -> Option<String> {
                self.tagged(repository, tag)
            }
        }
    };
}

store!(Registry);
store!(Real);

/// All samples, by name.
pub(crate) fn all() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut samples: Vec<Sample> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|folder| Sample {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            folder,
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

/// The sample of that name.
pub(crate) fn named(name: &str) -> Sample {
    let mut samples = all().into_iter();
    let found = samples.find(|sample| sample.name == name);
    found.unwrap_or_else(|| panic!("there is no sample {name}"))
}

impl Sample {
    /// `metadata.json`, byte for byte.
    pub(crate) fn metadata(&self) -> String {
        fs::read_to_string(self.folder.join("metadata.json")).unwrap()
    }

    /// Whether a second registry took part that had content of its own.
    pub(crate) fn has_second(&self) -> bool {
        self.folder.join("registry-5001.json").exists()
    }

    /// What a registry held afterwards: repository → tag → digest.
    pub(crate) fn tags(&self, file: &str) -> Vec<(String, String, String)> {
        let Ok(text) = fs::read_to_string(self.folder.join(file)) else {
            return Vec::new();
        };
        let content: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut found = Vec::new();
        for (repository, content) in content.as_object().unwrap() {
            for (tag, digest) in content["tags"].as_object().unwrap() {
                let digest = digest.as_str().unwrap().to_owned();
                found.push((repository.clone(), tag.clone(), digest));
            }
        }
        found
    }

    /// Loads the sample into two registries, and returns its metadata with their names in place
    /// of those of the build. Without content for a second registry both names are the first's.
    pub(crate) fn load(&self, first: &impl Store, second: &impl Store) -> String {
        first.load(&self.folder, "registry.json");
        second.load(&self.folder, "registry-5001.json");
        let second = match self.has_second() {
            true => second.store_host(),
            false => first.store_host(),
        };
        self.metadata()
            .replace("localhost:5000", &first.store_host())
            .replace("localhost:5001", &second)
    }
}
