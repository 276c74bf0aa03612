//! What is known of registries by their names: which of them keep a manifest that no tag names.

use super::reference::Host;

/// The registries that are known to keep a manifest when the last tag leaves it, for a day at
/// least. `docs/registries.md` has the source of each. `*` is any part of a name.
const KEEPING: [&str; 8] = [
    "docker.io",
    "ghcr.io",
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*-docker.pkg.dev",
    "gcr.io",
    "*.gcr.io",
    "registry.gitlab.com",
];

impl Host {
    /// Whether the registry is known to keep a manifest when the last tag leaves it. Any other may
    /// forget it at once.
    #[must_use]
    pub fn keeps_untagged(&self) -> bool {
        KEEPING.iter().any(|name| is_like(self.as_str(), name))
    }

    /// The names of the registries that are known to keep a manifest when the last tag leaves it.
    pub fn keeping_untagged() -> impl Iterator<Item = &'static str> {
        KEEPING.into_iter()
    }
}

/// Whether `host` is what `name` says, where each `*` is one character or more.
fn is_like(host: &str, name: &str) -> bool {
    let Some((start, rest)) = name.split_once('*') else {
        return host == name;
    };
    let Some(host) = host.strip_prefix(start) else {
        return false;
    };
    host.char_indices()
        .skip(1)
        .filter_map(|(at, _)| host.get(at..))
        .any(|host| is_like(host, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registries_that_a_source_is_known_for_are_taken_to_keep_what_no_tag_names() {
        for (host, keeps) in [
            ("docker.io", true),
            ("index.docker.io", true),
            ("registry-1.docker.io", true),
            ("ghcr.io", true),
            ("GHCR.io", true),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", true),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", true),
            ("europe-west1-docker.pkg.dev", true),
            ("gcr.io", true),
            ("eu.gcr.io", true),
            ("registry.gitlab.com", true),
            ("ghcr.io:443", false),
            ("mirror.docker.io", false),
            ("ghcr.io.example.com", false),
            ("notgcr.io", false),
            (".gcr.io", false),
            ("-docker.pkg.dev", false),
            ("x.dkr.ecr.amazonaws.com", false),
            ("public.ecr.aws", false),
            ("acme.azurecr.io", false),
            ("quay.io", false),
            ("registry.gitlab.example.com", false),
            ("localhost:5000", false),
            ("127.0.0.1:5000", false),
            ("[::1]:5000", false),
        ] {
            let Ok(parsed) = host.parse::<Host>() else {
                assert!(!keeps, "{host}");
                continue;
            };
            assert_eq!(parsed.keeps_untagged(), keeps, "{host}");
        }
    }
}
