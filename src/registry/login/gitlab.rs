//! The logins that a CI system gives to a job, as places to look for one.

use super::place::Place;
use super::secret::Secret;
use crate::ci;
use crate::environment::Environment;

/// The places of this job; `None` where the CI system gives no logins, or there is none.
pub(super) fn places(environment: &Environment) -> Option<Vec<Place>> {
    Some(match ci::logins(environment)? {
        Ok(logins) => logins
            .into_iter()
            .map(|login| Place::Given {
                host: login.host,
                name: login.source.to_owned(),
                secret: Secret::new(login.username, login.password),
            })
            .collect(),
        Err(bad) => vec![Place::Config(
            bad.source.to_owned(),
            Err(bad.reason.to_owned()),
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Reference;
    use crate::registry::login::{Login, Logins, Sources};

    /// All answers for a repository of these variables: `user:password of place`, or why not.
    fn answers(variables: &[(&str, &str)], reference: &str) -> Vec<String> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let logins = Logins::new(Sources {
            environment: Environment::new(variables.iter().map(owned)),
            explicit: None,
            registry_config: None,
            token: None,
            write: true,
        })
        .unwrap();
        let reference: Reference = reference.parse().unwrap();
        let tell = |login| match login {
            Ok(Login {
                source,
                secret: Secret::Password { username, password },
            }) => format!("{username}:{password} of {source}"),
            Ok(login) => format!("{login:?}"),
            Err(reason) => format!("failed: {reason}"),
        };
        (0..)
            .map_while(|nth| logins.nth(reference.repository(), nth))
            .map(tell)
            .collect()
    }

    /// What GitLab sets, and these.
    fn job(more: &[(&str, &str)], reference: &str) -> Vec<String> {
        let mut variables = vec![("GITLAB_CI", "true"), ("CI_REGISTRY", "r.io:5050")];
        variables.extend(more);
        answers(&variables, reference)
    }

    const USER: (&str, &str) = ("CI_REGISTRY_USER", "robot");
    const PASSWORD: (&str, &str) = ("CI_REGISTRY_PASSWORD", "secret");
    const TOKEN: (&str, &str) = ("CI_JOB_TOKEN", "token");

    #[test]
    fn a_job_logs_in_with_its_user_and_then_with_its_token() {
        assert_eq!(
            job(&[USER, PASSWORD, TOKEN], "r.io:5050/app"),
            [
                "robot:secret of `$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`",
                "gitlab-ci-token:token of `$CI_JOB_TOKEN`",
            ]
        );
        for half in [&[TOKEN][..], &[USER, TOKEN], &[PASSWORD, TOKEN]] {
            let token = ["gitlab-ci-token:token of `$CI_JOB_TOKEN`"];
            assert_eq!(job(half, "r.io:5050/app"), token);
        }
        assert_eq!(job(&[USER, PASSWORD], "r.io:5050/app").len(), 1);
        assert_eq!(job(&[USER], "r.io:5050/app"), [""; 0]);
    }

    #[test]
    fn the_token_is_not_tried_again_where_it_is_the_password() {
        let same = [
            ("CI_REGISTRY_USER", "gitlab-ci-token"),
            ("CI_REGISTRY_PASSWORD", "token"),
            TOKEN,
        ];
        assert_eq!(
            job(&same, "r.io:5050/app"),
            ["gitlab-ci-token:token of `$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`"]
        );
    }

    #[test]
    fn no_other_host_is_meant() {
        for reference in [
            "r.io/app",
            "r.io:443/app",
            "r.io:5050.evil.com/app",
            "sub.r.io:5050/app",
            "evil.com/r.io/app",
            "app",
        ] {
            if reference.parse::<Reference>().is_ok() {
                let found = job(&[USER, PASSWORD, TOKEN], reference);
                assert_eq!(found, [""; 0], "{reference}");
            }
        }
    }

    #[test]
    fn the_registry_may_be_written_as_docker_takes_it() {
        for registry in [
            "r.io:5050",
            "R.io:5050",
            "https://r.io:5050",
            "http://r.io:5050/",
            "r.io:5050/group/project",
            " r.io:5050\n",
        ] {
            let found = job(&[("CI_REGISTRY", registry), TOKEN], "r.io:5050/app");
            assert_eq!(found.len(), 1, "{registry}");
        }
    }

    #[test]
    fn what_names_no_registry_is_told_and_never_shown() {
        for registry in [
            "ftp://r.io",
            "me:hunter2@r.io",
            "r.io?x",
            "https://",
            "/r.io",
        ] {
            assert_eq!(
                job(&[("CI_REGISTRY", registry), TOKEN], "r.io/app"),
                ["failed: failed to read `$CI_REGISTRY`: it names no registry"],
                "{registry}"
            );
        }
        // A GitLab without a registry.
        assert_eq!(job(&[("CI_REGISTRY", ""), TOKEN], "r.io/app"), [""; 0]);
    }

    #[test]
    fn a_login_that_cannot_work_is_told_and_the_token_is_next() {
        assert_eq!(
            job(
                &[("CI_REGISTRY_USER", "a:b"), PASSWORD, TOKEN],
                "r.io:5050/app"
            ),
            [
                "failed: failed to use the login for `r.io:5050` in `$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`: its user name has a colon",
                "gitlab-ci-token:token of `$CI_JOB_TOKEN`",
            ]
        );
    }

    #[test]
    fn docker_hub_gets_the_users_login_and_never_the_token() {
        for registry in ["docker.io", "https://index.docker.io/v1/"] {
            let hub = [("CI_REGISTRY", registry), USER, PASSWORD, TOKEN];
            assert_eq!(
                job(&hub, "acme/app"),
                ["robot:secret of `$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`"]
            );
        }
    }

    #[test]
    fn elsewhere_the_variables_mean_nothing() {
        for elsewhere in ["false", "1", "True", ""] {
            let variables = [("GITLAB_CI", elsewhere), USER, PASSWORD, TOKEN];
            assert_eq!(job(&variables, "r.io:5050/app"), [""; 0], "{elsewhere}");
        }
    }
}
