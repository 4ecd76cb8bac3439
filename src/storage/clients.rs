//! Stores clients and their secrets, and keeps all of them in memory for the requests of the protocol. `oidc::clients`
//! writes them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::cache_versions;
use super::entities::{client, client_secret};
use crate::domain::client::{Client, ClientSecret, Definition, Origin, Version};
use crate::domain::{ClientId, Time, secret::Digest};

/// Keeps every client in memory, since each request of the protocol asks for one first. [`ClientRegistry::refresh`] sees
/// a change of this process or another by a higher generation.
#[derive(Clone, Debug, Default)]
pub struct ClientRegistry(Arc<ArcSwap<Snapshot>>);

#[derive(Debug, Default)]
struct Snapshot {
    generation: i64,
    clients: HashMap<String, Arc<Client>>,
    /// The origins of the pages of public clients (security.md BR-4).
    origins: HashSet<String>,
}

impl ClientRegistry {
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        let registry = Self::default();
        registry.keep(Snapshot::read(db).await?);
        Ok(registry)
    }

    /// Returns a client that may act now. A disabled one is as absent as one that never was (security.md DR-6).
    pub fn find(&self, id: &str) -> Option<Arc<Client>> {
        self.0.load().clients.get(id).filter(|it| it.enabled).cloned()
    }

    /// Returns the names under which people see clients of administrators, disabled ones too.
    pub fn names_of_administrators(&self) -> Vec<String> {
        let snapshot = self.0.load();
        let clients = snapshot.clients.values();
        let theirs = clients.filter(|it| it.origin == Origin::Administrator);
        theirs.map(|it| it.name().to_owned()).collect()
    }

    pub fn is_disabled(&self, id: &str) -> bool {
        self.0.load().clients.get(id).is_some_and(|it| !it.enabled)
    }

    /// Returns `true` if the text is a secret of some client: such a text is never logged (security.md LG-3).
    pub fn is_secret(&self, text: &str) -> bool {
        let digest = Digest::of(text.as_bytes());
        let snapshot = self.0.load();
        let mut secrets = snapshot.clients.values().flat_map(|it| &it.secrets);
        secrets.any(|it| it.digest == digest)
    }

    /// Returns `true` if the origin belongs to a redirect URI of an enabled public client.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.0.load().origins.contains(origin)
    }

    /// Reads the clients again if they have changed; returns `true` if they had.
    pub async fn refresh(&self, db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let changed = cache_versions::current(db, cache_versions::CLIENTS).await? != self.0.load().generation;
        if changed {
            self.keep(Snapshot::read(db).await?);
        }
        Ok(changed)
    }

    /// Keeps what was read unless a newer state is there. Of several that read at the same time, the one that began first
    /// may come last, and would forget a client that was registered meanwhile.
    fn keep(&self, read: Snapshot) {
        let read = Arc::new(read);
        self.0.rcu(|cached| {
            Arc::clone(if cached.generation > read.generation {
                cached
            } else {
                &read
            })
        });
    }
}

impl Snapshot {
    async fn read(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        // The number is read first: a change between the two reads is then read once more, never missed.
        let generation = cache_versions::current(db, cache_versions::CLIENTS).await?;
        let clients = list(db).await?;
        let origins = clients
            .iter()
            .filter(|it| it.enabled && it.is_public())
            .flat_map(|it| &it.metadata.redirect_uris)
            .filter_map(|uri| url::Url::parse(uri).ok())
            .map(|uri| uri.origin())
            .filter(url::Origin::is_tuple)
            .map(|origin| origin.ascii_serialization())
            .collect();
        let clients = clients.into_iter().map(|it| (it.id.to_string(), Arc::new(it)));
        Ok(Self {
            generation,
            clients: clients.collect(),
            origins,
        })
    }
}

pub async fn find(db: &impl ConnectionTrait, id: &ClientId) -> Result<Option<Client>, DbErr> {
    let Some(row) = client::Entity::find_by_id(id.as_str()).one(db).await? else {
        return Ok(None);
    };
    let secrets = client_secret::Entity::find()
        .filter(client_secret::Column::ClientId.eq(id.as_str()))
        .order_by_asc(client_secret::Column::Id)
        .all(db)
        .await?;
    from_row(row, secrets).map(Some)
}

/// Holds the client until the transaction ends, for counts of what is its own. SQLite has one writer anyway.
pub async fn lock(tx: &impl ConnectionTrait, id: &ClientId) -> Result<(), DbErr> {
    let found = client::Entity::find_by_id(id.as_str())
        .select_only()
        .column(client::Column::Id);
    let _: Option<String> = found.lock_exclusive().into_tuple().one(tx).await?;
    Ok(())
}

/// Lists all clients, by id.
pub async fn list(db: &impl ConnectionTrait) -> Result<Vec<Client>, DbErr> {
    let rows = client::Entity::find()
        .order_by_asc(client::Column::Id)
        .all(db)
        .await?;
    let mut secrets: HashMap<String, Vec<client_secret::Model>> = HashMap::new();
    for secret in client_secret::Entity::find()
        .order_by_asc(client_secret::Column::Id)
        .all(db)
        .await?
    {
        secrets.entry(secret.client_id.clone()).or_default().push(secret);
    }
    rows.into_iter()
        .map(|row| {
            let own = secrets.remove(&row.id).unwrap_or_default();
            from_row(row, own)
        })
        .collect()
}

/// Inserts a client with its secrets.
pub async fn insert(tx: &impl ConnectionTrait, client: &Client) -> Result<(), DbErr> {
    client::Entity::insert(to_row(client)?)
        .exec_without_returning(tx)
        .await?;
    for secret in &client.secrets {
        insert_secret(tx, &client.id, secret).await?;
    }
    cache_versions::raise(tx, cache_versions::CLIENTS).await
}

/// Writes definition and state if the client is still of the version that was seen; returns `false` if it is not.
/// Secrets have functions of their own.
pub async fn update(tx: &impl ConnectionTrait, client: &Client, seen: Version) -> Result<bool, DbErr> {
    let done = client::Entity::update_many()
        .set(to_row(client)?)
        .filter(client::Column::Id.eq(client.id.as_str()))
        .filter(client::Column::UpdatedAt.eq(seen.updated_at()))
        .exec(tx)
        .await?;
    cache_versions::raise(tx, cache_versions::CLIENTS).await?;
    Ok(done.rows_affected == 1)
}

pub async fn insert_secret(
    tx: &impl ConnectionTrait,
    id: &ClientId,
    secret: &ClientSecret,
) -> Result<(), DbErr> {
    let row = client_secret::ActiveModel {
        client_id: Set(id.to_string()),
        digest: Set(secret.digest.as_str().to_owned()),
        created_at: Set(secret.created_at),
        expires_at: Set(secret.expires_at),
        ..Default::default()
    };
    client_secret::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    cache_versions::raise(tx, cache_versions::CLIENTS).await
}

/// Lets the secret that has no end yet go on until `end`, and removes those that have one already:
/// two overlap at most (security.md AD-2).
pub async fn retire_secrets(tx: &impl ConnectionTrait, id: &ClientId, end: Time) -> Result<(), DbErr> {
    client_secret::Entity::delete_many()
        .filter(client_secret::Column::ClientId.eq(id.as_str()))
        .filter(client_secret::Column::ExpiresAt.is_not_null())
        .exec(tx)
        .await?;
    client_secret::Entity::update_many()
        .col_expr(client_secret::Column::ExpiresAt, Expr::value(end))
        .filter(client_secret::Column::ClientId.eq(id.as_str()))
        .exec(tx)
        .await?;
    cache_versions::raise(tx, cache_versions::CLIENTS).await
}

/// Deletes all secrets: a public client, or one with keys, has no use for them.
pub async fn delete_secrets(tx: &impl ConnectionTrait, id: &ClientId) -> Result<(), DbErr> {
    client_secret::Entity::delete_many()
        .filter(client_secret::Column::ClientId.eq(id.as_str()))
        .exec(tx)
        .await?;
    cache_versions::raise(tx, cache_versions::CLIENTS).await
}

/// Removes the client with its secrets, its registration, and what people granted it, if it is still of the version
/// that was seen; returns `false` if it is not.
pub async fn delete(tx: &impl ConnectionTrait, id: &ClientId, seen: Version) -> Result<bool, DbErr> {
    let done = client::Entity::delete_by_id(id.as_str())
        .filter(client::Column::UpdatedAt.eq(seen.updated_at()))
        .exec(tx)
        .await?;
    cache_versions::raise(tx, cache_versions::CLIENTS).await?;
    Ok(done.rows_affected == 1)
}

fn to_row(client: &Client) -> Result<client::ActiveModel, DbErr> {
    let metadata = serde_json::to_string(&client.definition()).map_err(|e| DbErr::Json(e.to_string()))?;
    Ok(client::ActiveModel {
        id: Set(client.id.to_string()),
        enabled: Set(client.enabled),
        origin: Set(client.origin.as_str().to_owned()),
        name: Set(client.name().to_owned()),
        metadata: Set(metadata),
        created_at: Set(client.created_at),
        updated_at: Set(client.updated_at),
    })
}

fn from_row(row: client::Model, secrets: Vec<client_secret::Model>) -> Result<Client, DbErr> {
    let broken = |what: String| DbErr::Custom(format!("client {}: {what}", row.id));
    let Definition { metadata, settings } =
        serde_json::from_str(&row.metadata).map_err(|e| broken(e.to_string()))?;
    Ok(Client {
        metadata,
        settings,
        origin: Origin::parse(&row.origin).ok_or_else(|| broken("unknown origin".into()))?,
        enabled: row.enabled,
        secrets: secrets
            .into_iter()
            .map(|secret| ClientSecret {
                digest: Digest::stored(secret.digest),
                created_at: secret.created_at,
                expires_at: secret.expires_at,
            })
            .collect(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        id: ClientId::new(row.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::{AdministratorSettings, Metadata, Origin};
    use crate::testing;

    #[tokio::test]
    async fn a_look_that_comes_late_does_not_forget_a_client() {
        let app = testing::app().await;
        let db = app.db.read();
        let registry = ClientRegistry::load(db).await.expect("read");
        let late = Snapshot::read(db).await.expect("read");
        let now = app.clock.now();
        let web = Client {
            id: ClientId::new("web"),
            enabled: true,
            origin: Origin::Administrator,
            metadata: Metadata::default(),
            settings: AdministratorSettings::default(),
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        insert(&app.db, &web).await.expect("a client");
        assert!(registry.refresh(db).await.expect("read"));
        registry.keep(late);
        assert!(registry.find("web").is_some());
    }
}
