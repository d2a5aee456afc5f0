//! What is said to strangers who ask: for updates on the pages and in mails, and in texts that the team hands on. The languages are beside this.

use serde::Serialize;

/// A heading and what stands below it.
pub(crate) type Said = (&'static str, &'static str);

/// What the team says elsewhere, from what the page says: `{state}`, `{title}`, `{said}`, `{link}`.
#[derive(Debug, Serialize)]
pub(crate) struct HandedOn {
    pub(crate) head: &'static str,
    pub(crate) answer: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Subscribing {
    // The form.
    pub(crate) heading: &'static str,
    pub(crate) text: &'static str,
    pub(crate) address: &'static str,
    pub(crate) about: &'static str,
    pub(crate) ask: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) wrong_address: &'static str,
    pub(crate) wrong_component: &'static str,
    // What is answered.
    pub(crate) asked: Said,
    pub(crate) too_much: Said,
    pub(crate) failed: Said,
    pub(crate) too_late: Said,
    pub(crate) confirm: Said,
    pub(crate) confirm_button: &'static str,
    pub(crate) confirmed: Said,
    pub(crate) leave: Said,
    pub(crate) leave_button: &'static str,
    pub(crate) left: Said,
    // By webhook.
    pub(crate) hook_link: &'static str,
    pub(crate) hook_heading: &'static str,
    pub(crate) hook_text: &'static str,
    pub(crate) hook_address: &'static str,
    pub(crate) hook_ask: &'static str,
    pub(crate) hook_wrong: &'static str,
    pub(crate) hook_asked: Said,
    // Mails.
    /// `{site}` is the page's address, `{link}` what to open.
    pub(crate) mail_ask: Said,
    pub(crate) mail_foot: &'static str,
    /// Before the text of something that was said afterwards.
    pub(crate) mail_then: &'static str,
    /// Announced, update, new times, reminder, begun, completed, cancelled.
    pub(crate) mail_work: [&'static str; 7],
    pub(crate) mail_times: &'static str,
}
