//! tagproof proves that every tag a build pushed points at what the build made, and repairs it
//! when it does not.
//!
//! This page is the map of the code. What the program does for its users is in the README and in
//! `docs/`. The library makes no promise to other programs: it exists so that the binary is a
//! shell around one function, [`run::run`], and so that tests can reach the parts.
//!
//! # The way of the data
//!
//! ```text
//!  definition ─┐ flags ──┐  policy ─┐
//!  metadata ─► builds ───┴► expectations ─► observations ─► verdicts ─► plan ─► outcomes ─► report ─► text
//!             metadata      expectation     observe    verdict    plan     apply      report
//!             pure          pure            reads      pure       pure     writes     pure
//! ```
//!
//! One way, no going back. What is in the middle is pure: it knows neither HTTP nor files, clocks
//! or the environment. [`run`] is the only module that sees the whole line, and reads like it.
//!
//! One tag on its way:
//!
//! 1. [`run::run`] parses the arguments ([`cli::parse`]) and calls `prove` in `run/prove.rs`.
//! 2. [`metadata::parse`] reads the file: a [`metadata::Build`] with a digest and the tag's name.
//! 3. [`expectation::expect`] makes an [`expectation::Expectation`] of it: this tag should be this digest;
//!    [`policy::Policy::rule`] adds what the project asks for.
//! 4. [`engine::look`] hands it to [`observe::observe`], which has `observe/look.rs` look at the tag, as often as
//!    needed.
//! 5. A look turns it into [`registry::Read`]s. [`registry::client::Client`] sends each through `auth/exchange.rs`
//!    (with which login), `wire/retrying.rs` (how often) and `wire/http.rs` (the bytes).
//! 6. The body comes back as an [`oci::Document`] with its own digest, kept in [`observe::Memory`], and is a part
//!    of an [`observation::Observation`].
//! 7. [`verdict::judge`] compares the two: a [`verdict::Verdict`]. Two that agree make a [`finding::Finding`].
//! 8. [`plan::plan`] makes a [`plan::Step`] of it, if the tag is wrong and may be moved; [`apply::apply`] looks again,
//!    writes, asks whether anything was lost, and calls [`observe::observe`]: an [`outcome::Outcome`].
//! 9. [`report::Report::new`] makes a [`report::Entry`] of the finding, with the words of `report/advice.rs`.
//! 10. `report/formats.rs` renders the report for the terminal and for each file that was asked for.
//!
//! A merge goes this way twice: first with its legs, and then with the index that [`merge::compose`] makes of those
//! that are right, as what its tags should be. `run/merge.rs` is what lies between.
//!
//! After a write, [`apply`] calls the same [`observe`](observe::observe), which asks the same
//! [`judge`](verdict::judge): there is no second idea of what "right" means.
//!
//! # The words
//!
//! | word | type | what it is |
//! |---|---|---|
//! | build | [`metadata::Build`] | what one build left behind |
//! | definition | [`definition::Definition`] | what a bake was asked for |
//! | policy | [`policy::Policy`] | what a project asks of its images and says of its registries, by pattern |
//! | expectation | [`expectation::Expectation`] | a claim: this tag of this repository is this image |
//! | observation | [`observation::Observation`] | what a registry answered for one expectation at one moment |
//! | look | [`observe`] | one round of observations; a verdict needs two that agree |
//! | verdict | [`verdict::Verdict`] | the judgement of an expectation against an observation |
//! | finding | [`finding::Finding`] | an expectation with its observation, its verdict and its outcome |
//! | leg | [`merge::Leg`] | what one job of a matrix build pushed, after it was proven |
//! | plan | [`plan::Step`] | point this tag at this digest, with these bytes |
//! | outcome | [`outcome::Outcome`] | what became of a step |
//! | note | [`note::Note`] | what is worth knowing about a build or a registry, besides the tags |
//! | problem | [`problem::Problem`] | the inputs cannot be used, and what to type instead |
//! | report | [`report::Report`] | all of it; the one value that every output is rendered from |
//!
//! # The steps
//!
//! | step | module |
//! |---|---|
//! | arguments to complete options | [`cli`] |
//! | what the CI system is and what is its own: log groups, colors, logins; the inputs of a GitHub step to arguments (`run/step.rs` runs it) | [`ci`] |
//! | the text of a metadata file to builds; `metadata/buildx.rs` reads the format of buildx, `metadata/report.rs` our own reports | [`metadata`] |
//! | what was asked for, into the builds | [`definition`] |
//! | builds and options to expectations, conflicts and notes | [`expectation`] |
//! | the rules of the policy, into the expectations | [`policy`] |
//! | looks at registries until two agree; `observe::look` is one round, with as few reads as prove something | [`observe`] |
//! | what lies below a tag, once for each digest: `observe/depths.rs` decides what is read, `observe/layers.rs` reads layers | [`observe`] |
//! | a layer as a stream to the programs in it, and whether what an image starts is for its platform | [`programs`] |
//! | what was seen to a verdict; `verdict/table.rs` says what each kind of verdict means | [`verdict`] |
//! | legs to the index that they make, or to why they make none; which tags must not be moved to it | [`merge`] |
//! | findings to steps that are safe | [`plan`] |
//! | look again, write, put back what the write took away, look until it is seen twice; before a merge, `apply/accept.rs` puts the index into each repository | [`apply`] |
//! | these four in a row, as a run and the simulation have them: expectations to findings, findings to outcomes | [`engine`] |
//! | findings to a report, a report to JSON or to text for people; each output format is a row of `report/formats.rs` | [`report`] |
//! | the words of `tagproof explain` | [`explain`] |
//! | what is shown while a run goes on | `console.rs` |
//!
//! Below them lie the vocabulary, [`oci`]: a digest, a reference, a platform, a document that
//! exists is valid; and the ports, [`registry::Registry`] and [`clock::Clock`]: two traits with
//! a few methods each. A registry is asked in *batches*, and answers in the order asked, so
//! reading in parallel is the business of the port and not of the engine.
//!
//! # Who may import whom
//!
//! Given as what is absent, because that is what a change breaks without noticing:
//!
//! - [`programs`] knows [`oci`] and nothing else: a layer comes in as a stream. `tar`, `flate2` and `ruzstd` are there only.
//! - [`oci`] knows no other module. `oci_spec` is in `oci/document/` and nowhere else.
//! - [`metadata`], [`definition`], [`expectation`], [`policy`], [`verdict`], [`merge`] and [`plan`] call nothing that does
//!   I/O. Of [`registry`] the judgement knows one type, the [`Error`](registry::Error) that a read ended with.
//! - [`merge`] knows findings and not how they came about, and is known to [`cli`] (its flags), [`engine`] (which tags are
//!   last) and [`run`].
//! - [`observe`] and [`apply`] know the ports and not the client. `ureq` is in `registry/` only.
//! - The YAML library is in `policy/yaml` only.
//! - [`registry`] knows neither expectations nor verdicts, and no flag of the command line. It is asked for bytes,
//!   and decides nothing about tags. Its rooms are a stair: `client.rs` calls `auth/` (how a login is presented),
//!   which calls `wire/` (how bytes travel) and `login/` (where logins come from). None calls upwards.
//! - No two files reach each other, directly or through others: `tests/it/tidy.rs` holds that.
//! - [`report`] does no I/O and decides nothing: what it shows was decided before.
//! - Nothing but [`run`] knows [`cli`] and its options.
//!
//! # Where I/O lives
//!
//! | what | where |
//! |---|---|
//! | arguments, environment, streams, the real clock | `main.rs`, handed over as one [`run::Process`] |
//! | files that are named on the command line, the policy, standard input | `files.rs`, `run/inputs.rs` and `run/files_out.rs` |
//! | sockets, certificates, threads | `registry/` |
//! | login files, credential helpers (the only processes started) | `registry/` |
//! | waiting | through [`clock::Clock`], but for a credential helper, which is a process and has real time |
//!
//! The library prints nothing by itself: [`run`] writes to the streams it was given. There are no
//! global variables, no `unsafe`, no async runtime.
//!
//! # What fails how
//!
//! - The inputs cannot be used: a [`problem::Problem`], before anything is sent. Exit code 2.
//! - Legs do not make what was asked for: a [`problem::Problem`] as well, before anything is written. Exit code 1, or 3
//!   where one could not be read.
//! - A registry fails: a classed [`registry::Error`]. It never ends the run; it makes one tag
//!   `unproven`, or one repair `failed` or `refused`.
//! - A tag is wrong: no error at all, but a [`verdict::Verdict`].
//!
//! # How it is tested
//!
//! - Values and parsers: beside the code, as tables of inputs and results.
//! - Renderers: snapshots of reports of each kind, hostile ones among them.
//! - The client: against servers of a few lines that misbehave on purpose, `registry/client/tests`.
//! - Looks and repairs in virtual time, against a registry in memory: `tests/it/looks.rs`.
//! - All of it in a simulated world where everything goes wrong, from seeds: `tests/sim`.
//! - What comes in and goes out, with any bytes: `tests/fuzzing.rs`, `fuzz/`. That module exists in tests
//!   and for cargo-fuzz (`--cfg fuzzing`), and not in the program.
//! - The program as users run it, against a fake registry with scripted faults and against what
//!   real builds left behind: `tests/it`. `tests/it/alike.rs` holds the fake registry to what a real one answers.
#![cfg_attr(
    any(test, fuzzing),
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::too_many_lines
    )
)]
pub mod apply;
mod backoff;
pub mod ci;
pub mod cli;
pub mod clock;
mod console;
pub mod definition;
pub mod engine;
pub mod environment;
pub mod expectation;
pub mod explain;
mod files;
pub mod finding;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[path = "tests/fuzzing.rs"]
pub mod fuzzing;
pub mod merge;
pub mod metadata;
pub mod note;
pub mod observation;
pub mod observe;
pub mod oci;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod programs;
pub mod registry;
pub mod report;
pub mod run;
pub mod text;
pub mod verdict;
