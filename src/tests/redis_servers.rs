//! Tests Redis of several servers, on real ones: a cluster, and a master that sentinels replace (security.md ST-1).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::support::TestOp;
use itu_account::config::Redis;

/// The longest that servers of one machine may take to agree.
const PATIENCE: Duration = Duration::from_secs(60);
const SCOPE: &str = "openid email offline_access";

/// A server of its own, which ends with the test.
struct Server {
    process: Child,
    port: u16,
    bus: u16,
    _home: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_ports() -> [u16; 2] {
    let taken = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    taken.map(|it| it.local_addr().expect("an address").port())
}

impl Server {
    /// Starts a server. `settings` are lines of its file, with `{bus}` for a port of its own.
    async fn start(settings: &str, is_sentinel: bool) -> Self {
        let [port, bus] = free_ports();
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("redis.conf");
        let settings = settings.replace("{bus}", &bus.to_string());
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsave \"\"\ndir {}\n{settings}",
            home.path().display()
        );
        std::fs::write(&file, text).expect("written");
        let mut command = Command::new("redis-server");
        command.arg(&file).stdout(Stdio::null());
        if is_sentinel {
            command.arg("--sentinel");
        }
        let process = command
            .spawn()
            .expect("redis-server, of Debian's package redis-server");
        let server = Self {
            process,
            port,
            bus,
            _home: home,
        };
        until("it answers", || server.asks("PING").contains("PONG")).await;
        server
    }

    fn asks(&self, command: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port])
            .args(command.split(' '))
            .output()
            .expect("redis-cli, of Debian's package redis-tools");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn service_at(url: String) -> TestOp {
    TestOp::with(|config| config.redis = Redis::at(url, "test")).await
}

#[tokio::test]
async fn a_cluster_keeps_each_value_where_it_belongs() {
    let settings = "cluster-enabled yes\ncluster-port {bus}\ncluster-config-file nodes.conf\n";
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(Server::start(settings, false).await);
    }
    for (n, (server, slots)) in servers
        .iter()
        .zip(["0 5460", "5461 10922", "10923 16383"])
        .enumerate()
    {
        assert!(
            server
                .asks(&format!("CLUSTER ADDSLOTSRANGE {slots}"))
                .contains("OK")
        );
        assert!(
            server
                .asks(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1))
                .contains("OK")
        );
        let first = format!("CLUSTER MEET 127.0.0.1 {} {}", servers[0].port, servers[0].bus);
        if n > 0 {
            assert!(server.asks(&first).contains("OK"));
        }
    }
    for server in &servers {
        until("the cluster is whole", || {
            let info = server.asks("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        })
        .await;
    }
    // Two of them are enough to find the third.
    let op = service_at(format!(
        "redis+cluster://127.0.0.1:{},127.0.0.1:{}",
        servers[0].port, servers[1].port
    ))
    .await;
    let mut web = op
        .client_with("web", json!({"first_party": true, "scope": SCOPE}))
        .await;
    let mut alice = op.person("alice@itu.example").await;
    for _ in 0..24 {
        let code = alice.logs_in_at(&mut web, SCOPE).await;
        web.redeems(&code).await.expect("tokens");
        assert!(web.redeems(&code).await.is_err()); // security.md TK-1
    }
    for server in &servers {
        let size: u64 = server.asks("DBSIZE").trim().parse().expect("a number");
        assert!(size > 0, "nothing came to the server at {}", server.port);
    }
}

#[tokio::test]
async fn the_service_follows_the_sentinels_to_a_new_master() {
    let mut master = Server::start("", false).await;
    let replica = Server::start(&format!("replicaof 127.0.0.1 {}\n", master.port), false).await;
    until("it is a replica", || {
        replica.asks("INFO replication").contains("master_link_status:up")
    })
    .await;
    let watches = format!(
        "sentinel monitor main 127.0.0.1 {} 1\nsentinel down-after-milliseconds main 500\n\
         sentinel failover-timeout main 3000\n",
        master.port
    );
    let sentinel = Server::start(&watches, true).await;
    until("it knows the replica", || {
        sentinel
            .asks("SENTINEL REPLICAS main")
            .contains(&replica.port.to_string())
    })
    .await;

    // A sentinel that does not answer is passed over.
    let [nobody, _] = free_ports();
    let op = service_at(format!(
        "redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{}/main",
        sentinel.port
    ))
    .await;
    let mut web = op
        .client_with("web", json!({"first_party": true, "scope": SCOPE}))
        .await;
    let mut alice = op.person("alice@itu.example").await;
    let code = alice.logs_in_at(&mut web, SCOPE).await;
    assert_eq!(master.asks("WAIT 1 10000").trim(), "1");

    master.process.kill().expect("killed");
    master.process.wait().expect("gone");

    // security.md ST-1: what needs the store is unavailable for a while, and comes back without a restart.
    let begun = Instant::now();
    while op.app.ephemeral.ping().await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "no new master");
        sleep(Duration::from_millis(50)).await;
    }
    web.redeems(&code).await.expect("the code is at the new master");
    let code = alice.logs_in_at(&mut web, SCOPE).await;
    web.redeems(&code).await.expect("tokens");
    assert!(replica.asks("INFO replication").contains("role:master"));
}
