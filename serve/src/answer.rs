//! What a request gets: the paths, the body in, the output out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use crate::{
    calls::{CallRefusal, Calls},
    http::{Response, head::Head},
    metrics::Metrics,
    origins::Origins,
    output::{Output, PLAIN_TEXT},
    refusal::Refusal,
};

/// Answers requests.
pub(crate) struct Service {
    calls: Calls,
    metrics: Arc<Metrics>,
    origins: Origins,
    /// Whether the server has been told to end.
    is_ending: AtomicBool,
}

/// What a request is for.
pub(crate) enum Route {
    /// A function, with the body as its input.
    Call(String),
    /// Something that the server knows.
    Answer(Response),
    /// Nothing; the body is of no use.
    Refuse(Refusal),
}

impl Service {
    pub(crate) fn new(calls: Calls, metrics: Arc<Metrics>, origins: Origins) -> Self {
        Self { calls, metrics, origins, is_ending: AtomicBool::new(false) }
    }

    /// Says from now on that the server is not ready. Requests are answered all the same.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// Finds out what a request is for.
    pub(crate) fn route(&self, head: &Head) -> Route {
        if let Err(refusal) = self.origins.check(head) {
            return Route::Refuse(refusal);
        }
        if let Some(response) = self.origins.preflight(head) {
            return Route::Answer(response);
        }
        let own = OwnPath::of(&head.path);
        match (&head.method, own) {
            (&Method::GET | &Method::HEAD, Some(own)) => Route::Answer(self.own_answer(own)),
            (&Method::POST, _) => match self.function_of(&head.path) {
                Ok(name) => Route::Call(name),
                Err(refusal) => Route::Refuse(refusal),
            },
            (_, own) => Route::Refuse(match (own, self.function_of(&head.path)) {
                (Some(_), Ok(_)) => Refusal::method("GET, HEAD, POST"),
                (Some(_), Err(_)) => Refusal::method("GET, HEAD"),
                (None, Ok(_)) => Refusal::method("POST"),
                (None, Err(refusal)) => refusal,
            }),
        }
    }

    /// Has a response shown to whom it is for.
    pub(crate) fn show(&self, response: Response, head: &Head) -> Response {
        self.origins.show(response, head)
    }

    fn own_answer(&self, own: OwnPath) -> Response {
        match own {
            OwnPath::Metrics => {
                let text = self.metrics.to_text(self.calls.n_instances());
                Response::new(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            OwnPath::Health => Response::new(StatusCode::OK, PLAIN_TEXT, "ok\n"),
            OwnPath::Readiness if self.is_ending.load(Ordering::Relaxed) => {
                Response::new(StatusCode::SERVICE_UNAVAILABLE, PLAIN_TEXT, "ending\n")
            }
            OwnPath::Readiness => Response::new(StatusCode::OK, PLAIN_TEXT, "ready\n"),
        }
    }

    /// Returns the function that a path names.
    fn function_of(&self, path: &str) -> Result<String, Refusal> {
        let name = path.strip_prefix('/').unwrap_or(path);
        let name = percent_decode_str(name).decode_utf8().map_err(|_| Refusal::bad_path())?;
        self.calls.require(&name)?;
        Ok(name.into_owned())
    }

    /// Calls a function.
    pub(crate) async fn call(&self, function: String, input: Vec<u8>) -> Response {
        match self.calls.call(function, input).await {
            Ok(Output { bytes, content_type }) => {
                Response::new(StatusCode::OK, content_type, bytes)
            }
            Err(CallRefusal::Unheard(refusal)) => {
                self.refuse(&refusal).with_header("retry-after", "1")
            }
            Err(CallRefusal::Counted(refusal)) => refusal.to_response(),
        }
    }

    /// Counts a request that comes to no call.
    pub(crate) fn refuse(&self, refusal: &Refusal) -> Response {
        self.metrics.count_refusal(refusal.kind);
        refusal.to_response()
    }
}

/// What the server knows by itself.
#[derive(Debug, Clone, Copy)]
enum OwnPath {
    Metrics,
    Health,
    Readiness,
}

impl OwnPath {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/metrics" => Some(Self::Metrics),
            "/healthz" => Some(Self::Health),
            "/readyz" => Some(Self::Readiness),
            _ => None,
        }
    }
}
