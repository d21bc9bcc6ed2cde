//! The part of vioconcierge that only thinks: no PostgreSQL, no I/O, no clock, no randomness.
//!
//! Time is an argument, so every decision can be tested as a table of cases. Nothing here
//! panics on input, and no error or message carries a phone number, a name or a key.
//!
//! | module | what it decides |
//! | --- | --- |
//! | [`signature`] | whether a webhook was signed with one of our keys |
//! | [`reply`] | what the answer to `create-phone-call` means for the call |
//! | [`retry_after`] | how long a `Retry-After` header asks us to wait |
//! | [`budget`] | when work that may take 1/N of the time is due again |
//! | [`callback_time`] | when a contact asked to be called back |
//! | [`clocks`] | whether the server's clock was set, and whether Retell's contradicts it |
//! | [`config_lines`] | whether calls may be sent with what the configuration files say |
//! | [`date_words`] | how a date and a time are said in a language |
//! | [`hours`] | whether a setting names a range of hours |
//! | [`margins`] | safety margins that must add up |
//! | [`name`] | when two names are one |
//! | [`openings`] | when calls may be made, and when that changes |
//! | [`phone`] | which number, if any, may be dialled |
//! | [`session`] | the identity of a call attempt |
//! | [`json_text`] | JSON text that `jsonb` accepts |
//! | [`start_window`] | which starts still count against a limit per second |
//! | [`url`] | how opaque text is written in a URL |
//! | [`webhook`] | what a webhook body says |

pub mod budget;
pub mod callback_time;
pub mod clocks;
pub mod config_lines;
pub mod date_words;
pub mod hours;
pub mod json_text;
pub mod margins;
pub mod name;
pub mod openings;
pub mod outcome;
pub mod phone;
pub mod reply;
pub mod retry_after;
pub mod session;
pub mod signature;
pub mod start_window;
pub mod url;
pub mod webhook;

pub use callback_time::CallbackTime;
pub use phone::PhoneProblem;
pub use reply::{CreateAnswer, CreateVerdict, Exchange};
