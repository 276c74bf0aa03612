//! From the options to the report: everything that `check`, `fix` and a step have in common.

use std::io::Read;
use std::iter::once;
use std::time::Duration;

use super::client::{self, client, hosts};
use super::context::RunContext;
use super::inputs::{self, builds, named};
use super::unpushed;
use crate::cli::Options;
use crate::engine;
use crate::expectation;
use crate::files;
use crate::note::{self, Note};
use crate::observe::{Event, Looks, Memory, Ports};
use crate::problem::Problem;
use crate::report::{Mode, Report};

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
    let asked = options.asked()?;
    let mut stdin = files::SharedStdin::new(stdin);
    let builds = builds(options, &mut stdin)?;
    let log = |line: &str| {
        if options.verbose {
            console.log(line, clock.unix_time());
        }
    };
    builds.iter().filter_map(named).for_each(|line| log(&line));
    let (mut expectations, mut notes) = expectation::expect(&builds, &asked)?;
    let policy = inputs::policy(options.policy.as_deref())?
        .unwrap_or_default()
        .1;
    if !options.no_policy {
        policy.rule(&mut expectations, &asked)?;
    }
    let settle = options
        .settle
        .unwrap_or_else(|| policy.settle(&hosts(&expectations), SETTLE));
    let explicit = client::explicit(login, &expectations, &mut stdin)?;
    let client = client(context, explicit, options, &policy, &log)?;

    let looks = Looks {
        settle,
        settle_timeout: options.settle_timeout,
        below: true,
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
    let mut findings = engine::look(expectations, looks, &mut ports);
    if options.set_aside_unpushed {
        notes.extend(unpushed::set_aside(&mut findings));
    }
    if options.mode == Mode::Fix {
        engine::repair(&mut findings, looks, &mut ports);
    }
    notes.extend(client.warnings().into_iter().map(|(host, text)| Note {
        code: note::Code::RegistryWarning,
        message: format!("{host} says: {text}"),
        help: "ask the registry's operator, or read its documentation".to_owned(),
    }));
    let requests = client.requests();
    let report = Report::new(
        options.mode,
        &findings,
        notes,
        options.tolerate(),
        &options.followup_flags(),
    );
    Ok(Report {
        requests: requests.total,
        pulls: requests.pulls,
        ..report
    })
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
