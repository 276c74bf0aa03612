//! Credential helpers: what is started, what is believed, what is told.

use super::*;
use crate::registry::tests::directory::{Directory, alone};

const TOKEN: &str = "hunter2";

fn helpers(directory: &Directory) -> Helpers {
    let path = format!("bin:.:{}", directory.path().display());
    Helpers::new(&Environment::new([("PATH".to_owned(), path)]))
}

fn get(directory: &Directory, name: &str) -> Result<Option<Secret>, String> {
    get_from(&helpers(directory), name)
}

fn get_from(helpers: &Helpers, name: &str) -> Result<Option<Secret>, String> {
    let host = "ghcr.io".parse().unwrap();
    let found = helpers.get(name, &host, &["ghcr.io".to_owned()]);
    found.map_err(|unusable| unusable.reason)
}

#[test]
fn a_helper_is_asked_for_the_server_on_its_standard_input() {
    let _alone = alone();
    let directory = Directory::new();
    directory.helper(
        "asks",
        r#"[ "$1" = get ] && printf '{"ServerURL":"x","Username":"%s","Secret":"hunter2"}' "$(cat)""#,
    );
    let secret = get(&directory, "asks").unwrap().unwrap();
    assert_eq!(
        secret,
        Secret::Password {
            username: "ghcr.io".to_owned(),
            password: TOKEN.to_owned()
        }
    );
}

#[test]
fn the_user_token_in_angle_brackets_means_an_identity_token() {
    let _alone = alone();
    let directory = Directory::new();
    directory.helper("t", r#"echo '{"Username":"<token>","Secret":"hunter2"}'"#);
    assert_eq!(
        get(&directory, "t").unwrap(),
        Some(Secret::IdentityToken(TOKEN.to_owned()))
    );
}

#[test]
fn a_helper_without_a_login_has_none() {
    let _alone = alone();
    let directory = Directory::new();
    directory.helper("no", &format!("echo '{NOT_FOUND}'; exit 1"));
    directory.helper("empty", r#"echo '{"Username":"","Secret":""}'"#);
    assert_eq!(get(&directory, "no"), Ok(None));
    assert_eq!(get(&directory, "empty"), Ok(None));
}

#[test]
fn a_helper_that_fails_says_why_but_never_what_it_printed() {
    let _alone = alone();
    let directory = Directory::new();
    directory.helper("garbage", "echo hunter2");
    directory.helper("fails", "echo hunter2; echo hunter2 >&2; exit 1");
    directory.helper(
        "complains",
        r"printf 'no[31m account: eyJhbGciOiJSUzI1NiJ9abcdef
::error::x' >&2; exit 3",
    );
    directory.helper("large", "head -c 100000 /dev/zero");
    directory.helper("not-json-type", r#"echo '{"Username":["hunter2"]}'"#);
    let begin = |name| {
        format!("failed to get the login for `ghcr.io` from the credential helper `{name}`: ")
    };
    for (name, reason) in [
        (
            "garbage",
            "its answer is not the JSON that a credential helper gives",
        ),
        ("fails", "it ended with exit status 1"),
        (
            "complains",
            "it ended with exit status 3: no [31m account: … ::error::x",
        ),
        ("large", "its answer is larger than 64 KiB"),
        (
            "not-json-type",
            "its answer is not the JSON that a credential helper gives",
        ),
        (
            "missing",
            "there is no `docker-credential-missing` in an absolute path of `PATH`",
        ),
    ] {
        let error = get(&directory, name).unwrap_err();
        assert_eq!(error, begin(name) + reason);
        assert!(!error.contains(TOKEN));
    }
}

#[test]
fn a_helper_that_hangs_is_ended() {
    let _alone = alone();
    let directory = Directory::new();
    directory.helper("hangs", "exec sleep 20");
    directory.helper("leaves", "sleep 2 & echo '{}'");
    let helpers = helpers(&directory).within(Duration::from_millis(300));
    for name in ["hangs", "leaves"] {
        let error = get_from(&helpers, name).unwrap_err();
        assert!(error.ends_with("it did not answer within 300ms"), "{error}");
    }
}

#[test]
fn a_name_that_could_be_a_path_is_not_run() {
    let directory = Directory::new();
    for name in ["", "../x", "a/b", "a\\b", "a b", "a;b", "ä"] {
        let error = get(&directory, name).unwrap_err();
        assert!(error.contains("its name has other characters"), "{error}");
    }
}

#[test]
fn a_helper_in_a_relative_directory_is_not_run() {
    let helpers = Helpers::new(&Environment::new([(
        "PATH".to_owned(),
        ".:bin::/opt/x".to_owned(),
    )]));
    assert_eq!(helpers.directories, [PathBuf::from("/opt/x")]);
}

#[test]
fn a_helper_is_asked_once_for_a_server() {
    let _alone = alone();
    let directory = Directory::new();
    let log = directory.path().join("log");
    directory.helper(
        "counts",
        &format!("echo x >> '{}'; echo '{NOT_FOUND}'; exit 1", log.display()),
    );
    let helpers = helpers(&directory);
    let host = "ghcr.io".parse().unwrap();
    let servers = ["ghcr.io".to_owned(), "https://ghcr.io".to_owned()];
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| helpers.get("counts", &host, &servers));
        }
    });
    assert_eq!(std::fs::read_to_string(log).unwrap(), "x\nx\n");
}

#[test]
fn a_launcher_tells_what_the_helper_left_behind() {
    let directory = Directory::new();
    directory.file(
        "ecr/https%3A%2F%2Findex%2Edocker%2Eio%2Fv1%2F",
        r#"{"success":true,"status":"exit status 0","stdout":"{\"Username\":\"AWS\",\"Secret\":\"hunter2\"}","stderr":""}"#,
    );
    directory.file(
        "ecr/r%2Eio",
        r#"{"success":false,"status":"exit status 1","stdout":"","stderr":"no region"}"#,
    );
    directory.file("ecr/q%2Eio", r#"{"error":"there is no such program"}"#);
    directory.file("ecr/p%2Eio", "{}");
    let ask = |server: &str| ask_launcher(directory.path(), "ecr", server);
    let Some(Ok(Some(Secret::Password { username, password }))) =
        ask("https://index.docker.io/v1/")
    else {
        panic!("no login");
    };
    assert_eq!((username.as_str(), password.as_str()), ("AWS", TOKEN));
    let refused = |server: &str| ask(server).unwrap().unwrap_err();
    assert_eq!(refused("r.io"), "it ended with exit status 1: no region");
    assert_eq!(refused("q.io"), "there is no such program");
    assert_eq!(refused("p.io"), "the launcher's answer is not understood");
    assert_eq!(ask("o.io"), None);
}

#[test]
fn a_build_that_cannot_run_helpers_says_so() {
    assert_eq!(
        cannot_run("ecr-login", &"ghcr.io".parse().unwrap()).reason,
        "credentials for `ghcr.io` are in the credential helper `ecr-login`, which this build cannot run"
    );
}
