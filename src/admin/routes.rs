//! Every route in one table: what can be asked, by which method, and by whom. `openapi.json` describes the same ones, which a
//! test holds against this table.

use http::Method;
use percent_encoding::percent_decode_str;

/// One route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    /// As in OpenAPI: `{name}` stands for one segment.
    pub(super) path: &'static str,
    pub(super) operation: Operation,
    pub(super) access: Access,
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Dashboard,
    DashboardScript,
    DashboardStyle,
    Metrics,
    Health,
    Ready,
    Description,
    Status,
    Rooms,
    CloseRoom,
    People,
    RemovePerson,
    Allocations,
    Invitations,
    Invite,
    RevokeInvitation,
    OpenProbe,
    Probe,
    Reload,
    Drain,
}

/// Whom a route answers where there is a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody: what is said is no secret.
    Everybody,
    /// Who shows the token.
    Operators,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) enum Found {
    /// This, with the segments that stand for the names in braces.
    Route(&'static Route, Vec<String>),
    /// There is such a path, for these methods.
    WrongMethod(Vec<&'static Method>),
    /// Nothing.
    Nothing,
}

use Access::{Everybody, Operators};
use Operation as Op;

/// See the module's text.
pub(super) static ROUTES: &[Route] = &[
    // The page holds nothing; it asks for the token itself.
    route(Method::GET, "/", Op::Dashboard, Everybody),
    route(Method::GET, "/dashboard.js", Op::DashboardScript, Everybody),
    route(Method::GET, "/dashboard.css", Op::DashboardStyle, Everybody),
    route(Method::GET, "/metrics", Op::Metrics, Operators),
    route(Method::GET, "/healthz", Op::Health, Everybody),
    route(Method::GET, "/readyz", Op::Ready, Everybody),
    route(Method::GET, "/api/v1/openapi.json", Op::Description, Everybody),
    route(Method::GET, "/api/v1/status", Op::Status, Operators),
    route(Method::GET, "/api/v1/rooms", Op::Rooms, Operators),
    route(Method::DELETE, "/api/v1/rooms/{room}", Op::CloseRoom, Operators),
    route(Method::GET, "/api/v1/rooms/{room}/people", Op::People, Operators),
    route(Method::DELETE, "/api/v1/rooms/{room}/people/{person}", Op::RemovePerson, Operators),
    route(Method::GET, "/api/v1/allocations", Op::Allocations, Operators),
    route(Method::GET, "/api/v1/invitations", Op::Invitations, Operators),
    route(Method::POST, "/api/v1/invitations", Op::Invite, Operators),
    route(Method::DELETE, "/api/v1/invitations/{invitation}", Op::RevokeInvitation, Operators),
    route(Method::POST, "/api/v1/probes", Op::OpenProbe, Operators),
    route(Method::GET, "/api/v1/probes/{probe}", Op::Probe, Operators),
    route(Method::POST, "/api/v1/reload", Op::Reload, Operators),
    route(Method::POST, "/api/v1/drain", Op::Drain, Operators),
];

const fn route(method: Method, path: &'static str, operation: Operation, access: Access) -> Route {
    Route { method, path, operation, access }
}

/// The route of `method` and `path`. HEAD is GET without its body.
pub(super) fn find(method: &Method, path: &str) -> Found {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut allowed = Vec::new();
    for route in ROUTES {
        let Some(segments) = matched(route.path, path) else { continue };
        if route.method == *method {
            return Found::Route(route, segments);
        }
        allowed.push(&route.method);
    }
    if allowed.is_empty() { Found::Nothing } else { Found::WrongMethod(allowed) }
}

/// What stands in `path` for the names in braces of `pattern`, if it fits. Cut first and decoded then: a room's name may
/// hold a slash.
fn matched(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given, mut segments) = (pattern.split('/'), path.split('/'), Vec::new());
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(segments),
            (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {
                segments.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
            }
            (Some(name), Some(segment)) if name == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Option<(Operation, Vec<String>)> {
        match find(&method, path) {
            Found::Route(route, segments) => Some((route.operation, segments)),
            _ => None,
        }
    }

    #[test]
    fn a_room_may_be_called_whatever_it_is_called() {
        let (operation, segments) = found(Method::DELETE, "/api/v1/rooms/a%2Fb%20%E4%BC%9A").unwrap();
        assert_eq!((operation, segments), (Operation::CloseRoom, vec!["a/b 会".to_owned()]));
        let (operation, segments) = found(Method::GET, "/api/v1/rooms/people/people").unwrap();
        assert_eq!((operation, segments), (Operation::People, vec!["people".to_owned()]));
    }

    #[test]
    fn every_route_is_described_and_every_description_is_of_a_route() {
        let description: serde_json::Value = serde_json::from_str(crate::admin::api::DESCRIPTION).unwrap();
        let paths = description["paths"].as_object().unwrap();
        let described = paths.iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| {
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                (path.clone(), method.to_uppercase(), if open { Everybody } else { Operators })
            })
        });
        let known = ROUTES.iter().map(|route| (route.path.to_owned(), route.method.to_string(), route.access));
        let sorted = |routes: &mut dyn Iterator<Item = (String, String, Access)>| {
            let mut routes: Vec<_> = routes.map(|route| format!("{route:?}")).collect();
            routes.sort();
            routes
        };
        assert_eq!(sorted(&mut described.into_iter()), sorted(&mut known.into_iter()), "left: openapi.json");
    }

    #[test]
    fn what_is_nearly_a_route_is_none() {
        for path in
            ["", "//", "/metrics/", "/api/v1/rooms//people", "/api/v1/rooms/%ff/people", "/api/v1/rooms/a/b/c/d"]
        {
            assert!(matches!(find(&Method::GET, path), Found::Nothing), "{path}");
        }
        assert!(matches!(find(&Method::POST, "/metrics"), Found::WrongMethod(allowed) if allowed == [&Method::GET]));
        assert!(matches!(find(&Method::HEAD, "/metrics"), Found::Route(..)));
    }
}
