//! From a request to its answer: the route, the guard, and who answers.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use prometheus_client::registry::Registry;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Problem, harden, json, typed};
use super::guard::{Guard, Standing};
use super::routes::{Found, Operation, find};
use super::{Parts, api, dashboard, health, metrics};

/// Answers every request.
#[derive(Debug)]
pub(super) struct Server {
    guard: Guard,
    parts: Parts,
    registry: Registry,
    /// Whether the server is about to end.
    ending: CancellationToken,
}

/// More than any request of this API has to say.
const MOST_BODY: usize = 64 << 10;

/// For a request's body.
const BODY: Duration = Duration::from_secs(10);

impl Server {
    pub(super) fn new(guard: Guard, parts: Parts, ending: CancellationToken) -> Server {
        Server { guard, registry: metrics::registry(&parts), parts, ending }
    }

    /// Never fails: what goes wrong is said.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let mut answer = self.route(request).await.unwrap_or_else(Answer::from);
        harden(answer.headers_mut());
        Ok(answer)
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Answer, Problem> {
        let (route, segments) = match find(request.method(), request.uri().path()) {
            Found::Route(route, segments) => (route, segments),
            Found::WrongMethod(allowed) => {
                let allowed = allowed.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
                let mut answer = Answer::from(Problem::new(
                    StatusCode::METHOD_NOT_ALLOWED,
                    format!("only {allowed} is answered here"),
                ));
                answer
                    .headers_mut()
                    .extend(HeaderValue::try_from(allowed).ok().map(|allowed| (header::ALLOW, allowed)));
                return Ok(answer);
            }
            Found::Nothing => return Err(Problem::missing("there is nothing here; / is the dashboard")),
        };
        let standing = match self.guard.check(&request, route.access) {
            Err(problem) if problem.status == StatusCode::UNAUTHORIZED => {
                let mut answer = Answer::from(problem);
                let ask = HeaderValue::from_static("Bearer realm=\"callbox\"");
                answer.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
                return Ok(answer);
            }
            checked => checked?,
        };
        let body = body(request).await?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        self.operate(route.operation, standing, &segments, &body).await
    }

    async fn operate(
        &self,
        operation: Operation,
        standing: Standing,
        segments: &[&str],
        body: &[u8],
    ) -> Result<Answer, Problem> {
        let parts = &self.parts;
        match (operation, segments) {
            (Operation::Dashboard, _) => Ok(dashboard::page()),
            (Operation::DashboardScript, _) => Ok(dashboard::script()),
            (Operation::DashboardStyle, _) => Ok(dashboard::style()),
            (Operation::Metrics, _) => metrics::answer(&self.registry),
            (Operation::Health, _) => Ok(health::answer(&health::look(parts), standing)),
            (Operation::Ready, _) => {
                let ready = !self.ending.is_cancelled() && !parts.drain.is_cancelled();
                Ok(health::ready(parts, ready, standing))
            }
            (Operation::Description, _) => Ok(typed(StatusCode::OK, "application/json", api::DESCRIPTION)),
            (Operation::Status, _) => Ok(json(&api::status(parts))),
            (Operation::Rooms, _) => Ok(json(&api::rooms(parts))),
            (Operation::People, [room]) => api::people(parts, room),
            (Operation::CloseRoom, [room]) => api::close_room(parts, room),
            (Operation::RemovePerson, [room, person]) => api::remove_person(parts, room, person),
            (Operation::Allocations, _) => Ok(json(&api::allocations(parts).await)),
            (Operation::Invitations, _) => Ok(json(&api::invitations(parts))),
            (Operation::Invite, _) => api::invite(parts, body),
            (Operation::RevokeInvitation, [invitation]) => api::revoke_invitation(parts, invitation),
            (Operation::OpenProbe, _) => Ok(api::open_probe(parts)),
            (Operation::Probe, [probe]) => api::probe(parts, probe),
            (Operation::Reload, _) => api::reload(parts).await,
            (Operation::Drain, _) => Ok(api::drain(parts)),
            // Every route of the table gives as many segments as its path has names.
            (
                Operation::People
                | Operation::CloseRoom
                | Operation::RemovePerson
                | Operation::RevokeInvitation
                | Operation::Probe,
                _,
            ) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the table of routes does not fit its answers")),
        }
    }
}

/// The whole body, which is short and comes at once, or nothing is done.
async fn body(request: Request<Incoming>) -> Result<Bytes, Problem> {
    let whole = Limited::new(request.into_body(), MOST_BODY).collect();
    match timeout(BODY, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 64 KiB, or broke off")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in ten seconds")),
    }
}
