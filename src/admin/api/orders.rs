//! Orders to the server as a whole. They are passed on to whoever started it, who answers.

use std::time::Duration;

use http::StatusCode;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::admin::answer::{Answer, Problem, json, json_as};
use crate::admin::{Changes, Parts};

/// Reading a few files again takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has the server end as soon as nobody needs it, as SIGTERM does.
pub(in crate::admin) fn drain(parts: &Parts) -> Answer {
    parts.drain.cancel();
    json_as(StatusCode::ACCEPTED, &serde_json::json!({ "draining": true }))
}

/// Has the configuration and its files read again, as SIGHUP does.
pub(in crate::admin) async fn reload(parts: &Parts) -> Result<Answer, Problem> {
    let (tell, told) = oneshot::channel();
    let asked = async {
        parts.reload.send(tell).await.ok()?;
        told.await.ok()
    };
    match timeout(PATIENCE, asked).await {
        Ok(Some(Ok(Changes { taken, waiting }))) => {
            Ok(json(&serde_json::json!({ "taken": taken, "waiting": waiting })))
        }
        Ok(Some(Err(problems))) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, problems)),
        Ok(None) | Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is busy, or about to end")),
    }
}
