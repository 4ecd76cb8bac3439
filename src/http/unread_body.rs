//! The rest of a request's body, when the answer was there before it was read. HTTP/1.1 cannot begin the next request
//! before it is: the connection would end without a word, and a proxy that sent its next request on it answers 502
//! (RFC 9112 §9.3, §9.6). It is read within bounds, or the answer says `Connection: close`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tower::{Service, ServiceExt};

/// The most that is read: forms and uploads of ours are smaller (security.md DS-1).
const MOST: u64 = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(5);

/// Answers, and takes care of what the handler left of the body.
pub async fn answer<S>(service: S, request: hyper::Request<Incoming>) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let has_frames = request.version() >= Version::HTTP_2;
    // RFC 9110 §10.1.1: a client that waits for `100 Continue` has sent nothing yet, and reading would ask for it.
    let waits = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let rest = Rest(Arc::new(Mutex::new(Some(body))));
    let body = Body::new(Lent(rest.clone()));
    let mut response = service.oneshot(Request::from_parts(parts, body)).await?;
    if !has_frames && !rest.reads_to_the_end(waits).await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    Ok(response)
}

/// The body, which the handler may drop.
#[derive(Clone)]
struct Rest(Arc<Mutex<Option<Incoming>>>);

impl Rest {
    fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads what is left, within bounds; returns `false` if there is more.
    async fn reads_to_the_end(self, waits: bool) -> bool {
        let Some(body) = self.take() else { return true };
        if body.is_end_stream() {
            return true;
        }
        let is_bounded = body.size_hint().upper().is_none_or(|it| it <= MOST);
        !waits && is_bounded && tokio::time::timeout(LONGEST, drain(body)).await.unwrap_or(false)
    }
}

async fn drain(mut body: Incoming) -> bool {
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        read += frame.data_ref().map_or(0, |it| it.len() as u64);
        if read > MOST {
            return false;
        }
    }
    true
}

/// The body as the handler has it.
struct Lent(Rest);

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match body.as_mut() {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        let body = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_ref()
            .map_or_else(SizeHint::default, hyper::body::Body::size_hint)
    }
}
