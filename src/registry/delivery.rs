//! One request to a registry, without a thought of logins: over http or https, repeated and redirected.

use super::client::Client;
use super::exchange::Ask;
use super::failure::{CUT, GARBAGE, NO_TLS};
use super::http::{Outgoing, Response, Verb};
use super::origin::Origin;
use super::session::Station;
use super::{Class, Error};

impl Client<'_> {
    /// Sends a request until it is answered, and follows redirects.
    pub(super) fn deliver(
        &self,
        station: &Station,
        ask: &Ask<'_>,
        authorization: Option<String>,
    ) -> Result<Response, Error> {
        let mut outgoing = ask.outgoing(station);
        outgoing.authorization = authorization;
        let result = match ask.verb {
            Verb::Put | Verb::Post => {
                let origin =
                    Origin::of(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
                self.sender
                    .check(&origin, &outgoing)
                    .and_then(|()| self.sender.http.send(&outgoing))
            }
            Verb::Get | Verb::Head => {
                let first = self.first(station, &mut outgoing);
                let result = self.sender.send(&outgoing, first);
                let is_doubtful = station.is_guess() && outgoing.url.starts_with("http://");
                // What spoiled the first try may have hidden what it would have shown.
                match is_doubtful && result.is_ok() {
                    true => match self.secured(station, &mut outgoing, &result) {
                        Some(answer) => self.sender.send(&outgoing, Some(answer)),
                        None => result,
                    },
                    false => result,
                }
            }
        };
        self.sender.follow(&outgoing, result?)
    }

    /// The first try at a registry of this machine, which may want TLS without saying so in its
    /// name. `None` where there is no doubt.
    fn first(
        &self,
        station: &Station,
        outgoing: &mut Outgoing<'_>,
    ) -> Option<Result<Response, Error>> {
        if !station.take_doubt() {
            return None;
        }
        let plain = self.sender.http.send(outgoing);
        Some(self.secured(station, outgoing, &plain).unwrap_or(plain))
    }

    /// The answer over TLS, where the one over plain http looks as if that were wanted, and it is
    /// spoken. From then on it is spoken to this host.
    fn secured(
        &self,
        station: &Station,
        outgoing: &mut Outgoing<'_>,
        plain: &Result<Response, Error>,
    ) -> Option<Result<Response, Error>> {
        let wish = wish_for_tls(plain)?;
        let mut secure = outgoing.clone();
        secure.url = secure.url.replacen("http://", "https://", 1);
        let answer = self.sender.http.send(&secure);
        let speaks_tls = match (&wish, &answer) {
            // Whatever failed now may pass.
            (Wish::Said, _) | (_, Ok(_)) => true,
            (Wish::Maybe, Err(error)) => error.class == Class::Tls && error.reason != NO_TLS,
        };
        if !speaks_tls {
            return None;
        }
        station.secure();
        *outgoing = secure;
        Some(answer)
    }
}

/// How a server that was asked over http lets it be known that it speaks TLS.
enum Wish {
    /// In words.
    Said,
    /// It may be: the words were cut off, or are none.
    Maybe,
}

fn wish_for_tls(answer: &Result<Response, Error>) -> Option<Wish> {
    match answer {
        Ok(response) if response.status == 400 => {
            let body = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
            let said = [
                "http request to an https server",
                "http request was sent to https port",
                "speaking plain http to an ssl-enabled server",
            ];
            match said.iter().any(|words| body.contains(words)) {
                true => Some(Wish::Said),
                // A registry's own answer.
                false if body.contains("\"errors\"") => None,
                false => Some(Wish::Maybe),
            }
        }
        Ok(_) => None,
        Err(error) => match error.class {
            Class::Network if error.reason == CUT => Some(Wish::Maybe),
            Class::BadAnswer if error.reason == GARBAGE => Some(Wish::Maybe),
            _ => None,
        },
    }
}
