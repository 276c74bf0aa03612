//! What became of the logins for one request, and how its failure is told.

use super::challenge::Challenge;
use super::http::{Outgoing, Response, Verb};
use super::session::{Pass, Session};
use super::{Class, Error};
use crate::text::clean;

/// The most that is repeated of what a challenge demands, in characters.
const MAX_DEMANDED: usize = 200;

/// What became of the logins for one request.
#[derive(Default)]
pub(crate) struct Attempt {
    /// Whether an old token was renewed already.
    pub(crate) is_renewed: bool,
    /// The registry's last refusal of a fresh pass.
    pub(crate) refusal: Option<(Class, String)>,
    /// What it answered to a login that it took, where another login might have seen more.
    pub(crate) hidden: Option<Response>,
}

impl Attempt {
    /// The registry refused a fresh pass: on to the next.
    pub(crate) fn refuse(
        &mut self,
        session: &mut Session,
        pass: &Pass,
        offered: Option<&Challenge>,
        response: &Response,
    ) {
        let refusal = response.refusal();
        let class = match (&pass.source, pass.expires) {
            // The token server knew the login, so it is the right that is missing.
            (Some(_), Some(_)) => Class::Denied,
            _ => refusal.class(),
        };
        // What a login was denied says more than what nobody is allowed.
        if pass.source.is_some() || self.refusal.is_none() {
            let mut reason = refusal.reason();
            if let Some(demanded) = offered.and_then(|it| beyond(session, it)) {
                let demanded = clean(&response.secrets.conceal(&demanded), MAX_DEMANDED);
                let scope = &session.scope;
                reason =
                    format!("{reason}; it demands `{demanded}`, and only `{scope}` is asked for");
            }
            self.refusal = Some((class, reason));
        }
        session.refused_by_registry(pass);
        session.next();
    }

    /// What becomes of a request that no login opens, or no other one: an error, or the answer to
    /// the login that was taken.
    pub(crate) fn fail(
        self,
        session: &mut Session,
        outgoing: &Outgoing<'_>,
    ) -> Result<Response, Error> {
        if let Some(response) = self.hidden {
            session.settle(false);
            return Ok(response);
        }
        let (class, mut reason) = self.refusal.unwrap_or_else(|| {
            let mut reason = "a login is needed, and none ".to_owned();
            reason.push_str(match session.refused.is_empty() {
                true => "is at hand",
                false => "that is at hand works",
            });
            if let Some(why) = session
                .anyone
                .as_ref()
                .filter(|_| session.refused.is_empty())
            {
                reason = format!("{reason} ({why})");
            }
            (Class::Login, reason)
        });
        if !session.refused.is_empty() {
            reason = format!("{reason}; refused: {}", session.refused.join(", "));
        }
        session.give_up(outgoing.verb == Verb::Put, class, &reason);
        Err(outgoing.error(class, reason))
    }
}

/// The scopes that a challenge demands, if a token of this session cannot have them all.
fn beyond(session: &Session, offered: &Challenge) -> Option<String> {
    let Challenge::Bearer { scopes, .. } = offered else {
        return None;
    };
    let covered = scopes.iter().all(|scope| session.scope.covers(scope));
    (!covered).then(|| scopes.join(" "))
}
