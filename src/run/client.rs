//! The client of a run: how its registries are reached, and with which logins.

use std::collections::BTreeSet;

use super::context::RunContext;
use crate::cli::Options;
use crate::expectation::Expectation;
use crate::files;
use crate::oci::{Host, Reference};
use crate::policy::Policy;
use crate::problem::Problem;
use crate::registry::client::{Client, Settings};
use crate::registry::login::{GivenLogin, Logins, Sources};

/// The client that the options, the policy and the environment ask for.
pub(super) fn client<'a>(
    context: &RunContext<'a, '_>,
    explicit: Option<GivenLogin>,
    options: &Options,
    policy: &Policy,
    log: &'a (dyn Fn(&str) + Sync),
) -> Result<Client<'a>, Problem> {
    let ca_file = match &options.ca_file {
        None => None,
        Some(path) => {
            let help = "give a file with PEM certificates";
            let pem = files::read(path, 4 * 1024 * 1024, help)?;
            Some(("`--ca-file`".to_owned(), pem))
        }
    };
    let mut ca_files = Vec::new();
    for (host, path) in policy.ca_files() {
        let help = format!("the policy names it for `{host}`, relative to the working directory");
        ca_files.push((host.clone(), files::read(path, 4 * 1024 * 1024, &help)?));
    }
    let sources = Sources {
        environment: context.environment.clone(),
        explicit,
        registry_config: options.registry_config.clone(),
        token: context.token.clone(),
        write: options.mode.writes(),
    };
    let logins = Logins::new(sources).map_err(|cause| {
        Problem::invalid(
            cause,
            "give `--registry-config` a file like Docker's `config.json`",
        )
    })?;
    let mut plain_http = BTreeSet::new();
    plain_http.extend(
        options
            .plain_http
            .iter()
            .chain(policy.plain_http())
            .cloned(),
    );
    let settings = Settings {
        write: options.mode.writes(),
        plain_http,
        ca_file,
        ca_files,
        environment: context.environment.clone(),
        concurrency: usize::from(options.concurrency),
        deadline: options.timeout,
    };
    Client::new(settings, logins, context.clock, log)
        .map_err(|cause| Problem::invalid(cause, "`tagproof check --help` shows the flags"))
}

/// The login given on the command line, with its password from standard input.
pub(super) fn explicit(
    login: Option<(Option<Host>, String)>,
    hosts: &BTreeSet<&Host>,
    stdin: &mut files::SharedStdin<'_>,
) -> Result<Option<GivenLogin>, Problem> {
    let Some((host, username)) = login else {
        return Ok(None);
    };
    let host = match host {
        Some(host) => host,
        None => only_host(hosts)?,
    };
    let password = stdin.read_line_of("`--password-stdin`", 64 * 1024)?;
    Ok(Some(GivenLogin {
        host,
        name: "`--username`".to_owned(),
        username,
        password,
    }))
}

/// The registries of these tags.
pub(super) fn hosts<'a>(
    expectations: &'a [Expectation],
    tags: &'a [Reference],
) -> BTreeSet<&'a Host> {
    let mut hosts = BTreeSet::new();
    hosts.extend(expectations.iter().map(|it| it.repository.host()));
    hosts.extend(tags.iter().map(|it| it.repository().host()));
    hosts
}

/// The one registry that `--username` can be for.
fn only_host(hosts: &BTreeSet<&Host>) -> Result<Host, Problem> {
    let mut hosts = hosts.iter().copied();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Ok(host.clone()),
        (first, second) => {
            let named: Vec<String> = first
                .into_iter()
                .chain(second)
                .chain(hosts)
                .map(|host| format!("`--registry {host}`"))
                .collect();
            Err(Problem::invalid(
                "`--username` without `--registry`, and several registries at hand",
                format!("say whose login it is: {}", named.join(" or ")),
            ))
        }
    }
}
