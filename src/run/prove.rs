//! From the options to the report: everything that `check`, `fix` and a step have in common.

use std::io::Read;
use std::iter::once;
use std::time::Duration;

use super::back;
use super::client::{self, client, hosts};
use super::context::RunContext;
use super::inputs::{self, builds, named};
use super::merge::{self, Merge};
use super::unpushed;
use crate::cli::Options;
use crate::engine;
use crate::expectation::{self, Asked, Expectation};
use crate::files;
use crate::finding::Finding;
use crate::metadata::Build;
use crate::note::{self, Note};
use crate::observe::{Event, Looks, Memory, Ports};
use crate::policy::Policy;
use crate::problem::Problem;
use crate::report::{LegProven, Mode, Report};

/// How far apart two agreeing looks are, where nobody says otherwise.
const SETTLE: Duration = Duration::from_secs(2);

/// The report of a run, whatever came of it.
pub(super) fn report(
    context: &RunContext<'_, '_>,
    stdin: &mut dyn Read,
    options: &Options,
) -> Report {
    let proved = prove(context, stdin, options);
    context.console.finish(context.clock.unix_time());
    proved.unwrap_or_else(|problem| Report::from_problem(options.mode, problem, options.tolerate()))
}

/// Everything between the inputs and the report.
fn prove(
    context: &RunContext<'_, '_>,
    stdin: &mut dyn Read,
    options: &Options,
) -> Result<Report, Problem> {
    let RunContext { clock, console, .. } = *context;
    let login = options.login()?;
    let mut stdin = files::SharedStdin::new(stdin);
    let Given {
        asked,
        builds,
        merge,
        expectations,
        mut notes,
        policy,
    } = given(options, &mut stdin)?;
    let log = |line: &str| {
        if options.verbose {
            console.log(line, clock.unix_time());
        }
    };
    builds.iter().filter_map(named).for_each(|line| log(&line));
    let settle = options
        .settle
        .unwrap_or_else(|| policy.settle(&hosts(&expectations, &asked.tags), SETTLE));
    let explicit = client::explicit(login, &hosts(&expectations, &asked.tags), &mut stdin)?;
    let client = client(context, explicit, options, &policy, &log)?;

    let looks = Looks {
        settle,
        settle_timeout: options.settle_timeout,
        below: true,
        provenance: merge.is_some(),
        layers: true,
        download_limit: options.download_limit,
        deadline: options.timeout,
    };
    let on_event = |event: Event<'_>| show(&event, context, options.quiet);
    let mut ports = Ports {
        registry: &client,
        clock,
        on_event: &on_event,
        memory: Memory::default(),
    };
    let rules = Some(&policy).filter(|_| !options.no_policy);
    let done = done(
        options,
        expectations,
        merge.as_ref().zip(Some(rules)),
        looks,
        &mut ports,
    );
    notes.extend(done.notes);
    notes.extend(client.warnings().into_iter().map(|(host, text)| Note {
        code: note::Code::RegistryWarning,
        message: format!("{host} says: {text}"),
        help: "ask the registry's operator, or read its documentation".to_owned(),
    }));
    let requests = client.requests();
    let report = match done.refused {
        Some(problem) => Report::from_problem(options.mode, problem, options.tolerate()),
        None => Report::new(
            options.mode,
            &done.findings,
            notes,
            options.tolerate(),
            &options.followup_flags(),
        ),
    };
    Ok(Report {
        requests: requests.total,
        pulls: requests.pulls,
        legs: done.legs,
        index: done.index,
        ..report
    })
}

/// What a run is given, read and understood.
struct Given {
    asked: Asked,
    builds: Vec<Build>,
    merge: Option<Merge>,
    expectations: Vec<Expectation>,
    notes: Vec<Note>,
    policy: Policy,
}

/// Reads all inputs.
fn given(options: &Options, stdin: &mut files::SharedStdin<'_>) -> Result<Given, Problem> {
    let mut asked = options.asked()?;
    let mut builds = builds(options, stdin)?;
    let merge = options.merge.as_ref();
    let merge = merge
        .map(|it| Merge::new(it, options, &mut asked, &mut builds, stdin))
        .transpose()?;
    let (mut expectations, notes) = match &merge {
        Some(_) => (expectation::legs(&builds, &asked)?, Vec::new()),
        None => expectation::expect(&builds, &asked)?,
    };
    let policy = inputs::policy(options.policy.as_deref())?
        .unwrap_or_default()
        .1;
    if !options.no_policy {
        policy.rule(&mut expectations, &asked)?;
    }
    if merge.is_some() {
        expectation::as_legs(&mut expectations);
    }
    let rules = Some(&policy).filter(|_| !options.no_policy);
    let merge = merge.map(|merge| merge.ruled(rules)).transpose()?;
    Ok(Given {
        asked,
        builds,
        merge,
        expectations,
        notes,
        policy,
    })
}

/// What came of a run.
#[derive(Default)]
struct Done {
    findings: Vec<Finding>,
    notes: Vec<Note>,
    legs: Vec<LegProven>,
    index: Option<String>,
    /// Why the legs were not merged.
    refused: Option<Problem>,
}

/// Looks, and writes what the command is to write.
fn done(
    options: &Options,
    expectations: Vec<Expectation>,
    merge: Option<(&Merge, Option<&Policy>)>,
    looks: Looks,
    ports: &mut Ports<'_>,
) -> Done {
    let mut findings = engine::look(expectations, looks, ports);
    let Some((merge, rules)) = merge else {
        let notes = match options.set_aside_unpushed {
            true => unpushed::set_aside(&mut findings),
            false => Vec::new(),
        };
        if options.mode == Mode::Fix && !options.allow_older {
            back::keep_newer(&mut findings, looks, ports);
        }
        match options.mode {
            Mode::Check | Mode::Merge => {}
            Mode::Fix if options.dry_run => engine::rehearse(&mut findings),
            Mode::Fix => engine::repair(&mut findings, looks, ports),
        }
        return Done {
            findings,
            notes,
            ..Done::default()
        };
    };
    let legs = findings.iter().map(LegProven::new).collect();
    match merge::publish(&findings, merge, rules, looks, ports) {
        Ok((findings, index)) => Done {
            findings,
            legs,
            index: Some(index),
            ..Done::default()
        },
        Err(problem) => Done {
            legs,
            refused: Some(problem),
            ..Done::default()
        },
    }
}

/// Shows what happens while the run goes on.
fn show(event: &Event<'_>, context: &RunContext<'_, '_>, is_quiet: bool) {
    match *event {
        Event::Waiting { tags, left } => context.console.waiting(tags, left),
        // If the run is killed now, nothing else names it.
        Event::Leaving { reference, left } if !is_quiet => {
            let lines = left.split_last().into_iter().flat_map(|(last, listed)| {
                let listed = listed.iter().map(|it| format!("  which lists {it}"));
                once(format!("moving {reference} off {last}")).chain(listed)
            });
            for line in lines {
                context.console.log(&line, context.clock.unix_time());
            }
        }
        Event::Leaving { .. } => {}
    }
}
