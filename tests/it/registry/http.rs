//! Reading requests and writing answers of HTTP/1.1, well or deliberately badly.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const MAX_HEAD: u64 = 64 * 1024;
const MAX_BODY: usize = 32 * 1024 * 1024;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as on the request line.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// All lines of a header, joined by a comma.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<&str> = self
            .headers
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The path, percent-decoded.
    pub(crate) fn path(&self) -> String {
        decode(self.target.split('?').next().unwrap_or_default(), false)
    }

    /// The parameters of the query, or of the form that was posted.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let text = match self.target.split_once('?') {
            Some((_, query)) if self.method != "POST" => query.to_owned(),
            _ => String::from_utf8_lossy(&self.body).into_owned(),
        };
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decode(name, true), decode(value, true)))
            .collect()
    }
}

fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                let space = plus_is_space && bytes[at] == b'+';
                decoded.push(if space { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Reads the next request; `None` when the client closed instead.
pub(crate) fn read_request<S: Read + Write>(
    stream: &mut BufReader<S>,
) -> io::Result<Option<Request>> {
    // A TLS hello has no lines to wait for.
    if stream.fill_buf()?.first() == Some(&0x16) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "TLS"));
    }
    let Some(line) = read_line(stream)? else {
        return Ok(None);
    };
    let mut words = line.split(' ');
    let (method, target) = match (words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0")) => (method, target),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, line)),
    };
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        // A program that was ended in the middle of a request has sent none.
        let Some(line) = read_line(stream)? else {
            return Ok(None);
        };
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            let header = (name.trim().to_owned(), value.trim().to_owned());
            request.headers.push(header);
        }
    }
    if request.header("Expect").is_some() {
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.get_mut().flush()?;
    }
    if request.header("Transfer-Encoding").is_some() {
        request.body = read_chunks(stream)?;
    } else if let Some(length) = request.header("Content-Length") {
        let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
        request.body = read_exactly(stream, length.parse().map_err(invalid)?)?;
    }
    Ok(Some(request))
}

fn read_line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.take(MAX_HEAD).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned())),
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read_exactly(stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    if length > MAX_BODY {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?.unwrap_or_default();
        let length = usize::from_str_radix(line.trim(), 16)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        body.extend(read_exactly(stream, length)?);
        read_line(stream)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// One answer before it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
        .with("Content-Type", content_type)
    }

    /// An error in the registries' own form.
    pub(crate) fn error(
        status: u16,
        code: &str,
        message: &str,
        detail: &serde_json::Value,
    ) -> Self {
        let error = serde_json::json!({"code": code, "message": message, "detail": detail});
        let body = serde_json::json!({ "errors": [error] }).to_string();
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.unset(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.headers
            .retain(|(own, _)| !own.eq_ignore_ascii_case(name));
    }
}

/// How an answer is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    /// To a `HEAD`: no body.
    pub(crate) head: bool,
    pub(crate) stall_before: Option<Duration>,
    /// In the middle of the headers.
    pub(crate) stall_head: Option<Duration>,
    /// In the middle of the body.
    pub(crate) stall_inside: Option<Duration>,
    /// Say the whole length, send that many bytes and close.
    pub(crate) truncate: Option<usize>,
    pub(crate) chunked: bool,
    /// A chunk begins with something that is no length.
    pub(crate) bad_chunks: bool,
    /// Bytes that follow after as many as were announced.
    pub(crate) trailing: &'static [u8],
    /// Close without a word: the client is told that the connection was reset.
    pub(crate) reset: bool,
    /// Close after the answer.
    pub(crate) close: bool,
}

/// Writes an answer. `stopped` ends a stall early.
pub(crate) fn write_response(
    stream: &mut impl Write,
    response: &Response,
    delivery: &Delivery,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    stall(delivery.stall_before, stopped);
    let mut head = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        reason(response.status)
    );
    for (name, value) in &response.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if delivery.chunked && !delivery.head {
        head += "Transfer-Encoding: chunked\r\n";
    } else {
        head += &format!("Content-Length: {}\r\n", response.body.len());
    }
    if delivery.close {
        head += "Connection: close\r\n";
    }
    head += "\r\n";
    let (first, second) = head.as_bytes().split_at(match delivery.stall_head {
        Some(_) => head.len() / 2,
        None => 0,
    });
    stream.write_all(first)?;
    stream.flush()?;
    stall(delivery.stall_head, stopped);
    stream.write_all(second)?;
    if delivery.head {
        return stream.flush();
    }
    let body = match delivery.truncate {
        Some(length) => &response.body[..length.min(response.body.len())],
        None => &response.body,
    };
    let (first, second) = body.split_at(body.len() / 2);
    // In one piece, so that what follows has come when the client has what was announced. Later, it
    // would be taken for the next answer.
    let second = [second, delivery.trailing].concat();
    for (part, pause) in [(first, None), (&second, delivery.stall_inside)] {
        stall(pause, stopped);
        if delivery.chunked && !part.is_empty() {
            match delivery.bad_chunks {
                true => stream.write_all(b"many bytes\r\n")?,
                false => write!(stream, "{:x}\r\n", part.len())?,
            }
            stream.write_all(part)?;
            stream.write_all(b"\r\n")?;
        } else {
            stream.write_all(part)?;
        }
        stream.flush()?;
    }
    if delivery.chunked && delivery.truncate.is_none() {
        stream.write_all(b"0\r\n\r\n")?;
    }
    stream.flush()
}

fn stall(time: Option<Duration>, stopped: &dyn Fn() -> bool) {
    let Some(time) = time else { return };
    let start = Instant::now();
    while start.elapsed() < time && !stopped() {
        std::thread::sleep(Duration::from_millis(5).min(time));
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        301 => "Moved Permanently",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

/// A date as HTTP has it, so many seconds from now.
pub(crate) fn date_in(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = now.as_secs() + seconds;
    let (days, second) = (then / 86_400, then % 86_400);
    // The civil date of a day, by years that begin in March (Howard Hinnant's algorithm).
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let names = [
        "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
    ];
    let year = era * 400 + year + u64::from(month > 9);
    let weekday =
        ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let name = names[usize::try_from(month).unwrap()];
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {name} {year} {hours:02}:{minutes:02}:{seconds:02} GMT")
}
