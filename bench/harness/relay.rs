//! Distance: bytes arrive half a round trip after they were sent, and the first a round trip later, as if a connection had to be opened.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Passes bytes both ways until both sides have closed.
pub(crate) fn relay(near: TcpStream, to: SocketAddr, rtt: Duration) -> io::Result<()> {
    let far = TcpStream::connect(to)?;
    far.set_nodelay(true)?;
    // On loopback `connect` returns at once: what a connection costs is put before its first bytes.
    let open = Instant::now() + rtt;
    let (back_from, back_to) = (far.try_clone()?, near.try_clone()?);
    let back = std::thread::spawn(move || carry(back_from, back_to, rtt / 2, None));
    carry(near, far, rtt / 2, Some(open));
    let _ = back.join();
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration, open: Option<Instant>) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let writer = std::thread::spawn(move || {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // Nothing at all is the end.
            if bytes.is_empty() || to.write_all(&bytes).is_err() {
                let _ = to.shutdown(Shutdown::Write);
                break;
            }
        }
    });
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        let now = Instant::now();
        let due = open.map_or(now, |open| open.max(now)) + delay;
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        if sender.send((due, bytes)).is_err() || length == 0 {
            break;
        }
    }
    drop(sender);
    let _ = writer.join();
}
