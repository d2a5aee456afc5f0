//! Documents that leave Muster: whole HTML files that print well and need nothing else. Who may have one is not decided here.

mod auditors;
mod inspection;
mod report;

pub(crate) use auditors::auditors_html;
pub(crate) use inspection::{inspection_csv, inspection_html};
pub use report::{Printed, ReportDocument, report_html, style};
