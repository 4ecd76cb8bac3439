//! Asks the DNS for texts (RFC 1035). Names of hosts are resolved by the system, which knows no other records.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::random;

const PORT: u16 = 53;
/// The time that a server has for an answer; the next one is asked then.
const PATIENCE: Duration = Duration::from_millis(1200);
const SETTINGS: &str = "/etc/resolv.conf";
/// As many servers as the system's resolver asks (resolv.conf(5)).
const MOST_SERVERS: usize = 3;

pub(super) struct Dns {
    servers: Vec<SocketAddr>,
}

/// What the DNS says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The texts of the name; there may be none.
    Texts(Vec<String>),
    /// Neither this name nor any below it exists (RFC 8020).
    NoSuchName,
}

impl Said {
    pub(super) fn texts(&self) -> &[String] {
        match self {
            Self::Texts(texts) => texts,
            Self::NoSuchName => &[],
        }
    }
}

impl Dns {
    /// Asks this server, or those of the system.
    pub(super) fn new(server: Option<SocketAddr>) -> Self {
        let servers = match server {
            Some(server) => vec![server],
            None => of_system(&std::fs::read_to_string(SETTINGS).unwrap_or_default()),
        };
        Self { servers }
    }

    /// Returns the texts of a name.
    pub(super) async fn texts(&self, name: &str) -> Result<Said, String> {
        let id = u16::from_be_bytes(random::bytes::<2>());
        let question = question(id, name)?;
        let mut last = "no server is known".to_owned();
        for server in &self.servers {
            match timeout(PATIENCE, ask(*server, &question)).await {
                Ok(Ok(answer)) => match read(id, &answer) {
                    Ok(said) => return Ok(said),
                    Err(why) => last = format!("{server}: {why}"),
                },
                Ok(Err(error)) => last = format!("{server}: {error}"),
                Err(_) => last = format!("{server} did not answer in time"),
            }
        }
        Err(last)
    }
}

/// Reads the servers of resolv.conf(5). Without any, the system asks this machine.
fn of_system(settings: &str) -> Vec<SocketAddr> {
    let named = settings.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|it| *it == "nameserver").and(words.next())?;
        Some(SocketAddr::new(address.parse().ok()?, PORT))
    });
    let mut servers: Vec<SocketAddr> = named.take(MOST_SERVERS).collect();
    if servers.is_empty() {
        servers.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT));
    }
    servers
}

fn question(id: u16, name: &str) -> Result<Vec<u8>, String> {
    let name = Name::new(name).map_err(|it| format!("{name}: {it}"))?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet
        .questions
        .push(Question::new(name, TYPE::TXT.into(), CLASS::IN.into(), false));
    packet.build_bytes_vec().map_err(|it| it.to_string())
}

/// Asks by UDP, and again by TCP if the answer was cut off (RFC 7766 §5).
async fn ask(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    // What another address sends is not heard.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    let is_cut_off = answer.get(2).is_some_and(|it| it & 0x02 != 0);
    if !is_cut_off {
        return Ok(answer);
    }
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn read(id: u16, answer: &[u8]) -> Result<Said, String> {
    let packet = Packet::parse(answer).map_err(|it| it.to_string())?;
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
        return Err("it answered something else".to_owned());
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Said::NoSuchName),
        other => return Err(format!("it answered {other:?}")),
    }
    // An alias stands before the texts of its target; all texts of the answer are those of the name.
    let texts = packet.answers.into_iter().filter_map(|it| match it.rdata {
        RData::TXT(text) => String::try_from(text).ok(),
        _ => None,
    });
    Ok(Said::Texts(texts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_of_the_system_are_read() {
        let settings = "# made by hand\nsearch example.org\nnameserver 192.0.2.1\nnameserver ::1\nnameserver x\noptions edns0\n";
        let servers = of_system(settings);
        let expected = ["192.0.2.1:53", "[::1]:53"].map(|it| it.parse().expect("an address"));
        assert_eq!(servers, expected);
        assert_eq!(of_system(""), ["127.0.0.1:53".parse().expect("an address")]);
    }
}
