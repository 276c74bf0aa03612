use serde_json::Value;

use super::*;
use crate::report::tests::samples;
use crate::{note, outcome, verdict};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/report.schema.json")).unwrap()
}

fn parsed(report: &Report) -> Value {
    serde_json::from_str(&render(report)).unwrap()
}

#[test]
fn every_report_fits_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for report in samples::every() {
        let json = parsed(&report);
        let faults: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}\n{json:#}");
    }
}

#[test]
fn the_schema_is_itself_valid() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

/// Every field that is written is described and promised, and none is promised that is not written.
#[test]
fn the_schema_requires_exactly_the_fields_there_are() {
    let schema = schema();
    let json = parsed(&samples::mixed());
    let problem = parsed(&samples::nothing());
    let merged = parsed(&samples::merged());
    let found = json["tags"][0]["found"].clone();
    for (name, definition, value) in [
        ("report", &schema, &json),
        ("problem", &schema["$defs"]["problem"], &problem["problem"]),
        ("note", &schema["$defs"]["note"], &json["notes"][0]),
        ("tag", &schema["$defs"]["tag"], &json["tags"][0]),
        (
            "expected",
            &schema["$defs"]["expected"],
            &json["tags"][0]["expected"],
        ),
        ("found", &schema["$defs"]["found"], &found),
        ("image", &schema["$defs"]["image"], &json["images"][0]),
        ("leg", &schema["$defs"]["leg"], &merged["legs"][0]),
        (
            "program",
            &schema["$defs"]["program"],
            &json["images"][0]["program"],
        ),
    ] {
        let mut written: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut required: Vec<&str> = definition["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        let mut described: Vec<&str> = definition["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, property)| {
                property["description"].is_string() || property["$ref"].is_string()
            })
            .map(|(key, _)| key.as_str())
            .collect();
        written.sort_unstable();
        required.sort_unstable();
        described.sort_unstable();
        assert_eq!(required, written, "{name}");
        assert_eq!(described, written, "{name}");
    }
}

#[test]
fn the_schema_refuses_a_report_without_one_of_its_fields() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let json = parsed(&samples::mixed());
    for key in json.as_object().unwrap().keys() {
        let mut without = json.clone();
        without.as_object_mut().unwrap().remove(key);
        assert!(!validator.is_valid(&without), "{key}");
    }
    let mut grown = json.clone();
    grown["tags"][0]["new"] = Value::Bool(true);
    assert!(validator.is_valid(&grown));
}

#[test]
fn the_schema_lists_exactly_the_codes_there_are() {
    let schema = schema();
    let strings =
        |codes: &[&str]| -> Vec<Value> { codes.iter().map(|&code| code.into()).collect() };
    let listed = |pointer: &str| -> Vec<Value> {
        let list = schema.pointer(pointer).unwrap().as_array().unwrap();
        list.iter()
            .filter(|code| !code.is_null())
            .cloned()
            .collect()
    };
    assert_eq!(
        listed("/$defs/tag/properties/verdict/enum"),
        strings(&verdict::Code::ALL.map(verdict::Code::as_str))
    );
    assert_eq!(
        listed("/$defs/leg/properties/verdict/enum"),
        listed("/$defs/tag/properties/verdict/enum")
    );
    assert_eq!(
        listed("/$defs/tag/properties/outcome/enum"),
        strings(&outcome::Code::ALL.map(outcome::Code::as_str))
    );
    assert_eq!(
        listed("/$defs/note/properties/code/enum"),
        strings(&note::Code::ALL.map(note::Code::as_str))
    );
    use super::super::{Mode, Proof, Status};
    assert_eq!(
        listed("/properties/status/enum"),
        strings(&Status::ALL.map(Status::as_str))
    );
    assert_eq!(
        listed("/properties/mode/enum"),
        strings(&Mode::ALL.map(Mode::as_str))
    );
    assert_eq!(
        listed("/$defs/tag/properties/proof/enum"),
        strings(&Proof::ALL.map(Proof::as_str))
    );
}

#[test]
fn the_example_in_the_documentation_is_what_is_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.md");
    let page = std::fs::read_to_string(path).unwrap();
    let example = page
        .split_once("```json\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .unwrap()
        .0;
    let mut report = samples::double_push();
    report.tags.truncate(1);
    assert_eq!(example, render(&report));
}

#[test]
fn hostile_text_is_no_command_and_parses_back() {
    let report = samples::hostile();
    let text = render(&report);
    for c in text.chars() {
        assert!(
            c == '\n' || !(c.is_control() || crate::text::is_invisible(c)),
            "{c:?}"
        );
    }
    assert!(!text.contains("##"));
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")));

    let json = parsed(&report);
    let hostile = samples::HOSTILE;
    let tag = &json["tags"][0];
    for value in [
        &json["problem"]["message"],
        &json["problem"]["help"],
        &json["notes"][0]["message"],
        &json["notes"][0]["help"],
        &tag["target"],
        &tag["message"],
        &tag["inspect"],
        &tag["undo"],
        &tag["found"]["created"],
        &tag["found"]["revision"],
        &tag["found"]["version"],
        &json["legs"][0]["name"],
        &json["legs"][0]["message"],
        &json["index"],
    ] {
        assert_eq!(value, hostile);
    }
    assert_eq!(tag["help"], format!("{hostile}\n{hostile}"));
}

#[test]
fn without_help_there_is_null_and_the_order_is_the_inputs() {
    let json = parsed(&samples::checked_only());
    assert!(json["tags"][0]["help"].is_null());
    assert_eq!(json["tags"][1]["help"].as_str().unwrap().lines().count(), 2);
    assert_eq!(json["tags"][1]["reference"], "ghcr.io/acme/app:latest");
    assert_eq!(json["version"], 1);
}
