//! What `tagproof policy check` says: the policy as it was understood.

use std::path::Path;

use super::{ImageRule, Policy, RegistrySettings};

impl Policy {
    /// The policy for people, its patterns in the order in which they decide.
    #[must_use]
    pub fn show(&self, source: &str) -> String {
        let mut out = format!("`{source}` is a policy that can be used\n");
        let mut rules: Vec<&ImageRule> = Vec::new();
        for rule in &self.rules {
            let of = |rule: &ImageRule| rule.pattern.specificity();
            let at = rules.partition_point(|known| of(known) >= of(rule));
            rules.insert(at, rule);
        }
        if rules.is_empty() {
            out.push_str("\nIt asks nothing of images.\n");
        } else {
            out.push_str(
                "\nOf images, each key from the first pattern that fits the tag and has the key:\n",
            );
        }
        for rule in rules {
            out.push_str(&format!("  {}\n", rule.pattern));
            for (key, value) in rule_lines(rule) {
                out.push_str(&format!("    {key:18}{value}\n"));
            }
        }
        if !self.registries.is_empty() {
            out.push_str("\nOf registries:\n");
        }
        for (host, settings) in &self.registries {
            out.push_str(&format!("  {host}\n"));
            for (key, value) in registry_lines(settings) {
                out.push_str(&format!("    {key:18}{value}\n"));
            }
        }
        out
    }
}

fn rule_lines(rule: &ImageRule) -> Vec<(&'static str, String)> {
    let ImageRule {
        pattern: _,
        platforms,
        attestations,
        immutable,
        on_other,
        depth,
        on_wrong_platform,
        ignored,
    } = rule;
    let ignored = ignored
        .as_deref()
        .map(|paths| format!("ignore {}", list(paths)));
    [
        ("platforms", platforms.as_deref().map(list)),
        ("attestations", attestations.as_deref().map(list)),
        ("immutable", immutable.as_deref().map(list)),
        ("on-other", on_other.map(|it| it.as_str().to_owned())),
        ("depth", depth.map(|it| it.to_string())),
        (
            "on-wrong-platform",
            on_wrong_platform.map(|it| it.as_str().to_owned()),
        ),
        ("programs", ignored),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn registry_lines(settings: &RegistrySettings) -> Vec<(&'static str, String)> {
    let RegistrySettings {
        plain_http,
        ca_file,
        settle,
    } = settings;
    let shown = |path: &Path| path.display().to_string();
    let seconds = settle.map(|settle| format!("{} s", settle.as_secs_f64()));
    [
        ("plain-http", plain_http.then(|| "true".to_owned())),
        ("ca-file", ca_file.as_deref().map(shown)),
        ("settle", seconds),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn list<T: ToString>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        items => {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            items.join(", ")
        }
    }
}
