//! Where logins come from, and in which order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::oci::Reference;
use crate::registry::login::GivenLogin;
use crate::registry::tests::directory::Directory;
#[cfg(unix)]
use crate::registry::tests::directory::alone;

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
    let tell = |login: Result<Login, Unusable>| match login {
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

fn given(username: &str, password: &str) -> GivenLogin {
    GivenLogin {
        host: "r.io".parse().unwrap(),
        name: "`--username`".to_owned(),
        username: username.to_owned(),
        password: password.to_owned(),
    }
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
        explicit: Some(given("given", "hunter2")),
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
        explicit: Some(given("user", "hunter2")),
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
            explicit: Some(given(username, password)),
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

#[test]
fn a_jobs_token_that_cannot_work_is_told() {
    let logins = Logins::new(Sources {
        token: Some(("a:b".to_owned(), "token".to_owned())),
        ..sources(&[])
    })
    .unwrap();
    assert_eq!(
        all(&logins, "ghcr.io/acme/app"),
        [
            "failed: failed to use the login for `ghcr.io` in the job's `github-token`: its user name has a colon"
        ]
    );
    assert_eq!(all(&logins, "r.io/acme/app"), [""; 0]);
}
