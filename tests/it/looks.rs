//! How often and how long is looked before anything is believed, in virtual time.

use std::time::Duration;

use tagproof::apply::apply;
use tagproof::clock::Clock as _;
use tagproof::expectation::{Asked, Claim, Depth, Expectation, expect};
use tagproof::finding::Finding;
use tagproof::metadata;
use tagproof::note;
use tagproof::observe::{Looks, Memory, Phase, Ports, observe};
use tagproof::outcome;
use tagproof::plan::plan;
use tagproof::registry::Class;
use tagproof::report::{Mode, Report, Tolerate};
use tagproof::verdict::{Code, Verdict};

use crate::image::{self, Document, multi};
use crate::world::{LOOKS, Shows, World, digest, reference, shows};

/// A world that has a two-platform build, and the expectation of these tags.
fn world(tags: &[&str]) -> (World, image::Multi, Vec<Expectation>) {
    let build = multi("a");
    let other = multi("other");
    let world = World::new(&[
        &build.index,
        &build.amd64,
        &build.arm64,
        &build.attestation,
        &other.index,
    ]);
    let names: Vec<String> = tags.iter().map(|tag| reference(tag).to_string()).collect();
    let builds = metadata::parse(
        "build.json",
        image::metadata(&build.index, &names).as_bytes(),
    )
    .unwrap();
    let (expectations, _) = expect(&builds, &Asked::default()).unwrap();
    (world, build, expectations)
}

fn ports(world: &World) -> Ports<'_> {
    Ports {
        registry: world,
        clock: &world.time,
        on_event: &|_| {},
        memory: Memory::default(),
    }
}

fn look(world: &World, expectations: &[Expectation], looks: Looks) -> Vec<Finding> {
    let asked: Vec<&Expectation> = expectations.iter().collect();
    let seen = observe(&asked, Phase::Before, looks, &mut ports(world));
    expectations
        .iter()
        .zip(seen)
        .map(|(expectation, (observation, verdict))| Finding {
            expectation: expectation.clone(),
            observation,
            verdict,
            outcome: None,
            aftermath: outcome::Aftermath::default(),
        })
        .collect()
}

fn codes(findings: &[Finding]) -> Vec<Code> {
    findings
        .iter()
        .map(|finding| finding.verdict.code())
        .collect()
}

fn repair(world: &World, expectations: &[Expectation], looks: Looks) -> Vec<outcome::Code> {
    let findings = look(world, expectations, looks);
    let outcomes = apply(&plan(&findings), looks, &mut ports(world));
    outcomes.iter().map(|(it, _)| it.code()).collect()
}

#[test]
fn a_right_tag_is_believed_after_two_looks_that_are_settle_apart() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0]);
}

/// A merge waits for no tag to become what it is about to make.
#[test]
fn a_tag_that_a_merge_is_to_put_is_not_waited_for() {
    let (world, build, mut tags) = world(&["absent", "old", "child"]);
    let other = multi("other");
    world.shows("old", 0.0, shows(&other.index));
    world.shows("child", 0.0, shows(&build.amd64));
    for tag in &mut tags {
        tag.claim = Claim::Merge;
    }
    let found = codes(&look(&world, &tags, LOOKS));
    assert_eq!(found, [Code::Absent, Code::Other, Code::Child]);
    for tag in ["absent", "old", "child"] {
        assert_eq!(world.looks_at(tag), [0.0, 2.0], "{tag}");
    }
}

/// `broken` needs two looks at the same gap: each of these was seen once.
#[test]
fn two_children_that_are_gone_at_one_look_each_are_not_believed_to_be_gone() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    let (amd64, arm64) = (&build.amd64.digest, &build.arm64.digest);
    world.shows(amd64, 0.0, Shows::Nothing);
    world.shows(arm64, 0.0, Shows::Failure(Class::Unavailable));
    world.shows(amd64, 1.0, Shows::Failure(Class::Unavailable));
    world.shows(arm64, 1.0, Shows::Nothing);
    world.shows(amd64, 3.0, shows(&build.amd64));
    world.shows(arm64, 3.0, shows(&build.arm64));
    let looks = Looks {
        below: true,
        settle_timeout: Duration::ZERO,
        ..LOOKS
    };
    assert_eq!(codes(&look(&world, &tags, looks)), [Code::Ok]);
}

#[test]
fn where_few_pulls_are_left_children_are_asked_for_by_their_headers_and_a_stated_depth_is_unproven()
{
    for (pulls, is_stated, code, reached) in [
        (2, false, Code::Ok, Depth::Platforms),
        (1, false, Code::Ok, Depth::Children),
        (1, true, Code::Unproven, Depth::Children),
    ] {
        let (world, build, mut tags) = world(&["1"]);
        world.shows("1", 0.0, shows(&build.index));
        world.leaves_pulls(pulls);
        tags[0].depth_stated = is_stated;
        let looks = Looks {
            below: true,
            ..LOOKS
        };
        let findings = look(&world, &tags, looks);
        assert_eq!(
            (codes(&findings), findings[0].observation.reached()),
            (vec![code], reached)
        );
        let report = Report::new(Mode::Check, &findings, Vec::new(), Tolerate::default(), "");
        let is_noted = report
            .notes
            .iter()
            .any(|note| note.code == note::Code::DepthReduced);
        assert_eq!(is_noted, code == Code::Ok && reached == Depth::Children);
    }
}

/// What was known of an index without one of its manifests was once kept for the whole run.
#[test]
fn an_image_that_was_missing_at_the_first_look_is_looked_at_when_it_is_there() {
    let (amd64, real) = (
        image::image("linux/amd64", "a"),
        image::image("linux/amd64", "b"),
    );
    let lying = real.listed_for(&image::image("linux/arm64", "b"));
    let root = image::index(&[&amd64, &lying]);
    let world = World::new(&[&amd64, &lying, &root]);
    let text = image::metadata(&root, &[reference("1").to_string()]);
    let builds = metadata::parse("build.json", text.as_bytes()).unwrap();
    let (tags, _) = expect(&builds, &Asked::default()).unwrap();
    world.shows("1", 0.0, shows(&root));
    world.shows(&lying.digest, 0.0, Shows::Nothing);
    world.shows(&lying.digest, 1.0, shows(&lying));
    let looks = Looks {
        below: true,
        ..LOOKS
    };
    assert_eq!(codes(&look(&world, &tags, looks)), [Code::WrongPlatform]);
}

#[test]
fn a_tag_on_a_child_is_believed_after_two_looks_too() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Child]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0]);
}

#[test]
fn one_right_answer_is_not_believed_when_the_next_is_wrong() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    world.shows("1", 1.0, shows(&build.arm64));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Child]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0, 6.0]);
}

#[test]
fn a_tag_that_goes_away_while_it_is_looked_at_is_absent() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    world.shows("1", 1.0, Shows::Nothing);
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Absent]);
}

#[test]
fn one_stale_answer_does_not_accuse_a_right_tag() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&multi("other").index));
    world.shows("1", 1.0, shows(&build.index));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok]);
}

#[test]
fn absent_and_other_are_doubted_until_the_timeout_is_over() {
    let (world, _, tags) = world(&["absent", "other"]);
    world.shows("other", 0.0, shows(&multi("other").index));
    assert_eq!(
        codes(&look(&world, &tags, LOOKS)),
        [Code::Absent, Code::Other]
    );
    assert_eq!(world.looks_at("absent"), [0.0, 2.0, 6.0, 14.0, 20.0]);
    assert_eq!(world.looks_at("other"), world.looks_at("absent"));
}

#[test]
fn never_pushed_is_doubted_until_the_timeout_is_over() {
    let build = multi("a");
    let world = World::new(&[]);
    let text = image::metadata(&build.index, &[reference("1").to_string()]);
    let (tags, _) = expect(
        &metadata::parse("b.json", text.as_bytes()).unwrap(),
        &Asked::default(),
    )
    .unwrap();
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::NeverPushed]);
    assert_eq!(world.looks_at("1").last(), Some(&20.0));
}

#[test]
fn a_tag_that_comes_late_is_right_when_it_was_seen_twice() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 13.0, shows(&build.index));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0, 6.0, 14.0, 20.0]);
}

#[test]
fn a_tag_that_comes_at_the_very_end_gets_one_look_more() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 19.0, shows(&build.index));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0, 6.0, 14.0, 20.0, 22.0]);
}

#[test]
fn a_tag_that_never_rests_is_unproven() {
    let (world, build, tags) = world(&["1"]);
    for (second, document) in [
        (0.0, &build.index),
        (1.0, &build.arm64),
        (5.0, &build.index),
        (10.0, &build.arm64),
        (19.0, &build.index),
        (21.0, &build.arm64),
        (23.0, &build.index),
    ] {
        world.shows("1", second, shows(document));
    }
    let findings = look(&world, &tags, LOOKS);
    let Verdict::Unproven(error) = &findings[0].verdict else {
        panic!("{:?}", findings[0].verdict)
    };
    assert!(error.reason.contains("different answers"), "{error}");
    assert_eq!(error.class, Class::Unstable);
    assert_eq!(world.looks_at("1").len(), 7);
}

#[test]
fn a_slow_registry_does_not_use_up_the_time_before_the_second_look() {
    let (world, build, tags) = world(&["right", "child", "absent"]);
    world.shows("right", 0.0, shows(&build.index));
    world.shows("child", 0.0, shows(&build.arm64));
    world.takes(Duration::from_secs(25));
    assert_eq!(
        codes(&look(&world, &tags, LOOKS)),
        [Code::Ok, Code::Child, Code::Absent]
    );
}

#[test]
fn two_reads_of_a_tag_are_settle_apart_however_long_a_look_takes() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    for second in [7, 19, 21] {
        world.takes(Duration::from_secs(second));
        assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok]);
        let times = world.looks_at("1");
        let [.., before, last] = times.as_slice() else {
            panic!("{times:?}")
        };
        assert!(last - before >= 2.0, "{times:?}");
    }
}

#[test]
fn a_refused_login_is_not_waited_for_but_a_passing_failure_is() {
    let (world, build, tags) = world(&["login", "passing"]);
    world.shows("login", 0.0, Shows::Failure(Class::Login));
    world.shows("passing", 0.0, Shows::Failure(Class::Unavailable));
    world.shows("passing", 1.0, shows(&build.index));
    assert_eq!(
        codes(&look(&world, &tags, LOOKS)),
        [Code::Unproven, Code::Ok]
    );
    assert_eq!(world.looks_at("login"), [0.0]);
}

#[test]
fn an_expected_image_that_comes_without_its_body_is_not_taken_for_seen() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    world.withholds(digest(&build.index));
    let findings = look(&world, &tags, LOOKS);
    let Verdict::Unproven(error) = &findings[0].verdict else {
        panic!("{:?}", findings[0].verdict)
    };
    assert_eq!(error.class, Class::BadAnswer);
}

#[test]
fn latest_that_nobody_named_is_doubted_as_long_if_it_holds_a_part_of_the_build() {
    let build = multi("a");
    let part = image::index(&[&build.amd64]);
    let documents = [&build.index, &build.amd64, &build.arm64, &part];
    let world = World::new(&documents);
    let text = image::metadata(&build.index, &["r.io/app".to_owned()]);
    let builds = metadata::parse("build.json", text.as_bytes()).unwrap();
    let (tags, _) = expect(&builds, &Asked::default()).unwrap();
    world.shows("latest", 0.0, shows(&part));
    world.shows("latest", 5.0, shows(&build.index));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Ok, Code::Ok]);
}

#[test]
fn one_wait_serves_all_tags() {
    let names: Vec<String> = (0..1000).map(|tag| tag.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (world, build, tags) = world(&names);
    for name in &names {
        world.shows(name, 0.0, shows(&build.index));
    }
    assert_eq!(codes(&look(&world, &tags, LOOKS)), vec![Code::Ok; 1000]);
    assert_eq!(world.looks_at("999"), [0.0, 2.0]);
}

#[test]
fn with_settle_zero_one_look_decides_and_nothing_waits() {
    let (world, build, tags) = world(&["right", "absent"]);
    world.shows("right", 0.0, shows(&build.index));
    let looks = Looks {
        settle: Duration::ZERO,
        ..LOOKS
    };
    assert_eq!(codes(&look(&world, &tags, looks)), [Code::Ok, Code::Absent]);
    assert_eq!(
        (world.looks_at("right"), world.looks_at("absent")),
        (vec![0.0], vec![0.0])
    );
}

#[test]
fn a_timeout_shorter_than_settle_still_gives_two_looks() {
    let (world, build, tags) = world(&["right", "absent"]);
    world.shows("right", 0.0, shows(&build.index));
    let looks = Looks {
        settle: Duration::from_secs(5),
        settle_timeout: Duration::from_secs(1),
        ..LOOKS
    };
    assert_eq!(codes(&look(&world, &tags, looks)), [Code::Ok, Code::Absent]);
    assert_eq!(world.looks_at("right"), [0.0, 5.0]);
}

#[test]
fn the_deadline_ends_the_looks_and_what_was_seen_once_is_unproven() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.index));
    let looks = Looks {
        deadline: Duration::from_secs(1),
        ..LOOKS
    };
    let findings = look(&world, &tags, looks);
    let Verdict::Unproven(error) = &findings[0].verdict else {
        panic!("{:?}", findings[0].verdict)
    };
    assert_eq!(error.class, Class::Deadline);
    assert_eq!(world.looks_at("1"), [0.0]);
}

#[test]
fn a_repair_is_believed_after_two_looks_even_with_settle_zero() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    let looks = Looks {
        settle: Duration::ZERO,
        ..LOOKS
    };
    assert_eq!(repair(&world, &tags, looks), [outcome::Code::Fixed]);
    assert_eq!(world.writes(), 1);
}

#[test]
fn a_repair_that_shows_late_is_waited_for() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    // Written at 2 s; replicas go back to the old answer for a while.
    world.shows("1", 2.001, shows(&build.arm64));
    let findings = look(&world, &tags, LOOKS);
    let outcomes = apply(&plan(&findings), LOOKS, &mut ports(&world));
    assert_eq!(outcomes[0].0.code(), outcome::Code::Unsettled);
    assert_eq!(world.looks_at("1").last(), Some(&22.0));
}

#[test]
fn a_tag_that_came_right_and_went_wrong_again_is_written_on_the_next_pass() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    let findings = look(&world, &tags, LOOKS);
    world.shows("1", 2.0, shows(&build.index));
    world.shows("1", 3.0, shows(&build.arm64));
    let outcomes = apply(&plan(&findings), LOOKS, &mut ports(&world));
    assert_eq!(outcomes[0].0.code(), outcome::Code::Fixed);
    assert_eq!(world.writes(), 1);
}

/// Tags on a child, looked at, and what applying the plan makes of them.
fn apply_to(world: &World, tags: &[Expectation]) -> Vec<outcome::Outcome> {
    let findings = look(world, tags, LOOKS);
    apply(&plan(&findings), LOOKS, &mut ports(world))
        .into_iter()
        .map(|(outcome, _)| outcome)
        .collect()
}

#[test]
fn a_write_waits_as_long_as_the_registry_asks() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    world.refuses(Class::RateLimited, Some(Duration::from_secs(30)), false);
    assert_eq!(apply_to(&world, &tags)[0].code(), outcome::Code::Fixed);
    assert_eq!(world.writes_at(), [2.0, 32.0]);
}

#[test]
fn a_write_that_was_taken_although_every_answer_was_lost_is_fixed() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    // The reads lag behind the writes, so it is written again and again.
    world.lags(Duration::from_secs(12));
    for _ in 0..5 {
        world.refuses(Class::Network, None, true);
    }
    let outcomes = apply_to(&world, &tags);
    assert_eq!(outcomes[0].code(), outcome::Code::Fixed, "{outcomes:?}");
    assert_eq!(world.writes_at().len(), 5);
}

#[test]
fn a_tag_that_someone_moves_after_the_write_is_left_alone_and_not_to_be_undone() {
    let (world, build, tags) = world(&["1"]);
    world.shows("1", 0.0, shows(&build.arm64));
    world.shows("1", 2.001, shows(&multi("other").index));
    let outcomes = apply_to(&world, &tags);
    let outcome::Outcome::Changed { now, written } = &outcomes[0] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        (now.as_ref(), *written),
        (Some(&digest(&multi("other").index)), true)
    );
}

#[test]
fn a_registry_that_takes_no_writes_holds_up_no_other() {
    let build = multi("a");
    let documents = [&build.index, &build.amd64, &build.arm64, &build.attestation];
    let world = World::new(&documents);
    let names = ["a.io/app:1", "a.io/app:2", "b.io/app:3"].map(str::to_owned);
    let text = image::metadata(&build.index, &names);
    let builds = metadata::parse("build.json", text.as_bytes()).unwrap();
    let (tags, _) = expect(&builds, &Asked::default()).unwrap();
    for tag in ["1", "2", "3"] {
        world.shows(tag, 0.0, shows(&build.arm64));
    }
    world.is_down("a.io", Duration::from_secs(30));
    let codes: Vec<outcome::Code> = apply_to(&world, &tags)
        .iter()
        .map(outcome::Outcome::code)
        .collect();
    use outcome::Code as C;
    assert_eq!(codes, [C::Failed, C::Failed, C::Fixed]);
    // One try of the other registry came before it.
    assert_eq!(world.writes_at()[1], 32.0);
    assert!(world.writes_at().len() <= 6, "{:?}", world.writes_at());
}

/// 200 tags on a child, in a world where each read takes a tenth of a second: the writes are from the
/// second 2 to 22.
fn two_hundred() -> (World, Vec<Expectation>) {
    let names: Vec<String> = (0..200).map(|tag| tag.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (world, build, tags) = world(&names);
    for name in &names {
        world.shows(name, 0.0, shows(&build.arm64));
    }
    world.takes(Duration::from_millis(100));
    (world, tags)
}

#[test]
fn an_outage_of_thirty_seconds_in_the_middle_of_writes_is_waited_for() {
    let (world, tags) = two_hundred();
    world.is_out(12.0, 42.0);
    let outcomes = apply_to(&world, &tags);
    let fixed = |it: &outcome::Outcome| it.code() == outcome::Code::Fixed;
    assert!(outcomes.iter().all(fixed), "{outcomes:?}");
    // The host is asked for one tag at a time, and it is said what for and how long at most.
    let waits = world.waits();
    assert!((4..10).contains(&waits.len()), "{waits:?}");
    assert!(world.writes() <= 200 + 1, "{}", world.writes());
    let (at, host, most) = &waits[0];
    assert_eq!(host, "r.io");
    assert!((*most - (300.0 - at) / 2.0).abs() < 0.1, "{waits:?}");
}

#[test]
fn an_outage_that_does_not_end_leaves_time_to_look_at_what_was_written() {
    let (world, tags) = two_hundred();
    // It is over soon after the host was given up on.
    world.is_out(12.0, 165.0);
    let outcomes = apply_to(&world, &tags);
    let count = |code| outcomes.iter().filter(|it| it.code() == code).count();
    let (fixed, failed) = (count(outcome::Code::Fixed), count(outcome::Code::Failed));
    assert!(
        fixed > 10 && failed > 50 && fixed + failed == 200,
        "{outcomes:?}"
    );
    assert!(world.time.now() < Duration::from_secs(300));
}

#[test]
fn an_outage_until_the_deadline_ends_with_it() {
    let (world, tags) = two_hundred();
    world.is_out(12.0, 10_000.0);
    let outcomes = apply_to(&world, &tags);
    for outcome in &outcomes {
        match outcome {
            outcome::Outcome::Failed(error) | outcome::Outcome::Unseen(error) => {
                assert_eq!(error.class, Class::Network);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(world.time.now() <= Duration::from_secs(300));
    assert!(world.waits().len() < 30, "{:?}", world.waits());
}

#[test]
fn a_host_that_asks_for_more_patience_than_there_is_is_not_waited_for() {
    for (asked, code, writes) in [
        (100, outcome::Code::Fixed, &[2.0, 102.0][..]),
        (200, outcome::Code::Failed, &[2.0]),
    ] {
        let (world, build, tags) = world(&["1"]);
        world.shows("1", 0.0, shows(&build.arm64));
        let asked = Some(Duration::from_secs(asked));
        world.refuses(Class::Unavailable, asked, false);
        assert_eq!(apply_to(&world, &tags)[0].code(), code);
        assert_eq!(world.writes_at(), writes);
    }
}

#[test]
fn a_tag_that_cannot_be_written_does_not_pass_for_an_outage() {
    let (world, build, tags) = world(&["1", "2", "3"]);
    for tag in ["1", "2", "3"] {
        world.shows(tag, 0.0, shows(&build.arm64));
    }
    world.curses("1");
    let codes: Vec<outcome::Code> = apply_to(&world, &tags)
        .iter()
        .map(outcome::Outcome::code)
        .collect();
    use outcome::Code as C;
    assert_eq!(codes, [C::Failed, C::Fixed, C::Fixed]);
    assert_eq!(world.writes(), 5 + 2);
    assert!(world.time.now() < Duration::from_secs(60));
}

/// A build of images with layers, under the tag what Docker packed again from one of them.
fn packed_again() -> (World, image::Multi, Document, Vec<Expectation>) {
    let build = image::layered_multi("a");
    let again = image::repacked(&build.arm64);
    let world = World::new(&[&build.index, &build.amd64, &build.arm64, &again]);
    world.shows("1", 0.0, shows(&again));
    let names = [reference("1").to_string()];
    let builds = metadata::parse("b", image::metadata(&build.index, &names).as_bytes()).unwrap();
    let (expectations, _) = expect(&builds, &Asked::default()).unwrap();
    (world, build, again, expectations)
}

#[test]
fn what_was_compared_at_one_look_only_is_not_believed() {
    let (world, _, _, tags) = packed_again();
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Child]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0]);
    let (world, build, _, tags) = packed_again();
    let config = image::image_id(&build.arm64);
    world.shows(&config, 0.0, Shows::Failure(Class::Unavailable));
    world.shows(&config, 3.0, Shows::Document(config.parse().unwrap()));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Child]);
    assert_eq!(world.looks_at("1"), [0.0, 2.0, 6.0, 14.0]);
}

#[test]
fn what_cannot_be_compared_is_other_to_the_end() {
    let (world, build, _, tags) = packed_again();
    let config = image::image_id(&build.arm64);
    world.shows(&config, 0.0, Shows::Failure(Class::Denied));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Other]);
}

/// That the digest is nowhere is an answer that a registry gives that lags behind a push, too.
#[test]
fn an_image_id_is_believed_when_the_digest_had_time_to_show_up() {
    let built = image::layered("linux/amd64", "a");
    let again = image::repacked(&built);
    let scene = || {
        let world = World::new(&[&built, &again]);
        world.shows("1", 0.0, shows(&again));
        world.shows(&built.digest, 0.0, Shows::Nothing);
        let mut metadata = image::build(&built, &[reference("1").to_string()]);
        metadata["containerimage.config.digest"] = image::image_id(&built).into();
        let builds = metadata::parse("b", metadata.to_string().as_bytes()).unwrap();
        (world, expect(&builds, &Asked::default()).unwrap().0)
    };
    let (world, tags) = scene();
    let seen = look(&world, &tags, LOOKS);
    assert_eq!(codes(&seen), [Code::Ok]);
    assert_eq!(seen[0].observation.same, Some(tagproof::oci::Same::Config));
    assert!(
        world.looks_at("1").last() >= Some(&20.0),
        "{:?}",
        world.looks_at("1")
    );
    // It shows up, and the tag with it.
    let (world, tags) = scene();
    world.shows(&built.digest, 5.0, shows(&built));
    world.shows("1", 5.0, shows(&built));
    let seen = look(&world, &tags, LOOKS);
    assert_eq!(
        (codes(&seen), &seen[0].observation.same),
        (vec![Code::Ok], &None)
    );
    // It shows up, and the tag stays: not what the build made.
    let (world, tags) = scene();
    world.shows(&built.digest, 5.0, shows(&built));
    assert_eq!(codes(&look(&world, &tags, LOOKS)), [Code::Other]);
}
