//! Documents that leave Muster: whole HTML files that print well and need nothing else. Who may have one is not decided here.

mod report;

pub use report::{Printed, ReportDocument, report_html, style};
