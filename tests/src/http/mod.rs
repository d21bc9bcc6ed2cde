//! As much HTTP/1.1 as the tests need, on `std::net`: requests and answers whose bytes nobody has touched.
//!
//! A ready-made client or server would normalise what these tests are about: header spelling, blanks at the end of a
//! value, the reason phrase, the exact body.

mod message;
mod server;

pub use message::{Request, Response};
pub use server::{Handler, Server};
