//! Tells systemd that the service is ready, or ends (sd_notify(3)): one datagram to the socket that it names. Without that
//! name nothing is sent.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends a state, such as `READY=1`. The service runs without it: a failure is a line of the log.
pub(super) fn systemd(state: &str) {
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|it| !it.is_empty())
        && let Err(error) = send(&socket, state)
    {
        tracing::warn!(%error, state, "systemd was not told");
    }
}

fn send(socket: &OsStr, state: &str) -> std::io::Result<()> {
    UnixDatagram::unbound()?
        .send_to_addr(state.as_bytes(), &address(socket)?)
        .map(drop)
}

/// Returns the address of a file, or of a name without one, which is written with an `@`.
fn address(socket: &OsStr) -> std::io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_as_one_datagram() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        send(path.as_os_str(), "READY=1").expect("sent");
        let mut heard = [0; 32];
        let length = socket.recv(&mut heard).expect("heard");
        assert_eq!(&heard[..length], b"READY=1");
        std::fs::remove_file(&path).expect("removed");
        assert!(send(path.as_os_str(), "READY=1").is_err());
    }
}
