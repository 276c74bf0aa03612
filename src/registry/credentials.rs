//! Logins for registries, found in the places they are kept in.

use std::fmt;
use std::path::{Path, PathBuf};

use super::config_file;
use super::helper::Helpers;
use super::login_config::LoginConfig;
use super::once::Once;
use super::places::{self, Place};
use super::scoped_config;
use crate::environment::Environment;
use crate::oci::{Host, Repository};

/// What logs in to a registry, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where it came from, for people: "`~/.docker/config.json`", "the credential helper `ecr-login`".
    pub source: String,
    /// The secret itself.
    pub secret: Secret,
}

/// A secret. `Debug` shows none of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A user name and a password, for Basic or for a token server.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// An OAuth2 refresh token (`identitytoken`): goes to the token server by POST.
    IdentityToken(String),
    /// A bearer token for the registry itself (`registrytoken`): no token server is asked.
    RegistryToken(String),
}

/// Where logins may come from.
pub struct Sources {
    /// The environment: it names config files, or holds one.
    pub environment: Environment,
    /// A login given by the user, for exactly this host: `--registry`, `--username` and the
    /// password from standard input.
    pub explicit: Option<(Host, String, String)>,
    /// `--registry-config`: read instead of every other config file.
    pub registry_config: Option<PathBuf>,
    /// The token of a GitHub job, for GitHub's own registry only and where there is no other login
    /// for it: user name and token.
    pub token: Option<(String, String)>,
    /// Whether tags may be written: a login that is scoped to pulling is of no use then.
    pub write: bool,
}

/// All places that logins may be in, in the order they are tried.
pub struct Logins {
    places: Vec<Place>,
    /// A place for those who have a login in no other.
    last: Option<Place>,
    files: Once<PathBuf, Result<Option<LoginConfig>, String>>,
    helpers: Helpers,
    home: Option<PathBuf>,
}

impl Logins {
    /// The places of these sources. Only `registry_config` is read now, because the user named it.
    ///
    /// # Errors
    ///
    /// When `registry_config` cannot be read.
    pub fn new(sources: Sources) -> Result<Self, String> {
        Ok(Self {
            files: Once::default(),
            helpers: Helpers::new(&sources.environment),
            home: places::home(&sources.environment),
            last: places::last(&sources),
            places: places::places(sources)?,
        })
    }

    /// No places: every request is anonymous.
    #[must_use]
    pub fn none() -> Self {
        Self {
            places: Vec::new(),
            last: None,
            files: Once::default(),
            helpers: Helpers::new(&Environment::default()),
            home: None,
        }
    }

    /// The login of the `nth` place (from 0) that holds one for this repository's registry; `None`
    /// when there are no more. Reads what it needs only when asked, and a helper program once.
    ///
    /// # Errors
    ///
    /// When that place holds a login that cannot be had (a helper fails): the words say which and why.
    pub fn nth(&self, repository: &Repository, nth: usize) -> Option<Result<Login, String>> {
        let found = self
            .places
            .iter()
            .flat_map(|place| self.at(place, repository))
            .nth(nth);
        match (found, &self.last) {
            (None, Some(last)) if nth == 0 => self.at(last, repository).into_iter().next(),
            (found, _) => found,
        }
    }

    /// The logins that a place holds for a repository.
    fn at(&self, place: &Place, repository: &Repository) -> Vec<Result<Login, String>> {
        match place {
            Place::Given { host, name, secret } if host == repository.host() => {
                vec![login(host, name, secret.clone())]
            }
            Place::Given { .. } => Vec::new(),
            Place::Config(name, config) => {
                let config = config.as_ref().map(Some);
                Vec::from_iter(self.search(config, name, repository))
            }
            Place::File(path) => Vec::from_iter(self.search_file(path, repository)),
            Place::Scoped { root, write } => {
                let (files, failures) = scoped_config::files(root, repository, *write);
                let failures = failures.into_iter().map(|(directory, error)| {
                    Err(format!("failed to list {}: {error}", self.name(&directory)))
                });
                files
                    .iter()
                    .filter_map(|path| self.search_file(path, repository))
                    .chain(failures)
                    .collect()
            }
        }
    }

    fn search_file(&self, path: &Path, repository: &Repository) -> Option<Result<Login, String>> {
        let config = self.files.get(path.to_owned(), || config_file::read(path));
        let config = config.as_ref().as_ref().map(Option::as_ref);
        self.search(config, &self.name(path), repository)
    }

    /// What this config has for a repository: in its helper, else in itself.
    fn search(
        &self,
        config: Result<Option<&LoginConfig>, &String>,
        name: &str,
        repository: &Repository,
    ) -> Option<Result<Login, String>> {
        let host = repository.host();
        let config = match config {
            Ok(config) => config?,
            Err(reason) => return Some(Err(format!("failed to read {name}: {reason}"))),
        };
        if let Some(helper) = config.helper(host) {
            match self.helpers.get(helper.name, host, &helper.servers) {
                Ok(None) => {}
                Ok(Some(secret)) => {
                    let source = format!("the credential helper `{}`", helper.name);
                    return Some(Ok(Login { source, secret }));
                }
                Err(reason) => return Some(Err(reason)),
            }
        }
        Some(login(host, name, config.secret(repository)?))
    }

    fn name(&self, path: &Path) -> String {
        places::name(path, self.home.as_deref())
    }
}

/// The login that a place holds for a host, or why it cannot be used.
fn login(host: &Host, name: &str, secret: Result<Secret, &'static str>) -> Result<Login, String> {
    match secret {
        Ok(secret) => Ok(Login {
            source: name.to_owned(),
            secret,
        }),
        Err(reason) => Err(format!(
            "failed to use the login for `{host}` in {name}: {reason}"
        )),
    }
}

impl Default for Logins {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = self.home.as_deref();
        let places = self.places.iter().map(|place| place.name(home));
        f.debug_list().entries(places).finish()
    }
}

impl Secret {
    /// The secret that a user name and a password are; the name `<token>` says that the password
    /// is an identity token.
    pub(super) fn new(username: String, password: String) -> Result<Self, &'static str> {
        if username == "<token>" {
            return Self::identity_token(&password);
        }
        if password.is_empty() {
            return Err("its password is empty");
        }
        if username.contains(':') {
            return Err("its user name has a colon");
        }
        Ok(Self::Password { username, password })
    }

    pub(super) fn identity_token(token: &str) -> Result<Self, &'static str> {
        token_text(token).map(Self::IdentityToken)
    }

    pub(super) fn registry_token(token: &str) -> Result<Self, &'static str> {
        token_text(token).map(Self::RegistryToken)
    }
}

/// A token goes into a header or a form as it is.
fn token_text(token: &str) -> Result<String, &'static str> {
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("its token is empty or has characters that no token has");
    }
    Ok(token.to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
            Self::RegistryToken(_) => "RegistryToken(…)",
        })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::super::testing::Directory;
    #[cfg(unix)]
    use super::super::testing::alone;
    use super::*;
    use crate::oci::Reference;

    fn repository(text: &str) -> Repository {
        let reference: Reference = text.parse().unwrap();
        reference.repository().clone()
    }

    fn config(host: &str, username: &str) -> String {
        let auth = STANDARD.encode(format!("{username}:hunter2"));
        format!(r#"{{"auths": {{"{host}": {{"auth": "{auth}"}}}}}}"#)
    }

    fn sources(variables: &[(&str, &str)]) -> Sources {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Sources {
            environment: Environment::new(variables.iter().map(owned)),
            explicit: None,
            registry_config: None,
            token: None,
            write: true,
        }
    }

    /// All answers for a repository: who logs in and from where, or why not.
    fn all(logins: &Logins, reference: &str) -> Vec<String> {
        let repository = repository(reference);
        let tell = |login: Result<Login, String>| match login {
            Ok(Login {
                source,
                secret: Secret::Password { username, .. },
            }) => format!("{username} of {source}"),
            Ok(login) => format!("{login:?}"),
            Err(reason) => format!("failed: {reason}"),
        };
        let answers = (0..).map_while(|nth| logins.nth(&repository, nth));
        answers.map(tell).collect()
    }

    #[test]
    fn places_are_tried_in_their_order() {
        let directory = Directory::new();
        let home = directory.path().display().to_string();
        directory.file(".docker/config.json", &config("r.io", "docker"));
        directory.file(
            ".docker/buildx/config/r.io/acme/app@push/config.json",
            &config("r.io", "scoped"),
        );
        directory.file("podman.json", &config("r.io", "file"));
        directory.file("run/containers/auth.json", &config("r.io", "runtime"));
        directory.file(".config/containers/auth.json", &config("r.io", "podman"));
        let variables = [
            ("HOME", home.as_str()),
            ("USERPROFILE", &home),
            ("DOCKER_AUTH_CONFIG", &config("r.io", "variable")),
            ("REGISTRY_AUTH_FILE", &format!("{home}/podman.json")),
            ("XDG_RUNTIME_DIR", &format!("{home}/run")),
        ];
        let logins = Logins::new(Sources {
            explicit: Some((
                "r.io".parse().unwrap(),
                "given".to_owned(),
                "hunter2".to_owned(),
            )),
            ..sources(&variables)
        })
        .unwrap();
        if cfg!(unix) {
            assert_eq!(
                all(&logins, "r.io/acme/app"),
                [
                    "given of `--username`",
                    "variable of `$DOCKER_AUTH_CONFIG`",
                    "scoped of `~/.docker/buildx/config/r.io/acme/app@push/config.json`",
                    "docker of `~/.docker/config.json`",
                    "file of `~/podman.json`",
                    "runtime of `~/run/containers/auth.json`",
                    "podman of `~/.config/containers/auth.json`",
                ]
            );
        }
        assert_eq!(all(&logins, "r.io/acme/app").len(), 7);
        assert_eq!(all(&logins, "r.io/other").len(), 6);
        assert_eq!(all(&logins, "r.io.evil.com/acme/app"), [""; 0]);
        assert_eq!(all(&logins, "acme/app"), [""; 0]);
    }

    #[cfg(unix)]
    #[test]
    fn in_a_job_of_gitlab_files_come_before_the_variable_and_the_jobs_own_login_is_last() {
        let directory = Directory::new();
        let home = directory.path().display().to_string();
        directory.file(".docker/config.json", &config("r.io", "docker"));
        directory.file(".config/containers/auth.json", &config("r.io", "podman"));
        let logins = Logins::new(sources(&[
            ("GITLAB_CI", "true"),
            ("HOME", &home),
            ("DOCKER_AUTH_CONFIG", &config("r.io", "variable")),
            ("CI_REGISTRY", "r.io"),
            ("CI_REGISTRY_USER", "robot"),
            ("CI_REGISTRY_PASSWORD", "hunter2"),
            ("CI_JOB_TOKEN", "hunter2"),
        ]))
        .unwrap();
        assert_eq!(
            all(&logins, "r.io/acme/app"),
            [
                "docker of `~/.docker/config.json`",
                "podman of `~/.config/containers/auth.json`",
                "variable of `$DOCKER_AUTH_CONFIG`",
                "robot of `$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`",
                "gitlab-ci-token of `$CI_JOB_TOKEN`",
            ]
        );
        assert!(!format!("{logins:?}").contains("hunter2"));
    }

    #[test]
    fn the_directories_of_docker_and_buildx_may_be_elsewhere() {
        let directory = Directory::new();
        directory.file("d/config.json", &config("r.io", "docker"));
        directory.file("d/buildx/config/r.io/config.json", &config("r.io", "under"));
        directory.file("b/config/r.io/config.json", &config("r.io", "beside"));
        let docker = directory.path().join("d").display().to_string();
        let buildx = directory.path().join("b").display().to_string();
        let names = |variables: &[(&str, &str)]| -> Vec<String> {
            let logins = Logins::new(sources(variables)).unwrap();
            let first = |text: &String| text.split(' ').next().unwrap().to_owned();
            all(&logins, "r.io/app").iter().map(first).collect()
        };
        assert_eq!(names(&[("DOCKER_CONFIG", &docker)]), ["under", "docker"]);
        assert_eq!(
            names(&[("DOCKER_CONFIG", &docker), ("BUILDX_CONFIG", &buildx)]),
            ["beside", "docker"]
        );
        assert_eq!(names(&[]), [""; 0]);
    }

    #[test]
    fn a_file_that_two_variables_name_is_one_place() {
        let directory = Directory::new();
        let file = directory.file("config.json", &config("r.io", "docker"));
        let logins = Logins::new(sources(&[
            ("DOCKER_CONFIG", &directory.path().display().to_string()),
            ("REGISTRY_AUTH_FILE", &file.display().to_string()),
        ]));
        assert_eq!(all(&logins.unwrap(), "r.io/app").len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_config_that_the_user_names_replaces_all_others() {
        let directory = Directory::new();
        directory.file(".docker/config.json", &config("r.io", "docker"));
        let file = directory.file("mine.json", &config("r.io", "mine"));
        let home = directory.path().display().to_string();
        let variables = [
            ("HOME", home.as_str()),
            ("DOCKER_AUTH_CONFIG", &config("r.io", "variable")),
        ];
        let with = |path: &str| Sources {
            registry_config: Some(directory.path().join(path)),
            ..sources(&variables)
        };
        let logins = Logins::new(with("mine.json")).unwrap();
        assert_eq!(all(&logins, "r.io/app"), ["mine of `~/mine.json`"]);

        let error = Logins::new(with("none.json")).err().unwrap();
        assert_eq!(error, "failed to read `~/none.json`: there is no such file");
        std::fs::write(file, "{\n hunter2").unwrap();
        let error = Logins::new(with("mine.json")).err().unwrap();
        assert_eq!(
            error,
            "failed to read `~/mine.json`: it is no JSON at line 2"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_default_config_is_told_and_the_next_place_is_tried() {
        let directory = Directory::new();
        let home = directory.path().display().to_string();
        directory.file(".docker/config.json", "{\n\n\"auths\": \"hunter2\"}");
        directory.file(".config/containers/auth.json", &config("r.io", "podman"));
        directory.file("large/containers/auth.json", &" ".repeat(1024 * 1024 + 1));
        let logins = Logins::new(sources(&[
            ("HOME", &home),
            ("XDG_RUNTIME_DIR", &format!("{home}/large")),
            ("REGISTRY_AUTH_FILE", &format!("{home}/none.json")),
            ("DOCKER_AUTH_CONFIG", "hunter2"),
        ]))
        .unwrap();
        assert_eq!(
            all(&logins, "r.io/app"),
            [
                "failed: failed to read `$DOCKER_AUTH_CONFIG`: it is no JSON at line 1",
                "failed: failed to read `~/.docker/config.json`: it is JSON, but no login config, at line 3",
                "failed: failed to read `~/large/containers/auth.json`: it is larger than 1 MiB",
                "podman of `~/.config/containers/auth.json`",
            ]
        );
    }

    #[test]
    fn a_config_is_read_when_it_is_needed_and_once() {
        let directory = Directory::new();
        let docker = directory.path().display().to_string();
        let logins = Logins::new(sources(&[("DOCKER_CONFIG", &docker)])).unwrap();
        let file = directory.file("config.json", &config("r.io", "first"));
        assert_eq!(all(&logins, "r.io/app").len(), 1);
        std::fs::remove_file(file).unwrap();
        assert_eq!(all(&logins, "r.io/app").len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_helper_comes_before_the_file_that_names_it_and_may_have_nothing() {
        let _alone = alone();
        let directory = Directory::new();
        let path = directory.path().display().to_string();
        directory.helper(
            "one",
            r#"case $(cat) in
                r.io) echo '{"Username":"helper","Secret":"hunter2"}' ;;
                s.io) echo broken; exit 1 ;;
                *) echo 'credentials not found in native keychain'; exit 1 ;;
            esac"#,
        );
        let auth = STANDARD.encode("file:hunter2");
        let entry = |host: &str| format!(r#""{host}": {{"auth": "{auth}"}}"#);
        directory.file(
            "config.json",
            &format!(
                r#"{{"auths": {{{}, {}, {}}}, "credsStore": "one"}}"#,
                entry("r.io"),
                entry("s.io"),
                entry("q.io")
            ),
        );
        let logins = Logins::new(sources(&[("DOCKER_CONFIG", &path), ("PATH", &path)])).unwrap();
        assert_eq!(
            all(&logins, "r.io/app"),
            ["helper of the credential helper `one`"]
        );
        assert_eq!(
            all(&logins, "s.io/app"),
            [
                "failed: failed to get the login for `s.io` from the credential helper `one`: it ended with exit status 1"
            ]
        );
        assert_eq!(
            all(&logins, "q.io/app"),
            [format!("file of `{path}/config.json`")]
        );
        assert_eq!(all(&logins, "p.io/app"), [""; 0]);
    }

    #[test]
    fn no_secret_is_shown() {
        let directory = Directory::new();
        let docker = directory.path().display().to_string();
        directory.file("config.json", &config("r.io", "user"));
        let logins = Logins::new(Sources {
            explicit: Some((
                "r.io".parse().unwrap(),
                "user".to_owned(),
                "hunter2".to_owned(),
            )),
            ..sources(&[
                ("DOCKER_CONFIG", &docker),
                ("DOCKER_AUTH_CONFIG", &config("r.io", "user")),
            ])
        })
        .unwrap();
        let found: Vec<_> = (0..3)
            .map(|nth| logins.nth(&repository("r.io/app"), nth))
            .collect();
        let shown = format!("{logins:?} {found:?}");
        assert!(shown.contains("DOCKER_AUTH_CONFIG") && shown.contains("Password(…)"));
        assert!(!shown.contains("hunter2"));
        assert!(!shown.contains(&STANDARD.encode("user:hunter2")));
    }

    #[test]
    fn a_login_that_cannot_work_is_refused_at_once() {
        for (username, password, reason) in [
            ("user", "", "its password is empty"),
            ("us:er", "hunter2", "its user name has a colon"),
        ] {
            let error = Logins::new(Sources {
                explicit: Some((
                    "r.io".parse().unwrap(),
                    username.to_owned(),
                    password.to_owned(),
                )),
                ..sources(&[])
            })
            .err();
            let expected = format!("failed to use `--username` for `r.io`: {reason}");
            assert_eq!(error, Some(expected));
        }
    }

    #[test]
    fn logins_are_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        let logins = Logins::none();
        shared(&logins);
        assert_eq!(logins.nth(&repository("app"), 0), None);
    }

    #[test]
    fn a_github_jobs_token_is_for_githubs_registry_and_for_those_without_a_login() {
        let with = |variables: &[(&str, &str)]| {
            Logins::new(Sources {
                token: Some(("octocat".to_owned(), "ghs_x".to_owned())),
                ..sources(variables)
            })
            .unwrap()
        };
        let source = |logins: &Logins, name: &str, nth: usize| {
            let reference: Reference = name.parse().unwrap();
            let login = logins.nth(reference.repository(), nth)?.unwrap();
            Some(login.source)
        };
        let alone = with(&[]);
        let token = Some("the job's `github-token`".to_owned());
        assert_eq!(source(&alone, "ghcr.io/acme/app", 0), token);
        assert_eq!(source(&alone, "ghcr.io/acme/app", 1), None);
        for other in ["r.io/app", "ghcr.io.evil.com/app", "docker.io/acme/app"] {
            assert_eq!(source(&alone, other, 0), None, "{other}");
        }
        let config = format!(
            r#"{{"auths": {{"ghcr.io": {{"auth": "{}"}}}}}}"#,
            STANDARD.encode("user:pass")
        );
        let beside = with(&[("DOCKER_AUTH_CONFIG", &config)]);
        let variable = Some("`$DOCKER_AUTH_CONFIG`".to_owned());
        assert_eq!(source(&beside, "ghcr.io/acme/app", 0), variable);
        assert_eq!(source(&beside, "ghcr.io/acme/app", 1), None);
    }
}
