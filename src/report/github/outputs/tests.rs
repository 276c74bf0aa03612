use super::*;
use crate::report::Status;
use crate::report::tests::runner;
use crate::report::tests::samples;

fn value(report: &Report, name: &str) -> String {
    let StepOutputs { pairs, left_out } = outputs(report);
    assert!(left_out.is_empty(), "{left_out:?}");
    let pair = pairs.into_iter().find(|(known, _)| *known == name);
    pair.unwrap().1
}

#[test]
fn a_double_push_repaired() {
    let report = samples::double_push();
    let short = StepOutputs {
        pairs: outputs(&report).pairs.into_iter().take(6).collect(),
        left_out: Vec::new(),
    };
    insta::assert_snapshot!(file(&short.pairs, "end"), @r"
    status<<end
    fixed
    end
    digest<<end
    sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    end
    digests<<end
    {}
    end
    pinned<<end
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:latest@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    end
    wrong<<end

    end
    fixed<<end
    ghcr.io/acme/app:1.4
    ghcr.io/acme/app:latest
    end
    ");
    let json: serde_json::Value = serde_json::from_str(&value(&report, "report")).unwrap();
    assert_eq!(json["status"], "fixed");
}

#[test]
fn the_digest_of_each_target() {
    let a = samples::digest('a');
    let d = samples::digest('d');
    assert_eq!(value(&samples::conflict(), "digest"), "");
    assert_eq!(
        value(&samples::conflict(), "digests"),
        format!(r#"{{"app":"{a}","debug":"{d}"}}"#)
    );
    assert_eq!(value(&samples::all_right(), "digests"), "{}");
}

#[test]
fn what_is_wrong_a_line_each() {
    let report = samples::checked_only();
    assert_eq!(value(&report, "wrong"), "ghcr.io/acme/app:latest");
    assert_eq!(value(&report, "pinned").lines().count(), 2);
    assert_eq!(value(&samples::unproven(), "wrong"), "");
    assert_eq!(value(&samples::invalid(), "status"), "invalid");
}

#[test]
fn the_runner_reads_back_what_was_written() {
    for report in samples::every() {
        let StepOutputs { pairs, left_out: _ } = outputs(&report);
        for delimiter in ["ghadelimiter_3f2a", "", "a\nb", "tag", "::error::x", "\n"] {
            let file = file(&pairs, delimiter);
            let read = runner::outputs(&file).unwrap();
            let written: Vec<(String, String)> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            assert_eq!(read, written, "{delimiter:?}");
            for line in file.lines() {
                assert_eq!(runner::command(line), None);
            }
        }
    }
}

#[test]
fn a_delimiter_that_is_in_a_value_is_made_longer() {
    let pairs = [("a", "1\nend\n2".to_owned()), ("b", "end_".to_owned())];
    assert_eq!(
        file(&pairs, "end"),
        "a<<end__\n1\nend\n2\nend__\nb<<end__\nend_\nend__\n"
    );
}

#[test]
fn what_is_too_long_is_left_out_and_named() {
    let report = samples::five_thousand();
    let StepOutputs { pairs, left_out } = outputs(&report);
    assert_eq!(left_out, ["report"]);
    let units: usize = pairs.iter().map(|(_, it)| it.encode_utf16().count()).sum();
    assert!(units <= MAX);
    assert_eq!(pairs[0].1, Status::Wrong.as_str());
    assert_eq!(pairs[6], ("report", String::new()));
}
