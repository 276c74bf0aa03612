//! Who may do what in the fake registry: nobody asked, a password, or tokens of its own token server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use super::http::{Request, Response};
use super::protocol::{Route, is_repository};

/// How the registry wants to be spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    pub(crate) scheme: Scheme,
    pub(crate) user: String,
    pub(crate) password: String,
    /// Whether anybody may read.
    pub(crate) anonymous_pull: bool,
    /// Whether a read needs no token at all.
    pub(crate) open_pull: bool,
    /// Whether the user may not write.
    pub(crate) read_only: bool,
    /// How long a token lives; `None`: for ever, and the answer does not say it.
    pub(crate) expires_in: Option<u64>,
    /// The `service` of the challenge.
    pub(crate) service: String,
    /// The `realm` of the challenge, if it is not the registry's own `/token`.
    pub(crate) realm: Option<String>,
    /// The field of the answer that has the token: `token` or `access_token`.
    pub(crate) field: &'static str,
    /// The status that answers who brings no login instead of a challenge, but at `/v2/`.
    pub(crate) hides: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Anonymous,
    Basic,
    Token,
}

/// The tokens that were given out, by their text.
pub(crate) type Tokens = BTreeMap<String, Token>;

/// What a token is good for.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Pairs of a repository and an action.
    pub(crate) access: Vec<(String, String)>,
    pub(crate) expires: Option<Instant>,
}

impl Auth {
    pub(crate) fn anonymous() -> Self {
        Self {
            scheme: Scheme::Anonymous,
            user: String::new(),
            password: String::new(),
            anonymous_pull: false,
            open_pull: false,
            read_only: false,
            expires_in: Some(300),
            service: "fake registry".to_owned(),
            realm: None,
            field: "token",
            hides: None,
        }
    }

    /// Whether a request may pass: `Err` is the answer if it may not.
    pub(crate) fn check(
        &self,
        request: &Request,
        tokens: &Tokens,
        base: &str,
    ) -> Result<(), Response> {
        let is_base = Route::of(&request.path()) == Route::Base;
        let is_nobody = request.header("Authorization").is_none();
        let checked = self.check_login(request, tokens, base);
        match self.hides {
            Some(status) if is_nobody && !is_base => checked.map_err(|_| {
                Response::error(status, "MANIFEST_UNKNOWN", "manifest unknown", &Value::Null)
            }),
            _ => checked,
        }
    }

    fn check_login(&self, request: &Request, tokens: &Tokens, base: &str) -> Result<(), Response> {
        let route = Route::of(&request.path());
        let write = !matches!(request.method.as_str(), "GET" | "HEAD");
        match self.scheme {
            Scheme::Anonymous if self.read_only && write => Err(denied()),
            Scheme::Anonymous => Ok(()),
            Scheme::Basic => match self.login(request) {
                Login::None if self.anonymous_pull && !write => Ok(()),
                Login::None | Login::Wrong => {
                    Err(unauthorized(r#"Basic realm="fake registry""#.to_owned()))
                }
                Login::Right if self.read_only && write => Err(denied()),
                Login::Right => Ok(()),
            },
            Scheme::Token => self.check_token(request, &route, write, tokens, base),
        }
    }

    fn check_token(
        &self,
        request: &Request,
        route: &Route,
        write: bool,
        tokens: &Tokens,
        base: &str,
    ) -> Result<(), Response> {
        let actions: &[&str] = if write { &["push", "pull"] } else { &["pull"] };
        let scope = route
            .repository()
            .map(|name| format!("repository:{name}:{}", actions.join(",")));
        let challenge = |error: Option<&str>| {
            let mut text = format!(
                r#"Bearer realm="{}",service="{}""#,
                self.realm.clone().unwrap_or(format!("{base}/token")),
                self.service
            );
            if let Some(scope) = &scope {
                text += &format!(r#",scope="{scope}""#);
            }
            if let Some(error) = error {
                text += &format!(r#",error="{error}""#);
            }
            Err(unauthorized(text))
        };
        let Some(authorization) = request.header("Authorization") else {
            return match self.open_pull && !write {
                true => Ok(()),
                false => challenge(None),
            };
        };
        let token = authorization
            .strip_prefix("Bearer ")
            .and_then(|text| tokens.get(text))
            .filter(|token| token.expires.is_none_or(|end| Instant::now() < end));
        let Some(token) = token else {
            return challenge(Some("invalid_token"));
        };
        let granted = |action: &&str| {
            let Some(repository) = route.repository() else {
                return true;
            };
            let access = (repository.to_owned(), (*action).to_owned());
            token.access.contains(&access)
        };
        if !actions.iter().all(granted) {
            return challenge(Some("insufficient_scope"));
        }
        Ok(())
    }

    fn login(&self, request: &Request) -> Login {
        let Some(authorization) = request.header("Authorization") else {
            return Login::None;
        };
        let wanted = format!("{}:{}", self.user, self.password);
        let wanted = base64::engine::general_purpose::STANDARD.encode(wanted);
        match authorization == format!("Basic {wanted}") {
            true => Login::Right,
            false => Login::Wrong,
        }
    }

    /// The token server: the spec's `GET`, and the OAuth 2 `POST`.
    pub(crate) fn token(&self, request: &Request, tokens: &mut Tokens) -> Response {
        let parameters = request.parameters();
        let all = |name: &str| -> Vec<&str> {
            let named = parameters.iter().filter(|(own, _)| own == name);
            named.map(|(_, value)| value.as_str()).collect()
        };
        let login = match request.method.as_str() {
            "GET" => self.login(request),
            "POST" => {
                let right = match all("grant_type")[..] {
                    ["password"] => {
                        all("username") == [self.user.as_str()]
                            && all("password") == [self.password.as_str()]
                    }
                    ["refresh_token"] => all("refresh_token") == [self.password.as_str()],
                    _ => return bad_request("grant_type"),
                };
                if all("client_id").len() != 1 {
                    return bad_request("client_id");
                }
                if right { Login::Right } else { Login::Wrong }
            }
            _ => return Response::new(405, "text/plain", "method not allowed"),
        };
        if all("service") != [self.service.as_str()] {
            return bad_request("service");
        }
        let mut access = Vec::new();
        for scope in all("scope").iter().flat_map(|scopes| scopes.split(' ')) {
            let Some((repository, actions)) = parse_scope(scope) else {
                return bad_request("scope");
            };
            for action in actions {
                let granted = match login {
                    Login::Right => action == "pull" || !self.read_only,
                    Login::None => action == "pull" && self.anonymous_pull,
                    Login::Wrong => false,
                };
                if granted {
                    access.push((repository.to_owned(), action.to_owned()));
                }
            }
        }
        if matches!(login, Login::Wrong) {
            let message = "incorrect username or password";
            return Response::error(401, "UNAUTHORIZED", message, &Value::Null);
        }
        let text = format!("opaque-{}", tokens.len() + 1);
        let token = Token {
            access,
            expires: self
                .expires_in
                .map(|seconds| Instant::now() + Duration::from_secs(seconds)),
        };
        tokens.insert(text.clone(), token);
        let mut body = json!({ self.field: text });
        if let Some(seconds) = self.expires_in {
            body["expires_in"] = json!(seconds);
        }
        Response::new(200, "application/json", body.to_string())
    }
}

#[derive(Clone, Copy)]
enum Login {
    None,
    Right,
    Wrong,
}

/// `repository:<name>:<actions>`.
pub(crate) fn parse_scope(scope: &str) -> Option<(&str, Vec<&str>)> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    let known = |action: &&str| matches!(*action, "pull" | "push" | "delete" | "*");
    (is_repository(name) && actions.iter().all(known)).then_some((name, actions))
}

fn unauthorized(challenge: String) -> Response {
    let message = "authentication required";
    Response::error(401, "UNAUTHORIZED", message, &Value::Null).with("WWW-Authenticate", challenge)
}

fn denied() -> Response {
    let message = "requested access to the resource is denied";
    Response::error(403, "DENIED", message, &Value::Null)
}

fn bad_request(parameter: &str) -> Response {
    Response::new(400, "text/plain", format!("bad {parameter}"))
}
