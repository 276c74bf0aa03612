//! What a move takes away is put back, on registries that forget what no tag names: in virtual time.

use std::cell::RefCell;
use std::time::Duration;

use tagproof::engine;
use tagproof::expectation::{Asked, Expectation, OnOther, expect};
use tagproof::finding::Finding;
use tagproof::metadata;
use tagproof::observe::{Event, Looks, Memory, Ports};
use tagproof::outcome::{Code, Left, Outcome};
use tagproof::registry::Class;

use crate::image::{self, Document, Multi, multi};
use crate::world::{LOOKS, Shows, World, digest, reference, shows};

/// A registry that forgets, with a build and someone else's, and the build's tags.
struct Scene {
    world: World,
    build: Multi,
    other: Multi,
    tags: Vec<Expectation>,
}

fn scene(tags: &[&str], asked: &Asked) -> Scene {
    on("r.io", tags, asked)
}

fn on(host: &str, tags: &[&str], asked: &Asked) -> Scene {
    let (build, other) = (multi("a"), multi("other"));
    let world = World::new(&[
        &build.index,
        &build.amd64,
        &build.arm64,
        &build.attestation,
        &other.index,
        &other.amd64,
        &other.arm64,
        &other.attestation,
    ]);
    world.forgets();
    for (name, build) in [("", &build), ("other ", &other)] {
        world.call(&build.index.digest, &format!("{name}index"));
        world.call(&build.amd64.digest, &format!("{name}amd64"));
        world.call(&build.arm64.digest, &format!("{name}arm64"));
        world.call(&build.attestation.digest, &format!("{name}attestation"));
    }
    let names: Vec<String> = tags
        .iter()
        .map(|tag| reference(tag).to_string().replace("r.io", host))
        .collect();
    let text = image::metadata(&build.index, &names);
    let builds = metadata::parse("build.json", text.as_bytes()).unwrap();
    let (tags, _) = expect(&builds, asked).unwrap();
    Scene {
        world,
        build,
        other,
        tags,
    }
}

fn moving_others() -> Asked {
    Asked {
        on_other: Some(OnOther::Fix),
        ..Asked::default()
    }
}

/// What came of a `fix`.
struct Ran {
    findings: Vec<Finding>,
    /// The requests of the repair.
    journal: Vec<String>,
    /// What was said to be left, and how many requests of the repair there had been.
    told: Vec<(usize, Vec<Left>)>,
}

impl Scene {
    fn fix(&self, looks: Looks) -> Ran {
        let told = RefCell::new(Vec::new());
        let began = RefCell::new(Vec::new());
        let tell = |event: Event<'_>| {
            if let Event::Leaving { left, .. } = event {
                began.borrow_mut().extend(self.world.journal());
                told.borrow_mut()
                    .push((began.borrow().len(), left.to_vec()));
            }
        };
        let mut ports = Ports {
            registry: &self.world,
            clock: &self.world.time,
            on_event: &tell,
            memory: Memory::default(),
        };
        let mut findings = engine::look(self.tags.clone(), looks, &mut ports);
        self.world.journal();
        engine::repair(&mut findings, looks, &mut ports);
        let mut journal = began.take();
        journal.extend(self.world.journal());
        Ran {
            findings,
            journal,
            told: told.into_inner(),
        }
    }

    fn served(&self, documents: &[&Document]) -> Vec<bool> {
        let served = documents.iter().map(|it| self.world.serves(&it.digest));
        served.collect()
    }
}

impl Ran {
    fn codes(&self) -> Vec<Code> {
        let outcomes = self.findings.iter().map(|it| it.outcome.as_ref().unwrap());
        outcomes.map(Outcome::code).collect()
    }

    fn restored(&self, tag: usize) -> Vec<&str> {
        let restored = &self.findings[tag].aftermath.restored;
        restored.iter().map(|it| it.digest.as_str()).collect()
    }

    fn lost(&self, tag: usize) -> Vec<&str> {
        let lost = &self.findings[tag].aftermath.lost;
        lost.iter().map(|(it, _)| it.digest.as_str()).collect()
    }

    fn puts(&self) -> Vec<&str> {
        let puts = self.journal.iter().filter_map(|it| it.strip_prefix("PUT "));
        puts.collect()
    }
}

#[test]
fn a_child_that_loses_its_only_tag_is_put_back_at_once() {
    let scene = scene(&["1", "2"], &Asked::default());
    let Multi {
        index,
        amd64,
        arm64,
        attestation,
    } = &scene.build;
    scene.world.shows("1", 0.0, shows(arm64));
    scene.world.shows("2", 0.0, shows(index));
    let ran = scene.fix(LOOKS);
    let finding = &ran.findings[0];
    assert_eq!(finding.outcome, Some(Outcome::Fixed));
    assert_eq!(ran.restored(0), [&*arm64.digest]);
    assert_eq!(scene.served(&[index, amd64, arm64, attestation]), [true; 4]);
    assert_eq!(ran.puts(), ["1", "arm64"]);
    // What is there before, the look at the tag, the write, and then nothing but what follows it.
    let mut before = ran.journal[..2].to_vec();
    before.sort();
    assert_eq!(before, ["GET amd64", "GET attestation"]);
    assert_eq!(ran.journal[2..4], ["HEAD 1", "PUT 1"]);
    let mut after = ran.journal[4..7].to_vec();
    after.sort();
    assert_eq!(after, ["HEAD amd64", "HEAD arm64", "HEAD attestation"]);
    let rest = ["GET arm64", "PUT arm64", "GET arm64", "HEAD 1", "HEAD 1"];
    assert_eq!(ran.journal[7..], rest);
    // And it was named before the write.
    let left = Left {
        digest: digest(arm64),
        media_type: arm64.media_type.parse().unwrap(),
        size: arm64.bytes.len(),
    };
    assert_eq!(ran.told, [(3, vec![left])]);
}

#[test]
fn with_settle_zero_it_is_put_back_as_well() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    scene.world.shows("keeps", 0.0, shows(&scene.build.index));
    let ran = scene.fix(Looks {
        settle: Duration::ZERO,
        ..LOOKS
    });
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(scene.served(&[&scene.build.arm64]), [true]);
}

#[test]
fn two_children_under_two_tags_are_both_put_back_each_before_the_next_write() {
    let scene = scene(&["1", "2", "3"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    scene.world.shows("2", 0.0, shows(&scene.build.amd64));
    scene.world.shows("3", 0.0, shows(&scene.build.index));
    let ran = scene.fix(LOOKS);
    let outcomes = ran.findings.iter().map(|it| it.outcome.clone());
    let fixed = Some(Outcome::Fixed);
    assert_eq!(outcomes.collect::<Vec<_>>(), [fixed.clone(), fixed, None]);
    assert_eq!(ran.puts(), ["1", "arm64", "2", "amd64"]);
    assert_eq!(
        scene.served(&[&scene.build.arm64, &scene.build.amd64]),
        [true; 2]
    );
    // What was seen after the first write need not be asked for before the second.
    let first = ran
        .journal
        .iter()
        .rposition(|it| it == "GET arm64")
        .unwrap();
    assert_eq!(ran.journal[first + 1..first + 3], ["HEAD 2", "PUT 2"]);
}

#[test]
fn another_image_whose_only_tag_is_moved_is_put_back_whole_the_children_first() {
    let scene = scene(&["1"], &moving_others());
    let Multi {
        index,
        amd64,
        arm64,
        attestation,
    } = &scene.other;
    scene.world.shows("1", 0.0, shows(index));
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(scene.served(&[index, amd64, arm64, attestation]), [true; 4]);
    let puts = ran.puts();
    assert_eq!((puts.len(), puts[0], puts[4]), (5, "1", "other index"));
    assert!(!ran.findings[0].aftermath.before_is_gone);
    // The log has the index last, and what it lists before.
    let (_, left) = &ran.told[0];
    assert_eq!((left.len(), &left[3].digest), (4, &digest(index)));
}

#[test]
fn another_image_is_not_put_back_if_the_user_says_no() {
    let asked = Asked {
        no_restore: true,
        ..moving_others()
    };
    let scene = scene(&["1"], &asked);
    scene.world.shows("1", 0.0, shows(&scene.other.index));
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(ran.puts(), ["1"]);
    assert_eq!(scene.served(&[&scene.other.index]), [false]);
    // So there is no way to undo it.
    assert!(ran.findings[0].aftermath.before_is_gone);
    assert_eq!(ran.lost(0), [""; 0]);
}

#[test]
fn what_the_build_lists_is_put_back_whatever_the_user_says() {
    let asked = Asked {
        no_restore: true,
        ..moving_others()
    };
    let scene = scene(&["1", "2"], &asked);
    // An index of someone else's that lists a part of this build.
    let mixed = image::index(&[&scene.build.arm64, &scene.other.amd64]);
    let documents = [
        &scene.build.index,
        &scene.build.amd64,
        &scene.build.arm64,
        &scene.build.attestation,
        &scene.other.amd64,
        &mixed,
    ];
    let scene = Scene {
        world: World::new(&documents),
        ..scene
    };
    scene.world.forgets();
    scene.world.shows("1", 0.0, shows(&mixed));
    scene.world.shows("2", 0.0, shows(&scene.build.index));
    let ran = scene.fix(LOOKS);
    assert_eq!(
        ran.findings[0].outcome.as_ref().map(Outcome::code),
        Some(Code::Fixed)
    );
    assert_eq!(ran.restored(0), [&*scene.build.arm64.digest]);
    assert_eq!(scene.served(&[&mixed, &scene.other.amd64]), [false; 2]);
}

#[test]
fn an_image_that_was_seen_to_be_gone_stays_gone_when_only_the_build_is_looked_for_again() {
    let asked = Asked {
        no_restore: true,
        ..moving_others()
    };
    let scene = scene(&["1", "2"], &asked);
    let mixed = image::index(&[&scene.build.arm64, &scene.other.amd64]);
    let world = World::new(&[
        &scene.build.index,
        &scene.build.amd64,
        &scene.build.arm64,
        &scene.build.attestation,
        &scene.other.amd64,
        &mixed,
    ]);
    let scene = Scene { world, ..scene };
    scene.world.forgets();
    scene.world.shows("1", 0.0, shows(&mixed));
    scene.world.shows("2", 0.0, shows(&scene.build.index));
    // The build's child is put back at a later look only.
    for _ in 0..3 {
        scene.world.puts_back(Err(Class::Unavailable), false);
    }
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.restored(0), [&*scene.build.arm64.digest]);
    assert_eq!(scene.served(&[&mixed]), [false]);
    assert!(ran.findings[0].aftermath.before_is_gone);
}

#[test]
fn what_cannot_be_read_is_not_risked() {
    for class in [
        Class::Denied,
        Class::Refused,
        Class::BadAnswer,
        Class::TooLarge,
    ] {
        let scene = scene(&["1"], &moving_others());
        scene.world.shows("1", 0.0, shows(&scene.other.index));
        let child = &scene.other.arm64.digest;
        scene.world.shows(child, 0.0, Shows::Failure(class));
        let ran = scene.fix(LOOKS);
        let outcome = ran.findings[0].outcome.as_ref().unwrap();
        let Outcome::Unread(error) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!((error.class, outcome.code()), (class, Code::Refused));
        assert_eq!(ran.puts(), [""; 0]);
    }
}

#[test]
fn a_child_of_the_build_that_cannot_be_read_keeps_the_tag_where_it_is() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    let child = &scene.build.amd64.digest;
    scene.world.shows(child, 0.0, Shows::Failure(Class::Denied));
    let ran = scene.fix(LOOKS);
    assert_eq!((ran.codes(), ran.puts().len()), (vec![Code::Refused], 0));
}

#[test]
fn what_was_gone_before_the_write_is_neither_put_back_nor_missed() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    let child = &scene.build.amd64.digest;
    scene.world.shows(child, 0.0, Shows::Nothing);
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(ran.puts(), ["1", "arm64"]);
    assert_eq!(scene.served(&[&scene.build.amd64]), [false]);
}

#[test]
fn what_the_registry_does_not_take_back_is_lost_and_said_to_be() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    for _ in 0..9 {
        scene.world.puts_back(Err(Class::Denied), false);
    }
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Lost]);
    assert_eq!(ran.lost(0), [&*scene.build.arm64.digest]);
    let (_, why) = &ran.findings[0].aftermath.lost[0];
    assert_eq!(why.class, Class::Denied);
    assert!(ran.findings[0].aftermath.before_is_gone);
}

#[test]
fn what_the_registry_says_it_took_back_and_does_not_serve_is_lost() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    for _ in 0..9 {
        scene.world.puts_back(Ok(()), false);
    }
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Lost]);
    assert_eq!(ran.restored(0), [""; 0]);
    assert_eq!(ran.lost(0), [&*scene.build.arm64.digest]);
}

#[test]
fn what_fails_in_passing_is_put_back_again() {
    for answer in [Err(Class::Unavailable), Err(Class::Network), Ok(())] {
        let scene = scene(&["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        scene.world.puts_back(answer, false);
        let ran = scene.fix(LOOKS);
        assert_eq!(ran.codes(), [Code::Fixed], "{answer:?}");
        assert_eq!(ran.puts(), ["1", "arm64", "arm64"]);
    }
}

#[test]
fn a_put_back_whose_answer_was_lost_is_put_back() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    scene.world.puts_back(Err(Class::Network), true);
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(ran.puts(), ["1", "arm64"]);
    assert_eq!(ran.restored(0), [&*scene.build.arm64.digest]);
}

#[test]
fn a_write_whose_answer_was_lost_may_have_taken_it_away() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    scene.world.refuses(Class::Network, None, true);
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(ran.puts(), ["1", "arm64"]);
    assert_eq!(ran.restored(0), [&*scene.build.arm64.digest]);
    assert_eq!(scene.served(&[&scene.build.arm64]), [true]);
}

#[test]
fn a_write_that_was_refused_has_taken_nothing_away() {
    for class in [
        Class::Immutable,
        Class::Protected,
        Class::Denied,
        Class::ReadOnly,
        Class::Login,
    ] {
        let scene = scene(&["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        scene.world.refuses(class, None, false);
        let ran = scene.fix(LOOKS);
        assert_eq!(ran.codes(), [Code::Refused]);
        let put = ran.journal.iter().position(|it| it == "PUT 1").unwrap();
        assert_eq!(ran.journal[put + 1..], ["HEAD 1"], "{class:?}");
    }
}

#[test]
fn a_write_that_was_refused_and_taken_all_the_same_may_have_taken_it_away() {
    for class in [
        Class::Denied,
        Class::ChildMissing,
        Class::NotFound,
        Class::RateLimited,
    ] {
        let scene = scene(&["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        scene.world.refuses(class, None, true);
        let ran = scene.fix(LOOKS);
        assert!(ran.codes()[0].is_right(), "{:?}", ran.codes());
        assert_eq!(ran.restored(0), [&*scene.build.arm64.digest], "{class:?}");
    }
}

#[test]
fn a_tag_that_the_policy_calls_immutable_is_asked_for_and_nothing_else() {
    let mut scene = scene(&["1"], &Asked::default());
    scene.tags[0].immutable = true;
    scene.world.shows("1", 0.0, shows(&scene.build.arm64));
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Refused]);
    assert_eq!(ran.journal, ["HEAD 1"]);
}

#[test]
fn a_registry_that_is_known_to_keep_what_no_tag_names_is_not_asked() {
    for host in ["docker.io", "ghcr.io", "eu.gcr.io"] {
        let scene = on(host, &["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        let ran = scene.fix(LOOKS);
        assert_eq!(ran.codes(), [Code::Fixed]);
        assert_eq!(
            ran.journal,
            ["HEAD 1", "PUT 1", "HEAD 1", "HEAD 1"],
            "{host}"
        );
        assert_eq!(ran.told, []);
    }
}

#[test]
fn a_tag_that_is_created_takes_nothing_away() {
    let scene = scene(&["1"], &Asked::default());
    scene.world.shows("other", 0.0, shows(&scene.build.index));
    let ran = scene.fix(LOOKS);
    assert_eq!(ran.codes(), [Code::Fixed]);
    assert_eq!(ran.journal.len(), 4, "{:?}", ran.journal);
}

#[test]
fn it_is_put_back_under_the_type_that_it_was_served_under() {
    let build = multi("a");
    let plain = image::served_as(&build.arm64, "application/json");
    let bare = image::without_media_type(&build.amd64);
    let index = image::index(&[&plain, &bare]);
    let text = image::metadata(&index, &[reference("1").to_string()]);
    let builds = metadata::parse("build.json", text.as_bytes()).unwrap();
    let (tags, _) = expect(&builds, &Asked::default()).unwrap();
    for (document, media_type) in [(&plain, image::MANIFEST), (&bare, image::MANIFEST)] {
        let scene = Scene {
            world: World::new(&[&index, &plain, &bare]),
            build: multi("a"),
            other: multi("other"),
            tags: tags.clone(),
        };
        scene.world.forgets();
        scene.world.shows("1", 0.0, shows(document));
        let ran = scene.fix(LOOKS);
        assert_eq!(ran.codes(), [Code::Fixed]);
        assert_eq!(scene.world.types(), [image::INDEX, media_type]);
    }
}

#[test]
fn no_write_begins_without_the_time_for_what_follows_it() {
    for (deadline, writes) in [(24.0, 1), (10.0, 1), (2.4, 0)] {
        let scene = scene(&["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        // The looks take two seconds, and a fifth of the time must be left.
        let ran = scene.fix(Looks {
            deadline: Duration::from_secs_f64(deadline),
            ..LOOKS
        });
        let tags = ran.puts().iter().filter(|it| **it == "1").count();
        assert_eq!(tags, writes, "{deadline}");
        if writes == 0 {
            let Some(Outcome::Failed(error)) = &ran.findings[0].outcome else {
                panic!("{:?}", ran.findings[0].outcome)
            };
            assert_eq!(error.class, Class::Deadline);
            assert_eq!(scene.served(&[&scene.build.arm64]), [true]);
        }
    }
}

#[test]
fn what_cannot_be_asked_for_after_the_write_is_looked_for_again_and_else_not_said_to_be_there() {
    // From the write on, and for so long.
    for (until, code) in [(3.0, Code::Fixed), (100.0, Code::Lost)] {
        let scene = scene(&["1"], &Asked::default());
        scene.world.shows("1", 0.0, shows(&scene.build.arm64));
        scene.world.shows("keeps", 0.0, shows(&scene.build.arm64));
        let child = &scene.build.amd64.digest;
        scene
            .world
            .fails_after_the_write(child, Class::Denied, until);
        let ran = scene.fix(LOOKS);
        assert_eq!(ran.codes(), [code], "{until}");
        assert_eq!(ran.puts(), ["1"], "nothing is put back that is not gone");
        assert_eq!(ran.lost(0).len(), usize::from(code == Code::Lost));
    }
}
