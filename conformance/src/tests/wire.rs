//! Speaks as much of HTTP/1.1 as the mock provider needs: one request for each connection.

use std::collections::HashMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    /// The parameters of the query and of a form.
    pub params: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub async fn serve(listener: TcpListener, handle: Arc<dyn Fn(&Request) -> Reply + Send + Sync>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let handle = handle.clone();
        tokio::spawn(async move {
            let Some(request) = read(&mut stream).await else {
                return;
            };
            let reply = handle(&request);
            let mut text = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
            for (name, value) in &reply.headers {
                text += &format!("{name}: {value}\r\n");
            }
            text += &format!("Content-Length: {}\r\n\r\n{}", reply.body.len(), reply.body);
            let _ = stream.write_all(text.as_bytes()).await;
        });
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let (method, target) = (first.next()?.to_owned(), first.next()?);
            let mut headers: HashMap<String, String> = HashMap::new();
            for (name, value) in lines.filter_map(|it| it.split_once(": ")) {
                // RFC 9110 §5.3: one that comes again is a list.
                let all = headers.entry(name.to_ascii_lowercase()).or_default();
                let comma = if all.is_empty() { "" } else { ", " };
                *all += &format!("{comma}{value}");
            }
            let length = headers
                .get("content-length")
                .and_then(|it| it.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let pairs = [query, body].map(|it| form_urlencoded::parse(it.as_bytes()).into_owned());
                let params = pairs.into_iter().flatten().collect();
                return Some(Request {
                    method,
                    path: path.to_owned(),
                    headers,
                    params,
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut chunk).await.ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
