//! One HTTP request at a time, as raw as the tests need it.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::tls;

/// What `Accept` has to say to be given any kind of manifest.
pub(crate) const ALL_MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// The code of the first error of the body.
    pub(crate) fn code(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(body["errors"][0]["code"].as_str()?.to_owned())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    host: String,
    stream: BufReader<Box<dyn Stream>>,
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Connection {
    pub(crate) fn open(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self::over(host, Box::new(stream)))
    }

    /// Over TLS, by the tests' authority.
    pub(crate) fn open_tls(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let name = "127.0.0.1".try_into().map_err(io::Error::other)?;
        let tls = rustls::ClientConnection::new(tls::client_config(), name);
        let tls = tls.map_err(io::Error::other)?;
        Ok(Self::over(
            host,
            Box::new(rustls::StreamOwned::new(tls, stream)),
        ))
    }

    fn over(host: &str, stream: Box<dyn Stream>) -> Self {
        Self {
            host: host.to_owned(),
            stream: BufReader::new(stream),
        }
    }

    /// Sends a request and reads the answer. A body that is cut short is given as far as it came.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat())?;
        stream.flush()?;

        let status_line = self.line()?;
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, status_line.clone());
        let status = status_line
            .get(9..12)
            .and_then(|status| status.parse().ok());
        let mut answer = Answer {
            status: status.ok_or_else(invalid)?,
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let header = (name.to_owned(), value.trim().to_owned());
            answer.headers.push(header);
        }
        if method == "HEAD" {
            return Ok(answer);
        }
        match answer.header("Content-Length").map(str::parse::<u64>) {
            Some(length) => {
                let length = length.map_err(|_| invalid())?;
                let mut body = (&mut self.stream).take(length);
                body.read_to_end(&mut answer.body)?;
            }
            None => loop {
                let length = usize::from_str_radix(&self.line()?, 16).map_err(|_| invalid())?;
                let mut chunk = vec![0; length];
                self.stream.read_exact(&mut chunk)?;
                self.line()?;
                answer.body.extend(chunk);
                if length == 0 {
                    break;
                }
            },
        }
        Ok(answer)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// One request over a connection of its own.
pub(crate) fn send(
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let headers = [headers, &[("Connection", "close")]].concat();
    Connection::open(host)?.send(method, path, &headers, body)
}

/// A `GET` that takes any manifest.
pub(crate) fn get(host: &str, path: &str) -> Answer {
    send(host, "GET", path, &[("Accept", ALL_MANIFESTS)], b"").unwrap()
}

/// A `PUT` of a manifest.
pub(crate) fn put(host: &str, path: &str, media_type: &str, body: &[u8]) -> Answer {
    send(host, "PUT", path, &[("Content-Type", media_type)], body).unwrap()
}
