use serde_json::json;

use super::made::config_of;

#[test]
fn the_command_follows_the_entrypoint_and_path_and_directory_have_defaults() {
    let arguments = config_of(&json!({"config": {"Entrypoint": ["tini", "--"], "Cmd": ["app"]}}));
    assert_eq!(arguments.words, ["tini", "--", "app"]);
    assert_eq!(
        arguments.path.first().map(String::as_str),
        Some("/usr/local/sbin")
    );
    assert_eq!(arguments.directory, "");
    let own =
        json!({"config": {"Cmd": ["app"], "Env": ["A=b", "PATH=/x:/y"], "WorkingDir": "/srv"}});
    let arguments = config_of(&own);
    assert_eq!(
        (arguments.path, arguments.directory.as_str()),
        (vec!["/x".to_owned(), "/y".to_owned()], "/srv")
    );
}

#[test]
fn what_cannot_be_read_starts_nothing() {
    for config in [
        json!({}),
        json!([]),
        json!({"config": null}),
        json!({"config": {"Entrypoint": "app"}}),
        json!({"config": {"Entrypoint": [1]}}),
        json!({"config": {"Entrypoint": ["a".repeat(5_000)]}}),
        json!({"config": {"Entrypoint": vec!["a"; 65]}}),
        json!({"config": {"Entrypoint": ["a"], "Env": [format!("PATH=/{}", "a".repeat(5_000))]}}),
        json!({"config": {"Entrypoint": ["a"], "Env": [format!("PATH={}", ":".repeat(100))]}}),
        json!({"config": {"Entrypoint": ["a"], "WorkingDir": "a".repeat(5_000)}}),
    ] {
        assert!(config_of(&config).words.is_empty(), "{config}");
    }
}
