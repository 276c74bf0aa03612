//! A refusal that repeats all that the server was sent, in every shape that servers write in.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::http::{Request, Response};

/// The answer with this status.
pub(crate) fn answer(status: u16, request: &Request) -> Response {
    let errors: Vec<Value> = heard(request).iter().flat_map(|it| repeated(it)).collect();
    let body = json!({ "errors": errors }).to_string();
    Response::new(status, "application/json", body)
}

/// What of a request is a secret, or holds one.
fn heard(request: &Request) -> Vec<String> {
    let mut heard = Vec::new();
    for name in ["Authorization", "Proxy-Authorization"] {
        let Some(value) = request.header(name) else {
            continue;
        };
        let credentials = value.split_once(' ').map_or("", |(_, it)| it);
        if let Ok(login) = STANDARD.decode(credentials)
            && let Ok(login) = String::from_utf8(login)
        {
            heard.extend(login.split_once(':').map(|(_, it)| it.to_owned()));
            heard.push(login);
        }
        heard.push(value);
    }
    let parameters = request.parameters().into_iter();
    heard.extend(
        parameters
            .filter(|(name, _)| name == "refresh_token")
            .map(|(_, it)| it),
    );
    heard
}

/// A text as errors, each small enough to be shown whole.
fn repeated(text: &str) -> [Value; 5] {
    let encode = |escape: &dyn Fn(u8) -> String| -> String {
        let letters = text.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => escape(byte),
        });
        letters.collect()
    };
    let upper = encode(&|byte| format!("%{byte:02X}"));
    let lower = encode(&|byte| format!("%{byte:02x}"));
    let twice = encode(&|byte| format!("%25{byte:02X}"));
    let xml: String = text
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '"' => "&#34;".to_owned(),
            '\'' => "&#x27;".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let shifted = ["", "x", "xy"].map(|before| format!("{before}{text}"));
    let base64 = shifted.clone().map(|text| STANDARD.encode(text));
    let for_urls = shifted.map(|text| URL_SAFE_NO_PAD.encode(text));
    let half = text.chars().take(text.chars().count() * 2 / 3);
    [
        json!({"code": "DENIED", "message": format!("not {text}"), "detail": {"you": [text]}}),
        json!({"code": text, "message": json!(text).to_string(), "detail": json!([text]).to_string()}),
        json!({"code": "DENIED", "message": upper, "detail": {"lower": lower, "twice": twice}}),
        json!({"code": "DENIED", "message": xml, "detail": half.collect::<String>()}),
        json!({"code": "DENIED", "message": base64.join(" "), "detail": for_urls}),
    ]
}
