//! What a 401 asks for: the challenges of `WWW-Authenticate` (RFC 9110, section 11).

/// A challenge that this program can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token from a token server (distribution, "Token authentication").
    Bearer {
        /// The URL of the token server.
        realm: String,
        /// The name of the registry at the token server.
        service: Option<String>,
        /// The scopes that the request needs.
        scopes: Vec<String>,
    },
    /// User name and password.
    Basic,
}

/// The first `Bearer` challenge with a realm of these header lines, or else `Basic`.
pub(crate) fn choose<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for (scheme, parameters) in lines.flat_map(split) {
        let value = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        } else if scheme.eq_ignore_ascii_case("bearer")
            && let Some(realm) = value("realm").filter(|realm| !realm.is_empty())
        {
            return Some(Challenge::Bearer {
                realm,
                service: value("service").filter(|service| !service.is_empty()),
                scopes: parameters
                    .iter()
                    .filter(|(key, _)| key.eq_ignore_ascii_case("scope"))
                    .flat_map(|(_, value)| value.split(' ').map(str::to_owned))
                    .filter(|scope| !scope.is_empty())
                    .collect(),
            });
        }
    }
    basic
}

type Parsed = (String, Vec<(String, String)>);

/// `challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`, several separated by commas.
fn split(line: &str) -> Vec<Parsed> {
    let mut challenges: Vec<Parsed> = Vec::new();
    for part in parts(line) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        // `Scheme name=value`, `Scheme token68` or `Scheme` begin a challenge; `name=value` goes on.
        let head_end = part
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(part.len());
        let (head, rest) = part.split_at(head_end);
        let rest = rest.trim_start();
        let parameter = match rest.strip_prefix('=') {
            Some(value) => Some((head, value)),
            None => {
                challenges.push((head.to_owned(), Vec::new()));
                rest.split_once('=')
                    .map(|(name, value)| (name.trim(), value))
            }
        };
        if let (Some((name, value)), Some((_, parameters))) = (parameter, challenges.last_mut()) {
            parameters.push((name.to_owned(), unquote(value.trim())));
        }
    }
    challenges
}

/// The parts of `line` between commas that are outside of quotes.
fn parts(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// A `token` as it is, a `quoted-string` without quotes and escapes.
fn unquote(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scopes: &[&str]) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        })
    }

    #[test]
    fn challenges_are_read_as_the_standard_writes_them() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/app:pull,push""#;
        let cases: Vec<(Vec<&str>, Option<Challenge>)> = vec![
            (
                vec![hub],
                bearer(
                    "https://auth.docker.io/token",
                    Some("registry.docker.io"),
                    &["repository:library/app:pull,push"],
                ),
            ),
            (
                vec![r#"bEARER Realm = "https://a/t?x=1" , SERVICE="my \"own\" registry""#],
                bearer("https://a/t?x=1", Some(r#"my "own" registry"#), &[]),
            ),
            (
                vec![r#"Basic realm="x, Bearer realm=y", Bearer realm="https://a/t""#],
                bearer("https://a/t", None, &[]),
            ),
            (
                vec![
                    "Negotiate",
                    r#"Basic realm="x""#,
                    r#"Bearer realm="https://a/t""#,
                ],
                bearer("https://a/t", None, &[]),
            ),
            (
                vec![r#"Negotiate YWJj==, Basic realm="x""#],
                Some(Challenge::Basic),
            ),
            (
                vec![r#"Bearer realm="https://a/t",scope="repository:a:pull repository:b:pull""#],
                bearer(
                    "https://a/t",
                    None,
                    &["repository:a:pull", "repository:b:pull"],
                ),
            ),
            (
                vec!["Bearer realm=https://a/t,service=s"],
                bearer("https://a/t", Some("s"), &[]),
            ),
            (vec!["BASIC"], Some(Challenge::Basic)),
            (
                vec![r#"Bearer service="no realm", Basic"#],
                Some(Challenge::Basic),
            ),
            (vec!["Bearer"], None),
            (vec!["NTLM, Negotiate"], None),
            (vec![""], None),
            (vec![",,,"], None),
            (vec![r#"Bearer realm="open"#], bearer("open", None, &[])),
            (vec![r#"="x", realm="y""#], None),
            (vec![r#"Bearer realm="a\"#], bearer("a", None, &[])),
            (vec![], None),
        ];
        for (lines, expected) in cases {
            assert_eq!(choose(lines.iter().copied()), expected, "{lines:?}");
        }
    }
}
