//! Mail over SMTP from templates in text and HTML.
