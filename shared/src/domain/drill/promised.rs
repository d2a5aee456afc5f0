//! What the plan's own checklists say is done again and again: found by their words. Plans nothing.

use serde::{Deserialize, Serialize};

use super::{Every, Kind};
use crate::plan::{Checklist, Plan};

/// A drill that the plan's own checklists ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "PromisedDrill"))]
pub struct Promised {
    /// As the plan says it.
    pub text: String,
    pub kind: Kind,
    /// Of the plan, if the point means one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub procedure: Option<String>,
    /// Absent: the plan does not say how often.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub every: Option<Every>,
    /// Of its topic in the plan.
    pub line: u32,
}

/// Points that speak of something Muster can see to: with how often, or under a heading about prevention. Each kind once.
#[must_use]
pub fn promised(plan: &Plan) -> Vec<Promised> {
    let mut found: Vec<Promised> = vec![];
    for list in &plan.checklists {
        for point in &list.points {
            let low = point.to_lowercase();
            let Some((kind, procedure)) = meant(&low, plan) else { continue };
            let every = every(&low);
            let known = found.iter().any(|one| one.kind == kind && one.procedure == procedure);
            if !known && (every.is_some() || prevents(list)) {
                found.push(Promised { text: point.clone(), kind, procedure, every, line: list.line });
            }
        }
    }
    found
}

fn every(low: &str) -> Option<Every> {
    match low {
        _ if low.contains("month") => Some(Every::Monthly),
        _ if low.contains("quarter") => Some(Every::Quarterly),
        _ => None,
    }
}

fn prevents(list: &Checklist) -> bool {
    let (section, title) = (list.section.to_lowercase(), list.title.to_lowercase());
    section.contains("prevent") || ["regular test", "harden"].iter().any(|word| title.contains(word))
}

fn meant(low: &str, plan: &Plan) -> Option<(Kind, Option<String>)> {
    let says = |words: &[&str]| words.iter().any(|word| low.contains(word));
    let looks = says(&["audit", "review", "check"]);
    let rehearses = says(&["rehears", "drill", "recovery test"]);
    if says(&["access"]) && looks {
        return Some((Kind::AccessReview, None));
    }
    if says(&["security"]) && looks {
        return Some((Kind::SecurityAudit, None));
    }
    if says(&["backup"]) && (rehearses || says(&["restor", "verif", "test"])) {
        return Some((Kind::BackupVerification, None));
    }
    if says(&["contact"]) && (rehearses || says(&["test", "try"])) {
        return Some((Kind::ContactTree, None));
    }
    if says(&["partition", "split"]) && (rehearses || says(&["network"])) {
        let partition = |p: &&crate::plan::Procedure| p.title.to_lowercase().contains("partition");
        return plan.procedures.iter().find(partition).map(|p| (Kind::Procedure, Some(p.id.clone())));
    }
    rehearses.then_some((Kind::Procedure, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compile;

    #[test]
    fn the_points_of_the_plan_that_muster_can_see_to() {
        let plan = "# P\n\n## Recovery\n\n### Network Partition Recovery\n\n```bash\ndocker-compose restart node1\n```\n\n\
            ## Post-Recovery\n\n1. **System Verification**\n   - Check security\n   - Drill the contacts every quarter\n\n\
            ## Prevention Measures\n\n1. **Regular Testing**\n   - Monthly recovery drills\n   - Backup verification tests\n   \
            - Network partition tests\n   - Security audits\n   - Rehearse recovery\n\n2. **System Hardening**\n   \
            - Regular security updates\n   - Access control reviews\n   - Network security checks\n";
        let found = promised(&compile(plan).plan);
        let brief: Vec<_> =
            found.iter().map(|one| (one.text.as_str(), one.kind, one.procedure.as_deref(), one.every)).collect();
        assert_eq!(
            brief,
            [
                ("Drill the contacts every quarter", Kind::ContactTree, None, Some(Every::Quarterly)),
                ("Monthly recovery drills", Kind::Procedure, None, Some(Every::Monthly)),
                ("Backup verification tests", Kind::BackupVerification, None, None),
                ("Network partition tests", Kind::Procedure, Some("network-partition-recovery"), None),
                ("Security audits", Kind::SecurityAudit, None, None),
                ("Access control reviews", Kind::AccessReview, None, None),
            ]
        );
    }

    #[test]
    fn without_a_procedure_for_it_a_partition_test_cannot_be_planned() {
        let plan = "# P\n\n## Prevention\n\n1. **Testing**\n   - Split the network on purpose\n";
        assert!(promised(&compile(plan).plan).is_empty());
    }
}
