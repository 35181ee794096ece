//! What a request is answered: the verdict of the tenant's filter, or what is wrong.
//!
//! A client learns that a filter failed; why is the tenant's business, and goes to the log.

use std::{collections::BTreeMap, time::Duration};

use plugsmith::{CallError, Error, Pool, convert::Json};
use plugsmith_examples::{complaint, one_line};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{http::Request, tenants::FILTER};

/// How long a webhook waits for one of its tenant's filters to be free.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a filter decides.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase", deny_unknown_fields)]
enum Verdict {
    /// Let it through.
    Accept,
    /// Let nothing through.
    Drop { reason: String },
    /// Let this through instead.
    Rewrite { body: Value },
}

/// A filter for each tenant's webhooks.
pub(crate) struct Service {
    pub(crate) tenants: BTreeMap<String, Pool>,
}

impl Service {
    /// Answers a request with a status and a body.
    pub(crate) fn answer(&self, request: &Request) -> (u16, Value) {
        let refuse = |status, error: String| (status, json!({ "error": error }));
        let Some(tenant) = request.path.strip_prefix("/hooks/") else {
            return refuse(404, "nothing is here: webhooks go to /hooks/TENANT".to_owned());
        };
        let Some(pool) = self.tenants.get(tenant) else {
            return refuse(404, format!("no tenant `{}`", one_line(tenant)));
        };
        if request.method != "POST" {
            return refuse(405, format!("a webhook is a POST, not a {}", request.method));
        }
        if let Err(err) = serde_json::from_slice::<Value>(&request.body) {
            return refuse(400, format!("the body is not JSON: {err}"));
        }
        match filter(pool, &request.body) {
            Ok(Some(verdict)) => (200, json!(verdict)),
            Ok(None) => refuse(503, format!("`{tenant}` has too many webhooks at once")),
            Err(err) => {
                println!("log: {tenant}: {}", complaint(&err));
                match err.downcast_ref() {
                    Some(CallError::TimedOut { .. }) => {
                        refuse(504, format!("the filter of `{tenant}` took too long"))
                    }
                    _ => refuse(502, format!("the filter of `{tenant}` failed")),
                }
            }
        }
    }
}

/// Asks a filter, or returns `None` if none was free in time.
fn filter(pool: &Pool, body: &[u8]) -> Result<Option<Verdict>, Error> {
    pool.with_plugin(PATIENCE, |plugin| {
        let Json(verdict) = plugin.call::<_, Json<Verdict>>(FILTER, body)?;
        Ok(verdict)
    })
}
