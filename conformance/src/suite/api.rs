//! Calls the suite's API, as far as running plans needs it: plans, runners, states, logs.

use crate::http::{Answer, Http};
use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// Limits how often a request is repeated that the suite does not answer.
const TRIES: u32 = 5;

#[derive(Clone)]
pub struct Api {
    base: Url,
    http: Http,
    /// The pause before the first repetition.
    pub pause: Duration,
}

#[derive(Clone, Debug)]
pub struct Module {
    pub name: String,
    pub variant: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct State {
    pub status: String,
    pub result: Option<String>,
}

/// One line of a module's log.
#[derive(Clone, Debug)]
pub struct Line {
    pub source: String,
    pub result: Option<String>,
    pub message: String,
    /// A page of the provider that was kept for a person to look at.
    pub page: Option<String>,
}

impl Api {
    pub fn new(server: &str, trust_any: bool) -> Result<Self> {
        let mut base = Url::parse(server).context("--server is not a URL")?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            base,
            http: Http::new(trust_any)?,
            pause: Duration::from_secs(2),
        })
    }

    pub async fn version(&self) -> Result<String> {
        let server = self.get("api/server").await?;
        let version = server["version"]
            .as_str()
            .context("the suite does not tell its version")?;
        Ok(match server["revision"].as_str() {
            Some(revision) => format!("{version} ({revision})"),
            None => version.to_owned(),
        })
    }

    pub async fn create_plan(
        &self,
        name: &str,
        variant: &BTreeMap<String, String>,
        configuration: &Value,
    ) -> Result<(String, Vec<Module>)> {
        let mut query = vec![("planName", name.to_owned())];
        if !variant.is_empty() {
            query.push(("variant", serde_json::to_string(variant)?));
        }
        let plan = self
            .ask(Method::POST, "api/plan", &query, Some(configuration))
            .await?;
        let id = text(&plan, "id")?;
        let listed = plan["modules"]
            .as_array()
            .context("the plan has no list of modules")?;
        let module = |entry: &Value| {
            Ok(Module {
                name: text(entry, "testModule")?,
                variant: serde_json::from_value(entry["variant"].clone()).unwrap_or_default(),
            })
        };
        Ok((id, listed.iter().map(module).collect::<Result<_>>()?))
    }

    /// Begins a module. Modules without something to wait for run at once.
    pub async fn create_module(&self, plan: &str, module: &Module) -> Result<String> {
        let mut query = vec![("test", module.name.clone()), ("plan", plan.to_owned())];
        if !module.variant.is_empty() {
            query.push(("variant", serde_json::to_string(&module.variant)?));
        }
        text(&self.ask(Method::POST, "api/runner", &query, None).await?, "id")
    }

    pub async fn start(&self, id: &str) -> Result<()> {
        self.ask(Method::POST, &format!("api/runner/{id}"), &[], None)
            .await
            .map(drop)
    }

    pub async fn cancel(&self, id: &str) -> Result<()> {
        self.ask(Method::DELETE, &format!("api/runner/{id}"), &[], None)
            .await
            .map(drop)
    }

    pub async fn state(&self, id: &str) -> Result<State> {
        let info = self.get(&format!("api/info/{id}")).await?;
        Ok(State {
            status: text(&info, "status")?,
            result: info["result"].as_str().map(str::to_owned),
        })
    }

    /// Returns the addresses that the module waits for and no browser command answers.
    pub async fn unanswered(&self, id: &str) -> Result<Vec<String>> {
        let runner = self.get(&format!("api/runner/{id}")).await?;
        let list = |value: &Value| -> Vec<String> {
            let all = value.as_array().into_iter().flatten();
            all.filter_map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let runners = runner["browser"]["runners"].as_array().into_iter().flatten();
        let at = runners.filter_map(|it| it["currentUrl"].as_str().map(str::to_owned));
        Ok(list(&runner["browser"]["urls"]).into_iter().chain(at).collect())
    }

    pub async fn log(&self, id: &str) -> Result<Vec<Line>> {
        let log = self.get(&format!("api/log/{id}")).await?;
        let lines = log.as_array().context("the log is not a list")?;
        let word = |it: &Value, name: &str| it[name].as_str().map(str::to_owned);
        Ok(lines
            .iter()
            .map(|entry| Line {
                source: word(entry, "src").unwrap_or_default(),
                result: word(entry, "result"),
                message: word(entry, "msg").unwrap_or_default(),
                page: word(entry, "page_source"),
            })
            .collect())
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, &[], None).await
    }

    /// Asks again where the suite does not answer, or its front says that it does not. What it refuses is final. A
    /// module may be begun twice by that, as after a broken connection; the first is then nobody's.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<Value> {
        let mut url = self.base.join(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let body = body.map(serde_json::to_vec).transpose()?;
        let mut pause = self.pause;
        for attempt in 1..=TRIES {
            let headers = [
                ("content-type", "application/json"),
                ("accept", "application/json"),
            ];
            let answer = self
                .http
                .send(method.clone(), url.as_str(), &headers, body.clone())
                .await;
            let why = match answer {
                Ok(Answer {
                    status: 502..=504, ..
                }) => "its front says that it is away".to_owned(),
                Ok(answer) if (200..300).contains(&answer.status) => {
                    return answer
                        .json()
                        .with_context(|| format!("{path}: {}", answer.brief()));
                }
                Ok(answer) => bail!("{method} {path}: {}", answer.brief()),
                Err(error) => format!("{error:#}"),
            };
            if attempt == TRIES {
                bail!("the suite did not answer {method} {path} {TRIES} times: {why}");
            }
            println!("  asked again ({attempt}): {method} {path}: {why}");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }
}

fn text(value: &Value, name: &str) -> Result<String> {
    value[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the suite's answer has no {name}"))
}
