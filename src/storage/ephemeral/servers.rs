//! The servers of Redis that a URL names, and a connection to them: to one, to the one that sentinels say is the master, or
//! to all of a cluster. Every command of ours is about one key, so that a cluster takes it wherever the key is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisFuture,
    RedisResult, ServerErrorKind, TlsMode, Value,
};

/// A request that finds Redis gone is answered 503 with `Retry-After` (security.md ST-1). Waiting longer for it to come back
/// would only fill the process with requests that wait.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a URL of `[redis]` names.
#[derive(PartialEq, Eq)]
pub(super) enum Servers {
    /// The URL of one server.
    One(String),
    /// The URLs of some servers of a cluster, which know the others.
    Cluster(Vec<String>),
    Sentinels {
        /// The URLs of the sentinels.
        sentinels: Vec<String>,
        /// The name by which they know the master.
        master: String,
        /// The URL of the master, but for its address.
        like: String,
    },
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // URLs may hold a password.
        f.write_str(match self {
            Self::One(_) => "one server",
            Self::Cluster(_) => "a cluster",
            Self::Sentinels { .. } => "sentinels",
        })
    }
}

impl Servers {
    /// Reads `redis://…`, `rediss://…` or `redis+unix://…`, or after `redis+cluster://`, `rediss+cluster://`,
    /// `redis+sentinel://` or `rediss+sentinel://` the same with several hosts, divided by commas. Sentinels are followed by
    /// the name of the master as the path: `redis+sentinel://user:password@one:26379,two:26379/master`. The password is that
    /// of the servers; sentinels are asked without one.
    pub(super) fn of_url(url: &str) -> RedisResult<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let (tls, kind) = match scheme.split_once('+') {
            Some((tls @ ("redis" | "rediss"), kind @ ("cluster" | "sentinel"))) => (tls, kind),
            _ => return Ok(Self::One(url.to_owned())),
        };
        // A password may have any character but these when it is percent-encoded.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (format!("{user}@"), rest),
            None => (String::new(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
        if hosts.iter().any(|it| it.is_empty()) {
            return Err(wrong("it names no host"));
        }
        let each = |user: &str| hosts.iter().map(|host| format!("{tls}://{user}{host}")).collect();
        match (kind, path) {
            ("cluster", "") => Ok(Self::Cluster(each(&user))),
            ("cluster", _) => Err(wrong("a cluster has no databases to choose from")),
            (_, "") => Err(wrong(
                "the name of the master is missing after the sentinels: /NAME",
            )),
            (_, master) => Ok(Self::Sentinels {
                sentinels: each(""),
                master: master.to_owned(),
                like: format!("{tls}://{user}localhost"),
            }),
        }
    }

    pub(super) async fn connect(self) -> RedisResult<Connection> {
        match self {
            Self::One(url) => {
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(Some(PATIENCE))
                    .set_min_delay(Duration::from_millis(20))
                    .set_number_of_retries(1);
                let manager = ConnectionManager::new_with_config(Client::open(url)?, config).await?;
                Ok(Connection::One(manager))
            }
            Self::Cluster(urls) => {
                let client = ClusterClientBuilder::new(urls)
                    .connection_timeout(PATIENCE)
                    .response_timeout(PATIENCE)
                    // A key that has moved is asked for where it is now.
                    .retries(3)
                    .min_retry_wait(20)
                    .max_retry_wait(200)
                    .build()?;
                Ok(Connection::Cluster(client.get_async_connection().await?))
            }
            Self::Sentinels {
                sentinels,
                master,
                like,
            } => {
                let like = like.into_connection_info()?;
                let servers = SentinelNodeConnectionInfo::default()
                    .set_redis_connection_info(like.redis_settings().clone());
                let servers = if matches!(like.addr(), redis::ConnectionAddr::TcpTls { .. }) {
                    servers.set_tls_mode(TlsMode::Secure)
                } else {
                    servers
                };
                let client =
                    SentinelClient::build(sentinels, master, Some(servers), SentinelServerType::Master)?;
                let master = Master {
                    client: Arc::new(tokio::sync::Mutex::new(client)),
                    current: Arc::default(),
                };
                master.connection().await?;
                Ok(Connection::Master(master))
            }
        }
    }
}

fn wrong(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, "the URL of Redis", why.to_owned()))
}

/// A connection that is made anew when it was lost. Its clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    One(ConnectionManager),
    Cluster(ClusterConnection),
    Master(Master),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
            Self::Master(master) => Box::pin(async move {
                let mut connection = master.connection().await?;
                let answer = connection.req_packed_command(command).await;
                master.seen(answer)
            }),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Master(master) => Box::pin(async move {
                let mut connection = master.connection().await?;
                let answer = connection.req_packed_commands(commands, offset, count).await;
                master.seen(answer)
            }),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
            Self::Master(_) => 0,
        }
    }
}

/// The connection to the master that the sentinels name. They are asked again once it fails, or is no master any more.
#[derive(Clone)]
pub(super) struct Master {
    client: Arc<tokio::sync::Mutex<SentinelClient>>,
    current: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Master {
    fn current(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        // One asks, and the others wait for what it learns.
        let mut client = self.client.lock().await;
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let asked = client.get_async_connection_with_config(&config);
        let connection = tokio::time::timeout(PATIENCE, asked)
            .await
            .map_err(|_| RedisError::from((ErrorKind::Io, "no sentinel knows a master that answers")))??;
        *self.current() = Some(connection.clone());
        Ok(connection)
    }

    /// Gives the connection up that failed so that it will not do better.
    fn seen<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        let is_lost = |it: &RedisError| {
            it.is_unrecoverable_error()
                || it.is_timeout()
                || matches!(
                    it.kind(),
                    ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
                )
        };
        if answer.as_ref().is_err_and(is_lost) {
            *self.current() = None;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_server_or_many() {
        let of = |url: &str| Servers::of_url(url).expect(url);
        for one in [
            "redis://host",
            "rediss://user:password@host:6380/2",
            "redis+unix:///run/redis.sock",
        ] {
            assert_eq!(of(one), Servers::One(one.to_owned()));
        }
        let both = |user: &str, tls: &str| {
            vec![
                format!("{tls}://{user}one:7000"),
                format!("{tls}://{user}[::1]:7001"),
            ]
        };
        assert_eq!(
            of("rediss+cluster://user:p%40ss@one:7000,[::1]:7001"),
            Servers::Cluster(both("user:p%40ss@", "rediss"))
        );
        assert_eq!(
            of("redis+sentinel://:p%2Fss@one:7000, [::1]:7001/main"),
            Servers::Sentinels {
                sentinels: both("", "redis"),
                master: "main".to_owned(),
                like: "redis://:p%2Fss@localhost".to_owned(),
            }
        );
        for bad in [
            "host",
            "redis+cluster://",
            "redis+cluster://one,",
            "redis+cluster://one/1",
            "redis+sentinel://one",
        ] {
            let error = Servers::of_url(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidClientConfig);
        }
    }
}
