//! The dashboard: one page with its script and its style, which asks the same API as everybody else. It holds no secret, so
//! it is shown to whoever reaches the listener; where there is a token it asks for it.

use http::StatusCode;

use super::answer::{Answer, typed};

pub(super) fn page() -> Answer {
    typed(StatusCode::OK, "text/html; charset=utf-8", include_str!("dashboard/index.html"))
}

pub(super) fn script() -> Answer {
    typed(StatusCode::OK, "text/javascript; charset=utf-8", include_str!("dashboard/dashboard.js"))
}

pub(super) fn style() -> Answer {
    typed(StatusCode::OK, "text/css; charset=utf-8", include_str!("dashboard/dashboard.css"))
}
