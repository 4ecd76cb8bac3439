//! The collector of the operator, spoken to by OTLP over HTTP with protobuf (OTLP 1.5): what is sent, and what its answers
//! mean.

use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response};

use crate::config::{self, Otlp};
use crate::fetch;

/// The time that it has to take a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest rest that it may ask for.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Collector {
    address: String,
    headers: HeaderMap,
    resource: ResourceAttributesWithSchema,
    // The client is made for the first batch, since reading the system's certificates takes a while.
    client: Option<Client>,
    certificates: Vec<reqwest::Certificate>,
}

/// The reasons why it did not take a batch. The texts are for the operator.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may take the batch later, at once or after a rest.
    Later(String, Option<Duration>),
    Refused(String),
}

impl Collector {
    pub fn new(otlp: &Otlp, fetch: &config::Fetch, resource: &Resource) -> Result<Self, fetch::Error> {
        Ok(Self {
            address: otlp.traces.clone(),
            headers: otlp.headers.clone(),
            resource: resource.into(),
            client: None,
            certificates: fetch::certificates(fetch)?,
        })
    }

    pub fn encode(&self, spans: Vec<SpanData>) -> Bytes {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        ExportTraceServiceRequest { resource_spans }
            .encode_to_vec()
            .into()
    }

    /// Sends what `encode` made. Returns how many of its spans were not taken.
    pub async fn send(&mut self, batch: Bytes) -> Result<u64, Failure> {
        let client = self.client()?;
        let request = client
            .post(&self.address)
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(batch);
        let answer = request.send().await.map_err(away)?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => Ok(not_taken(answer).await),
            // OTLP: these alone are worth another try.
            429 | 502 | 503 | 504 => {
                let rest = answer.headers().get(RETRY_AFTER);
                let seconds = rest.and_then(|it| it.to_str().ok()?.trim().parse().ok());
                let rest = seconds.map(|it| Duration::from_secs(it).min(LONGEST_REST));
                Err(Failure::Later(format!("it answered {status}"), rest))
            }
            _ => Err(Failure::Refused(format!("it answered {status}"))),
        }
    }

    /// Returns the client, of which clones share the connections.
    fn client(&mut self) -> Result<Client, Failure> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .user_agent("itu-account")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .tls_certs_merge(self.certificates.iter().cloned())
            .build()
            .map_err(|it| Failure::Refused(fetch::chain(&it)))?;
        self.client = Some(client.clone());
        Ok(client)
    }
}

/// Returns how many spans it says that it rejected. An answer that cannot be read says nothing.
async fn not_taken(mut answer: Response) -> u64 {
    let mut body = Vec::new();
    while let Ok(Some(part)) = answer.chunk().await {
        if body.len() + part.len() > LONGEST_ANSWER {
            return 0;
        }
        body.extend_from_slice(&part);
    }
    let read = ExportTraceServiceResponse::decode(body.as_slice());
    let rejected = read.ok().and_then(|it| it.partial_success);
    rejected.map_or(0, |it| u64::try_from(it.rejected_spans).unwrap_or_default())
}

fn away(error: reqwest::Error) -> Failure {
    let why = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else {
        fetch::chain(&error.without_url())
    };
    Failure::Later(why, None)
}
