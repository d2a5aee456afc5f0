//! A set of actions: what one person may do now. Does not know who it is.

use super::{Action, Role};

/// Ordered as [`Action::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u64);

const _: () = assert!(Action::ALL.len() <= 64, "a bit for each action");

fn bit(action: Action) -> u64 {
    1 << (action as u64)
}

impl Rights {
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    #[must_use]
    pub fn actions(self) -> Vec<Action> {
        Action::ALL.iter().copied().filter(|action| self.may(*action)).collect()
    }

    /// Whether these are all of the others' and perhaps more: nobody gives away what they do not have.
    #[must_use]
    pub fn cover(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Of a role of one's own: these, and what every role allows.
    #[must_use]
    pub fn of_custom(actions: impl IntoIterator<Item = Action>) -> Self {
        actions.into_iter().chain(Action::BASICS).collect()
    }
}

impl FromIterator<Action> for Rights {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Self(actions.into_iter().fold(0, |all, action| all | bit(action)))
    }
}

impl From<Role> for Rights {
    fn from(role: Role) -> Self {
        role.rights()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_ones_own_allows_what_it_says_and_the_basics() {
        let rights = Rights::of_custom([Action::RequestRun]);
        assert_eq!(
            rights.actions(),
            [
                Action::ViewConsole,
                Action::RequestRun,
                Action::AcknowledgeNotice,
                Action::ViewAccount,
                Action::ChangeAccount
            ]
        );
        assert!(!rights.may(Action::DecideRun));
    }

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        let (operator, approver) = (Role::Operator.rights(), Role::Approver.rights());
        assert!(!operator.cover(approver) && !approver.cover(operator) && operator.cover(operator));
        assert!(Role::Administrator.rights().cover(operator));
        assert!(operator.cover(operator.and(approver)) && !operator.and(approver).may(Action::RequestRun));
    }

    #[test]
    fn every_action_has_a_bit_of_its_own() {
        let all: Rights = Action::ALL.iter().copied().collect();
        assert_eq!(all.actions(), Action::ALL);
        assert!(Action::ALL.iter().all(|action| Rights::from_iter([*action]).actions() == [*action]));
    }
}
