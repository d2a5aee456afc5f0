//! What somebody is to do in an incident, and by when. Gives no rights; who may handle incidents may say all of this.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Due, Incident, IncidentCommand, IncidentEvent, IncidentState, Person, PostDeed};
use crate::{
    domain::{clock::Clock, offer::Refusal},
    ids::UserId,
    timestamp::Timestamp,
};

/// More in one incident nobody keeps an eye on.
pub const MOST_TASKS: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    Open,
    Done,
    /// Nobody needs it any more.
    Dropped,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Dropped => "dropped",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Task {
    /// Within its incident.
    pub number: u32,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<Person>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due_at: Option<Timestamp>,
    pub state: TaskState,
    /// Grows with every change: who changes it says which one they saw.
    pub version: u32,
    /// When its due was said: its clock runs from then.
    pub since: Timestamp,
}

impl Task {
    fn clock(&self) -> Option<Clock> {
        let due = self.due_at.filter(|_| self.state == TaskState::Open)?;
        Some(Clock {
            label: format!("Task {}, \"{}\",", self.number, self.text),
            started_at: self.since,
            limit_seconds: due.seconds_since(self.since).max(1).unsigned_abs(),
            stopped_at: None,
        })
    }

    /// What it is now, for whoever was too slow.
    fn now(&self) -> String {
        let owner = self.owner.as_ref().map_or("nobody has it".into(), |owner| format!("{} has it", owner.name));
        let due = self.due_at.map_or(String::new(), |due| format!(", due {}", due.utc_text()));
        format!("it is {}, {owner}{due}, and reads \"{}\"", self.state, self.text)
    }
}

/// What one person wants to do about a task that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskDeed {
    Take,
    HandTo { to: Person },
    LetGo,
    Change { text: String, due_at: Option<Timestamp> },
    Done,
    Drop,
    Reopen,
}

fn refuse(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(code, message)
}

fn not_past(due_at: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    match due_at {
        Some(due) if due <= now => Err(refuse("task-past", "This time is past already. Nothing was changed.")),
        _ => Ok(()),
    }
}

fn give(task: &Task, to: Option<Person>) -> Result<IncidentEvent, Refusal> {
    if task.owner.as_ref().map(|owner| owner.id) == to.as_ref().map(|to| to.id) {
        let who = task.owner.as_ref().map_or("Nobody has", |_| "They have");
        return Err(refuse("task-unchanged", format!("{who} this task already. Nothing was changed.")));
    }
    Ok(IncidentEvent::TaskGiven { task: task.number, text: task.text.clone(), from: task.owner.clone(), to })
}

impl Incident {
    /// A new task as an event.
    ///
    /// # Errors
    /// If the incident is closed, has too many, or it was due before it was said.
    pub fn task_added(
        &self,
        text: String,
        owner: Option<Person>,
        due_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<IncidentEvent, Refusal> {
        self.permits(IncidentCommand::HandleTask)?;
        not_past(due_at, now)?;
        if self.tasks.len() >= MOST_TASKS {
            let message = format!("This incident has {MOST_TASKS} tasks; more do not fit. Nothing was added.");
            return Err(refuse("too-many-tasks", message));
        }
        let task = self.tasks.iter().map(|task| task.number).max().unwrap_or(0) + 1;
        Ok(IncidentEvent::TaskAdded { task, text, owner, due_at })
    }

    /// The event that a deed is. `None` if there is no such task.
    ///
    /// # Errors
    /// A refusal that says how the task is now, if somebody was faster or nothing would change.
    pub fn task_event(
        &self,
        number: u32,
        version: u32,
        deed: TaskDeed,
        me: &Person,
        now: Timestamp,
    ) -> Option<Result<IncidentEvent, Refusal>> {
        let task = self.tasks.iter().find(|task| task.number == number)?;
        Some(self.permits(IncidentCommand::HandleTask).and_then(|()| deed_event(task, version, deed, me, now)))
    }

    /// Folds what happened to tasks.
    pub(super) fn task_apply(&mut self, event: &IncidentEvent, now: Timestamp) {
        use IncidentEvent as E;
        let (E::TaskAdded { task: number, .. }
        | E::TaskGiven { task: number, .. }
        | E::TaskChanged { task: number, .. }
        | E::TaskEnded { task: number, .. }
        | E::TaskReopened { task: number, .. }) = event
        else {
            return;
        };
        if let E::TaskAdded { task, text, owner, due_at } = event {
            let (number, text, owner) = (*task, text.clone(), owner.clone());
            let state = TaskState::Open;
            self.tasks.push(Task { number, text, owner, due_at: *due_at, state, version: 1, since: now });
        }
        let Some(task) = self.tasks.iter_mut().find(|task| task.number == *number) else { return };
        let before = task.due_at;
        match event {
            E::TaskGiven { to, .. } => task.owner.clone_from(to),
            E::TaskChanged { text, due_at, .. } => {
                task.text.clone_from(text);
                task.due_at = *due_at;
            }
            E::TaskEnded { done, .. } => task.state = if *done { TaskState::Done } else { TaskState::Dropped },
            E::TaskReopened { .. } => task.state = TaskState::Open,
            _ => return,
        }
        task.version += 1;
        if task.due_at != before {
            task.since = now;
            self.told_overdue.retain(|told| *told != Due::Task { task: *number });
        }
    }

    /// Of the tasks that are open and have a time.
    pub(super) fn task_clocks(&self) -> impl Iterator<Item = (Due, Clock)> {
        let tasks = self.tasks.iter().filter(|_| self.state != IncidentState::Closed);
        tasks.filter_map(|task| Some((Due::Task { task: task.number }, task.clock()?)))
    }

    /// Who should hear of an event because it is about them: asked by name, given a task, or late with one. `self` is the incident
    /// after it.
    #[must_use]
    pub fn concerned(&self, event: &IncidentEvent, by: Option<UserId>) -> Vec<UserId> {
        use IncidentEvent as E;
        let people: Vec<&Person> = match event {
            E::Noted { mentions, .. } | E::Corrected { mentions, .. } => mentions.iter().collect(),
            E::TaskAdded { owner, .. } | E::TaskGiven { to: owner, .. } => owner.iter().collect(),
            E::DutyOffered { to, .. } | E::LetIn { person: to } => vec![to],
            E::Restricted { people, .. } => people.iter().collect(),
            E::Scheduled { deed: PostDeed::Skipped { whose, .. }, .. } => vec![whose],
            E::Overdue { due: Due::Task { task }, .. } => {
                let late = self.tasks.iter().find(|known| known.number == *task);
                late.and_then(|task| task.owner.as_ref()).into_iter().collect()
            }
            _ => vec![],
        };
        let mut ids: Vec<UserId> = people.into_iter().map(|person| person.id).filter(|id| Some(*id) != by).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

fn deed_event(
    task: &Task,
    version: u32,
    deed: TaskDeed,
    me: &Person,
    now: Timestamp,
) -> Result<IncidentEvent, Refusal> {
    use IncidentEvent as E;
    if version != task.version {
        let message = format!(
            "Somebody has changed task {} meanwhile: {}. Nothing was changed; look before you change it.",
            task.number,
            task.now()
        );
        return Err(refuse("task-changed", message));
    }
    let open = task.state == TaskState::Open;
    let (number, text) = (task.number, task.text.clone());
    match deed {
        TaskDeed::Reopen if !open => Ok(E::TaskReopened { task: number, text }),
        TaskDeed::Reopen => Err(refuse("task-open", "This task is open already. Nothing was changed.")),
        _ if !open => {
            let message = format!("This task is {} already; open it again first. Nothing was changed.", task.state);
            Err(refuse("task-ended", message))
        }
        TaskDeed::Take => give(task, Some(me.clone())),
        TaskDeed::HandTo { to } => give(task, Some(to)),
        TaskDeed::LetGo => give(task, None),
        TaskDeed::Change { text, due_at } if text == task.text && due_at == task.due_at => {
            Err(refuse("task-unchanged", "The task says that already. Nothing was changed."))
        }
        TaskDeed::Change { text, due_at } => {
            if due_at != task.due_at {
                not_past(due_at, now)?;
            }
            Ok(E::TaskChanged { task: number, text, due_at })
        }
        TaskDeed::Done => Ok(E::TaskEnded { task: number, text, done: true }),
        TaskDeed::Drop => Ok(E::TaskEnded { task: number, text, done: false }),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::status::Impact;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds)
    }

    fn person(n: u128) -> Person {
        Person { id: UserId(Uuid::from_u128(n)), name: format!("Person {n}") }
    }

    fn incident() -> Incident {
        let affected = super::super::Affected::new("db", "Database", Impact::Degraded, None);
        Incident::declared("down".into(), (1, None), vec![affected], None, at(0))
    }

    fn with_task(owner: Option<Person>, due_at: Option<Timestamp>) -> Incident {
        let added = incident().task_added("look at the backup".into(), owner, due_at, at(10)).unwrap();
        incident().apply(&added, at(10)).unwrap()
    }

    fn done(incident: &Incident, version: u32, deed: TaskDeed, now: i64) -> Result<Incident, Refusal> {
        let event = incident.task_event(1, version, deed, &person(1), at(now)).expect("there is a task 1")?;
        incident.apply(&event, at(now))
    }

    #[test]
    fn a_task_is_what_was_last_said_of_it() {
        let mut now = with_task(None, None);
        let change = TaskDeed::Change { text: "restore the backup".into(), due_at: Some(at(600)) };
        let steps = [
            (TaskDeed::Take, "Person 1", TaskState::Open),
            (TaskDeed::HandTo { to: person(2) }, "Person 2", TaskState::Open),
            (change, "Person 2", TaskState::Open),
            (TaskDeed::Done, "Person 2", TaskState::Done),
            (TaskDeed::Reopen, "Person 2", TaskState::Open),
            (TaskDeed::LetGo, "", TaskState::Open),
            (TaskDeed::Drop, "", TaskState::Dropped),
        ];
        for (version, (deed, owner, state)) in (1..).zip(steps) {
            now = done(&now, version, deed, 20).unwrap();
            let task = &now.tasks[0];
            let name = task.owner.as_ref().map_or("", |owner| owner.name.as_str());
            assert_eq!((name, task.state, task.version), (owner, state, version + 1));
        }
        assert_eq!((now.tasks[0].text.as_str(), now.tasks[0].due_at), ("restore the backup", Some(at(600))));
    }

    #[test]
    fn what_cannot_be_said_of_a_task() {
        let same = TaskDeed::Change { text: "look at the backup".into(), due_at: None };
        let late = TaskDeed::Change { text: "x".into(), due_at: Some(at(5)) };
        let ended = done(&with_task(None, None), 1, TaskDeed::Done, 20).unwrap();
        let cases = [
            (with_task(None, None), 2, TaskDeed::Take, "task-changed"),
            (with_task(Some(person(1)), None), 1, TaskDeed::Take, "task-unchanged"),
            (with_task(None, None), 1, TaskDeed::LetGo, "task-unchanged"),
            (with_task(None, None), 1, same, "task-unchanged"),
            (with_task(None, None), 1, late, "task-past"),
            (with_task(None, None), 1, TaskDeed::Reopen, "task-open"),
            (ended, 2, TaskDeed::Take, "task-ended"),
        ];
        for (incident, version, deed, code) in cases {
            assert_eq!(done(&incident, version, deed.clone(), 20).unwrap_err().code, code, "{deed:?}");
        }
        assert!(incident().task_event(9, 1, TaskDeed::Take, &person(1), at(0)).is_none());
        assert_eq!(incident().task_added("x".into(), None, Some(at(5)), at(5)).unwrap_err().code, "task-past");
        let mut full = incident();
        full.tasks = vec![with_task(None, None).tasks[0].clone(); MOST_TASKS];
        assert_eq!(full.task_added("x".into(), None, None, at(5)).unwrap_err().code, "too-many-tasks");
    }

    #[test]
    fn a_task_is_late_once_for_each_time_that_was_said() {
        let due = Due::Task { task: 1 };
        let mut now = with_task(Some(person(2)), Some(at(100)));
        assert_eq!((now.next_due_at(), now.overdue(at(100)).len()), (Some(at(100)), 0));
        assert_eq!(now.overdue(at(101))[0].0, due);
        let told = IncidentEvent::Overdue { due: due.clone(), clock: String::new(), limit_seconds: 90 };
        assert_eq!(now.concerned(&told, None), [person(2).id], "the one who is late hears it");
        now = now.apply(&told, at(101)).unwrap();
        assert_eq!((now.overdue(at(500)).len(), now.next_due_at()), (0, None));
        let text = now.tasks[0].text.clone();
        now = done(&now, 1, TaskDeed::Change { text, due_at: Some(at(200)) }, 110).unwrap();
        assert_eq!(now.overdue(at(201))[0].1.limit_seconds, 90, "another time is another promise");
        assert!(now.clocks().is_empty(), "the clocks of the incident are not those of its tasks");
        assert!(done(&now, 2, TaskDeed::Done, 120).unwrap().overdue(at(300)).is_empty());
        assert!(Incident { state: IncidentState::Closed, ..now }.overdue(at(300)).is_empty());
    }

    #[test]
    fn who_is_named_hears_it_and_nobody_else() {
        let (one, two) = (person(1), person(2));
        let noted = IncidentEvent::Noted { text: String::new(), mentions: vec![two.clone(), one.clone(), two.clone()] };
        assert_eq!(incident().concerned(&noted, Some(one.id)), [two.id], "once, and not the one who wrote it");
        let given = IncidentEvent::TaskGiven { task: 1, text: String::new(), from: Some(two), to: Some(one.clone()) };
        assert_eq!(incident().concerned(&given, None), [one.id]);
        assert!(incident().concerned(&IncidentEvent::Acknowledged, None).is_empty());
    }
}
