//! Mail over SMTP, in text and HTML, with a Message-ID that the sender chose: a message that is
//! sent twice, because the acknowledgement of the first was lost, is known as one by its readers.

mod invitation;
mod link;
mod news;
mod notice;
mod send;
mod staff_link;
mod support_request;

pub use invitation::Invitation;
pub use link::SecurityLink;
pub use news::{News, NewsItem};
pub use notice::SecurityNotice;
pub use send::{Mail, MailError, Mailer, SmtpSettings};
pub use staff_link::StaffLink;
pub use support_request::SupportRequest;
