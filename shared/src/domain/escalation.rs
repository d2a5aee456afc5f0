//! Whom to call next, and when: from the level, the contacts, what was sent and what arrived. Calls nobody, knows no clock.

use serde::{Deserialize, Serialize};

use crate::{
    domain::outbox::Channel,
    ids::UserId,
    timestamp::{Timestamp, human_seconds},
};

/// From this level on everybody is called at once.
pub const EVERYBODY_FROM: u8 = 3;
/// For a level whose response time the plan does not say.
const UNSAID_SECONDS: u64 = 3600;
/// After the first calls, where the plan says "immediate".
const IMMEDIATE_SECONDS: u64 = 300;
/// Everybody is called again this often at most, as long as nobody answers.
const AGAIN_SECONDS: u64 = 900;
/// Steps at most: then somebody has to declare it anew, or has switched off their phone.
pub const STEPS: u16 = 12;

/// A person in the place they have for one contact role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub user: UserId,
    pub name: String,
    /// Which of the plan's roles, counted from 0 in the plan's order.
    pub role: usize,
    /// 1 is the primary, 2 the backup.
    pub place: u16,
    /// In their quiet hours.
    pub quiet: bool,
}

/// Whether the messages of one call get anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Something was sent, may have been, or is still being tried.
    Possible,
    /// Everything has failed, or there was nothing to send by.
    None,
}

/// Somebody who was called in the last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub user: UserId,
    pub name: String,
    pub reach: Reach,
}

/// All that is known about one round of calling.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    pub level: u8,
    pub response_seconds: Option<u64>,
    /// When the incident was declared, or its level raised.
    pub begun_at: Timestamp,
    /// Somebody has acknowledged it, or it is over.
    pub answered: bool,
    pub contacts: &'a [Contact],
    /// Steps taken so far.
    pub n_steps: u16,
    pub stepped_at: Option<Timestamp>,
    /// Everybody called so far.
    pub called: &'a [UserId],
    /// Those of the last step.
    pub last: &'a [Called],
}

/// Why somebody is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Why {
    /// The round begins.
    Level { level: u8 },
    /// Those who were called have not answered.
    NoAnswer { from: Vec<String>, seconds: u64 },
    /// Nothing got through to those who were called.
    NotReached { from: Vec<String> },
}

/// Somebody called, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CalledBy {
    pub name: String,
    /// Empty: there is no way to reach them.
    pub by: Vec<Channel>,
}

impl Why {
    /// As it reads after the names.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Level { level } => format!("level {level}"),
            Self::NoAnswer { from, seconds } => {
                let waited = human_seconds(i64::try_from(*seconds).unwrap_or(i64::MAX));
                format!("no answer from {} in {waited}", list(from))
            }
            Self::NotReached { from } => format!("{} could not be reached", list(from)),
        }
    }
}

/// "Ada", "Ada and Bob", "Ada, Bob and Cleo".
fn list(names: &[String]) -> String {
    match names {
        [] => "nobody".into(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// "Ada by e-mail and ntfy, Bob by e-mail".
#[must_use]
pub fn people(called: &[CalledBy]) -> String {
    let one = |called: &CalledBy| {
        let by: Vec<String> = called.by.iter().map(|channel| channel.words().to_owned()).collect();
        format!("{} by {}", called.name, list(&by))
    };
    called.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call these now; `step` is the number of this step.
    Call { step: u16, people: Vec<UserId>, why: Why },
    /// Ask again then, or when something has changed.
    Wait(Timestamp),
    /// No role of the plan has anybody.
    Nobody,
    /// There is nothing more to do.
    Over,
}

/// How soon somebody who is called as a drill has to answer, to have answered in time.
#[must_use]
pub fn answer_within(response_seconds: Option<u64>) -> u64 {
    match response_seconds {
        Some(0) => IMMEDIATE_SECONDS,
        said => said.unwrap_or(UNSAID_SECONDS),
    }
}

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    Primaries,
    Backups,
    Everybody,
}

/// Each rung with the seconds after the beginning. A level 3 waits for nobody.
fn ladder(level: u8, response_seconds: Option<u64>) -> Vec<(Rung, u64)> {
    match response_seconds {
        _ if level >= EVERYBODY_FROM => vec![(Rung::Everybody, 0)],
        Some(0) => vec![(Rung::Primaries, 0), (Rung::Backups, 0), (Rung::Everybody, IMMEDIATE_SECONDS)],
        said => {
            let response = said.unwrap_or(UNSAID_SECONDS);
            vec![(Rung::Primaries, 0), (Rung::Backups, response / 2), (Rung::Everybody, response)]
        }
    }
}

/// Who is in quiet hours is passed over as long as a role has somebody else: the next one moves up. Never at a level that calls
/// everybody, and never so that a role has nobody.
fn awake(level: u8, contacts: &[Contact]) -> Vec<Contact> {
    if level >= EVERYBODY_FROM {
        return contacts.to_vec();
    }
    let somebody = |role: usize| contacts.iter().any(|contact| contact.role == role && !contact.quiet);
    let mut left: Vec<Contact> =
        contacts.iter().filter(|contact| !contact.quiet || !somebody(contact.role)).cloned().collect();
    for role in left.iter().map(|contact| contact.role).collect::<Vec<_>>() {
        let gone = contacts.iter().any(|contact| contact.role == role && contact.quiet && somebody(role));
        let of_role = left.iter_mut().filter(|contact| contact.role == role && gone);
        for (contact, place) in of_role.zip(1..) {
            contact.place = place;
        }
    }
    left
}

/// The mildest level is for the first role that has anybody; from level 2 on each role's people are called.
fn meant(rung: Rung, level: u8, contacts: &[Contact]) -> Vec<UserId> {
    let first = contacts.iter().map(|contact| contact.role).min();
    let fits = |contact: &&Contact| match rung {
        Rung::Everybody => true,
        Rung::Primaries => contact.place == 1 && (level > 1 || Some(contact.role) == first),
        Rung::Backups => contact.place == 2 && (level > 1 || Some(contact.role) == first),
    };
    let mut people = vec![];
    for contact in contacts.iter().filter(fits) {
        if !people.contains(&contact.user) {
            people.push(contact.user);
        }
    }
    people
}

/// Whom to call now, if anybody.
#[must_use]
pub fn next(s: &Situation<'_>, now: Timestamp) -> Next {
    if s.answered || s.n_steps >= STEPS {
        return Next::Over;
    }
    if s.contacts.is_empty() {
        return Next::Nobody;
    }
    let ladder = ladder(s.level, s.response_seconds);
    let awake = awake(s.level, s.contacts);
    let nothing_got_through = !s.last.is_empty() && s.last.iter().all(|called| called.reach == Reach::None);
    let mut step = s.n_steps;
    loop {
        let (rung, due) = match ladder.get(usize::from(step)) {
            Some((rung, after)) => (*rung, s.begun_at.plus_seconds(*after)),
            None => (Rung::Everybody, s.stepped_at.unwrap_or(s.begun_at).plus_seconds(AGAIN_SECONDS)),
        };
        // At the top of the ladder nobody has answered in time, and sleep counts no more.
        let mut people =
            if rung == Rung::Everybody { meant(rung, s.level, s.contacts) } else { meant(rung, s.level, &awake) };
        if rung == Rung::Backups {
            people.retain(|user| !s.called.contains(user));
        }
        // On the ladder, a rung without anybody new is none.
        if people.is_empty() {
            step += 1;
            continue;
        }
        // Nobody waits for who is not there.
        let at_once = s.n_steps == 0 || (nothing_got_through && usize::from(step) < ladder.len());
        if now < due && !at_once {
            return Next::Wait(due);
        }
        return Next::Call { step: step + 1, people, why: why(s, nothing_got_through, now) };
    }
}

fn why(s: &Situation<'_>, nothing_got_through: bool, now: Timestamp) -> Why {
    let from: Vec<String> = s.last.iter().map(|called| called.name.clone()).collect();
    match s.stepped_at {
        Some(_) if nothing_got_through => Why::NotReached { from },
        Some(at) if !from.is_empty() => {
            let waited = now.seconds_since(at).max(0).unsigned_abs();
            if waited == 0 { Why::Level { level: s.level } } else { Why::NoAnswer { from, seconds: waited } }
        }
        _ => Why::Level { level: s.level },
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn contact(n: u128, role: usize, place: u16) -> Contact {
        Contact { user: id(n), name: format!("P{n}"), role, place, quiet: false }
    }

    /// 1 and 2 administer the system, 3 and 4 the database; 5 is the third for the system; 1 is security, too.
    fn contacts() -> Vec<Contact> {
        vec![contact(1, 0, 1), contact(2, 0, 2), contact(5, 0, 3), contact(3, 1, 1), contact(4, 1, 2), contact(1, 2, 1)]
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    fn begun(level: u8, response_seconds: Option<u64>, contacts: &[Contact]) -> Situation<'_> {
        Situation {
            level,
            response_seconds,
            begun_at: at(0),
            answered: false,
            contacts,
            n_steps: 0,
            stepped_at: None,
            called: &[],
            last: &[],
        }
    }

    fn called(n: u128, reach: Reach) -> Called {
        Called { user: id(n), name: format!("P{n}"), reach }
    }

    fn people(next: &Next) -> Vec<u128> {
        match next {
            Next::Call { people, .. } => people.iter().map(|user| user.0.as_u128()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_level_says_who_comes_first() {
        let all = contacts();
        for (level, response, expected) in [
            (1, Some(3600), vec![1]),
            (2, Some(1800), vec![1, 3]),
            (2, Some(0), vec![1, 3]),
            (3, Some(0), vec![1, 2, 5, 3, 4]),
            (3, Some(1800), vec![1, 2, 5, 3, 4]),
            (1, None, vec![1]),
        ] {
            assert_eq!(people(&next(&begun(level, response, &all), at(0))), expected, "level {level}");
        }
    }

    #[test]
    fn the_backup_follows_after_half_the_response_time_and_then_everybody() {
        let all = contacts();
        let (who, last) = ([id(1)], [called(1, Reach::Possible)]);
        let once =
            Situation { n_steps: 1, stepped_at: Some(at(0)), called: &who, last: &last, ..begun(1, Some(3600), &all) };
        assert_eq!(next(&once, at(1799)), Next::Wait(at(1800)));
        let second = next(&once, at(1800));
        assert_eq!(
            second,
            Next::Call { step: 2, people: vec![id(2)], why: Why::NoAnswer { from: vec!["P1".into()], seconds: 1800 } }
        );
        let (who, last) = ([id(1), id(2)], [called(2, Reach::Possible)]);
        let twice = Situation { n_steps: 2, stepped_at: Some(at(1800)), called: &who, last: &last, ..once };
        assert_eq!(next(&twice, at(3599)), Next::Wait(at(3600)));
        assert_eq!(people(&next(&twice, at(3600))), [1, 2, 5, 3, 4]);
        let thrice = Situation { n_steps: 3, stepped_at: Some(at(3600)), ..twice.clone() };
        assert_eq!(next(&thrice, at(3700)), Next::Wait(at(4500)));
        assert_eq!(people(&next(&thrice, at(4500))), [1, 2, 5, 3, 4]);
        assert_eq!(next(&Situation { n_steps: STEPS, ..thrice }, at(9999)), Next::Over);
    }

    #[test]
    fn immediate_means_primary_and_backup_at_once() {
        let all = contacts();
        let (who, last) = ([id(1), id(3)], [called(1, Reach::Possible), called(3, Reach::Possible)]);
        let once =
            Situation { n_steps: 1, stepped_at: Some(at(0)), called: &who, last: &last, ..begun(2, Some(0), &all) };
        let second = next(&once, at(0));
        assert_eq!(people(&second), [2, 4]);
        assert!(
            matches!(second, Next::Call { why: Why::Level { level: 2 }, .. }),
            "nobody had time to answer: {second:?}"
        );
    }

    #[test]
    fn who_cannot_be_reached_is_not_waited_for() {
        let all = contacts();
        let (who, last) = ([id(1)], [called(1, Reach::None)]);
        let once =
            Situation { n_steps: 1, stepped_at: Some(at(0)), called: &who, last: &last, ..begun(1, Some(3600), &all) };
        assert_eq!(
            next(&once, at(5)),
            Next::Call { step: 2, people: vec![id(2)], why: Why::NotReached { from: vec!["P1".into()] } }
        );
        // At the top of the ladder there is nobody else: not again and again at once.
        let everybody = Situation { n_steps: 3, stepped_at: Some(at(9)), ..once };
        assert_eq!(next(&everybody, at(10)), Next::Wait(at(909)));
    }

    #[test]
    fn a_rung_without_anybody_is_none() {
        let alone = [contact(7, 1, 1)];
        let s = begun(1, Some(3600), &alone);
        assert_eq!(people(&next(&s, at(0))), [7], "the first role that has anybody");
        let (who, last) = ([id(7)], [called(7, Reach::Possible)]);
        let once = Situation { n_steps: 1, stepped_at: Some(at(0)), called: &who, last: &last, ..s };
        assert_eq!(next(&once, at(1800)), Next::Wait(at(3600)), "there is no backup");
        let only_backup = [contact(8, 0, 2)];
        assert_eq!(people(&next(&begun(1, Some(3600), &only_backup), at(0))), [8], "the primary is gone");
        assert_eq!(next(&begun(3, Some(0), &[]), at(0)), Next::Nobody);
    }

    #[test]
    fn quiet_hours_let_others_go_first_and_hold_at_no_level_3() {
        let asleep = |sleepers: &[u128]| {
            let mut all = contacts();
            for contact in &mut all {
                contact.quiet = sleepers.contains(&contact.user.0.as_u128());
            }
            all
        };
        for (sleepers, level, expected, why) in [
            (&[1][..], 1, &[2][..], "the backup is called instead"),
            (&[1, 2], 1, &[5], "and if that one sleeps, too, the third"),
            (&[1], 2, &[2, 3, 1], "for security there is nobody else"),
            (&[1, 2, 5], 1, &[1], "a role whose people all sleep is called as if nobody did"),
            (&[1, 2, 3, 4, 5], 3, &[1, 2, 5, 3, 4], "a level 3 wakes everybody"),
        ] {
            let all = asleep(sleepers);
            assert_eq!(people(&next(&begun(level, Some(3600), &all), at(0))), expected, "{why}");
        }
        let all = asleep(&[1]);
        let (who, last) = ([id(2)], [called(2, Reach::Possible)]);
        let once =
            Situation { n_steps: 1, stepped_at: Some(at(0)), called: &who, last: &last, ..begun(1, Some(3600), &all) };
        assert_eq!(people(&next(&once, at(1800))), [5], "the third is the backup now");
        let (who, last) = ([id(2), id(5)], [called(5, Reach::Possible)]);
        let late = Situation { n_steps: 2, stepped_at: Some(at(1800)), called: &who, last: &last, ..once };
        assert_eq!(people(&next(&late, at(3600))), [1, 2, 5, 3, 4], "nobody answered in time: sleep counts no more");
    }

    #[test]
    fn it_reads_like_this() {
        let by = |name: &str, by: &[Channel]| CalledBy { name: name.into(), by: by.to_vec() };
        let called = [by("Ada", &[Channel::Email, Channel::Ntfy]), by("Bob", &[Channel::Email])];
        assert_eq!(super::people(&called), "Ada by e-mail and ntfy, Bob by e-mail");
        let from = vec!["Ada".into(), "Bob".into(), "Cleo".into()];
        assert_eq!(
            Why::NoAnswer { from: from.clone(), seconds: 900 }.words(),
            "no answer from Ada, Bob and Cleo in 15 min"
        );
        assert_eq!(Why::NotReached { from }.words(), "Ada, Bob and Cleo could not be reached");
    }

    #[test]
    fn an_answer_ends_it() {
        let all = contacts();
        let answered = Situation { answered: true, ..begun(3, Some(0), &all) };
        assert_eq!(next(&answered, at(0)), Next::Over);
    }
}
